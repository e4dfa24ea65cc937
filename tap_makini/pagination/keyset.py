"""Read along the replication key, for servers that honor filter and order.

Each request starts at the last timestamp seen, inclusive, and leaves out what it has delivered. Nothing is counted
from the front of the list, so nothing that changes there can shift what is still to come, and a sync can resume at
every page. If no later timestamp can be requested, because one timestamp fills more than a page or because the server
filters by day, the list is read on page by page, and counted.
"""

from __future__ import annotations

import logging
from bisect import bisect_left, bisect_right
from datetime import timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from tap_makini.errors import RequestRefusedError
from tap_makini.pagination.census import Census
from tap_makini.pagination.overlapping_pages import OverlappingPages, PageStep
from tap_makini.pagination.paginator import Batch, DisprovedError, dated, is_ascending
from tap_makini.pagination.rereading import Rereading, TimeRange
from tap_makini.timestamps import floor_day, floor_second

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from datetime import datetime

    from tap_makini.pagination.page_fetcher import FirstPage
    from tap_makini.pagination.paginator import Outcome, Row

logger = logging.getLogger(__name__)

UNPROVEN_ORDER = "the server does not show that it honors the order"
_STEP_BACK = 20  # a twentieth of a page
_MICROSECOND = attrgetter("microsecond")
_MOST_FAILED_SKIPS = 3
_MOST_STEPS_BACK = 2  # there are other ways, which do more where a tie is in no fixed order
_MOST_ENDS = 5
_SECOND, _NO_TIME = timedelta(seconds=1), timedelta(0)
_LARGEST_ZONE = timedelta(hours=14)  # the furthest that local midnight is from midnight in UTC


class _OpenRange(NamedTuple):
    """The list from a timestamp on.

    Attributes:
        first_page: The list and its first page.
        known: The records that were delivered before and may be received again.
        left_out: The rows of the page before that are before its first record.
        promised: How many records it must hold, according to the page before.
    """

    first_page: FirstPage
    known: set[bytes]
    left_out: list[Row]
    promised: int = 0


