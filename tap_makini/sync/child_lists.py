"""Read child lists: one request for each parent, several at once."""

from __future__ import annotations

import logging
import threading
from collections import deque
from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tap_makini.conform import record_key
from tap_makini.errors import EntityAbsentError, MakiniError, NotFoundError
from tap_makini.http.client import RequestStats
from tap_makini.http.transport import UnusableNameError, path_segment
from tap_makini.pagination.list_reader import ListReader
from tap_makini.pagination.page_fetcher import PageFetcher, PageLimit
from tap_makini.pagination.paginator import Row, Shortage, incomplete
from tap_makini.rawjson import members
from tap_makini.sync.lines import Parent
from tap_makini.sync.partition import Delivery, Partition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tap_makini.connections.connection import Connection
    from tap_makini.pagination.paginator import Batch, Outcome
    from tap_makini.streams import ChildStream
    from tap_makini.sync.partition import StartRule
    from tap_makini.sync.state import State

logger = logging.getLogger(__name__)

_PARENTS_AT_ONCE = 50
_MOST_REFUSED_AT_FIRST = 20
_MOST_NOT_FOUND_AT_FIRST = 200
"""A parent that was deleted or has no items may have no list; if this many have none, the entity is not offered."""


class _ChildList(NamedTuple):
    """What came of the list of one parent.

    Attributes:
        records: Its records.
        request_stats: Counts its requests.
        is_settled: Whether no record can have been missed.
        shortages: How many records came, if the server counts more.
        absence: Why there is no list; None if there is one.
        is_of_deleted: Whether there is no list because the parent was deleted.
        has_equal_keys: Whether several records have the same key.
    """

    records: list[Row]
    request_stats: RequestStats
    is_settled: bool = True
    shortages: Sequence[Shortage] = ()
    absence: EntityAbsentError | None = None
    is_of_deleted: bool = False
    has_equal_keys: bool = False


