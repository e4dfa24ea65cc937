"""Turn records into RECORD lines."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import msgspec
from singer_sdk.singerlib.json import serialize_json
from singer_sdk.singerlib.messages import RecordMessage

from tap_makini.rawjson import members, text_json
from tap_makini.redaction import mask
from tap_makini.schema import EXTRA_COLUMN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from tap_makini.conform import Conformer
    from tap_makini.connections.connection import Connection
    from tap_makini.streams import MakiniStream

logger = logging.getLogger(__name__)


class RecordLines:
    """Makes RECORD lines of the records of one stream and connection.

    Args:
        stream: The stream.
        conformer: Makes records fit the schema.
        connection: Where the records come from.
        version: The version of the table, for targets that drop the rows of older ones; None for none.
    """

    def __init__(self, stream: MakiniStream, conformer: Conformer, connection: Connection, version: int | None) -> None:
        self._stream = stream
        self._conformer = conformer
        self._masking_conformer = TokenMaskingConformer(conformer, stream.name, connection)
        self._client = connection.client
        self._version = version
        self._head = b'{"type":"RECORD","stream":%s,"record":' % text_json(stream.name)
        self._is_mapped = stream.is_mapped

    def of(self, records: Iterable[bytes], extracted: datetime) -> list[bytes]:
        """Conform records, and apply the stream maps, if there are any.

        Args:
            records: The JSON of each record, as received.
            extracted: When they were received.

        Returns:
            Complete lines.
        """
        conformer = self._conformer if self._client.echoed is None else self._masking_conformer
        if self._is_mapped:
            return list(self._mapped(records, extracted, conformer))
        version = b"" if self._version is None else b',"version":%d' % self._version
        tail = b'%s,"time_extracted":"%s"}\n' % (version, extracted.isoformat().encode())
        head, conform = self._head, conformer.record
        return [b"".join((head, conform(record), tail)) for record in records]

    def _mapped(
        self, records: Iterable[bytes], extracted: datetime, conformer: Conformer | TokenMaskingConformer
    ) -> Iterator[bytes]:
        """Let the SDK apply stream maps and flattening, which work on decoded records."""
        for raw in records:
            record = conformer.as_dict(raw)
            for stream_map in self._stream.stream_maps:
                mapped = stream_map.transform(record)
                if mapped is not None:
                    message = RecordMessage(stream_map.stream_alias, mapped, self._version, extracted)
                    yield serialize_json(message.to_dict()).encode() + b"\n"


class TokenMaskingConformer:
    """Conforms records, and masks the connection's token in `_makini_extra` if a server sends it back.

    The source's own columns keep the token, since a changed value would be a wrong one. A warning names them.

    Args:
        conformer: Makes records fit the schema.
        stream: The stream's name.
        connection: Where the records come from.
    """

    def __init__(self, conformer: Conformer, stream: str, connection: Connection) -> None:
        self._conformer = conformer
        self._stream = stream
        self._connection = connection
        self._has_warned = False

    def record(self, raw: bytes) -> bytes:
        """Conform one record."""
        record = self._conformer.record(raw)
        echoed = self._connection.client.echoed
        if echoed is None or echoed not in record:
            return record
        parts = {name: bytes(part) for name, part in members(record).items()}
        self._warn([name for name, part in parts.items() if name != EXTRA_COLUMN and echoed in part])
        extra = parts.get(EXTRA_COLUMN, b"null")
        if extra != b"null":
            parts[EXTRA_COLUMN] = text_json(mask(msgspec.json.decode(extra, type=str)))
        return b"{%b}" % b",".join(b"%b:%b" % (text_json(name), part) for name, part in parts.items())

    def as_dict(self, raw: bytes) -> dict[str, Any]:
        """Conform one record and decode it."""
        return self._conformer.as_dict(self.record(raw))  # a conformed record does not change

    def _warn(self, columns: list[str]) -> None:
        if columns and not self._has_warned:
            self._has_warned = True
            name = self._connection.name
            logger.warning(
                "Stream %s: the server sends the connection's token in %s, and the records hold it as it is sent. "
                "Deselect these columns, replace the token, and report it to Makini.",
                self._stream if name is None else f"{name}/{self._stream}",
                ", ".join(columns),
            )