class KeysetPaginator:
    """Read along the replication key.

    Args:
        first_page: The list and its first page, in ascending order.
        outcome: Where to mark what is incomplete.
    """

    name = "keyset"

    def __init__(self, first_page: FirstPage, outcome: Outcome) -> None:
        self._first_page = first_page
        self._outcome = outcome
        self._floor: Callable[[datetime], datetime] = floor_second
        self._failed_skips = 0
        self._newest_first = first_page
        self._reads_undated = first_page.request.start_value is None and first_page.page.by_cursor

    def batches(self) -> Iterator[Batch]:
        """Read the list."""
        yield Batch(self._first_page.rows)  # what is proven next decides how to go on, not whether these count
        try:
            self._prove_order()
            open_range: _OpenRange | None = _OpenRange(self._first_page, set(self._first_page.page.records), [])
            while open_range is not None:
                _, request, page, rows = open_range.first_page
                fresh = [row for row in rows if row.raw not in open_range.known]
                step = PageStep(page, 0, rows, dated(rows), fresh, is_joined=True)
                self._check(step, request.start_value)
                yield Batch(fresh, self._reached(step))
                open_range = self._later(open_range, step) or (yield from self._read_on(open_range))
            if self._reads_undated:
                for step in OverlappingPages(self._first_page.reopened()).steps():
                    yield Batch([row for row in step.fresh if row.timestamp is None])
        except RequestRefusedError as refusal:
            raise DisprovedError(f"the server refuses a request ({refusal.cause})") from refusal

    def _prove_order(self) -> None:
        """Request the opposite order: a server that ignores it sends the same page."""
        self._newest_first = self._first_page.reopened(order="desc")
        if self._first_page.request.start_value is None and not self._first_page.page.by_cursor:
            self._look_at_the_end()
        if not self._first_page.shows_order(self._newest_first.rows):
            raise DisprovedError(UNPROVEN_ORDER)

    def _look_at_the_end(self) -> None:
        """Look for records without a timestamp at the end of the whole list: a filter would leave them out.

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
            raise DisprovedError(
                "the list changes too fast to find records without a timestamp at its end", lasts=False
            )
        if any(row.timestamp is None for row in (*self._newest_first.rows, *last.rows)):
            raise DisprovedError("a filter leaves out records without a timestamp", lasts=False)

    def _check(self, step: PageStep, start_value: datetime | None) -> None:
        """Check that a page honors the order and the filter of its request."""
        timestamps = step.timestamps
        if not is_ascending(timestamps):
            raise DisprovedError("the server does not honor the order")
        if start_value is None or not timestamps or timestamps[0] >= start_value:
            return
        if timestamps[0] < floor_day(start_value) - _LARGEST_ZONE:
            raise DisprovedError("the server does not honor the filter")
        if self._floor is not floor_day:
            logger.info("Stream %s: the server filters by day.", self._first_page.fetcher.name)
            self._floor = floor_day

    def _reached(self, step: PageStep) -> datetime | None:
        """Return the timestamp before which everything was received; None if that is not certain."""
        is_sure = self._outcome.is_complete and not self._reads_undated
        return step.timestamps[-1] if step.timestamps and is_sure else None

    def _later(self, open_range: _OpenRange, step: PageStep) -> _OpenRange | None:
        """Request the list from a later timestamp; that counts only if a delivered row comes again.

        Rows without a timestamp prevent that, since a filter leaves out others like them.

        Args:
            open_range: What is being read.
            step: Its last page so far.

        Returns:
            The list from the latest timestamp on that can be requested; None if there is none, or this is the end.
        """
        page, timestamps, current = step.page, step.timestamps, open_range.first_page.request.start_value
        may_go_on = step.is_joined and (page.is_full or not page.is_last)
        is_dated = bool(timestamps) and len(timestamps) == len(step.rows)
        if not may_go_on or not is_dated or self._failed_skips >= _MOST_FAILED_SKIPS:
            return None
        last = bisect_left(timestamps, self._floor(timestamps[-1]))
        known = set(page.records)
        # compared as texts, 17.25Z is before 17Z: if there are fractions, the second before is requested
        has_fractions = self._floor is floor_second and any(map(_MICROSECOND, timestamps))
        margin = _SECOND if has_fractions else _NO_TIME
        for index in (last, max(last - 1 - len(timestamps) // _STEP_BACK, 0)):
            start_value = self._floor(timestamps[index]) - margin
            if current is not None and start_value <= self._floor(current):
                return None  # it would lead nowhere
            later = open_range.first_page.reopened(start_value=start_value)
            if not known.isdisjoint(later.page.records) or _share_keys(step, later):
                left_out = _left_out(step, later, start_value)
                position = step.position + len(left_out)
                if current is None and page.by_cursor:
                    self._reads_undated = self._may_leave_out_undated(later, position)
                return _OpenRange(later, known, left_out, (page.total or 0) - position)
        self._failed_skips += 1
        return None

    def _may_leave_out_undated(self, later: FirstPage, before: int) -> bool:
        """Return whether a filter may leave out records without a timestamp, in a list that has only cursors.

        Args:
            later: The list from a timestamp on.
            before: How many records are before that timestamp.
        """
        whole = (self._newest_first.page.total, self._first_page.reopened().page.total)
        count = later.page.total
        return count is None or None in whole or max(filter(None, whole), default=0) > before + count

    def _read_on(self, open_range: _OpenRange) -> Generator[Batch, None, _OpenRange | None]:
        """Deliver the pages after the first one, and count, until a later timestamp can be requested.

        Returns:
            The list from that timestamp on; None at the end.
        """
        pages = OverlappingPages(
            open_range.first_page, open_range.known, open_range.promised, most_steps_back=_MOST_STEPS_BACK
        )
        steps = pages.steps()
        step = next(steps)  # the first page, which has been delivered
        census = Census(open_range.first_page.fetcher.row_reader)
        census.begin_pass()
        census.add(step.rows)
        later: _OpenRange | None = None
        for step in steps:
            self._check(step, open_range.first_page.request.start_value)
            yield Batch(step.fresh)
            later = self._later(open_range, step)
            inside = step.rows if later is None else later.left_out
            kept = set(inside)
            census.add(row for row in step.fresh if row in kept)
            is_proven = step.is_joined and pages.is_proven and census.in_pass >= step.position + len(inside)
            yield Batch([], self._reached(step) if is_proven else None)
            if later is not None:
                break
        if later is None and open_range.first_page.request.start_value is None:
            self._reads_undated = False  # this was the whole list
        if pages.fetched > 1:
            census.expect(_count(pages, step, later))
            if not pages.is_proven or census.misses_some:
                yield from self._reread(open_range.first_page, census, later)
        return later

    def _reread(self, first_page: FirstPage, census: Census, later: _OpenRange | None) -> Iterator[Batch]:
        """Read several pages again until they are complete; if they never are, the next run begins there."""
        time_range = TimeRange(first_page, later and later.first_page.request.start_value)
        rereading = Rereading(time_range, census)
        yield from rereading.batches()
        if not rereading.is_complete:
            self._outcome.mark_incomplete(first_page.request.start_value, census.count, census.expected)


def _share_keys(step: PageStep, later: FirstPage) -> bool:
    """Return whether records come again whose content differs in each response, such as a signed URL."""
    key = later.fetcher.row_reader.key
    known = {(key(row), row.timestamp) for row in step.rows}
    return any((key(row), row.timestamp) in known for row in later.rows)


def _left_out(step: PageStep, later: FirstPage, start_value: datetime) -> list[Row]:
    """Return the rows of a page that the list from a later timestamp on leaves out; all of them have a timestamp."""
    again = set(later.page.records)
    first, after = bisect_left(step.timestamps, start_value), bisect_right(step.timestamps, start_value)
    return step.rows[:first] + [row for row in step.rows[first:after] if row.raw not in again]


def _count(pages: OverlappingPages, last: PageStep, later: _OpenRange | None) -> int | None:
    """Return how many records there were on the pages of one list, up to those that a later one begins with.

    If the pages have no positions, the difference of the server's counts tells.
    """
    if later is None:
        return max(pages.total or 0, pages.reached)
    if not last.page.by_cursor:
        return last.position + len(later.left_out)
    if pages.total is None or later.first_page.page.total is None:
        return None
    return pages.total - later.first_page.page.total
