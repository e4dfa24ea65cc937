"""Reading along the replication key, for servers that honor filter and order.

Each request starts at the last instant seen, inclusively, and leaves out what was delivered at that instant. Nothing is
counted from the front of the list, so nothing that changes there can shift what is still to come, and what has been
read so far can be resumed at every page. Where no later instant can be asked for, because one instant fills more than
a page or because the server takes a bound as its whole day, the list is walked through by pages and counted.
"""

from __future__ import annotations

import logging
from bisect import bisect_left
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from tap_makini.errors import RequestRefusedError
from tap_makini.pagination.census import Census
from tap_makini.pagination.overlapping_pages import OverlappingPages
from tap_makini.pagination.paginator import Batch, DisprovedError, shows_order
from tap_makini.pagination.rereading import Rereading, Stretch
from tap_makini.pagination.rows import dated, is_ascending
from tap_makini.timestamps import floor_day, floor_second

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from datetime import datetime

    from tap_makini.pagination.overlapping_pages import PageStep
    from tap_makini.pagination.paginator import FirstPage, Outcome
    from tap_makini.pagination.rows import Row

logger = logging.getLogger(__name__)

_STEP_BACK = 20  # a twentieth of a page
_MOST_VAIN_JUMPS = 3
_MOST_STEPS_BACK = 2  # there are other ways, which do more where a tie is in no fixed order
_MOST_ENDS = 5
_SECOND, _NO_TIME = timedelta(seconds=1), timedelta(0)
_LARGEST_ZONE = timedelta(hours=14)  # the furthest that local midnight is from midnight in UTC


class _Jump(NamedTuple):
    """The list from a later instant on.

    Attributes:
        opening: The list and its first page.
        before: The rows of the last window that this list leaves out.
    """

    opening: FirstPage
    before: list[Row]


