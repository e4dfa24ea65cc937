"""Read a range of a list again, in other ways, until as many records were received as the server counts.

A database that sorts by a value which rows share orders these rows differently for each limit and offset. Pages of one
size then repeat some rows and never show others, however often they are requested. So each pass differs: by the
primary key, in one page, in no order, in pages of other sizes that start elsewhere.
"""

from __future__ import annotations

import logging
import random
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from tap_makini.errors import BadBodyError, RequestRefusedError
from tap_makini.pagination.overlapping_pages import OverlappingPages
from tap_makini.pagination.paginator import Batch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_makini.pagination.census import Census
    from tap_makini.pagination.overlapping_pages import PageStep
    from tap_makini.pagination.page_fetcher import FirstPage
    from tap_makini.pagination.paginator import Row

logger = logging.getLogger(__name__)

_MOST_EQUAL_PASSES = 2
_MOST_OTHER_PASSES = 12
_SECONDS_BEFORE = 30 * 86_400
_LARGEST_PAGE = 20_000  # records; more of them would be too large a response
_random = random.Random()  # noqa: S311 - chooses pages, guards nothing


class TimeRange(NamedTuple):
    """The records of a list from one timestamp to another, read as a whole.

    Attributes:
        first_page: The list from the first timestamp of the range on.
        end_value: The timestamp that all of its records are before; None for the end of the list.
    """

    first_page: FirstPage
    end_value: datetime | None = None

    def holds(self, row: Row) -> bool:
        """Return whether a row of this list is in the range."""
        return self.end_value is None or (row.timestamp is not None and row.timestamp < self.end_value)

    def is_after(self, row: Row) -> bool:
        """Return whether a row of a list that starts earlier is before the range."""
        start_value = self.first_page.request.start_value
        return start_value is not None and row.timestamp is not None and row.timestamp < start_value


