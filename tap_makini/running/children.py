"""The output of child lists: one request for each parent, several at once."""

from __future__ import annotations

import logging
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

import msgspec

from tap_makini.errors import EntityAbsentError
from tap_makini.reading import Reading
from tap_makini.reading.undocumented import Paging, UndocumentedSource
from tap_makini.running.lines import Parent
from tap_makini.running.output import Delivery, Output
from tap_makini.running.side_by_side import side_by_side

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_makini.api.connection import OpenConnection
    from tap_makini.api.traffic import Traffic
    from tap_makini.reading import Outcome
    from tap_makini.reading.rows import Row
    from tap_makini.streams import ChildStream

logger = logging.getLogger(__name__)

_PARENTS_AT_ONCE = 50
_MOST_ABSENT_AT_FIRST = 20
"""A parent that was deleted meanwhile has no list; where the first ones all have none, nobody has."""


class _Answer(NamedTuple):
    records: list[bytes]
    traffic: Traffic
    absence: EntityAbsentError | None = None


class ChildrenOutput(Output):
    """Asks for a list of each record.

    Args:
        stream: Whose lines.
        connection: Where the records come from.
        version: Of the table.
        workers: How many lists to ask for at once.
    """

    def __init__(self, stream: ChildStream, connection: OpenConnection, version: int | None, workers: int) -> None:
        super().__init__(stream, connection, version)
        self._child = stream.child
        self._parent = stream.parent
        self._workers = workers
        self._paging = Paging()
        self._answered = 0
        self._absent = 0
        self._absence: EntityAbsentError | None = None

    @property
    def expected(self) -> int | None:
        """Unknown: the server counts parents."""
        return None

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
        key: Any = msgspec.json.decode(parent.key)
        path = self._child.path.replace("{key}", quote(str(key), safe=""))
        source = UndocumentedSource(self.connection.client, path, self._paging)
        try:
            batches = list(Reading(source, None).batches())
        except EntityAbsentError as absence:
            return _Answer([], source.traffic, absence)
        rows = [row for batch in batches for row in batch.rows]
        if self._child.key:
            return _Answer([parent.marked(row.raw) for row in rows], source.traffic)
        return _Answer([parent.marked(row.raw, position) for position, row in enumerate(rows)], source.traffic)

    def _count(self, answer: _Answer) -> None:
        self.traffic.add(answer.traffic)
        if answer.absence is None:
            self._answered += 1
            return
        self._absent += 1
        self._absence = answer.absence
        if not self._answered and self._absent >= _MOST_ABSENT_AT_FIRST:
            raise answer.absence

    def finish(self, outcome: Outcome) -> Iterator[Delivery]:
        """Note that all parents have been read.

        Raises:
            EntityAbsentError: No parent has such a list.
        """
        if self._absence is not None and not self._answered:
            raise self._absence
        if self._absent:
            logger.info("Stream %s: %d parents were gone when asked for it.", self.stream.name, self._absent)
        yield from super().finish(outcome)