class KeysetPaginator:
    """Reads along the replication key.

    Args:
        opening: The list and its first page, in ascending order.
        outcome: Takes what could not be settled.
    """

    def __init__(self, opening: FirstPage, outcome: Outcome) -> None:
        self._opening = opening
        self._outcome = outcome
        self._floor: Callable[[datetime], datetime] = floor_second
        self._known: set[bytes] = set()
        self._promised = 0
        self._vain_jumps = 0
        self._newest_first = opening
        self._walks_for_undated = opening.query.bound is None and opening.page.by_cursor

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
            whole = self._opening
            opening: FirstPage | None = whole
            while opening is not None:
                opening = yield from self._read_from(opening)
            if self._walks_for_undated:
                for window in OverlappingPages(whole.reopened()).windows():
                    yield Batch([row for row in window.fresh if row.instant is None])
        except RequestRefusedError as refusal:
            raise DisprovedError(f"it refuses to be asked so ({refusal.cause})") from refusal

    def _prove_order(self) -> None:
        """Ask for the far end of the list: a server that ignores the order gives the near end."""
        self._newest_first = self._opening.reopened(order="desc")
        if self._anchor is None and not self._opening.page.by_cursor:
            self._look_at_the_end()
        if not shows_order(self._opening, self._newest_first):
            raise DisprovedError("the server does not show that it honors the order asked for")

    def _read_from(self, opening: FirstPage) -> Generator[Batch, None, FirstPage | None]:
        """Deliver the list from one anchor on, until a later one can be asked for.

        Returns:
            The list from the next anchor on; None at the end.
        """
        self._opening = opening
        first: list[Row] = []
        census: Census | None = None  # most anchors have but one window, which proves itself
        jump: _Jump | None = None
        walk = OverlappingPages(opening, self._known, self._promised, most_steps_back=_MOST_STEPS_BACK)
        for window in walk.windows():
            self._check(window.rows)
            if walk.pages == 1:
                first = window.rows
            elif census is None:
                census = Census(opening.reader)
                census.begin_pass()
                census.add(first)
            yield Batch(window.fresh, self._reached(window, walk) if census is None else None)
            if window.is_joined and not (window.is_end and not window.page.is_full):
                jump = self._jump(window)
            if census is not None:
                inside = set(window.rows if jump is None else jump.before)
                census.add(row for row in window.fresh if row in inside)
                passed = window.start + len(window.rows if jump is None else jump.before)
                yield Batch([], self._reached(window, walk) if census.in_pass >= passed else None)
            if jump is not None:
                break
        if jump is None and self._anchor is None:
            self._walks_for_undated = False  # this was the whole list
        if census is not None:
            yield from self._settle(walk, census, window, jump)
        return jump and jump.opening

    def _reached(self, window: PageStep, walk: OverlappingPages) -> datetime | None:
        """Give the instant before which everything has come; None where that is not sure."""
        instants = dated(window.rows)
        is_sure = window.is_joined and walk.is_proven and self._outcome.is_settled and not self._walks_for_undated
        return instants[-1] if instants and is_sure else None

    def _settle(self, walk: OverlappingPages, census: Census, last: PageStep, jump: _Jump | None) -> Iterator[Batch]:
        """See to it that a stretch of several pages is whole, or that the next run begins there."""
        census.expect(_count(walk, last, jump))
        if walk.is_proven and not census.misses_some:
            return
        stretch = Stretch(self._opening, jump and jump.opening.query.bound)
        if not (yield from Rereading(stretch, census).batches()):
            self._outcome.leave_open(self._anchor, census)

    def _jump(self, window: PageStep) -> _Jump | None:
        """Ask from a later instant on; some of the rows delivered from there on must come again.

        Rows without a date hold the walk where it is, since no filter would bring the others like them.
        """
        instants = dated(window.rows)
        if not instants or len(instants) < len(window.rows) or self._vain_jumps >= _MOST_VAIN_JUMPS:
            return None
        last = bisect_left(instants, self._floor(instants[-1]))
        known = set(window.page.records)
        # compared as texts, 17.25Z is before 17Z: where there are fractions, the second before is asked for
        has_fractions = self._floor is floor_second and any(instant.microsecond for instant in instants)
        margin = _SECOND if has_fractions else _NO_TIME
        for index in (last, max(last - 1 - len(instants) // _STEP_BACK, 0)):
            bound = self._floor(instants[index]) - margin
            if self._anchor is not None and self._floor(bound) <= self._floor(self._anchor):
                return None  # it would lead nowhere
            opening = self._opening.reopened(bound=bound)
            if not known.isdisjoint(opening.page.records) or self._share_keys(window, opening):
                return self._landed(opening, window, known)
        self._vain_jumps += 1
        return None

    def _share_keys(self, window: PageStep, opening: FirstPage) -> bool:
        """Whether records come again whose content is another one in each response, such as a signed URL."""
        reader = opening.reader
        known = {(reader.key(row), row.instant) for row in window.rows}
        return any((reader.key(row), row.instant) in known for row in opening.rows())

    def _landed(self, opening: FirstPage, window: PageStep, known: set[bytes]) -> _Jump:
        """Go on from a later instant."""
        again, bound = set(opening.page.records), opening.query.bound
        before = [
            row for row in window.rows if _is_before(row, bound) or (row.instant == bound and row.raw not in again)
        ]
        if self._anchor is None and window.page.by_cursor:
            self._walks_for_undated = self._may_leave_out_undated(opening, window.start + len(before))
        self._known = known
        self._promised = (window.page.total or 0) - window.start - len(before)
        return _Jump(opening, before)

    def _look_at_the_end(self) -> None:
        """Look for records without a date where the whole list ends, beyond the reach of any filter.

        Raises:
            DisprovedError: There are some.
        """
        size = self._opening.query.size and self._opening.page.size
        last = self._opening
        for _ in range(_MOST_ENDS):  # records may come or go meanwhile, and the end move
            last = last.reopened(page=last.page.last, size=size)
            if last.page.number == last.page.last:
                break
        else:
            raise DisprovedError("the list changes too fast to see whether records without a date are at its end")
        if any(row.instant is None for row in (*self._newest_first.rows(), *last.rows())):
            raise DisprovedError("there are records without a date, which a filter leaves out")

    def _may_leave_out_undated(self, dated_list: FirstPage, before: int) -> bool:
        """Whether a filter leaves out more than it should, where only cursors lead to the end of the list.

        Args:
            dated_list: The list from an instant on.
            before: How many records are before that instant.
        """
        whole = (self._newest_first.page.total, self._opening.reopened().page.total)
        count = dated_list.page.total
        return count is None or None in whole or max(filter(None, whole), default=0) > before + count

    def _check(self, rows: list[Row]) -> None:
        """Hold the order and the bound of an answer against what was asked."""
        instants = dated(rows)
        if not is_ascending(instants):
            raise DisprovedError("the server does not keep to the order asked for")
        bound = self._anchor
        if bound is None or not instants or instants[0] >= bound:
            return
        if instants[0] < floor_day(bound) - _LARGEST_ZONE:
            raise DisprovedError("the server does not honor the filter")
        if self._floor is not floor_day:
            logger.info("The server takes a filter's bound as the whole of its day.")
            self._floor = floor_day


def _is_before(row: Row, bound: datetime | None) -> bool:
    return bound is not None and row.instant is not None and row.instant < bound


def _count(walk: OverlappingPages, last: PageStep, jump: _Jump | None) -> int | None:
    """Tell how many records a stretch holds that a walk has come to the end of.

    By the places of its pages, if they have any, else by what the server counts from its first and from its end on.
    """
    if jump is None:
        return max(walk.total or 0, walk.reached)
    if not last.page.by_cursor:
        return last.start + len(jump.before)
    if walk.total is None or jump.opening.page.total is None:
        return None
    return walk.total - jump.opening.page.total
