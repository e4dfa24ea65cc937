"""Reading a stretch of a list again, in other ways, until as many records have come as the server counts.

A database that sorts by a value which rows share orders these rows differently for each limit and offset. Pages of one
size then repeat some rows and never show others, however often they are asked for. So each pass asks otherwise: by the
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
    from tap_makini.pagination.paginator import FirstPage
    from tap_makini.pagination.rows import Row

logger = logging.getLogger(__name__)

_MOST_REPEATS = 2
_MOST_OTHER_PASSES = 12
_SECONDS_BEFORE = 30 * 86_400
_LARGEST_PAGE = 20_000  # records; more of them would be too large an answer
_random = random.Random()  # noqa: S311 - chooses pages, guards nothing


class Stretch(NamedTuple):
    """A part of a list that is read as a whole.

    Attributes:
        opening: The list from the first instant of the stretch on.
        until: The instant that all of its records are before; None where it goes to the end of the list.
    """

    opening: FirstPage
    until: datetime | None = None

    def holds(self, row: Row) -> bool:
        """Whether a row of the list belongs to the stretch."""
        return self.until is None or (row.instant is not None and row.instant < self.until)

    def is_passed_by(self, row: Row) -> bool:
        """Whether a row that is listed from an earlier instant on is before the stretch."""
        since = self.opening.query.bound
        return since is not None and row.instant is not None and row.instant < since


def any_size(opening: FirstPage) -> int | None:
    """Choose a size for pages, from half of the usual one on; the usual one where no other can be asked for."""
    size = opening.query.size
    if size is None or not opening.source.varies_sizes:
        return size
    return _random.randint(max(size // 2, 1), size)


class RefusedWayError(Exception):
    """The server does not list the records in this way."""


class Rereading:
    """Reads a stretch in one way after the other.

    Args:
        stretch: The stretch.
        census: What has come of it in a first pass.
    """

    def __init__(self, stretch: Stretch, census: Census) -> None:
        self._stretch = stretch
        self._opening = stretch.opening
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
            logger.debug("%s: the server does not list it so: %s", self._opening.source.path, refusal)
            return False

    def _as_before(self) -> Generator[Batch, None, bool]:
        """Ask for the same pages: where they are the same, nothing has changed in between."""
        walk = OverlappingPages(self._opening.reopened(), varies_sizes=False)
        yield from self._pass(walk)
        return not self._misses_some and (walk.is_proven or self._census.repeats_last_pass)

    def _by_key(self) -> Generator[Batch, None, bool]:
        """Ask for the stretch alone in the order of its keys, which is the same for all pages."""
        source = self._opening.source
        if source.dialect.sort is None or len(source.key) != 1:
            raise RefusedWayError("it cannot be ordered by one key")
        walk = OverlappingPages(self._alone(order="asc", by=source.key[0]))
        yield from self._pass(walk, is_alone=True, by_key=True)
        return self._census.is_complete or walk.is_proven

    def _in_one_page(self) -> Generator[Batch, None, bool]:
        """Ask for one page that holds all: a page of its own is always whole."""
        count, source, size = self._census.expected, self._opening.source, self._opening.query.size
        if count is None or size is None or not size < count < _LARGEST_PAGE or source.size_of(count + 1) != count + 1:
            raise RefusedWayError("no page can be asked for that holds it")
        opening = self._opening.reopened(size=count + 1)
        walk = OverlappingPages(opening, varies_sizes=False)
        if opening.page.size <= count and not opening.page.is_last:
            raise RefusedWayError("the server gives smaller pages")
        yield from self._pass(walk)
        return not self._misses_some and walk.pages == 1

    def _in_no_order(self) -> Generator[Batch, None, bool]:
        """Ask for the stretch alone as it lies in the database, which is the same for all pages."""
        if self._opening.query.order is None:
            raise RefusedWayError("it is in no order already")
        walk = OverlappingPages(self._alone(order=None), varies_sizes=False)
        yield from self._pass(walk, is_alone=True)
        return self._is_settled_by(walk)

    def _elsewhere(self, number: int) -> Generator[Batch, None, bool]:
        """Ask for pages of another size, that start elsewhere: with the list, at its end, or before the stretch."""
        size = any_size(self._opening)
        starts = [self._from_the_start]
        if self._opening.query.order is not None:
            starts += [self._from_behind, self._from_earlier]
        walk = OverlappingPages(starts[number % len(starts)](size), varies_sizes=False)
        yield from self._pass(walk)
        return self._is_settled_by(walk)

    def _is_settled_by(self, walk: OverlappingPages) -> bool:
        is_proven = walk.is_proven or self._census.repeats_last_pass
        return self._census.is_complete or (is_proven and not self._misses_some)

    def _alone(self, **changes: object) -> FirstPage:
        """Open the list of nothing but the stretch.

        Raises:
            RefusedWayError: That cannot be asked for.
        """
        until = self._stretch.until
        if until is not None and self._opening.source.dialect.until is None:
            raise RefusedWayError("no end can be asked for")
        return self._opening.reopened(before=until, **changes)

    def _from_the_start(self, size: int | None) -> FirstPage:
        """Open the list from its start."""
        return self._opening.reopened(size=size)

    def _from_earlier(self, size: int | None) -> FirstPage:
        """Open the list from an earlier instant on, at the page where the first records of the stretch are.

        Raises:
            RefusedWayError: Where that is cannot be counted.
        """
        bound = self._opening.query.bound
        if bound is None:
            raise RefusedWayError("it begins with the list")
        try:
            earlier = bound - timedelta(seconds=_random.randint(1, _SECONDS_BEFORE))
        except OverflowError:
            raise RefusedWayError("it begins with time") from None
        opening = self._opening.reopened(bound=earlier, size=size)
        before = (opening.page.total or 0) - (self._opening.page.total or 0)
        return _at(opening, before, opening.page.total)

    def _from_behind(self, size: int | None) -> FirstPage:
        """Open the list from its end, at the page where the last records of the stretch are.

        Raises:
            RefusedWayError: Where that is cannot be counted.
        """
        opening = self._opening.reopened(order="desc", size=size)
        return _at(opening, (opening.page.total or 0) - (self._census.expected or 0), self._census.expected)

    def _pass(self, walk: OverlappingPages, *, is_alone: bool = False, by_key: bool = False) -> Iterator[Batch]:
        """Make one pass through the stretch.

        Raises:
            RefusedWayError: The answers are not those of the stretch alone, or not in the order of its keys.
        """
        census, stretch = self._census, self._stretch
        is_forward = not is_alone and walk.query.order != "desc"
        starts_earlier = walk.query.bound != stretch.opening.query.bound
        counts = []
        census.begin_pass()
        for window in walk.windows():
            inside = [row for row in window.rows if stretch.holds(row)]
            is_mixed = len(inside) < len(window.rows)
            if is_alone and is_mixed:
                raise RefusedWayError("it lists others as well")
            if by_key and not _is_ascending([self._opening.reader.key_values(row) for row in window.rows]):
                raise RefusedWayError("it is not in the order of its keys")
            fresh = _both(inside, window.fresh) if is_mixed else window.fresh
            yield Batch(census.add([row for row in fresh if not (starts_earlier and stretch.is_passed_by(row))]))
            if is_alone:
                counts.append(walk.total)
            elif is_forward and window.is_joined and (is_mixed or window.is_end):
                counts += [] if starts_earlier else [_count(window, inside, walk)]
                break
        for count in counts:
            census.expect(count)
        self._misses_some = census.misses_some


def _at(opening: FirstPage, position: int, count: int | None) -> FirstPage:
    """Open a list at the page that holds a position.

    Raises:
        RefusedWayError: Its pages have no places.
    """
    page = opening.page
    if page.total is None or page.by_cursor or count is None:
        raise RefusedWayError("its pages have no places")
    number = max(position, 0) // max(page.size, 1) + 1
    if number == 1:
        return opening
    query = replace(opening.query, page=number, size=opening.query.size and page.size)
    return opening._replace(query=query, page=opening.source.fetch(query))


def _both(inside: list[Row], fresh: list[Row]) -> list[Row]:
    kept = {row.raw for row in inside}
    return [row for row in fresh if row.raw in kept]


def _count(window: PageStep, inside: list[Row], walk: OverlappingPages) -> int | None:
    """Tell how many records a stretch holds by where it ends; None where pages have no places."""
    if len(inside) == len(window.rows):
        return max(walk.total or 0, walk.reached)
    return None if window.page.by_cursor else window.start + len(inside)


def _is_ascending(keys: list[tuple[object, ...]]) -> bool:
    """Whether keys ascend, as numbers or as texts; a record may be listed twice."""
    try:
        return all(() < earlier <= later for earlier, later in pairwise(keys))
    except TypeError:  # numbers and texts, or none
        return False
