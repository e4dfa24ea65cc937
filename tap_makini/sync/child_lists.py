"""The output of child lists: one request for each parent, several at once."""

from __future__ import annotations

import logging
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tap_makini.conform import record_key
from tap_makini.errors import EntityAbsentError, MakiniError, NotFoundError
from tap_makini.http.client import RequestStats
from tap_makini.http.transport import UnusableNameError, path_segment
from tap_makini.pagination.list_reader import ListReader
from tap_makini.pagination.undocumented.source import Paging, UndocumentedSource
from tap_makini.rawjson import members
from tap_makini.sync.lines import Parent
from tap_makini.sync.partition import Delivery, Partition
from tap_makini.sync.side_by_side import side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from tap_makini.connections.connection import Connection
    from tap_makini.pagination.list_reader import Batch, Outcome
    from tap_makini.pagination.rows import Row
    from tap_makini.streams import ChildStream

logger = logging.getLogger(__name__)

_PARENTS_AT_ONCE = 50
_MOST_REFUSED_AT_FIRST = 20
_MOST_NOT_FOUND_AT_FIRST = 200
"""A parent that was deleted, or one without items, may have no list; where so many have none, nobody has."""


class _Answer(NamedTuple):
    records: list[bytes]
    traffic: RequestStats
    is_settled: bool = True
    absence: EntityAbsentError | None = None
    is_of_deleted: bool = False
    has_equal_keys: bool = False


class ChildListPartition(Partition):
    """Asks for a list of each record.

    Args:
        stream: Whose lines.
        connection: Where the records come from.
        version: Of the table.
        workers: How many lists to ask for at once.
    """

    takes_each_row = False

    def __init__(self, stream: ChildStream, connection: Connection, version: int | None, workers: int) -> None:
        super().__init__(stream, connection, version)
        self._child = stream.child
        self._parent = stream.parent
        self._workers = workers
        self._paging = Paging()
        self._answered = 0
        self._absent = 0
        self._gone = 0
        self._with_equal_keys = 0
        self._absence: EntityAbsentError | None = None
        self._refusal: EntityAbsentError | None = None
        self._is_settled = True

    def _deliveries(self, rows: list[Row], extracted: datetime) -> Iterator[Delivery]:
        yield Delivery(self)
        for start in range(0, len(rows), _PARENTS_AT_ONCE):
            parents = [Parent(row.raw, self._parent) for row in rows[start : start + _PARENTS_AT_ONCE]]
            answers = []
            for answer in side_by_side(self._ask, parents, self._workers):
                self._count(answer)
                answers.append(answer.records)
            lines = self._record_lines.of(chain.from_iterable(answers), extracted)
            yield Delivery(self, lines, len(lines))

    def _ask(self, parent: Parent) -> _Answer:
        try:
            segment = path_segment(str(msgspec.json.decode(parent.key)))
        except UnusableNameError as error:
            logger.warning(
                "Stream %s: no path leads to the list of a record in %s, since its key %s.",
                self.stream.name,
                self._parent.name,
                error.cause,
            )
            return _Answer([], RequestStats(), absence=NotFoundError(error.cause, error.remedy))
        path = self._child.path.replace("{key}", segment)
        source = UndocumentedSource(
            self.connection.client, path, self._paging, self.connection.page_size, self._child.query_parameters
        )
        reading = ListReader(source, None, logging.DEBUG)  # there are as many as parents
        try:
            with self.connection.child_slots:
                rows = [row for batch in reading.batches() for row in batch.rows]
        except EntityAbsentError as absence:
            is_of_deleted = parent.is_deleted and isinstance(absence, NotFoundError)
            return _Answer([], source.traffic, absence=absence, is_of_deleted=is_of_deleted)
        equal = self._has_equal_keys(rows)
        positions = [None] * len(rows) if self._child.key else range(len(rows))
        records = [parent.marked(row.raw, position) for row, position in zip(rows, positions, strict=True)]
        return _Answer(records, source.traffic, reading.outcome.is_settled, has_equal_keys=equal)

    def _has_equal_keys(self, rows: Sequence[Row]) -> bool:
        keys = {record_key(members(row.raw), name, row.raw) for name in self._child.key for row in rows}
        return bool(self._child.key) and len(keys) < len(rows)

    def _count(self, answer: _Answer) -> None:
        self.traffic.add(answer.traffic)
        self._is_settled &= answer.is_settled
        self._with_equal_keys += answer.has_equal_keys
        if answer.absence is None:
            self._answered += 1
        elif answer.is_of_deleted:
            self._gone += 1
        else:
            self._note_absence(answer.absence)
        if self._answered and self._refusal is not None:
            raise MakiniError(f"some parents' lists are not given: {self._refusal.cause}", "Run again later.")

    def _note_absence(self, absence: EntityAbsentError) -> None:
        self._absent += 1
        self._absence = absence
        if not isinstance(absence, NotFoundError):
            self._refusal = absence
        most = _MOST_NOT_FOUND_AT_FIRST if self._refusal is None else _MOST_REFUSED_AT_FIRST
        if not self._answered and self._absent >= most and not self._has_been_read:
            raise absence

    @property
    def _has_been_read(self) -> bool:
        """Whether an earlier run has had such lists: then parents without one are no sign that nobody has."""
        return self._bookmark is not None and self._bookmark.has_value

    def _noting(self, batch: Batch) -> Callable[[], None] | None:
        """Give what notes that a batch is written; that nobody has had a list so far may change, and is not noted."""
        has_nothing = self._absence is not None and not self._answered
        is_in_doubt = has_nothing or not self._is_settled
        return None if is_in_doubt and not batch.withdraws else super()._noting(batch)

    def finish(self, outcome: Outcome) -> Iterator[Delivery]:
        """Note that all parents have been read.

        Raises:
            EntityAbsentError: No parent has such a list.
        """
        if self._absence is not None and not self._answered:
            raise self._absence
        if without := self._absent + self._gone:
            logger.info("Stream %s: %d of the parents were gone when asked for it.", self.stream.name, without)
        if self._with_equal_keys:
            logger.warning(
                "Stream %s: the lists of %d parents hold several items with the same %s, of which a table keeps one.",
                self.stream.name,
                self._with_equal_keys,
                ", ".join(self._child.key),
            )
        self.outcome = outcome if self._is_settled else replace(outcome, is_unsettled=True)
        yield from super().finish(self.outcome)
