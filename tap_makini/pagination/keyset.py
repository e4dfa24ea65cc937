"""Read along the replication key, for servers that honor filter and order.

Each request starts at the last timestamp seen, inclusive, and leaves out what it has delivered. Nothing
is counted from the front of the list, so nothing that changes there can shift what is still to come, and a sync can
resume at every page. If no later timestamp can be requested, because one timestamp fills more than a page or because
the server takes the filter's value as its whole day, the list is read page by page and counted.
"""

from __future__ import annotations

import logging
from bisect import bisect_left, bisect_right
from datetime import timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from tap_makini.errors import RequestRefusedError
from tap_makini.pagination.census import Census
from tap_makini.pagination.overlapping_pages import OverlappingPages
from tap_makini.pagination.paginator import Batch, DisprovedError, shows_order
from tap_makini.pagination.rereading import Rereading, Stretch
from tap_makini.pagination.rows import is_ascending
from tap_makini.timestamps import floor_day, floor_second

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from datetime import datetime

    from tap_makini.pagination.overlapping_pages import PageStep
    from tap_makini.pagination.paginator import FirstPage, Outcome
    from tap_makini.pagination.rows import Row

logger = logging.getLogger(__name__)

_STEP_BACK = 20  # a twentieth of a page
_MICROSECOND = attrgetter("microsecond")
_MOST_VAIN_JUMPS = 3
_MOST_STEPS_BACK = 2  # there are other ways, which do more where a tie is in no fixed order
_MOST_ENDS = 5
_SECOND, _NO_TIME = timedelta(seconds=1), timedelta(0)
_LARGEST_ZONE = timedelta(hours=14)  # the furthest that local midnight is from midnight in UTC


class _Jump(NamedTuple):
    """The list from a later timestamp on.

    Attributes:
        first_page: The list and its first page.
        before: The rows of the last page that this list leaves out.
    """

    first_page: FirstPage
    before: list[Row]


