"""A job: one entity of one connection, read to its end, conformed and written."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import msgspec
from singer_sdk.singerlib.messages import ActivateVersionMessage, RecordMessage

from tap_makini.errors import EntityAbsentError, MakiniError
from tap_makini.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_makini.client import Client
    from tap_makini.conform import Drift
    from tap_makini.reading.rows import Row
    from tap_makini.settings import Settings
    from tap_makini.state import OpenBookmark, State
    from tap_makini.stream import MakiniStream
    from tap_makini.writer import LineWriter


class Job:
    """Reads one stream.

    Args:
        stream: What to read.
        client: Asks the API.
        settings: The settings.
        state: Where bookmarks are kept.
        writer: Takes the messages.
        version: Of the table, for ACTIVATE_VERSION.

    Attributes:
        records: How many records have been written.
        undated: How many of them had no readable replication key.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - all that a read needs
        self,
        stream: MakiniStream,
        client: Client,
        settings: Settings,
        state: State,
        writer: LineWriter,
        version: int,
    ) -> None:
        self._stream = stream
        self._client = client
        self._settings = settings
        self._state = state
        self._writer = writer
        sends_version = settings.emit_activate_version_messages and stream.filter_key is None
        self._version = version if sends_version else None
        self._lines = RecordLines(stream, self._version)
        self.records = 0
        self.undated = 0

    @property
    def drift(self) -> dict[str, Drift]:
        """What the schema did not foresee."""
        return self._lines.drift

    def run(self) -> None:
        """Read the stream to its end.

        Raises:
            EntityAbsentError: The connection does not offer the entity; nothing has been written.
            MakiniError: The stream could not be read to its end; the bookmark covers what is written.
        """
        key = self._stream.filter_key
        bookmark = None if key is None else self._state.open(self._stream.name, key)
        lookback = timedelta(minutes=self._settings.lookback_minutes)
        bound = bookmark.bound(self._settings.start_date, lookback) if bookmark else None
        reading = Reading(self._stream.source(), bound)
        self._deliver(reading, bookmark)
        self.undated = reading.outcome.undated
        if self._version is not None:
            self._writer.write_message(ActivateVersionMessage(self._stream.name, self._version))
        if bookmark:
            bookmark.complete(reading.outcome, self._client.clock_behind)
        self._writer.write_state(self._state.value)

    def _deliver(self, reading: Reading, bookmark: OpenBookmark | None) -> None:
        begun = False
        with self._stream.get_record_counter() as counter, self._stream.get_sync_timer():
            try:
                for batch in reading.batches():
                    if not begun:
                        self._stream.write_schema()
                        begun = True
                    self._writer.write_lines(self._lines.of(batch.rows))
                    self.records += len(batch.rows)
                    counter.increment(len(batch.rows))
                    if bookmark and batch.reached:
                        bookmark.reach(batch.reached, self._client.clock_behind)
                        self._writer.write_state(self._state.value)
            except EntityAbsentError as error:
                if not begun:
                    raise
                raise MakiniError(
                    f"the entity was taken away while it was read: {error.cause}",
                    "Run again; the bookmark covers what was read.",
                    error.request_id,
                ) from error


class RecordLines:
    """Turns rows into RECORD lines.

    Args:
        stream: Whose records they are.
        version: Of the table, where targets are told of versions.
    """

    def __init__(self, stream: MakiniStream, version: int | None) -> None:
        self._stream = stream
        self._version = version
        self._conformer = stream.conformer()

    @property
    def drift(self) -> dict[str, Drift]:
        """What the schema did not foresee."""
        return self._conformer.drift

    def of(self, rows: list[Row]) -> Iterator[bytes]:
        """Conform rows, and apply stream maps where there are any.

        Yields:
            Whole lines.
        """
        extracted = datetime.now(timezone.utc)
        return self._mapped(rows, extracted) if self._stream.is_mapped else self._as_they_are(rows, extracted)

    def _as_they_are(self, rows: list[Row], extracted: datetime) -> Iterator[bytes]:
        """Put the message around each record's own bytes."""
        name = msgspec.json.encode(self._stream.name)
        version = b"" if self._version is None else b',"version":%d' % self._version
        head = b'{"type":"RECORD","stream":%s,"record":' % name
        tail = b'%s,"time_extracted":"%s"}\n' % (version, extracted.isoformat().encode())
        conform = self._conformer.record
        for row in rows:
            yield b"%s%s%s" % (head, conform(row.raw), tail)

    def _mapped(self, rows: list[Row], extracted: datetime) -> Iterator[bytes]:
        """Let the SDK apply stream maps and flattening, which work on decoded records."""
        format_message = self._stream.writer.format_message
        for row in rows:
            record = self._conformer.as_dict(row.raw)
            for stream_map in self._stream.stream_maps:
                mapped = stream_map.transform(record)
                if mapped is not None:
                    yield format_message(
                        RecordMessage(
                            stream=stream_map.stream_alias,
                            record=mapped,
                            version=self._version,
                            time_extracted=extracted,
                        )
                    )
