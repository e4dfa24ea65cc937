"""An output: what one stream of one connection gets of a read, conformed; somebody else writes."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from functools import cached_property, partial
from typing import TYPE_CHECKING, NamedTuple

from tap_makini.http.client import RequestStats
from tap_makini.sync.records import RecordLines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap_makini.config import Settings
    from tap_makini.conform import Conformer, Drift
    from tap_makini.connections.connection import Connection
    from tap_makini.pagination.list_reader import Batch, Outcome
    from tap_makini.pagination.rows import Row
    from tap_makini.streams import MakiniStream
    from tap_makini.sync.state import OpenBookmark, State


class Delivery(NamedTuple):
    """What an output has to be written.

    Attributes:
        output: The output.
        lines: Whole lines.
        records: How many records are in them.
        once_written: Notes in the state what the lines prove, once they are written.
    """

    output: Partition
    lines: Iterable[bytes] = ()
    records: int = 0
    once_written: Callable[[], None] | None = None


class PartitionEnd(NamedTuple):
    """An output has ended; with an error, before its end."""

    output: Partition
    error: Exception | None


class Partition:
    """Takes the rows of a read, and makes lines of them.

    Args:
        stream: Whose lines.
        connection: Where the rows come from.
        version: Of the table, for ACTIVATE_VERSION; None where it is not asked for.

    Attributes:
        traffic: What it has cost.
        outcome: What the read has seen.
        begun_at: When the read began, as `time.time` tells it.
        bound: Earliest instant that it needs; None for everything.
        has_delivered: Whether an earlier run has delivered records.
        reached: The instant before which earlier runs have delivered everything; None where nothing has been.
        takes_each_row: Whether each row gives one record.
    """

    takes_each_row = True

    def __init__(self, stream: MakiniStream, connection: Connection, version: int | None) -> None:
        self.stream = stream
        self.connection = connection
        self.version = version
        self.traffic = RequestStats()
        self.outcome: Outcome | None = None
        self.begun_at = 0.0
        self.bound: datetime | None = None
        self.reached: datetime | None = None
        self.has_delivered = False
        self._bookmark: OpenBookmark | None = None
        self._note_delivered: Callable[[], None] | None = None

    @property
    def name(self) -> str:
        """What people call it."""
        return self.stream.name

    @property
    def expected(self) -> int | None:
        """How many records the server counts, where that is known; what it counts are the rows of the list."""
        return self.outcome.expected if self.outcome and self.takes_each_row else None

    @cached_property
    def _conformer(self) -> Conformer:
        return self.stream.conformer(self.connection.label)

    @cached_property
    def _record_lines(self) -> RecordLines:
        return RecordLines(self.stream, self._conformer, self.version, self.connection)

    @property
    def drift(self) -> dict[str, Drift]:
        """What the schema did not foresee."""
        return self._conformer.drift

    @property
    def never_seen(self) -> list[str]:
        """The columns that no record has had."""
        return list(self._conformer.never_seen.values())

    def open(self, state: State, settings: Settings, key: str | None) -> None:
        """Take up the bookmark.

        Args:
            state: Where it is kept.
            settings: The settings.
            key: The replication key that the list is read by; None for a full table.
        """
        connection = self.connection
        self.has_delivered = state.has_delivered(self.stream.name, connection.name, connection.integration.id)
        self._note_delivered = partial(state.note_delivered, self.stream.name, connection.name)
        if key is None or self.stream.filter_key is None:
            return
        self._bookmark = state.open(
            self.stream.name, key, connection.name, connection.integration.id, connection.client.clock_skew
        )
        self.bound = self._bookmark.bound(settings.start_date, timedelta(minutes=settings.lookback_minutes))
        self.reached = self._bookmark.reached

    def take(self, batch: Batch, since: datetime | None) -> Iterator[Delivery]:
        """Take rows.

        Args:
            batch: The rows.
            since: From when on the list is read; the outputs of a read share the earliest of their bounds.

        Yields:
            What to write, even if there are no records: a table is announced as soon as its first page is there.
        """
        rows = batch.rows if self.bound == since else [row for row in batch.rows if self._needs(row)]
        extracted = datetime.now(timezone.utc)
        yield from self._deliveries(rows, extracted)
        if once_written := self._noting(batch):
            yield Delivery(self, once_written=once_written)

    def _needs(self, row: Row) -> bool:
        return row.instant is None or self.bound is None or row.instant >= self.bound

    def _deliveries(self, rows: list[Row], extracted: datetime) -> Iterator[Delivery]:
        """Make lines of rows."""
        yield Delivery(self, self._record_lines.of((row.raw for row in rows), extracted), len(rows))

    def _noting(self, batch: Batch) -> Callable[[], None] | None:
        """Give what notes in the state that the rows of a batch are written."""
        if self._bookmark is None:
            return None
        if batch.withdraws:
            return self._bookmark.withdraw
        if batch.reached is None or (self.bound is not None and batch.reached < self.bound):
            return None
        return partial(self._bookmark.reach, batch.reached, self.connection.client.clock_skew)

    def finish(self, outcome: Outcome) -> Iterator[Delivery]:
        """Note that the list has been read to its end.

        Args:
            outcome: What was seen.

        Yields:
            What to write.

        Raises:
            EntityAbsentError: There was nothing of what was looked for.
        """
        if self._bookmark is not None:
            clock_skew = self.connection.client.clock_skew
            yield Delivery(self, once_written=partial(self._bookmark.complete, outcome, clock_skew))
        if (outcome.count or self.has_delivered) and self._note_delivered is not None:
            yield Delivery(self, once_written=self._note_delivered)
