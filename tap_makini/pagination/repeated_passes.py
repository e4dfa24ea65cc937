"""Read a list whose responses cannot prove it complete, until two passes return the same records.

These are lists without page counts, lists by offset, child lists, and tables without a key. No single pass of several
requests proves anything: a record that is deleted or updated between two of them moves another one from the page that
follows to the page that was read.
"""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING

from tap_makini.errors import EntityAbsentError, MakiniError, RequestRefusedError
from tap_makini.pagination.end_of_list import (
    CursorTrail,
    unavailable,
    unless_after_end,
    until_nothing_new,
    until_repeated,
)
from tap_makini.pagination.paginator import MOST_PASSES, Batch, digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tap_makini.pagination.page_fetcher import FirstPage
    from tap_makini.pagination.page_request import PageRequest
    from tap_makini.pagination.paginator import Outcome, Row
    from tap_makini.pagination.response import Page

logger = logging.getLogger(__name__)

_ROUND = 10  # servers that limit what they send do so at multiples of it


class RepeatedPassesPaginator:
    """Read the whole list, and again until two passes return the same records, or all together as many as are counted.

    A list is complete if one response holds all of it, by its counts. Equal records are delivered as often as they were
    in any one pass.

    Args:
        first_page: The list and its first page.
        outcome: Where to mark what is incomplete.
    """

    name = "repeated passes"

    def __init__(self, first_page: FirstPage, outcome: Outcome) -> None:
        self._first_page = first_page
        self._fetcher = first_page.fetcher
        self._outcome = outcome
        self._last: Page = first_page.page
        self._end: Page | None = first_page.page
        """The response that ended the list; None if that was a refusal, or nothing could be requested."""
        self._requests = 0
        """How many requests the current pass has taken."""

    def batches(self) -> Iterator[Batch]:
        """Read the list."""
        first_page, before = self._first_page, list[bytes]()
        delivered: Counter[bytes] = Counter()
        received: Counter[bytes] = Counter()
        totals = set[int | None]()
        for number in range(MOST_PASSES):
            if number:
                first_page = first_page.reopened()
                if Counter(map(self._identity, first_page.rows)) == Counter(before):  # the whole list is on one page
                    break
            order: list[bytes] = []
            versions: Counter[bytes] = Counter()
            totals.add(first_page.page.total)
            for rows in self._one_pass(first_page):
                fresh = []
                for row in rows:
                    version = digest(row.raw)
                    versions[version] += 1
                    if versions[version] > delivered[version]:
                        delivered[version] += 1
                        fresh.append(row)
                    order.append(self._identity(row))
                totals.add(self._last.total)
                yield Batch(fresh)
            if not order:
                yield Batch([])
            received |= Counter(set(order) if self._fetcher.key else order)
            is_repeated = number > 0 and (order == before or totals == {received.total()})
            before = order
            if self._requests == 1 or is_repeated:
                break
        else:
            self._outcome.mark_incomplete(None)
            return
        self._check_total(len(before))

    def _identity(self, row: Row) -> bytes:
        """Return what tells a row from others: its key if it has one, whatever else of it changes meanwhile."""
        return self._fetcher.row_reader.key(row) if self._fetcher.key else digest(row.raw)

    def _check_total(self, count: int) -> None:
        """Note that the server counts more records than it lists."""
        total = self._last.total
        if total is not None and count < total:
            self._outcome.mark_incomplete(None, count, total)

    def _one_pass(self, first_page: FirstPage) -> Iterator[Sequence[Row]]:
        is_uncounted = first_page.page.is_uncounted
        pages: Iterable[Sequence[Row]] = self._pages(first_page)
        if not is_uncounted:
            pages = filter(None, pages)
        elif self._fetcher.key:
            pages = until_nothing_new(pages, self._fetcher.row_reader.key)
        else:
            pages = until_repeated(pages, lambda row: row.raw)
        count = 0
        for rows in pages:
            count += 1
            self._last = self._end or self._last
            yield rows
        if is_uncounted:
            self._check_end(first_page.request, count)

    def _pages(self, first_page: FirstPage) -> Iterator[list[Row]]:
        parameters, limit = self._fetcher.query_parameters, self._fetcher.page_limit
        request, page = first_page.request, first_page.page
        trail = CursorTrail()
        self._last = self._end = page
        self._requests = 1
        yield first_page.rows
        while not page.is_last:
            if page.next_cursor is not None:
                trail.follow(page, map(digest, page.records))
            elif (parameters.page is None and parameters.offset is None) or limit.is_last(page):
                break  # no parameter requests another page, or there is none
            request = request.after(page)
            following = self._fetch(request, page)
            self._requests += 1
            if following is None or (page.is_uncounted and not following.records):
                limit.note_last_page(page)
            if following is None:
                break
            page = self._end = following
            yield self._fetcher.row_reader.rows(page.records)
        else:
            return
        self._end = None

    def _fetch(self, request: PageRequest, before: Page) -> Page | None:
        """Request a later page; None if it is after the end."""
        if before.is_uncounted:
            return unless_after_end(lambda: self._fetcher.fetch(request), request.page)
        try:
            return self._fetcher.fetch(request)
        except (RequestRefusedError, EntityAbsentError) as refusal:
            raise unavailable(request.page, refusal) from None

    def _check_end(self, request: PageRequest, pages: int) -> None:
        """Check the end of an uncounted list against what its responses say.

        Args:
            request: The request for the first page.
            pages: How many pages had something new.

        Raises:
            MakiniError: More records follow, or may follow.
        """
        last, end, limit = self._last, self._end, self._fetcher.page_limit
        is_repeated = end is not None and bool(end.records)
        if is_repeated:
            limit.note_last_page(last)
        is_honored = end is not None and not end.records
        says_more = (end and end.says_more) or (None if is_honored and pages > 1 else last.says_more)
        if says_more:
            raise MakiniError(
                f"the response says that more records follow ({says_more}), but no page number or cursor leads to them",
                "Report the response to the maintainers of tap-makini, with the declaration of the list.",
            )
        if pages == 1 and not is_honored:
            self._check_one_page(request, last)
        if not self._fetcher.query_parameters.is_first_known:
            self._warn_once(
                "the first page may be missing",
                "the OpenAPI document does not declare whether it is page 0 or 1, and 1 is assumed; if it is 0, add "
                "`minimum: 0` to the declaration",
            )

    def _check_one_page(self, request: PageRequest, page: Page) -> None:
        """Warn if a list of one page may have more pages.

        Raises:
            MakiniError: The document declares unknown parameters that may request them, and the page is full.
        """
        parameters, count = self._fetcher.query_parameters, len(page.records)
        is_full = (request.size is not None and count >= request.size) or (count > 0 and count % _ROUND == 0)
        unknown = ", ".join(parameters.unknown_paging)
        if unknown and is_full and not page.says_end:
            raise MakiniError(
                f"the list may go on after its first page of {count} records: the OpenAPI document declares {unknown}, "
                "which may request further pages",
                "Report the declaration to the maintainers of tap-makini. Until then, deselect the stream.",
            )
        if unknown:
            reason = f"the OpenAPI document declares {unknown}, which may request further pages"
        elif parameters.page is None and parameters.offset is None:
            reason = f"the OpenAPI document declares the parameter {parameters.cursor}, but no response has a cursor"
        elif is_full:
            reason = f"{count} records may be the most that the server sends at once"
        else:
            return
        self._warn_once("the list may go on after its first page", reason)

    def _warn_once(self, what: str, why: str) -> None:
        """Log a warning once for all similar lists."""
        if self._fetcher.page_limit.is_new(what):
            logger.warning("Stream %s: %s: %s.", self._fetcher.name, what, why)
