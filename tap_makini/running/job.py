"""A job: one entity of one connection, read to its end and conformed; somebody else writes."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from functools import cached_property, partial
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from singer_sdk.singerlib.messages import RecordMessage

from tap_makini.errors import EntityAbsentError, MakiniError, NothingNewError
from tap_makini.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap_makini.api.connection import OpenConnection
    from tap_makini.conform import Conformer, Drift
    from tap_makini.reading import Outcome
    from tap_makini.reading.rows import Row
    from tap_makini.running.state import OpenBookmark, State
    from tap_makini.settings import Settings
    from tap_makini.stream import MakiniStream


class Delivery(NamedTuple):
    """What a job has to be written.

    Attributes:
        lines: Whole lines.
        records: How many records are in them.
        once_written: Notes in the state what the lines prove, once they are written.
    """

    lines: Iterable[bytes]
    records: int = 0
    once_written: Callable[[], None] | None = None


class Job:
    """Reads one stream of one connection.

    Args:
        stream: What to read.
        connection: Where to read it.
        settings: The settings.
        state: Where bookmarks are kept.
        version: Of the table, for ACTIVATE_VERSION; None where it is not asked for.

    Attributes:
        source: The list that is read.
        outcome: What the read has seen.
        begun_at: When the read began, as `time.time` tells it.
    """

    def __init__(
        self, stream: MakiniStream, connection: OpenConnection, settings: Settings, state: State, version: int | None
    ) -> None:
        self.stream = stream
        self.connection = connection
        self._settings = settings
        self._state = state
        self.version = version if stream.filter_key is None else None
        self.source = connection.source(stream)
        self.outcome: Outcome | None = None
        self.begun_at = 0.0

    @cached_property
    def _conformer(self) -> Conformer:
        return self.stream.conformer(self.connection.label)

    @property
    def drift(self) -> dict[str, Drift]:
        """What the schema did not foresee."""
        return self._conformer.drift

    @property
    def never_seen(self) -> list[str]:
        """The columns that no record has had."""
        return list(self._conformer.never_seen.values())

    def deliveries(self) -> Iterator[Delivery]:
        """Read the stream to its end.

        Yields:
            What to write; the first one as soon as the first page is there, even if there are no records.

        Raises:
            NothingNewError: Makini has not synced the connection since it was read whole, and it is to be left out.
            EntityAbsentError: The connection does not offer the entity; nothing has been delivered.
            MakiniError: The stream could not be read to its end.
        """
        self.begun_at = time.time()
        self._leave_if_nothing_is_new()
        bookmark = self._open_bookmark()
        lookback = timedelta(minutes=self._settings.lookback_minutes)
        bound = bookmark.bound(self._settings.start_date, lookback) if bookmark else None
        reading = Reading(self.source, bound)
        self.outcome = reading.outcome
        yield from self._read(reading, bookmark)
        if bookmark:
            clock_behind = self.connection.client.clock_behind
            yield Delivery((), 0, partial(bookmark.complete, reading.outcome, clock_behind))

    def _open_bookmark(self) -> OpenBookmark | None:
        key = self.stream.filter_key
        if key is None:
            return None
        return self._state.open(self.stream.name, key, self.connection.name, self.connection.integration.id)

    def _leave_if_nothing_is_new(self) -> None:
        integration = self.connection.integration
        synced_at = integration.synced_at
        if not (self._settings.skip_unsynced and integration.is_settled and synced_at):
            return
        if self._state.is_unsynced(self.connection.name, synced_at, self.connection.selection):
            raise NothingNewError(
                f"Makini has not synced {self.connection} since its last complete run", "Nothing to do."
            )

    def _read(self, reading: Reading, bookmark: OpenBookmark | None) -> Iterator[Delivery]:
        lines = RecordLines(self.stream, self._conformer, self.version)
        begun = False
        try:
            for batch in reading.batches():
                begun = True
                once_written = None
                if bookmark and batch.withdraws:
                    once_written = bookmark.withdraw
                elif bookmark and batch.reached:
                    once_written = partial(bookmark.reach, batch.reached, self.connection.client.clock_behind)
                yield Delivery(lines.of(batch.rows), len(batch.rows), once_written)
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
        conformer: Makes them fit the schema.
        version: Of the table, where targets are told of versions.
    """

    def __init__(self, stream: MakiniStream, conformer: Conformer, version: int | None) -> None:
        self._stream = stream
        self._conformer = conformer
        self._version = version
        self._make = self._mapped if stream.is_mapped else self._as_they_are

    def of(self, rows: list[Row]) -> list[bytes]:
        """Conform rows, and apply stream maps where there are any.

        Returns:
            Whole lines.
        """
        return list(self._make(rows, datetime.now(timezone.utc)))

    def _as_they_are(self, rows: list[Row], extracted: datetime) -> Iterator[bytes]:
        """Put the message around each record's own bytes."""
        version = b"" if self._version is None else b',"version":%d' % self._version
        head = b'{"type":"RECORD","stream":%s,"record":' % msgspec.json.encode(self._stream.name)
        tail = b'%s,"time_extracted":"%s"}\n' % (version, extracted.isoformat().encode())
        conform = self._conformer.record
        for row in rows:
            yield b"".join((head, conform(row.raw), tail))

    def _mapped(self, rows: list[Row], extracted: datetime) -> Iterator[bytes]:
        """Let the SDK apply stream maps and flattening, which work on decoded records."""
        format_message = self._stream.writer.format_message
        for row in rows:
            record = self._conformer.as_dict(row.raw)
            for stream_map in self._stream.stream_maps:
                mapped = stream_map.transform(record)
                if mapped is not None:
                    message = RecordMessage(stream_map.stream_alias, mapped, self._version, extracted)
                    yield format_message(message)
