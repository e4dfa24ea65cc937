"""RECORD lines of the rows of one stream and connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from singer_sdk.singerlib.messages import RecordMessage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from tap_makini.conform import Conformer
    from tap_makini.streams import MakiniStream


class RecordLines:
    """Turns records into RECORD lines.

    Args:
        stream: Whose records they are.
        conformer: Makes them fit the schema.
        version: Of the table, where targets are told of versions.
    """

    def __init__(self, stream: MakiniStream, conformer: Conformer, version: int | None) -> None:
        self._stream = stream
        self._conformer = conformer
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

    def _as_they_are(self, records: Iterable[bytes], extracted: datetime) -> Iterator[bytes]:
        """Put the message around each record's own bytes."""
        version = b"" if self._version is None else b',"version":%d' % self._version
        head = b'{"type":"RECORD","stream":%s,"record":' % msgspec.json.encode(self._stream.name)
        tail = b'%s,"time_extracted":"%s"}\n' % (version, extracted.isoformat().encode())
        conform = self._conformer.record
        for record in records:
            yield b"".join((head, conform(record), tail))

    def _mapped(self, records: Iterable[bytes], extracted: datetime) -> Iterator[bytes]:
        """Let the SDK apply stream maps and flattening, which work on decoded records."""
        format_message = self._stream.writer.format_message
        for raw in records:
            record = self._conformer.as_dict(raw)
            for stream_map in self._stream.stream_maps:
                mapped = stream_map.transform(record)
                if mapped is not None:
                    message = RecordMessage(stream_map.stream_alias, mapped, self._version, extracted)
                    yield format_message(message)
