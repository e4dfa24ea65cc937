"""Read a stretch of a list again, in other ways, until as many records have come as the server counts.

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
    from collections.abc import Generator, Iterator
    from datetime import datetime

    from tap_makini.pagination.census import Census
    from tap_makini.pagination.overlapping_pages import PageStep
    from tap_makini.pagination.page_fetcher import FirstPage
    from tap_makini.pagination.paginator import Row

logger = logging.getLogger(__name__)

_MOST_REPEATS = 2
_MOST_OTHER_PASSES = 12
_SECONDS_BEFORE = 30 * 86_400
_LARGEST_PAGE = 20_000  # records; more of them would be too large a response
_random = random.Random()  # noqa: S311 - chooses pages, guards nothing


class Stretch(NamedTuple):
    """A part of a list that is read as a whole.

    Attributes:
        first_page: The list from the first timestamp of the stretch on.
        until: The timestamp that all of its records are before; None where it goes to the end of the list.
    """

    first_page: FirstPage
    until: datetime | None = None

    def holds(self, row: Row) -> bool:
        """Whether a row of the list belongs to the stretch."""
        return self.until is None or (row.timestamp is not None and row.timestamp < self.until)

    def is_passed_by(self, row: Row) -> bool:
        """Whether a row that is listed from an earlier timestamp on is before the stretch."""
        since = self.first_page.request.start_value
        return since is not None and row.timestamp is not None and row.timestamp < since


def any_size(first_page: FirstPage) -> int | None:
    """Choose a size for pages, from half of the usual one on; the usual one if no other can be requested."""
    size = first_page.request.size
    if size is None or not first_page.fetcher.varies_sizes:
        return size
    return _random.randint(max(size // 2, 1), size)


class RefusedWayError(Exception):
    """The server does not list the records in this way."""


class Rereading:
    """Read a stretch in one way after the other.

    Args:
        stretch: The stretch.
        census: What has come of it in a first pass.
    """

    def __init__(self, stretch: Stretch, census: Census) -> None:
        self._stretch = stretch
        self._first_page = stretch.first_page
        self._census = census
        self._misses_some = census.misses_some

    def batches(self) -> Generator[Batch, None, bool]:
        """Read until all records have come.

        Yields:
            What has not come before.

        Returns:
            Whether none is missing.
        """
        if not self._misses_some:
            for _ in range(_MOST_REPEATS):
                if (yield from self._as_before()):
                    return True
        for way in (self._by_key, self._in_one_page, self._in_no_order):
            if (yield from self._tried(way())):
                return True
        for number in range(_MOST_OTHER_PASSES):
            if not self._misses_some:
                break  # it only changes all the time
            if (yield from self._tried(self._elsewhere(number))):
                return True
        return False

    def _tried(self, way: Generator[Batch, None, bool]) -> Generator[Batch, None, bool]:
        try:
            return (yield from way)
        except (RefusedWayError, RequestRefusedError, BadBodyError) as refusal:
            logger.debug("Stream %s: trying another order or page size: %s", self._first_page.fetcher.name, refusal)
            return False

    def _as_before(self) -> Generator[Batch, None, bool]:
        """Ask for the same pages: where they are the same, nothing has changed in between."""
        pages = OverlappingPages(self._first_page.reopened(), varies_sizes=False)
        yield from self._pass(pages)
        return not self._misses_some and (pages.is_proven or self._census.repeats_last_pass)

    def _by_key(self) -> Generator[Batch, None, bool]:
        """Ask for the stretch alone in the order of its keys, which is the same for all pages."""
        fetcher = self._first_page.fetcher
        if fetcher.query_parameters.sort is None or len(fetcher.key) != 1:
            raise RefusedWayError("the list cannot be ordered by one key")
        pages = OverlappingPages(self._alone(order="asc", by=fetcher.key[0]))
        yield from self._pass(pages, is_alone=True, by_key=True)
        return self._census.is_complete or pages.is_proven

    def _in_one_page(self) -> Generator[Batch, None, bool]:
        """Ask for one page that holds all: a page of its own is always whole."""
        count, fetcher, size = self._census.expected, self._first_page.fetcher, self._first_page.request.size
        if count is None or size is None or not size < count < _LARGEST_PAGE or fetcher.size_of(count + 1) != count + 1:
            raise RefusedWayError("no page can hold the whole range")
        first_page = self._first_page.reopened(size=count + 1)
        pages = OverlappingPages(first_page, varies_sizes=False)
        if first_page.page.size <= count and not first_page.page.is_last:
            raise RefusedWayError("the server sends smaller pages")
        yield from self._pass(pages)
        return not self._misses_some and pages.fetched == 1

    def _in_no_order(self) -> Generator[Batch, None, bool]:
        """Ask for the stretch alone as it lies in the database, which is the same for all pages."""
        if self._first_page.request.order is None:
            raise RefusedWayError("no order was requested before")
        pages = OverlappingPages(self._alone(order=None), varies_sizes=False)
        yield from self._pass(pages, is_alone=True)
        return self._is_settled_by(pages)

    def _elsewhere(self, number: int) -> Generator[Batch, None, bool]:
        """Ask for pages of another size, that start elsewhere: with the list, at its end, or before the stretch."""
        size = any_size(self._first_page)
        starts = [self._from_the_start]
        if self._first_page.request.order is not None:
            starts += [self._from_behind, self._from_earlier]
        pages = OverlappingPages(starts[number % len(starts)](size), varies_sizes=False)
        yield from self._pass(pages)
        return self._is_settled_by(pages)

    def _is_settled_by(self, pages: OverlappingPages) -> bool:
        is_proven = pages.is_proven or self._census.repeats_last_pass
        return self._census.is_complete or (is_proven and not self._misses_some)

    def _alone(self, **changes: object) -> FirstPage:
        """Open the list of nothing but the stretch.

        Raises:
            RefusedWayError: That cannot be requested.
        """
        until = self._stretch.until
        if until is not None and self._first_page.fetcher.query_parameters.until is None:
            raise RefusedWayError("no end value can be requested")
        return self._first_page.reopened(end_value=until, **changes)

    def _from_the_start(self, size: int | None) -> FirstPage:
        """Open the list from its start."""
        return self._first_page.reopened(size=size)

    def _from_earlier(self, size: int | None) -> FirstPage:
        """Open the list from an earlier timestamp on, at the page where the first records of the stretch are.

        Raises:
            RefusedWayError: Where that is cannot be counted.
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

    def _from_behind(self, size: int | None) -> FirstPage:
        """Open the list from its end, at the page where the last records of the stretch are.

        Raises:
            RefusedWayError: Where that is cannot be counted.
        """
        first_page = self._first_page.reopened(order="desc", size=size)
        return _at(first_page, (first_page.page.total or 0) - (self._census.expected or 0), self._census.expected)

    def _pass(self, pages: OverlappingPages, *, is_alone: bool = False, by_key: bool = False) -> Iterator[Batch]:
        """Make one pass through the stretch.

        Raises:
            RefusedWayError: The responses are not those of the stretch alone, or not in the order of its keys.
        """
        census, stretch = self._census, self._stretch
        is_forward = not is_alone and pages.request.order != "desc"
        starts_earlier = pages.request.start_value != stretch.first_page.request.start_value
        counts = []
        census.begin_pass()
        for step in pages.steps():
            inside = [row for row in step.rows if stretch.holds(row)]
            is_mixed = len(inside) < len(step.rows)
            if is_alone and is_mixed:
                raise RefusedWayError("the response holds records outside the range")
            if by_key and not _is_ascending([self._first_page.fetcher.row_reader.key_values(row) for row in step.rows]):
                raise RefusedWayError("the records are not in the order of their keys")
            fresh = _both(inside, step.fresh) if is_mixed else step.fresh
            yield Batch(census.add([row for row in fresh if not (starts_earlier and stretch.is_passed_by(row))]))
            if is_alone:
                counts.append(pages.total)
            elif is_forward and step.is_joined and (is_mixed or step.is_end):
                counts += [] if starts_earlier else [_count(step, inside, pages)]
                break
        for count in counts:
            census.expect(count)
        self._misses_some = census.misses_some


def _at(first_page: FirstPage, position: int, count: int | None) -> FirstPage:
    """Open a list at the page that holds a position.

    Raises:
        RefusedWayError: Its pages have no places.
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
    """Tell how many records a stretch holds by where it ends; None where pages have no places."""
    if len(inside) == len(step.rows):
        return max(pages.total or 0, pages.reached)
    return None if step.page.by_cursor else step.start + len(inside)


def _is_ascending(keys: list[tuple[object, ...]]) -> bool:
    """Whether keys ascend, as numbers or as texts; a record may be listed twice."""
    try:
        return all(() < earlier <= later for earlier, later in pairwise(keys))
    except TypeError:  # numbers and texts, or none
        return False
