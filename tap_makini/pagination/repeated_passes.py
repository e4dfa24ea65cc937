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
    from tap_makini.pagination.paginator import Outcome, Row, RowReader
    from tap_makini.pagination.response import Page

logger = logging.getLogger(__name__)

_USUAL_SIZES = {10, 15, 20, 25, 30}
_ROUND = 50
"""Servers that limit what they send do so at one of these numbers, or at multiples of the last one."""


class _Tally:
    """Count the rows of several passes through a list.

    A row is identified by its key if it has one, whatever else of it changes meanwhile.

    Args:
        reader: Reads the key.
        has_key: Whether rows have one; without a key, equal rows are separate rows.
    """

    def __init__(self, reader: RowReader, *, has_key: bool) -> None:
        self._reader = reader
        self._has_key = has_key
        self._delivered: Counter[bytes] = Counter()
        self._versions: Counter[bytes] = Counter()
        self._keys: set[bytes] = set()
        self._order: list[bytes] = []
        self._order_before: list[bytes] = []

    def begin_pass(self) -> None:
        """Begin another pass."""
        self._order_before, self._order = self._order, []
        self._versions = Counter()

    def add(self, rows: Iterable[Row]) -> list[Row]:
        """Count rows of the current pass, and return those that were not delivered as often in one pass before."""
        fresh = []
        for row in rows:
            version = digest(row.raw)
            if self._has_key:
                key = self._reader.key(row)
                self._keys.add(key)
                self._order.append(key)
            else:
                self._order.append(version)
            self._versions[version] += 1
            if self._versions[version] > self._delivered[version]:
                self._delivered[version] += 1
                fresh.append(row)
        return fresh

    @property
    def in_pass(self) -> int:
        """How many rows the current pass had."""
        return len(self._order)

    @property
    def in_all(self) -> int:
        """How many distinct rows all passes together had."""
        return len(self._keys) if self._has_key else self._delivered.total()

    @property
    def repeats_last_pass(self) -> bool:
        """Whether the current pass had the same rows in the same order as the one before."""
        return self._order == self._order_before

    def is_all(self, rows: Iterable[Row]) -> bool:
        """Return whether these are the rows of the current pass, in any order."""
        return Counter(map(self._identity, rows)) == Counter(self._order)

    def is_same(self, rows: Iterable[Row], others: Iterable[Row]) -> bool:
        """Return whether these are the same rows, in any order."""
        return Counter(map(self._identity, rows)) == Counter(map(self._identity, others))

    def _identity(self, row: Row) -> bytes:
        return self._reader.key(row) if self._has_key else digest(row.raw)


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
        self._tally = _Tally(self._fetcher.row_reader, has_key=bool(self._fetcher.key))
        self._totals: set[int | None] = set()
        self._last: Page = first_page.page
        self._end: Page | None = first_page.page
        """The response that ended the list; None if that was a refusal, or nothing could be requested."""
        self._requests = 0
        """How many requests the current pass has taken."""
        self._is_on_one_page = True
        """Whether all later pages of the current pass were empty, or the first one once more."""

    def batches(self) -> Iterator[Batch]:
        """Read the list."""
        tally = self._tally
        yield from self._read(self._first_page)
        passes = 1
        while self._requests > 1:
            if passes == MOST_PASSES:
                self._outcome.mark_incomplete(None)
                return
            first_page = self._first_page.reopened()
            if self._is_on_one_page and tally.is_all(first_page.rows):
                break
            yield from self._read(first_page)
            passes += 1
            if tally.repeats_last_pass or self._totals == {tally.in_all}:
                break
        self._check_total(tally.in_pass)

    def _read(self, first_page: FirstPage) -> Iterator[Batch]:
        """Make one pass through the list."""
        self._totals.add(first_page.page.total)
        self._tally.begin_pass()
        for rows in self._one_pass(first_page):
            self._totals.add(self._last.total)
            yield Batch(self._tally.add(rows))
        if not self._tally.in_pass:
            yield Batch([])

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
        self._requests, self._is_on_one_page = 1, True
        yield first_page.rows
        while not page.is_last:
            if page.next_cursor is not None:
                trail.follow(page, map(digest, page.records))
            elif (parameters.page is None and parameters.offset is None) or limit.is_last(page, request.size):
                break  # no parameter requests another page, or there is none
            request = request.after(page)
            following = self._fetch(request, page)
            self._requests += 1
            if following is None or (page.is_uncounted and not following.records):
                limit.note_last_page(page, request.size)
            if following is None:
                break
            page = self._end = following
            rows = self._fetcher.row_reader.rows(page.records)
            if self._is_on_one_page:
                self._is_on_one_page = not rows or self._tally.is_same(rows, first_page.rows)
            yield rows
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
            limit.note_last_page(last, request.size)
        is_honored = end is not None and not end.records
        is_end = is_honored and (pages > 1 or last.more_is_flag)  # some servers say so of each full page
        says_more = (end and end.says_more) or (None if is_end else last.says_more)
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
            MakiniError: The document declares parameters that may request them, and the page is full.
        """
        parameters, count = self._fetcher.query_parameters, len(page.records)
        has_only_cursor = parameters.page is None and parameters.offset is None
        is_usual = count in _USUAL_SIZES or (count > 0 and count % _ROUND == 0)
        is_full = is_usual or (request.size is not None and count >= request.size)
        unknown = ", ".join(parameters.unknown_paging)
        if unknown:
            reason = f"the OpenAPI document declares {unknown}, which may request further pages"
        elif has_only_cursor:
            reason = f"the OpenAPI document declares the parameter {parameters.cursor}, but no response has a cursor"
        elif is_full:
            reason = f"{count} records may be the most that the server sends at once"
        else:
            return
        if (unknown or has_only_cursor) and is_full and not page.says_end:
            raise MakiniError(
                f"the list may go on after its first page of {count} records: {reason}",
                "Report the declaration to the maintainers of tap-makini. Until then, deselect the stream.",
            )
        self._warn_once("the list may go on after its first page", reason)

    def _warn_once(self, what: str, why: str) -> None:
        """Log a warning once for all similar lists."""
        if self._fetcher.page_limit.is_new(what):
            logger.warning("Stream %s: %s: %s.", self._fetcher.name, what, why)