class ChildListPartition(Partition):
    """Requests a list for each record of another list.

    Args:
        stream: The stream.
        connection: The connection.
        state: Holds the bookmark.
        version: The version of the table, for ACTIVATE_VERSION; None for none.
        start: Where to start reading.
    """

    takes_each_row = False
    stream: ChildStream

    def __init__(
        self, stream: ChildStream, connection: Connection, state: State, version: int | None, start: StartRule
    ) -> None:
        super().__init__(stream, connection, state, version, start)
        self._page_limit = PageLimit()
        self._found = 0
        self._absent = 0
        self._gone = 0
        self._with_equal_keys = 0
        self._absence: EntityAbsentError | None = None
        self._refusal: EntityAbsentError | None = None
        self._is_settled = True
        self._shortages: list[Shortage] = []

    def take(self, rows: Sequence[Row], batch: Batch, outcome: Outcome) -> Iterator[Delivery]:
        """Read the lists of the parents of a batch, and yield their records as they come."""
        self.outcome = outcome
        yield Delivery(self)
        for start in range(0, len(rows), _PARENTS_AT_ONCE):
            records = self._read_lists(rows[start : start + _PARENTS_AT_ONCE])
            yield Delivery(self, self._lines(records), len(records))
        yield Delivery(self, once_written=self._once_written(batch))

    def _read_lists(self, rows: Sequence[Row]) -> list[Row]:
        """Read the lists of some parents, as many at once as the connection has slots.

        Each list is read in a thread of its own. An executor's threads would not do: the interpreter waits for them at
        its end, so that a run whose target has died would go on for as long as a server keeps it waiting.
        """
        pending: deque[Future[_ChildList]] = deque()
        records: list[Row] = []
        for row in rows:
            self.connection.child_slots.acquire()
            try:
                while pending and pending[0].done():
                    records += self._counted(pending.popleft().result())
            except BaseException:
                self.connection.child_slots.release()
                raise
            pending.append(Future())
            threading.Thread(target=self._read_into, args=(row, pending[-1]), name="child list", daemon=True).start()
        for future in pending:
            records += self._counted(future.result())
        return records

    def _read_into(self, row: Row, future: Future[_ChildList]) -> None:
        try:
            future.set_result(self._read(Parent(row.raw, self.stream.parent)))
        except BaseException as error:  # noqa: BLE001 - raised where the result is needed
            future.set_exception(error)
        finally:
            self.connection.child_slots.release()

    def _read(self, parent: Parent) -> _ChildList:
        child, connection = self.stream.child, self.connection
        stats = RequestStats()
        try:
            segment = path_segment(str(msgspec.json.decode(parent.key)))
        except UnusableNameError as error:
            logger.warning(
                "Stream %s: the list of a record in %s cannot be requested: %s.",
                self.qualified_name,
                self.stream.parent.name,
                error.cause,
            )
            return _ChildList([], stats, absence=NotFoundError(error.cause, error.remedy))
        endpoint = child.of_parent(self.stream.name, segment)
        fetcher = PageFetcher(
            connection.client, endpoint, connection.page_size, connection.name, stats, self._page_limit
        )
        reader = ListReader(fetcher, None, logging.DEBUG)  # there are as many as parents
        try:
            rows = [row for batch in reader.batches() for row in batch.rows]
        except EntityAbsentError as absence:
            is_of_deleted = parent.is_deleted and isinstance(absence, NotFoundError)
            return _ChildList([], stats, absence=absence, is_of_deleted=is_of_deleted)
        keys = {record_key(members(row.raw), name, row.raw) for name in child.key for row in rows}
        positions = [None] * len(rows) if child.key else range(len(rows))
        records = [
            Row(parent.with_parent(row.raw, position), None) for row, position in zip(rows, positions, strict=True)
        ]
        has_equal_keys = bool(child.key) and len(keys) < len(rows)
        outcome = reader.outcome
        return _ChildList(records, stats, outcome.is_complete, outcome.shortages, has_equal_keys=has_equal_keys)

    def _counted(self, child_list: _ChildList) -> list[Row]:
        """Count a list, and return its records.

        Raises:
            EntityAbsentError: So many parents have no list that the connection does not offer them.
            MakiniError: The server refuses the lists of some parents only.
        """
        self.request_stats.add(child_list.request_stats)
        self._is_settled &= child_list.is_settled
        self._shortages += child_list.shortages
        self._with_equal_keys += child_list.has_equal_keys
        if child_list.absence is None:
            self._found += 1
        elif child_list.is_of_deleted:
            self._gone += 1
        else:
            self._note_absence(child_list.absence)
        if self._found and self._refusal is not None:
            raise MakiniError(f"the lists of some parents are refused: {self._refusal.cause}", "Run again later.")
        return child_list.records

    def _note_absence(self, absence: EntityAbsentError) -> None:
        self._absent += 1
        self._absence = absence
        if not isinstance(absence, NotFoundError):
            self._refusal = absence
        most = _MOST_NOT_FOUND_AT_FIRST if self._refusal is None else _MOST_REFUSED_AT_FIRST
        # if an earlier run has read such lists, parents without one do not show that nobody has any
        if not self._found and self._absent >= most and self.reached is None:
            raise absence

    def _once_written(self, batch: Batch) -> Callable[[], None] | None:
        """Return what advances the bookmark; None while nobody has had a list, since a later parent may have one."""
        has_nothing = self._absence is not None and not self._found
        is_in_doubt = has_nothing or not self._is_settled
        return None if is_in_doubt and not batch.voids_reached else super()._once_written(batch)

    def finish(self, outcome: Outcome) -> Iterator[Delivery]:
        """End after the lists of all parents have been read.

        Raises:
            EntityAbsentError: No parent has such a list.
            IncompleteError: The server counts more records in some lists than it returns.
        """
        if self._absence is not None and not self._found:
            raise self._absence
        if without := self._absent + self._gone:
            logger.info("Stream %s: some parents have no such list (%d).", self.qualified_name, without)
        if self._with_equal_keys:
            logger.warning(
                "Stream %s: several items have the same %s in some lists (%d); a table keeps one of them.",
                self.qualified_name,
                ", ".join(self.stream.child.key),
                self._with_equal_keys,
            )
        shortages = outcome.shortages + self._shortages
        yield from super().finish(
            replace(outcome, is_all_incomplete=outcome.is_all_incomplete or not self._is_settled, shortages=shortages)
        )
        if self._shortages:
            received, expected = (sum(counts) for counts in zip(*(each[1:] for each in self._shortages), strict=True))
            raise incomplete([Shortage(None, received, expected)], None)
