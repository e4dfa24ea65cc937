"""Read page by page, for servers that do not honor the filter or the order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_makini.pagination.census import Census
from tap_makini.pagination.overlapping_pages import OverlappingPages
from tap_makini.pagination.paginator import MOST_PASSES, Batch, is_ascending, rows_from
from tap_makini.pagination.rereading import Rereading, TimeRange, any_size

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_makini.pagination.page_fetcher import FirstPage
    from tap_makini.pagination.paginator import Outcome


class FullListPaginator:
    """Read the whole list, and read it again until a pass is proven complete.

    A pass is complete if it received as many records as the server counts, and its pages overlapped all the way or it
    equals the pass before: then the list did not change from the end of the one to the start of the other. If the
    server's order differs for each request, only the number of distinct keys is proof.
    """

    name = "overlapping pages"

    def __init__(self, first_page: FirstPage, outcome: Outcome) -> None:
        self._first_page = first_page
        self._outcome = outcome

    def batches(self) -> Iterator[Batch]:
        """Read the list."""
        census = Census(self._first_page.fetcher.row_reader)
        census.begin_pass()
        pages = OverlappingPages(self._first_page)
        for step in pages.steps():
            census.expect(pages.total)
            yield Batch(census.add(step.fresh))
        census.expect(max(pages.total or 0, pages.reached))
        if pages.is_proven and not census.misses_some:
            return
        rereading = Rereading(TimeRange(self._first_page), census)
        yield from rereading.batches()
        if not rereading.is_complete:
            self._outcome.mark_incomplete(None, census.count, census.expected)


class NewestFirstPaginator:
    """Read from the latest record back to the start value, for servers that honor the order but not the filter.

    A record that changes meanwhile moves to the front, before what is being read: no other is skipped, and the next run
    finds it there.
    """

    name = "newest first"

    def __init__(self, first_page: FirstPage, outcome: Outcome, start_value: datetime) -> None:
        self._first_page = first_page
        self._outcome = outcome
        self._start_value = start_value

    def batches(self) -> Iterator[Batch]:
        """Read the list back to the start value, and again if it is not proven to be complete."""
        census = Census(self._first_page.fetcher.row_reader)
        first_page, misses_some = self._first_page, False
        for number in range(1, MOST_PASSES + 1):
            pages = OverlappingPages(first_page, varies_sizes=number == 1)
            census.begin_pass()
            yield from self._read_back(pages, census)
            misses_some = census.misses_some
            if census.is_complete or (not misses_some and (pages.is_proven or census.repeats_last_pass)):
                return
            size = any_size(self._first_page) if misses_some else self._first_page.request.size
            first_page = self._first_page.reopened(size=size)
        if misses_some:  # there is no other way to read a part of the list
            yield from FullListPaginator(self._first_page.reopened(order="asc"), self._outcome).batches()
        else:
            self._outcome.mark_incomplete(None, census.count, census.expected)

    def _read_back(self, pages: OverlappingPages, census: Census) -> Iterator[Batch]:
        """Make one pass, to the end of the list if it is not in order."""
        earliest: datetime | None = None
        in_order = True
        for step in pages.steps():
            yield Batch(census.add(rows_from(step.fresh, self._start_value)))
            timestamps = step.timestamps
            if not timestamps:
                continue
            in_order = in_order and is_ascending(timestamps[::-1]) and (earliest is None or timestamps[-1] <= earliest)
            earliest = timestamps[-1]
            if in_order and step.is_joined and timestamps[-1] < self._start_value:
                census.expect(step.position + len(rows_from(step.rows, self._start_value)))
                return
        census.expect(max(pages.total or 0, pages.reached) if in_order else pages.total)
