"""Reading along the replication key, for servers that heed filter and order.

Each request starts at the last instant seen, inclusively, and what was already delivered at that instant is left out.
Nothing is counted from the front of the list, so nothing that changes there can shift what is still to come, and what
has been read so far can be resumed at every page. Records that share one instant and fill more than a page are walked
through by page numbers. A server that takes a bound as its whole day only makes instants coarser.
"""

from __future__ import annotations

import logging
from bisect import bisect_left
from typing import TYPE_CHECKING

from tap_makini.errors import RequestRefusedError
from tap_makini.instant import floor_day, floor_second
from tap_makini.reading.rows import Sighted, dated, is_ascending
from tap_makini.reading.strategy import Batch, DisprovedError, shows_order
from tap_makini.reading.walk import Walk

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from datetime import datetime

    from tap_makini.reading.rows import Row
    from tap_makini.reading.strategy import Opening, Outcome
    from tap_makini.reading.walk import Window

logger = logging.getLogger(__name__)

_MOST_PASSES = 3
_STEP_BACK = 20  # a twentieth of a page


class Seek:
    """Walks along the replication key.

    Args:
        opening: The list and its first page, in ascending order.
        outcome: Takes what could not be settled.
    """

    def __init__(self, opening: Opening, outcome: Outcome) -> None:
        self._opening = opening
        self._outcome = outcome
        self._floor: Callable[[datetime], datetime] = floor_second
        self._known: set[bytes] = set()
        self._promised = 0

    @property
    def _anchor(self) -> datetime | None:
        """The instant that the list is asked for from."""
        return self._opening.query.bound

    def batches(self) -> Iterator[Batch]:
        """Read the list."""
        yield Batch(self._opening.rows())  # at once: what is proven next decides how to go on, not whether these count
        self._known = set(self._opening.page.records)
        try:
            self._prove_order()
            opening: Opening | None = self._opening
            while opening is not None:
                opening = yield from self._read_from(opening)
        except RequestRefusedError as refusal:
            raise DisprovedError(f"it refuses to be asked so ({refusal.cause})") from refusal

    def _prove_order(self) -> None:
        """Ask for the far end of the list, once from behind: a server that ignores the order gives the near end.

        Where the whole list is read, records without a date may stand at its end, beyond the reach of any filter.
        """
        newest_first = self._opening.reopened(order="desc")
        if self._anchor is None:
            first = self._opening.page
            last = self._opening.reopened(page=first.last, size=self._opening.query.size and first.size)
            if any(row.instant is None for row in (*newest_first.rows(), *last.rows())):
                raise DisprovedError("there are records without a date, which a filter leaves out")
        if not shows_order(self._opening, newest_first):
            raise DisprovedError("the server does not show that it heeds the order asked for")

    def _read_from(self, opening: Opening) -> Generator[Batch, None, Opening | None]:
        """Deliver the list from one anchor on, again where it is not sure that the anchor's records were all seen.

        Returns:
            The list from the next anchor on; None at the end.
        """
        self._opening = opening
        before = None
        for passes in range(1, _MOST_PASSES + 1):
            walk = Walk(self._opening, self._known, self._promised, varies_sizes=passes == 1)
            tie = Tie()
            end = yield from self._pass(walk, tie)
            if (walk.is_proven and not tie.misses_some) or tie.sighted == before:
                break
            if passes == _MOST_PASSES:
                self._outcome.unsettle(self._anchor)
                break
            before = tie.sighted
            self._opening = self._opening.reopened()
        return None if end is None else self._jump(*end)

    def _pass(self, walk: Walk, tie: Tie) -> Generator[Batch, None, tuple[Window, int] | None]:
        """Deliver the records of an anchor and the first ones beyond it.

        Returns:
            The last window and the index of the next anchor in it; None at the end of the list.
        """
        for window in walk.windows():
            self._check(window.rows)
            following = self._index_of_next_anchor(window.rows)
            tie.add(window, following)
            instants = dated(window.rows)
            is_safe = window.is_joined and walk.is_proven and not tie.misses_some and self._outcome.is_settled
            yield Batch(window.fresh, instants[-1] if instants and is_safe else None)
            if following is not None and window.is_joined and not window.page.is_last:
                return window, following
        return None

    def _index_of_next_anchor(self, rows: list[Row]) -> int | None:
        """Find the first row of the last instant, if that is beyond the anchor.

        Rows without a date hold the walk where it is, since no filter would bring the others like them.
        """
        instants = dated(rows)
        if not instants or len(instants) < len(rows):
            return None
        last = self._floor(instants[-1])
        if self._anchor is not None and last <= self._floor(self._anchor):
            return None
        return bisect_left(instants, last)

    def _jump(self, window: Window, index: int) -> Opening:
        """Ask from the row at an index on; some of the rows delivered from there on must come again."""
        self._known = set(window.page.records)
        instants = dated(window.rows)
        for at in (index, max(index - 1 - len(instants) // _STEP_BACK, 0)):
            opening = self._opening.reopened(bound=self._floor(instants[at]))
            if self._floor is floor_day or not self._known.isdisjoint(opening.page.records):
                self._promised = (window.page.total or 0) - window.page.start - at
                return opening
        raise DisprovedError("the server leaves out records of the instant asked for")

    def _check(self, rows: list[Row]) -> None:
        """Hold the order and the bound of an answer against what was asked."""
        instants = dated(rows)
        if not is_ascending(instants):
            raise DisprovedError("the server does not keep to the order asked for")
        bound = self._anchor
        if bound is None or not instants or instants[0] >= bound:
            return
        if instants[0] < floor_day(bound):
            raise DisprovedError("the server does not heed the filter")
        if self._floor is not floor_day:
            logger.info("The server takes a filter's bound as the whole of its day.")
            self._floor = floor_day


class Tie:
    """Counts the records of one anchor that fill more than a page.

    A database may order records of the same instant differently for each page size, so that pages which follow each
    other by number hold some of them twice and others never.
    """

    def __init__(self) -> None:
        self._first: list[Row] = []
        self.sighted = Sighted()
        self.misses_some = False

    def add(self, window: Window, following: int | None) -> None:
        """Take in a window, of which the rows from `following` on are beyond the anchor."""
        rows = window.rows[:following]
        if window.page.start == 0:
            self._first = rows  # seldom looked at: most anchors have but one window
            return
        self.sighted.add((*self._first, *rows))
        self._first = []
        if following is not None or window.page.is_last:
            self.misses_some = self.sighted.is_short_of(window.page.start + len(rows))
