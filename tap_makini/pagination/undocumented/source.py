"""Lists of which neither the form of the answers nor the way of paging is documented."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from tap_makini.errors import EntityAbsentError, MakiniError, NotFoundError, RequestRefusedError
from tap_makini.pagination.page_fetcher import PageFetcher
from tap_makini.pagination.response import Page
from tap_makini.pagination.undocumented.probe import has_other_records, is_mostly_in, records_far_beyond
from tap_makini.pagination.undocumented.tally import Tally
from tap_makini.query_parameters import V3_UNSIZED, PageSize, QueryParameters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_makini.http.client import Client, RequestStats
    from tap_makini.pagination.page_request import PageRequest

logger = logging.getLogger(__name__)

_BEYOND_THE_END = (RequestRefusedError, NotFoundError)

_SECOND = 2
_ROUND = 50  # servers that limit what they give do so at such numbers


class Paging:
    """What the lists of one kind have shown of their paging.

    Where a page comes once more for the next number, the server does not heed numbers, or gives its last page for all
    beyond: it was the last one in any case, and so is one with fewer records. A longer one need not be.

    Attributes:
        longest: How many records the longest page had of which that was seen.
        is_warned_of: Whether the log says that one page may be but a part.
    """

    def __init__(self) -> None:
        self.longest = 0
        self.is_warned_of = False


class UndocumentedSource(PageFetcher):
    """Fetches the pages of such a list.

    Args:
        client: Asks the API.
        path: The list's path.
        paging: Shared by the lists of one kind.
        page_size: How many records to ask for, where that can be asked for.
        dialect: How the list is asked.
        request_stats: Counts the requests.

    Attributes:
        takes_one_record: Whether one bare record is a list of one.
    """

    tells_records_apart = False
    takes_one_record = True

    def __init__(  # noqa: PLR0913, PLR0917 - what there is to know of a list
        self,
        client: Client,
        path: str,
        paging: Paging,
        page_size: PageSize | None = None,
        dialect: QueryParameters = V3_UNSIZED,
        request_stats: RequestStats | None = None,
    ) -> None:
        super().__init__(client, path, None, page_size or PageSize(1), dialect, (), request_stats)
        self._paging = paging
        self._is_counted = False
        self._heeds_numbers = False
        self._tally = Tally()

    @classmethod
    def like(cls, source: PageFetcher) -> UndocumentedSource:
        """Take over a list of which the answers turned out to be such."""
        return cls(source.client, source.path, Paging(), source.page_size, source.dialect, source.request_stats)

    def fetch(self, query: PageRequest, unlike: Sequence[bytes] = ()) -> Page:
        """Get one page; one that is refused or the page before it once more is behind the end of a list without counts.

        Raises:
            MakiniError: The list cannot be read, or ends with fewer records than the server speaks of.
        """
        page = self._fetch(query, unlike)
        if query.cursor is None:
            self._tally.add(page)
        return page

    def heeds_numbers(self, query: PageRequest, first: Sequence[bytes]) -> bool:
        """Whether a page far beyond any end is empty, refused or at least no first page once more.

        Args:
            query: How the list is asked.
            first: The records of its first page.
        """
        if not self._heeds_numbers:
            self._heeds_numbers = not is_mostly_in(records_far_beyond(self, query), set(first))
        return self._heeds_numbers

    def ends(self, query: PageRequest, *, comes_round: bool) -> bool:
        """Whether what comes far beyond any end is nothing, or the same each time, as where the last page comes.

        Args:
            query: How the list is asked.
            comes_round: Whether a page has come before; then only nothing shows an end.
        """
        records = records_far_beyond(self, query)
        return not records or (not comes_round and records == records_far_beyond(self, query))

    def warn_of_more(self, query: PageRequest, only: Sequence[bytes]) -> None:
        """Warn where the page that comes for any number looks like a part of the list.

        Args:
            query: How the list is asked.
            only: The records of that page.
        """
        if self.dialect.declares_cursor:
            reason = f"the document declares the cursor {self.dialect.cursor}, but no answer gives one"
        elif len(only) % _ROUND == 0 or (query.size is not None and len(only) >= query.size):
            reason = f"{len(only)} records may be the most that the server gives at once"
        else:
            return
        if self._paging.is_warned_of:
            return
        self._paging.is_warned_of = True
        logger.warning("There may be more of %s than one page: %s. See whether all records come.", self.path, reason)

    def _fetch(self, query: PageRequest, unlike: Sequence[bytes]) -> Page:
        number, end = query.page, Page([], query.page, query.page, 0)
        if number > 1 and len(unlike) < self._paging.longest and not self._is_counted:
            return end
        try:
            page = self.ask_leniently(query)
        except (RequestRefusedError, EntityAbsentError) as refusal:
            if number == 1:
                raise
            page = self._asked_again(query, refusal) or end
        if number == _SECOND and not page.records and self._offset_counts_pages(query, unlike):
            self.dialect = self.dialect.by_pages()
            return self._fetch(query, unlike)
        if number == 1:
            self._is_counted = page.total is not None
        elif page.total is None and sorted(page.records) == sorted(unlike) and not self.heeds_numbers(query, unlike):
            if self.dialect.first == 0:  # page 0 may have been taken for page 1
                self.count_from(1)
                return self._fetch(query, unlike)
            self.warn_of_more(query, unlike)
            page = end
        if page is end:
            self._paging.longest = max(self._paging.longest, len(unlike))
        return page

    def _offset_counts_pages(self, query: PageRequest, first: Sequence[bytes]) -> bool:
        """Whether the second page comes where only the first record should be passed over."""
        if self.dialect.offset is None:
            return False
        return has_other_records(self, replace(query, offset=1), first)

    def _asked_again(self, query: PageRequest, refusal: MakiniError) -> Page | None:
        """Ask once more for what is refused; None where it is not found again: a refusal that passes is no end."""
        if self._is_counted or not isinstance(refusal, _BEYOND_THE_END):
            cause = f"page {query.page} is not given: {refusal.cause}"
            raise MakiniError(cause, "Run again later.", refusal.request_id)
        try:
            return self.ask_leniently(query)
        except _BEYOND_THE_END:
            return None
