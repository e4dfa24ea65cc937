"""Read a list by page numbers while it changes.

A record that leaves a page already read moves every later record up, and the one that crosses the edge is skipped.
Pages that overlap show it: as long as each page holds a record, unchanged, of the page before it, nothing can have
been missed between the two. The API numbers pages, it takes no offsets, so pages overlap by varying their size:
after 500 records, page 2 of 475 starts at 475 and ends at 950.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from tap_makini.errors import RequestRefusedError
from tap_makini.pagination.end_of_list import CursorTrail
from tap_makini.pagination.paginator import dated

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from tap_makini.pagination.page_fetcher import FirstPage
    from tap_makini.pagination.paginator import Row
    from tap_makini.pagination.response import Page

_OVERLAP = 20  # a twentieth of a page
_SMALLEST = 2  # half of a page
_LEAST_TO_VARY = 10  # a shorter page cannot overlap and still advance


class PageStep(NamedTuple):
    """A page and how it continues the one before.

    Attributes:
        page: The page.
        position: The position in the list of its first row, from 0.
        rows: Its rows.
        timestamps: Those of the rows that have one.
        fresh: The rows that the page before did not hold.
        is_joined: Whether nothing can have been missed between the page before and this one.
    """

    page: Page
    position: int
    rows: list[Row]
    timestamps: list[datetime]
    fresh: list[Row]
    is_joined: bool

    @property
    def is_end(self) -> bool:
        """Whether the list ends here, by the counts of the server."""
        return self.is_joined and self.page.is_last


class OverlappingPages:
    """Read the whole list of one request, by page numbers or by the cursors in its responses.

    Args:
        first_page: The list and its first page.
        known: Records delivered before, which are not fresh.
        promised: How many records the list must hold, by an earlier response.
        varies_sizes: Whether pages may be of different sizes, so that they overlap. Where records of equal timestamp
            come in another order for each size, only pages of one size hold them all.
        most_steps_back: How often to request an earlier page if one does not join the one before.

    Attributes:
        request: What is requested.
        is_proven: Whether the pages overlapped all the way.
        total: How many records the last response counted; None if it did not.
        reached: The position after the last record read.
        fetched: How many pages were received.
    """

    def __init__(
        self,
        first_page: FirstPage,
        known: AbstractSet[bytes] = frozenset(),
        promised: int = 0,
        *,
        varies_sizes: bool = True,
        most_steps_back: int = 20,
    ) -> None:
        self._first_page = first_page
        self._fetcher, self.request, first, _ = first_page
        self._reader = self._fetcher.row_reader
        self._largest = first.size
        self._known = set(known)
        self._joined: Sequence[bytes] = ()
        self._promised = promised
        self._overlap = max(1, self._largest // _OVERLAP)
        self._steps_back = 0
        self._most_steps_back = most_steps_back
        self._trail = CursorTrail()
        self._can_size_pages = (
            varies_sizes
            and not first.by_cursor
            and self._fetcher.varies_sizes
            and self.request.size is not None
            and self._largest >= _LEAST_TO_VARY
        )
        self.is_proven = True
        self.total = first.total
        self.reached = 0
        self.fetched = 0

    def steps(self) -> Iterator[PageStep]:
        """Fetch page after page, each overlapping the one before if pages have positions.

        Yields:
            Each page.

        Raises:
            MakiniError: A page could not be fetched, or is not valid.
        """
        page, rows = self._first_page.page, self._first_page.rows
        while True:
            position = self.reached if page.by_cursor else page.position
            self.fetched += 1
            self.total = page.total
            self.reached = position + len(page.records)
            fresh = [row for row in rows if row.raw not in self._known]
            is_joined = self._joins(page)
            yield PageStep(page, position, rows, dated(rows), fresh, is_joined)
            if is_joined and page.is_last and not self._fetcher.has_page_after(self.request, page, self._promised):
                return
            page = self._after(page, rows, is_joined=is_joined)
            rows = self._reader.rows(page.records)

    def _after(self, page: Page, rows: list[Row], *, is_joined: bool) -> Page:
        if page.next_cursor is None:
            return self._fetch_from(self._account_for(page, is_joined=is_joined), page)
        self._trail.follow(page, map(self._reader.key, rows))
        return self._fetcher.fetch(self.request.after(page))

    def _joins(self, page: Page) -> bool:
        if self.fetched == 1 or (not page.by_cursor and (page.position == 0 or self._continues(page.records))):
            return True
        if not page.by_cursor and self._can_size_pages and self._steps_back < self._most_steps_back:
            return False
        self.is_proven = False
        return True

    def _continues(self, records: Sequence[bytes]) -> bool:
        """Return whether a page starts within the one before, by its records or, if these differ, by their keys."""
        return continues(self._joined, records) or continues(self._keys(self._joined), self._keys(records))

    def _keys(self, records: Sequence[bytes]) -> list[bytes]:
        return [self._reader.key(row) for row in self._reader.rows(records)]

    def _account_for(self, page: Page, *, is_joined: bool) -> int:
        """Return the position up to which nothing can have been missed.

        The records of a page that is not joined are known from then on, but prove nothing for the pages that are.
        """
        if is_joined:
            self._known = set(page.records)
            self._joined = page.records
            return page.end
        self._known = self._known.union(page.records)
        self._steps_back += 1
        self._overlap = min(self._overlap * 2, self._largest // _SMALLEST)
        return page.position if page.total is None else min(page.position, page.total)

    def _fetch_from(self, position: int, page: Page) -> Page:
        self._promised = max(self._promised, page.total or 0)
        previous = page.records if position >= page.end else ()  # a step back may lead to the same page again
        if self._can_size_pages and (choice := overlapping_page(position, self._overlap, self._largest)):
            following = self._fetch_sized(*choice, previous)
            if following is not None:
                return following
        self._can_size_pages = False
        size = page.size if self.request.size is not None else None
        return self._fetcher.fetch(replace(self.request, page=position // page.size + 1, size=size), previous)

    def _fetch_sized(self, number: int, size: int, previous: Sequence[bytes]) -> Page | None:
        """Request a page of another size; None if the server does not send one."""
        try:
            page = self._fetcher.fetch(replace(self.request, page=number, size=size), previous)
        except RequestRefusedError:
            return None
        return page if page.size == size else None


def continues(before: Sequence[bytes], page: Sequence[bytes]) -> bool:
    """Return whether a page starts within the page before it, so that no record can be between the two.

    Then the end of the one is the start of the other, in the same order, except for records that changed meanwhile. One
    record in both is not enough: pages without a lasting order share records by chance.
    """
    positions = {record: position for position, record in enumerate(before)}
    shared = [(positions[record], position) for position, record in enumerate(page) if record in positions]
    if not shared or shared != sorted(shared):
        return False
    first, last = shared[0][0], shared[-1][1]
    is_end = len(before) - first <= 2 * len(shared)
    is_start = last < 2 * len(shared) or first == 0
    return is_end and is_start


def overlapping_page(position: int, overlap: int, largest: int) -> tuple[int, int] | None:
    """Return the page that reaches furthest beyond a position and still starts some records before it.

    Args:
        position: How many records have been read, from the first.
        overlap: How many of the last of them to read again; fewer if no page does that and still advances.
        largest: The most records that a page may hold.

    Returns:
        The page's number, from 1, and its size; None if pages of all sizes end at the position.
    """
    before = max(position - overlap, 0)
    sizes = range(max(largest // _SMALLEST, 1), largest + 1)
    size = max(sizes, key=lambda size: (before // size + 1) * size)
    number = before // size + 1
    if number * size > position:
        return number, size
    return overlapping_page(position, overlap // 2, largest) if overlap > 1 else None
