"""Turn the rows of a list into what one stream of one connection has to write."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta, timezone
from functools import cached_property, partial
from typing import TYPE_CHECKING, NamedTuple

from singer_sdk.singerlib.json import serialize_json
from singer_sdk.singerlib.messages import RecordMessage

from tap_makini.conform import decode_record, mask_extra
from tap_makini.http.client import RequestStats
from tap_makini.identifiers import qualified_name
from tap_makini.pagination.paginator import Outcome
from tap_makini.rawjson import text_json
from tap_makini.timestamps import format_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tap_makini.conform import Conformer, Drift
    from tap_makini.connections.connection import Connection
    from tap_makini.pagination.paginator import Batch, Row
    from tap_makini.streams import MakiniStream
    from tap_makini.sync.bookmark import Bookmark
    from tap_makini.sync.state import State

logger = logging.getLogger(__name__)

_NO_TIME = timedelta(0)


class Delivery(NamedTuple):
    """What a partition has to write.

    Attributes:
        partition: The partition.
        lines: Complete lines.
        records: How many records are in them.
        once_written: Advances the state, to be called once the lines are written.
    """

    partition: Partition
    lines: Iterable[bytes] = ()
    records: int = 0
    once_written: Callable[[], None] | None = None


class PartitionEnd(NamedTuple):
    """A partition has ended before the others of its list, because of an error."""

    partition: Partition
    error: Exception | None


class StartRule(NamedTuple):
    """Where to start reading a stream.

    Attributes:
        start_date: Where to start without a bookmark; None for the beginning.
        lookback: How far before the bookmark to start.
    """

    start_date: datetime | None = None
    lookback: timedelta = _NO_TIME

    def start_value(self, bookmark: Bookmark) -> datetime | None:
        """Return the earliest instant to read; None for everything.

        A start date counts only if there is no bookmark: records between an older bookmark and a later start date
        would never be read.
        """
        if bookmark.progress is not None:
            return bookmark.progress.reached
        if bookmark.value is None:
            return self.start_date
        try:
            return bookmark.value - self.lookback
        except OverflowError:
            return None


_FROM_THE_BOOKMARK = StartRule()


def warn_of_changes(name: str, next_run: str) -> None:
    """Warn that a list changed while it was read.

    Args:
        name: The stream.
        next_run: What the next run does, as the rest of a sentence.
    """
    logger.warning(
        "Stream %s changed while it was read, and some records may have slipped through: the next run %s.",
        name,
        next_run,
    )


class Partition:
    """One stream of one connection.

    Args:
        stream: The stream.
        connection: The connection.
        state: Holds the bookmark.
        version: The version of the table, for ACTIVATE_VERSION; None for none.
        start: Where to start reading.

    Attributes:
        request_stats: Counts the requests.
        outcome: What the list reader has seen.
        began_at: When reading began, or when the run was planned if it has not begun.
        start_value: The earliest instant to read; None for everything.
        reached: The instant before which earlier runs have written everything; None if they have written nothing.
        has_delivered: Whether an earlier run has delivered records.
        takes_each_row: Whether each row gives one record, so that the server's count is one of records.
    """

    takes_each_row = True

    def __init__(
        self,
        stream: MakiniStream,
        connection: Connection,
        state: State,
        version: int | None = None,
        start: StartRule = _FROM_THE_BOOKMARK,
    ) -> None:
        self.stream = stream
        self.connection = connection
        self.version = version
        self.request_stats = RequestStats()
        self.outcome = Outcome()
        self.began_at = datetime.now(timezone.utc)
        self.start_value: datetime | None = None
        self.reached: datetime | None = None
        self.has_delivered = False
        self._state = state
        self._start = start
        self._bookmark: Bookmark | None = None
        self._is_resumed = False
        self._is_withdrawn = False
        self._keep = partial(state.keep, stream.name, connection.name)
        self._head = b'{"type":"RECORD","stream":%b,"record":' % text_json(stream.name)
        self._has_warned = False

    @property
    def name(self) -> str:
        """The name of the stream, or what of it is read, for logs and summaries."""
        return self.stream.name

    @property
    def qualified_name(self) -> str:
        """The name with that of the connection."""
        return qualified_name(self.name, self.connection.name)

    @property
    def expected(self) -> int | None:
        """How many records the server counts; None if that is unknown."""
        return self.outcome.expected if self.takes_each_row else None

    @cached_property
    def _conformer(self) -> Conformer:
        return self.stream.conformer(self.connection.label)

    @property
    def drift(self) -> dict[str, Drift]:
        """The values that the schema did not expect."""
        return self._conformer.drift

    @property
    def never_seen(self) -> list[str]:
        """The columns that no record has had."""
        return list(self._conformer.never_seen.values())

    def begin(self, replication_key: str | None) -> None:
        """Look up the bookmark, and from where on to read.

        Args:
            replication_key: The replication key that the list is read by; None for a full table.
        """
        self.began_at = datetime.now(timezone.utc)
        stream, connection = self.stream, self.connection
        identity = connection.integration.id
        self.has_delivered = self._state.has_delivered(stream.name, connection.name, identity)
        if replication_key is None or stream.filter_key is None:
            return
        clock_skew = connection.client.clock_skew
        bookmark = self._state.bookmark(stream.name, replication_key, connection.name, identity, clock_skew)
        self._bookmark = bookmark
        self._is_resumed = bookmark.progress is not None
        self.start_value = self._start.start_value(bookmark)
        self.reached = bookmark.reached

    def take(self, rows: Sequence[Row], batch: Batch, outcome: Outcome) -> Iterator[Delivery]:
        """Take rows of a batch.

        Args:
            rows: Those rows that are not before the start value.
            batch: The batch.
            outcome: What the list reader has seen.

        Yields:
            What to write, even if there are no records: a table is announced with the first page.
        """
        self.outcome = outcome
        yield Delivery(self, self._lines(rows), len(rows), self._once_written(batch))

    def finish(self, outcome: Outcome) -> Iterator[Delivery]:
        """End after the list has been read to its end.

        Args:
            outcome: What the list reader has seen.

        Yields:
            What to write.

        Raises:
            EntityAbsentError: The connection does not offer the stream.
        """
        self.outcome = outcome
        if self._bookmark is not None:
            yield Delivery(self, once_written=partial(self._keep, self._completed(self._bookmark)))
        if outcome.count or self.has_delivered:
            note = partial(self._state.note_delivered, self.stream.name, self.connection.name)
            yield Delivery(self, once_written=note)

    def _once_written(self, batch: Batch) -> Callable[[], None] | None:
        """Return what puts into the state how far the records of a batch reach; None if that is nowhere."""
        bookmark = self._bookmark
        if bookmark is None:
            return None
        if batch.voids_reached:  # what an interrupted sync reached relied on something that the server does not do
            self._is_withdrawn = self._is_resumed
            self._bookmark = bookmark.abandoned()
        elif batch.reached is None or (self.start_value is not None and batch.reached < self.start_value):
            return None
        else:
            self._bookmark = bookmark.interrupted(self._began, batch.reached)
        return partial(self._keep, self._bookmark)

    def _completed(self, bookmark: Bookmark) -> Bookmark:
        """Return the bookmark after the list has been read to its end."""
        outcome = self.outcome
        is_in_doubt = outcome.is_all_incomplete or self._is_withdrawn
        if (is_in_doubt or outcome.incomplete_from is not None) and not outcome.shortages:
            start = None if is_in_doubt else outcome.incomplete_from
            place = "where this one did" if start is None else f"at {format_timestamp(start)}"
            warn_of_changes(self.qualified_name, f"starts {place}")
        if is_in_doubt:
            return bookmark.abandoned()
        return bookmark.completed(self._began, outcome.latest, outcome.incomplete_from)

    @cached_property
    def _began(self) -> datetime:
        """When reading began, by the clock that shows the earlier time, the server's or this machine's.

        The server's is known from its first response on.
        """
        return self.began_at + min(self.connection.client.clock_skew, _NO_TIME)

    def _lines(self, rows: Sequence[Row]) -> list[bytes]:
        """Return the RECORD lines of rows; stream maps may leave some out, or make several of one."""
        extracted = datetime.now(timezone.utc)
        conform = self._conformer.record if self.connection.client.echoed is None else self._conform_and_mask
        if self.stream.is_mapped:
            return [line for row in rows for line in self._mapped(conform(row.raw), extracted)]
        version = b"" if self.version is None else b',"version":%d' % self.version
        tail = b'%b,"time_extracted":"%b"}\n' % (version, extracted.isoformat().encode())
        return [b"".join((self._head, conform(row.raw), tail)) for row in rows]

    def _mapped(self, record: bytes, extracted: datetime) -> Iterator[bytes]:
        """Let the SDK apply stream maps and flattening, which work on decoded records."""
        decoded = decode_record(record)
        for stream_map in self.stream.stream_maps:
            mapped = stream_map.transform(decoded)
            if mapped is not None:
                message = RecordMessage(stream_map.stream_alias, mapped, self.version, extracted)
                yield serialize_json(message.to_dict()).encode() + b"\n"

    def _conform_and_mask(self, raw: bytes) -> bytes:
        """Conform a record of a server that sends the connection's token back, and mask the token where we can."""
        record, token = self._conformer.record(raw), self.connection.client.echoed
        if token is None or token not in record:
            return record
        masked, columns = mask_extra(record, token)
        if columns and not self._has_warned:
            self._has_warned = True
            logger.warning(
                "Stream %s: the server sends the connection's token in %s, and the records hold it as it is sent. "
                "Deselect these columns, replace the token, and report it to Makini.",
                self.qualified_name,
                ", ".join(columns),
            )
        return masked
