"""RECORD lines of the rows of one stream and connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from singer_sdk.singerlib.messages import RecordMessage

from tap_makini.rawjson import text_json
from tap_makini.sync.echoes import EchoConformer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from tap_makini.conform import Conformer
    from tap_makini.connections.connection import Connection
    from tap_makini.streams import MakiniStream


class RecordLines:
    """Turns records into RECORD lines.

    Args:
        stream: Whose records they are.
        conformer: Makes them fit the schema.
        version: Of the table, where targets are told of versions.
        connection: Where they come from.
    """

    def __init__(self, stream: MakiniStream, conformer: Conformer, version: int | None, connection: Connection) -> None:
        self._stream = stream
        self._usual = conformer
        self._masking = EchoConformer(conformer, stream.name, connection)
        self._version = version
        self._make = self._mapped if stream.is_mapped else self._as_they_are

    def of(self, records: Iterable[bytes], extracted: datetime) -> list[bytes]:
        """Conform records, and apply stream maps where there are any.

        Args:
            records: Each as the JSON that came.
            extracted: When they came.

        Returns:
            Whole lines.
        """
        return list(self._make(records, extracted))

    @property
    def _conformer(self) -> Conformer | EchoConformer:
        return self._masking if self._masking.is_needed else self._usual

    def _as_they_are(self, records: Iterable[bytes], extracted: datetime) -> Iterator[bytes]:
        """Put the message around each record's own bytes."""
        version = b"" if self._version is None else b',"version":%d' % self._version
        head = b'{"type":"RECORD","stream":%s,"record":' % text_json(self._stream.name)
        tail = b'%s,"time_extracted":"%s"}\n' % (version, extracted.isoformat().encode())
        conform = self._conformer.record
        for record in records:
            yield b"".join((head, conform(record), tail))

    def _mapped(self, records: Iterable[bytes], extracted: datetime) -> Iterator[bytes]:
        """Let the SDK apply stream maps and flattening, which work on decoded records."""
        format_message = self._stream.writer.format_message
        as_dict = self._conformer.as_dict
        for raw in records:
            record = as_dict(raw)
            for stream_map in self._stream.stream_maps:
                mapped = stream_map.transform(record)
                if mapped is not None:
                    message = RecordMessage(stream_map.stream_alias, mapped, self._version, extracted)
                    yield format_message(message)
