"""Reading by page numbers, for servers that do not heed the filter or the order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_makini.reading.rows import dated, digest, is_ascending
from tap_makini.reading.strategy import Batch
from tap_makini.reading.walk import Walk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_makini.reading.rows import Row
    from tap_makini.reading.strategy import Opening, Outcome

_MOST_PASSES = 3


class Offset:
    """Reads the whole list, and reads it again while it cannot be sure to have seen all of it.

    Sure is a pass whose pages overlapped all the way and that saw as many records as the server counts, or a
    repeated pass that brought nothing new. Where no pass is, the bookmark stays.
    """

    def __init__(self, opening: Opening, outcome: Outcome) -> None:
        self._opening = opening
        self._outcome = outcome
        self._delivered: set[bytes] = set()

    def batches(self) -> Iterator[Batch]:
        """Read the list."""
        opening = self._opening
        for repetition in range(_MOST_PASSES):
            walk = Walk(opening)
            before = len(self._delivered)
            for window in walk.windows():
                yield Batch(self._new(window.rows))
            brought_nothing = len(self._delivered) == before
            if walk.is_proven and len(self._delivered) >= walk.total:
                return
            if repetition and brought_nothing:
                return
            opening = opening.reopened()
        self._outcome.unsettle(None)

    def _new(self, rows: list[Row]) -> list[Row]:
        fresh = []
        for row in rows:
            name = digest(row.raw)
            if name not in self._delivered:
                self._delivered.add(name)
                fresh.append(row)
        return fresh


class NewestFirst:
    """Reads from the latest record back to the bound, for servers that heed the order but not the filter.

    A record that changes meanwhile moves to the front, ahead of what is being read: no other slips through, and the
    next run finds it there.
    """

    def __init__(self, opening: Opening, outcome: Outcome, bound: datetime) -> None:
        self._opening = opening
        self._outcome = outcome
        self._bound = bound

    def batches(self) -> Iterator[Batch]:
        """Read the list down to the bound, or all of it where it turns out not to be in order."""
        walk = Walk(self._opening)
        in_order = True
        for window in walk.windows():
            yield Batch(window.fresh)
            instants = dated(window.rows)
            in_order = in_order and is_ascending(instants[::-1])
            if in_order and instants and instants[0] < self._bound:
                break
        if not walk.is_proven or not in_order:
            self._outcome.unsettle(None)
