"""The output of child lists: one request for each parent, several at once."""

from __future__ import annotations

import logging
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

import msgspec

from tap_makini.api.traffic import Traffic
from tap_makini.errors import EntityAbsentError, MakiniError, NotFoundError
from tap_makini.reading import Reading
from tap_makini.reading.undocumented import Paging, UndocumentedSource
from tap_makini.running.lines import Parent
from tap_makini.running.output import Delivery, Output
from tap_makini.running.side_by_side import side_by_side

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from tap_makini.api.connection import OpenConnection
    from tap_makini.reading import Batch, Outcome
    from tap_makini.reading.rows import Row
    from tap_makini.streams import ChildStream

logger = logging.getLogger(__name__)

_PARENTS_AT_ONCE = 50
_MOST_ABSENT_AT_FIRST = 20
"""A parent that was deleted meanwhile has no list; where the first ones all have none, nobody has."""
_NOT_IN_PATHS = {"", ".", ".."}
"""Keys with which an address would lead to another list."""


class _Answer(NamedTuple):
    records: list[bytes]
    traffic: Traffic
    is_settled: bool = True
    absence: EntityAbsentError | None = None


class ChildrenOutput(Output):
    """Asks for a list of each record.

    Args:
        stream: Whose lines.
        connection: Where the records come from.
        version: Of the table.
        workers: How many lists to ask for at once.
    """

    takes_each_row = False

    def __init__(self, stream: ChildStream, connection: OpenConnection, version: int | None, workers: int) -> None:
        super().__init__(stream, connection, version)
        self._child = stream.child
        self._parent = stream.parent
        self._workers = workers
        self._paging = Paging()
        self._answered = 0
        self._absent = 0
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
        key = str(msgspec.json.decode(parent.key))
        if key in _NOT_IN_PATHS:
            logger.warning(
                "Stream %s: no address leads to the list of the record with the key %r in %s.",
                self.stream.name,
                key,
                self._parent.name,
            )
            return _Answer([], Traffic(), absence=NotFoundError("it has no address", "Nothing to do."))
        path = self._child.path.replace("{key}", quote(key, safe=""))
        source = UndocumentedSource(
            self.connection.client, path, self._paging, self.connection.page_size, self._child.dialect
        )
        reading = Reading(source, None)
        try:
            with self.connection.child_slots:
                rows = [row for batch in reading.batches() for row in batch.rows]
        except EntityAbsentError as absence:
            return _Answer([], source.traffic, absence=absence)
        positions = [None] * len(rows) if self._child.key else range(len(rows))
        records = [parent.marked(row.raw, position) for row, position in zip(rows, positions, strict=True)]
        return _Answer(records, source.traffic, reading.outcome.is_settled)

    def _count(self, answer: _Answer) -> None:
        self.traffic.add(answer.traffic)
        self._is_settled &= answer.is_settled
        if answer.absence is None:
            self._answered += 1
        else:
            self._note_absence(answer.absence)
        if self._answered and self._refusal is not None:
            raise MakiniError(f"some parents' lists are not given: {self._refusal.cause}", "Run again later.")

    def _note_absence(self, absence: EntityAbsentError) -> None:
        self._absent += 1
        self._absence = absence
        if not isinstance(absence, NotFoundError):
            self._refusal = absence
        if not self._answered and self._absent >= _MOST_ABSENT_AT_FIRST:
            raise absence

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
        if self._absent:
            logger.info("Stream %s: %d of the parents were gone when asked for it.", self.stream.name, self._absent)
        self.outcome = outcome if self._is_settled else replace(outcome, is_unsettled=True)
        yield from super().finish(self.outcome)
