"""One entity's list at one connection: what may be asked of it, and what it turned out to accept."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Literal

from tap_makini.errors import BadBodyError, EntityAbsentError, MakiniError, RequestRefusedError, TransientError
from tap_makini.http.client import RequestStats
from tap_makini.pagination.page_request import PageRequest, simpler
from tap_makini.pagination.response import Page, parse_beyond, parse_page
from tap_makini.pagination.undocumented.response import parse_undocumented
from tap_makini.query_parameters import V3, PageSize, QueryParameters

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from tap_makini.http.client import Client

logger = logging.getLogger(__name__)

_SECONDS_TO_LOOK_BEYOND = 10.0


class PageFetcher:
    """Fetches the pages of one list.

    Args:
        client: Asks the API.
        path: The list's path.
        replication_key: The property to filter and sort by; None for a full-table stream.
        page_size: Shared by the lists of a connection.
        dialect: How the list is asked.
        key: The primary key of its records; empty where they have none.
        request_stats: Counts the requests.

    Attributes:
        key: The primary key of its records.
        dialect: How the list is asked, as far as is known by now.
        tells_records_apart: Whether two records that are alike are one; without a key they are two.
        takes_one_record: Whether an answer in a form that is not documented may be one bare record.
    """

    tells_records_apart = True
    takes_one_record = False

    def __init__(  # noqa: PLR0913, PLR0917 - what there is to know of a list
        self,
        client: Client,
        path: str,
        replication_key: str | None,
        page_size: PageSize,
        dialect: QueryParameters = V3,
        key: Sequence[str] = (),
        request_stats: RequestStats | None = None,
    ) -> None:
        self.client = client
        self.key = tuple(key)
        self.path = path
        self.page_size = page_size
        self.replication_key = replication_key
        self.dialect = dialect
        self.request_stats = RequestStats() if request_stats is None else request_stats

    @property
    def sizes_pages(self) -> bool:
        """Whether the list may be asked for a number of records."""
        return self.dialect.size is not None

    def size_of(self, count: int) -> int | None:
        """Give the page size to ask for where so many records are wanted; None where none can be asked for."""
        if not self.sizes_pages:
            return None
        size = min(count, self.dialect.largest or count)
        allowed = self.dialect.sizes or (size,)
        return max((each for each in allowed if each <= size), default=min(allowed))

    @property
    def varies_sizes(self) -> bool:
        """Whether it may be asked for any number of records."""
        return self.sizes_pages and not self.dialect.sizes

    @property
    def sorts(self) -> bool:
        """Whether the list may be asked for an order."""
        return self.replication_key is not None and self.dialect.sort is not None

    def fetch(self, query: PageRequest, unlike: Sequence[bytes] = ()) -> Page:
        """Get one page.

        Args:
            query: What to ask for.
            unlike: The records of the page before; the same ones again are no next page.

        Returns:
            The page, checked.

        Raises:
            MakiniError: In the kind that says what follows from it.
        """

        def read(body: bytes) -> Page:
            page = parse_page(
                body,
                query.page,
                first=self.dialect.first,
                by_cursor=query.cursor is not None,
                must_count=not self.dialect.may_not_count,
            )
            if page.records and page.records == unlike and self.dialect.first == 1:
                raise BadBodyError(f"page {query.page} is the page before it once more")
            return page

        page = self._ask(query, read)
        if not page.records or page.records != unlike:
            return page
        self.count_from(1)  # page 0 was page 1
        return self.fetch(query, unlike)

    def goes_on(self, query: PageRequest) -> bool:
        """Whether there are records on a page that should be behind the end of the list; a server may fail at it."""
        read = partial(parse_beyond, number=query.page - 1 + self.dialect.first)
        try:
            return bool(self._ask(query, read, _SECONDS_TO_LOOK_BEYOND).records)
        except (RequestRefusedError, EntityAbsentError, TransientError):
            return False

    def ask_leniently(self, query: PageRequest, patience: float | None = None) -> Page:
        """Get one page in any form that a list may come in.

        Args:
            query: What to ask for.
            patience: Seconds to wait for it, where less than `max_wait_seconds`.

        Raises:
            MakiniError: In the kind that says what follows from it.
        """

        def read(body: bytes) -> Page:
            return parse_undocumented(
                body,
                query.page,
                first=self.dialect.first,
                by_cursor=query.cursor is not None,
                takes_one_record=self.takes_one_record,
            )

        return self._ask(query, read, patience)

    def _ask(self, query: PageRequest, read: Callable[[bytes], Page], patience: float | None = None) -> Page:
        """Send a query; `read` makes the page of the answer."""
        params = query.params(self.replication_key, self.dialect)
        page = self.client.get(self.path, params, read, self.request_stats, patience, self.dialect.accept)
        if page.counts_from_one:
            self.count_from(1)
        return page

    def count_from(self, first: int) -> None:
        """Number pages from another number than was told so far."""
        self.dialect = replace(self.dialect, first=first, may_begin_at_zero=False)

    def open(self, bound: datetime | None) -> tuple[PageRequest, Page]:
        """Get the first page, asking for less where the server refuses the query.

        Args:
            bound: Earliest instant to ask for.

        Returns:
            The query that was accepted, and its answer.

        Raises:
            RequestRefusedError: The server refuses even the bare list.
            BadBodyError: The answer cannot be trusted.
        """
        size = self.size_of(self.page_size.value)
        order: Literal["asc"] | None = "asc" if self.sorts else None
        wished = PageRequest(bound, order, size)
        try:
            page = self.fetch(wished)
        except RequestRefusedError as error:
            return self._open_with_less(wished, error)
        except BadBodyError as contradiction:
            if not self.dialect.may_begin_at_zero:
                raise
            return self._open_at_zero(bound, contradiction)
        except EntityAbsentError:
            if self.dialect.first == 1:
                raise
            self.count_from(1)  # there may be no page 0, whatever the document says
            return self.open(bound)
        if self.dialect.guesses_size and not page.records and self._has_more_unsized(wished):
            return self.open(bound)
        if self.dialect.first == 0 and not page.records and self._has_second_page(wished):
            self.count_from(1)
            return self.open(bound)
        return wished, page

    def _open_at_zero(self, bound: datetime | None, contradiction: BadBodyError) -> tuple[PageRequest, Page]:
        """Get page 0, where page 1 counts as only the page behind it can."""
        self.count_from(0)
        try:
            return self.open(bound)
        except MakiniError:
            raise contradiction from None

    def _has_more_unsized(self, query: PageRequest) -> bool:
        """Whether records come only where none is asked how many: what looks like a page size is a filter then."""
        has_more = self._gives_records(replace(query, size=None))
        self.dialect = replace(self.dialect, size=None if has_more else self.dialect.size, guesses_size=False)
        if has_more:
            logger.warning("%s: what the document says of its page size is a filter, so it is not sent.", self.path)
        return has_more

    def _has_second_page(self, query: PageRequest) -> bool:
        """Whether there are records on the next page, though none on what should be the first."""
        return self._gives_records(replace(query, page=query.page + 1))

    def _gives_records(self, query: PageRequest) -> bool:
        try:
            return bool(self.fetch(query).records)
        except (RequestRefusedError, EntityAbsentError, BadBodyError):
            return False

    def _open_with_less(self, wished: PageRequest, refusal: RequestRefusedError) -> tuple[PageRequest, Page]:
        for query in simpler(wished, refusal):
            try:
                page = self.fetch(query)
            except RequestRefusedError:
                continue
            logger.info("%s: %s, so it is asked for less: %s.", self.path, refusal.cause, query)
            self.page_size.value = query.size or self.page_size.value
            return query, page
        if self.dialect.first == 1:
            raise refusal
        self.count_from(1)  # in no way it gives a page 0
        return self.open(wished.bound)