class KeysetPaginator:
    """Read along the replication key.

    Args:
        first_page: The list and its first page, in ascending order.
        outcome: Takes what could not be settled.
    """

    def __init__(self, first_page: FirstPage, outcome: Outcome) -> None:
        self._first_page = first_page
        self._outcome = outcome
        self._floor: Callable[[datetime], datetime] = floor_second
        self._known: set[bytes] = set()
        self._promised = 0
        self._vain_jumps = 0
        self._newest_first = first_page
        self._reads_undated = first_page.request.start_value is None and first_page.page.by_cursor

    def batches(self) -> Iterator[Batch]:
        """Read the list."""
        yield Batch(self._first_page.rows())  # what is proven next decides how to go on, not whether these count
        self._known = set(self._first_page.page.records)
        try:
            self._prove_order()
            whole = self._first_page
            first_page: FirstPage | None = whole
            while first_page is not None:
                first_page = yield from self._read_from(first_page)
            if self._reads_undated:
                for step in OverlappingPages(whole.reopened()).steps():
                    yield Batch([row for row in step.fresh if row.timestamp is None])
        except RequestRefusedError as refusal:
            raise DisprovedError(f"the server refuses such a request ({refusal.cause})") from refusal

    def _prove_order(self) -> None:
        """Request the far end of the list: a server that ignores the order sends the near end."""
        self._newest_first = self._first_page.reopened(order="desc")
        if self._first_page.request.start_value is None and not self._first_page.page.by_cursor:
            self._look_at_the_end()
        if not shows_order(self._first_page, self._newest_first):
            raise DisprovedError("the server does not show that it honors the order")

    def _read_from(self, first_page: FirstPage) -> Generator[Batch, None, FirstPage | None]:
        """Deliver the list from one start value on, until a later one can be requested.

        Returns:
            The list from the next start value on; None at the end.
        """
        self._first_page = first_page
        first: list[Row] = []
        census: Census | None = None  # most start values need one page only, which proves itself
        jump: _Jump | None = None
        pages = OverlappingPages(first_page, self._known, self._promised, most_steps_back=_MOST_STEPS_BACK)
        for step in pages.steps():
            self._check(step.timestamps)
            if pages.fetched == 1:
                first = step.rows
            elif census is None:
                census = Census(first_page.reader)
                census.begin_pass()
                census.add(first)
            yield Batch(step.fresh, self._reached(step, pages) if census is None else None)
            if step.is_joined and (step.page.is_full or not step.page.is_last):
                jump = self._jump(step)
            if census is not None:
                inside = set(step.rows if jump is None else jump.before)
                census.add(row for row in step.fresh if row in inside)
                passed = step.start + len(step.rows if jump is None else jump.before)
                yield Batch([], self._reached(step, pages) if census.in_pass >= passed else None)
            if jump is not None:
                break
        if jump is None and first_page.request.start_value is None:
            self._reads_undated = False  # this was the whole list
        if census is not None:
            yield from self._settle(pages, census, step, jump)
        return jump and jump.first_page

    def _reached(self, step: PageStep, pages: OverlappingPages) -> datetime | None:
        """Return the timestamp before which everything has come; None if that is not sure."""
        is_sure = step.is_joined and pages.is_proven and self._outcome.is_settled and not self._reads_undated
        return step.timestamps[-1] if step.timestamps and is_sure else None

    def _settle(self, pages: OverlappingPages, census: Census, last: PageStep, jump: _Jump | None) -> Iterator[Batch]:
        """Make sure that a stretch of several pages is complete, or that the next run begins there."""
        census.expect(_count(pages, last, jump))
        if pages.is_proven and not census.misses_some:
            return
        stretch = Stretch(self._first_page, jump and jump.first_page.request.start_value)
        if not (yield from Rereading(stretch, census).batches()):
            self._outcome.leave_open(self._first_page.request.start_value, census)

    def _jump(self, step: PageStep) -> _Jump | None:
        """Request the list from a later timestamp on; some of the rows delivered from there on must come again.

        Rows without a date prevent that, since no filter would bring the others like them.
        """
        timestamps, current = step.timestamps, self._first_page.request.start_value
        if not timestamps or len(timestamps) < len(step.rows) or self._vain_jumps >= _MOST_VAIN_JUMPS:
            return None
        last = bisect_left(timestamps, self._floor(timestamps[-1]))
        known = set(step.page.records)
        # compared as texts, 17.25Z is before 17Z: if there are fractions, the second before is requested
        has_fractions = self._floor is floor_second and any(map(_MICROSECOND, timestamps))
        margin = _SECOND if has_fractions else _NO_TIME
        for index in (last, max(last - 1 - len(timestamps) // _STEP_BACK, 0)):
            start_value = self._floor(timestamps[index]) - margin
            if current is not None and self._floor(start_value) <= self._floor(current):
                return None  # it would lead nowhere
            first_page = self._first_page.reopened(start_value=start_value)
            if not known.isdisjoint(first_page.page.records) or self._share_keys(step, first_page):
                return self._go_on(first_page, step, known, start_value)
        self._vain_jumps += 1
        return None

    def _share_keys(self, step: PageStep, first_page: FirstPage) -> bool:
        """Whether records come again whose content differs in each response, such as a signed URL."""
        reader = first_page.reader
        known = {(reader.key(row), row.timestamp) for row in step.rows}
        return any((reader.key(row), row.timestamp) in known for row in first_page.rows())

    def _go_on(self, first_page: FirstPage, step: PageStep, known: set[bytes], start_value: datetime) -> _Jump:
        """Continue from a later timestamp; all rows of the step have one, in order."""
        again = set(first_page.page.records)
        first, after = bisect_left(step.timestamps, start_value), bisect_right(step.timestamps, start_value)
        before = step.rows[:first] + [row for row in step.rows[first:after] if row.raw not in again]
        if self._first_page.request.start_value is None and step.page.by_cursor:
            self._reads_undated = self._may_leave_out_undated(first_page, step.start + len(before))
        self._known = known
        self._promised = (step.page.total or 0) - step.start - len(before)
        return _Jump(first_page, before)

    def _look_at_the_end(self) -> None:
        """Look for records without a date where the whole list ends, beyond the reach of any filter.

        Raises:
            DisprovedError: There are some.
        """
        size = self._first_page.request.size and self._first_page.page.size
        last = self._first_page
        for _ in range(_MOST_ENDS):  # records may come or go meanwhile, and the end move
            last = last.reopened(page=last.page.last, size=size)
            if last.page.number == last.page.last:
                break
        else:
            raise DisprovedError("the list changes too fast to see whether records without a date are at its end")
        if any(row.timestamp is None for row in (*self._newest_first.rows(), *last.rows())):
            raise DisprovedError("there are records without a date, which a filter leaves out")

    def _may_leave_out_undated(self, dated_list: FirstPage, before: int) -> bool:
        """Whether a filter leaves out more than it should, where only cursors lead to the end of the list.

        Args:
            dated_list: The list from a timestamp on.
            before: How many records are before that timestamp.
        """
        whole = (self._newest_first.page.total, self._first_page.reopened().page.total)
        count = dated_list.page.total
        return count is None or None in whole or max(filter(None, whole), default=0) > before + count

    def _check(self, timestamps: list[datetime]) -> None:
        """Check that a page keeps to the order and the filter of its request."""
        if not is_ascending(timestamps):
            raise DisprovedError("the server does not keep to the order")
        start_value = self._first_page.request.start_value
        if start_value is None or not timestamps or timestamps[0] >= start_value:
            return
        if timestamps[0] < floor_day(start_value) - _LARGEST_ZONE:
            raise DisprovedError("the server does not honor the filter")
        if self._floor is not floor_day:
            logger.info("The server takes a filter's value as its whole day.")
            self._floor = floor_day


def _count(pages: OverlappingPages, last: PageStep, jump: _Jump | None) -> int | None:
    """Return how many records a stretch holds that has been read to its end.

    By the places of its pages, if they have any, else by what the server counts from its first and from its end on.
    """
    if jump is None:
        return max(pages.total or 0, pages.reached)
    if not last.page.by_cursor:
        return last.start + len(jump.before)
    if pages.total is None or jump.first_page.page.total is None:
        return None
    return pages.total - jump.first_page.page.total
