"""Reading by page numbers, for servers that do not heed the filter or the order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_makini.reading.rows import Sighted, dated, digest, is_ascending
from tap_makini.reading.strategy import Batch
from tap_makini.reading.walk import Walk, continues

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_makini.reading.rows import Row
    from tap_makini.reading.strategy import Opening, Outcome

_MOST_PASSES = 3
_MOST_PASSES_TO_COMPLETE = 20


class Offset:
    """Reads the whole list, and reads it again while it cannot be sure to have seen all of it.

    Sure is a pass that saw as many records as the server counts, if its pages overlapped all the way, or if it saw the
    very same as the pass before: then the list stood still from the end of the one to the start of the other. A server
    that gives the first page in another order when it is asked again has no order at all: there only the count of all
    records tells, once a pass brings nothing new. Where no pass is sure, the bookmark stays.
    """

    def __init__(self, opening: Opening, outcome: Outcome) -> None:
        self._opening = opening
        self._outcome = outcome
        self._delivered: set[bytes] = set()

    def batches(self) -> Iterator[Batch]:
        """Read the list."""
        opening = self._opening.reopened()
        keeps_order = continues(self._opening.page.records, opening.page.records)
        before = None
        for passes in range(1, _MOST_PASSES_TO_COMPLETE + 1):
            walk = Walk(opening, varies_sizes=passes == 1)
            sighted = Sighted()
            delivered = len(self._delivered)
            for window in walk.windows():
                sighted.add(window.rows)
                yield Batch(self._new(window.rows))
            misses_some = len(self._delivered) < walk.total
            # where ties are in no fixed order, pages may overlap by chance
            is_whole = not sighted.is_short_of(walk.total)
            if keeps_order and is_whole and (walk.is_proven or sighted == before):
                return
            if not (keeps_order or misses_some) and passes > 1 and len(self._delivered) == delivered:
                return
            if passes >= _MOST_PASSES and (keeps_order or not misses_some):
                break
            before = sighted
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
        """Read the list down to the bound, again where it is not sure to have been seen whole."""
        opening, before = self._opening, None
        for passes in range(1, _MOST_PASSES + 1):
            walk = Walk(opening, varies_sizes=passes == 1)
            sighted = Sighted()
            yield from self._read_back(walk, sighted)
            if sighted == before or (walk.is_proven and not sighted.is_short_of(walk.reached)):
                return
            before = sighted
            opening = opening.reopened()
        self._outcome.unsettle(None)

    def _read_back(self, walk: Walk, sighted: Sighted) -> Iterator[Batch]:
        """Make one pass, to the end where the list turns out not to be in order."""
        earliest: datetime | None = None
        in_order = True
        for window in walk.windows():
            sighted.add(window.rows)
            yield Batch(window.fresh)
            instants = dated(window.rows)
            if not instants:
                continue
            in_order = in_order and is_ascending(instants[::-1]) and (earliest is None or instants[-1] <= earliest)
            earliest = instants[-1]
            if in_order and instants[0] < self._bound:
                return
