"""Reading by pages, for servers that do not honor the filter or the order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_makini.pagination.census import Census
from tap_makini.pagination.overlapping_pages import OverlappingPages
from tap_makini.pagination.paginator import Batch
from tap_makini.pagination.rereading import Rereading, Stretch, any_size
from tap_makini.pagination.rows import dated, is_ascending

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_makini.pagination.paginator import FirstPage, Outcome

_MOST_PASSES = 3


class FullListPaginator:
    """Reads the whole list, and reads it again while it cannot be sure to have seen all of it.

    Sure is a pass that saw as many records as the server counts, if its pages overlapped all the way, or if it saw the
    very same as the pass before: then the list stood still from the end of the one to the start of the other. Where the
    server's order is another one for each request, only the number of distinct keys tells.
    """

    def __init__(self, opening: FirstPage, outcome: Outcome) -> None:
        self._opening = opening
        self._outcome = outcome

    def batches(self) -> Iterator[Batch]:
        """Read the list."""
        census = Census(self._opening.reader)
        census.begin_pass()
        walk = OverlappingPages(self._opening)
        for window in walk.windows():
            census.expect(walk.total)
            yield Batch(census.add(window.fresh))
        census.expect(max(walk.total or 0, walk.reached))
        if walk.is_proven and not census.misses_some:
            return
        if not (yield from Rereading(Stretch(self._opening), census).batches()):
            self._outcome.leave_open(None, census)


class NewestFirstPaginator:
    """Reads from the latest record back to the bound, for servers that honor the order but not the filter.

    A record that changes meanwhile moves to the front, ahead of what is being read: no other slips through, and the
    next run finds it there.
    """

    def __init__(self, opening: FirstPage, outcome: Outcome, bound: datetime) -> None:
        self._opening = opening
        self._outcome = outcome
        self._bound = bound

    def batches(self) -> Iterator[Batch]:
        """Read the list down to the bound, again where it is not sure to have been seen whole."""
        census = Census(self._opening.reader)
        opening, misses_some = self._opening, False
        for number in range(1, _MOST_PASSES + 1):
            walk = OverlappingPages(opening, varies_sizes=number == 1)
            census.begin_pass()
            yield from self._read_back(walk, census)
            misses_some = census.misses_some
            if census.is_complete or (not misses_some and (walk.is_proven or census.repeats_last_pass)):
                return
            size = any_size(self._opening) if misses_some else self._opening.query.size
            opening = self._opening.reopened(size=size)
        if misses_some:  # of a part of the list, there is no other way to read
            yield from FullListPaginator(self._opening.reopened(order="asc"), self._outcome).batches()
        else:
            self._outcome.leave_open(None, census)

    def _read_back(self, walk: OverlappingPages, census: Census) -> Iterator[Batch]:
        """Make one pass, to the end where the list turns out not to be in order."""
        earliest: datetime | None = None
        in_order = True
        for window in walk.windows():
            fresh = [row for row in window.fresh if row.instant is None or row.instant >= self._bound]
            yield Batch(census.add(fresh))
            instants = dated(window.rows)
            if not instants:
                continue
            in_order = in_order and is_ascending(instants[::-1]) and (earliest is None or instants[-1] <= earliest)
            earliest = instants[-1]
            if in_order and window.is_joined and instants[-1] < self._bound:
                census.expect(window.start + sum(not row.instant or row.instant >= self._bound for row in window.rows))
                return
        census.expect(max(walk.total or 0, walk.reached) if in_order else walk.total)