def any_size(first_page: FirstPage) -> int | None:
    """Return a random page size, at least half of the usual one; the usual one if no other can be requested."""
    size = first_page.request.size
    if size is None or not first_page.fetcher.varies_sizes:
        return size
    return _random.randint(max(size // 2, 1), size)


class RefusedWayError(Exception):
    """The range cannot be read in this way."""


class Rereading:
    """Read a range in several ways, one after the other.

    Args:
        time_range: The range.
        census: What was received of it in a first pass.

    Attributes:
        is_complete: Whether a pass has shown that no record is missing.
    """

    def __init__(self, time_range: TimeRange, census: Census) -> None:
        self._time_range = time_range
        self._first_page = time_range.first_page
        self._census = census
        self._misses_some = census.misses_some
        self.is_complete = False

    def batches(self) -> Iterator[Batch]:
        """Read until no record is missing.

        Yields:
            Records that were not received before.
        """
        for way in self._ways():
            yield from way
            if self.is_complete:
                return

    def _ways(self) -> Iterator[Iterator[Batch]]:
        if not self._misses_some:
            for _ in range(_MOST_EQUAL_PASSES):
                yield self._as_before()
        for way in (self._by_key, self._in_one_page, self._in_no_order):
            yield self._tried(way())
        for number in range(_MOST_OTHER_PASSES):
            if not self._misses_some:
                return  # nothing is missing; the list keeps changing
            yield self._tried(self._elsewhere(number))

    def _tried(self, way: Iterator[Batch]) -> Iterator[Batch]:
        try:
            yield from way
        except (RefusedWayError, RequestRefusedError, BadBodyError) as refusal:
            logger.debug("Stream %s: trying another order or page size: %s", self._first_page.fetcher.name, refusal)

    def _as_before(self) -> Iterator[Batch]:
        """Request the same pages: if they are equal, nothing has changed in between."""
        pages = OverlappingPages(self._first_page.reopened(), varies_sizes=False)
        yield from self._pass(pages)
        self.is_complete = not self._misses_some and (pages.is_proven or self._census.repeats_last_pass)

    def _by_key(self) -> Iterator[Batch]:
        """Request only the range in the order of its keys, which is the same for all pages."""
        fetcher = self._first_page.fetcher
        if fetcher.query_parameters.sort is None or len(fetcher.key) != 1:
            raise RefusedWayError("the list cannot be ordered by one key")
        pages = OverlappingPages(self._alone(order="asc", by=fetcher.key[0]))
        yield from self._pass(pages, is_alone=True, by_key=True)
        self.is_complete = self._census.is_complete or pages.is_proven

    def _in_one_page(self) -> Iterator[Batch]:
        """Request one page that holds the whole range: nothing can move between its records."""
        count, fetcher, size = self._census.expected, self._first_page.fetcher, self._first_page.request.size
        if count is None or size is None or not size < count < _LARGEST_PAGE or fetcher.size_of(count + 1) != count + 1:
            raise RefusedWayError("no page can hold the whole range")
        first_page = self._first_page.reopened(size=count + 1)
        pages = OverlappingPages(first_page, varies_sizes=False)
        if first_page.page.size <= count and not first_page.page.is_last:
            raise RefusedWayError("the server sends smaller pages")
        yield from self._pass(pages)
        self.is_complete = not self._misses_some and pages.fetched == 1

    def _in_no_order(self) -> Iterator[Batch]:
        """Request only the range in the order in which the database stores it, which is the same for all pages."""
        if self._first_page.request.order is None:
            raise RefusedWayError("no order was requested before")
        pages = OverlappingPages(self._alone(order=None), varies_sizes=False)
        yield from self._pass(pages, is_alone=True)
        self.is_complete = self._is_completed_by(pages)

    def _elsewhere(self, number: int) -> Iterator[Batch]:
        """Request pages of another size that start elsewhere: with the range, from the end, or before the range."""
        size = any_size(self._first_page)
        starts = [self._from_the_start]
        if self._first_page.request.order is not None:
            starts += [self._from_the_end, self._from_earlier]
        pages = OverlappingPages(starts[number % len(starts)](size), varies_sizes=False)
        yield from self._pass(pages)
        self.is_complete = self._is_completed_by(pages)

    def _is_completed_by(self, pages: OverlappingPages) -> bool:
        is_proven = pages.is_proven or self._census.repeats_last_pass
        return self._census.is_complete or (is_proven and not self._misses_some)

    def _alone(self, **changes: object) -> FirstPage:
        """Open the list of only the range.

        Raises:
            RefusedWayError: That cannot be requested.
        """
        end_value = self._time_range.end_value
        if end_value is not None and self._first_page.fetcher.query_parameters.end_value is None:
            raise RefusedWayError("no end value can be requested")
        return self._first_page.reopened(end_value=end_value, **changes)

    def _from_the_start(self, size: int | None) -> FirstPage:
        """Open the list from its start."""
        return self._first_page.reopened(size=size)

    def _from_earlier(self, size: int | None) -> FirstPage:
        """Open the list from an earlier timestamp on, at the page where the first records of the range are.

        Raises:
            RefusedWayError: The position cannot be counted.
        """
        start_value = self._first_page.request.start_value
        if start_value is None:
            raise RefusedWayError("the range starts with the list")
        try:
            earlier = start_value - timedelta(seconds=_random.randint(1, _SECONDS_BEFORE))
        except OverflowError:
            raise RefusedWayError("the start value would be before year 1") from None
        first_page = self._first_page.reopened(start_value=earlier, size=size)
        before = (first_page.page.total or 0) - (self._first_page.page.total or 0)
        return _at(first_page, before, first_page.page.total)

    def _from_the_end(self, size: int | None) -> FirstPage:
        """Open the list from its end, at the page where the last records of the range are.

        Raises:
            RefusedWayError: The position cannot be counted.
        """
        first_page = self._first_page.reopened(order="desc", size=size)
        return _at(first_page, (first_page.page.total or 0) - (self._census.expected or 0), self._census.expected)

    def _pass(self, pages: OverlappingPages, *, is_alone: bool = False, by_key: bool = False) -> Iterator[Batch]:
        """Make one pass through the range.

        Raises:
            RefusedWayError: The responses are not those of the range alone, or not in the order of its keys.
        """
        census, time_range = self._census, self._time_range
        is_forward = not is_alone and pages.request.order != "desc"
        starts_earlier = pages.request.start_value != time_range.first_page.request.start_value
        counts = []
        census.begin_pass()
        for step in pages.steps():
            inside = [row for row in step.rows if time_range.holds(row)]
            is_mixed = len(inside) < len(step.rows)
            if is_alone and is_mixed:
                raise RefusedWayError("the response holds records outside the range")
            if by_key and not _is_ascending([self._first_page.fetcher.row_reader.key_values(row) for row in step.rows]):
                raise RefusedWayError("the records are not in the order of their keys")
            fresh = _both(inside, step.fresh) if is_mixed else step.fresh
            yield Batch(census.add([row for row in fresh if not (starts_earlier and time_range.is_after(row))]))
            if is_alone:
                counts.append(pages.total)
            elif is_forward and step.is_joined and (is_mixed or step.is_end):
                counts = [] if starts_earlier else [_count(step, inside, pages)]
                if is_mixed:
                    break
        for count in counts:
            census.expect(count)
        self._misses_some = census.misses_some


def _at(first_page: FirstPage, position: int, count: int | None) -> FirstPage:
    """Open a list at the page that holds a position.

    Raises:
        RefusedWayError: Its pages have no positions.
    """
    page = first_page.page
    if page.total is None or page.by_cursor or count is None:
        raise RefusedWayError("the pages have no positions")
    number = max(position, 0) // max(page.size, 1) + 1
    if number == 1:
        return first_page
    request = replace(first_page.request, page=number, size=first_page.request.size and page.size)
    return first_page.fetcher.fetch_first(request)


def _both(inside: list[Row], fresh: list[Row]) -> list[Row]:
    kept = {row.raw for row in inside}
    return [row for row in fresh if row.raw in kept]


def _count(step: PageStep, inside: list[Row], pages: OverlappingPages) -> int | None:
    """Return how many records the range holds; None if pages have no positions."""
    if len(inside) == len(step.rows):
        return max(pages.total or 0, pages.reached)
    return None if step.page.by_cursor else step.position + len(inside)


def _is_ascending(keys: list[tuple[object, ...]]) -> bool:
    """Return whether keys ascend, as numbers or as texts; a record may be listed twice."""
    try:
        return all(() < earlier <= later for earlier, later in pairwise(keys))
    except TypeError:  # numbers and texts, or none
        return False
