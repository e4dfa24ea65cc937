"""Request the pages of one list, in the form that its server accepts."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from tap_makini.endpoints import V3
from tap_makini.errors import EntityAbsentError, RequestRefusedError, TransientError
from tap_makini.http.client import RequestStats
from tap_makini.identifiers import qualified_name
from tap_makini.pagination.paginator import Row, RowReader, dated, is_ascending
from tap_makini.pagination.response import Page, parse_beyond, parse_page
from tap_makini.timestamps import format_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from tap_makini.endpoints import Endpoint, PageSize, QueryParameters
    from tap_makini.http.client import Client

logger = logging.getLogger(__name__)

_MODEST_PAGE_SIZE = 100
_SECONDS_TO_LOOK_BEYOND = 10.0


@dataclass(frozen=True)
class PageRequest:
    """One request for a page.

    Attributes:
        start_value: The earliest value of the replication key; None requests everything.
        order: The order of the replication key; None leaves it to the server.
        size: How many records to request; None leaves it to the server.
        page: The 1-based number of the page.
        offset: How many records are on the pages before.
        cursor: What the last response said to request, in place of a number.
        end_value: The value that the replication key must be before; None sets no end.
        by: What to order by in place of the replication key.
    """

    start_value: datetime | None = None
    order: Literal["asc", "desc"] | None = None
    size: int | None = None
    page: int = 1
    offset: int = 0
    cursor: str | None = None
    end_value: datetime | None = None
    by: str | None = None

    def after(self, page: Page) -> PageRequest:
        """Return the request for the page that follows one of this list."""
        passed = self.offset + len(page.records)
        return replace(self, page=page.number + 1, offset=passed, cursor=page.next_cursor)

    def params(self, replication_key: str | None, names: QueryParameters = V3) -> dict[str, str]:
        """Return the query parameters, as the list names them; filters in whole seconds, as in the v3 spec."""
        key = replication_key or ""
        params: dict[str, str] = {}
        if self.cursor is not None:
            params[names.cursor] = self.cursor
        elif names.offset is not None:
            params[names.offset] = str(self.offset + names.first_offset)
        elif names.page is not None:
            params[names.page] = str(self.page - 1 + names.first)
        if self.size is not None and names.size is not None:
            params[names.size] = str(self.size)
        if self.start_value is not None:
            params[names.since.format(key=key)] = format_timestamp(self.start_value, "seconds")
        if self.end_value is not None and names.until is not None:
            params[names.until.format(key=key)] = format_timestamp(self.end_value, "seconds")
        if self.order is not None and names.sort is not None:
            value = names.descending if self.order == "desc" else names.ascending
            params[names.sort.format(key=self.by or key)] = value.format(key=self.by or key)
        return params


class FirstPage(NamedTuple):
    """A list whose first page has been fetched.

    Attributes:
        fetcher: Requests its pages.
        request: What was requested.
        page: The first page.
        rows: The rows of that page.
    """

    fetcher: PageFetcher
    request: PageRequest
    page: Page
    rows: list[Row]

    def reopened(self, **changes: Any) -> FirstPage:  # noqa: ANN401 - fields of the request
        """Request the first page of the same list again, or of one that differs in some part of the request."""
        return self.fetcher.fetch_first(replace(self.request, **{"page": 1, "offset": 0, "cursor": None, **changes}))

    def shows_order(self, newest_first: FirstPage) -> bool:
        """Whether this page and that of the same list in the opposite order show that the server honors the order.

        A server that honors none sends the same page twice. If all records of that page have one timestamp, as after a
        bulk import, each page on its own is in order: only that the two lie apart is evidence.
        """
        oldest, newest = dated(self.rows), dated(newest_first.rows)[::-1]
        if not (oldest and newest and is_ascending(oldest) and is_ascending(newest)):
            return False
        if self.page.total is not None and self.page.total < 2 * self.page.size:
            return oldest[0] < newest[-1] and oldest[-1] <= newest[-1]
        return oldest[-1] < newest[0]


class PageLimit:
    """What similar lists, such as the child lists of one stream, have shown about the size of their pages.

    Where the same page came again for the next number, the server ignores numbers, or sends its last page for all later
    ones. That page was the last one in any case, and so is a page with fewer records.

    Attributes:
        longest: How many records the longest page had after which the same one came, or none at all.
        warned_of: What the log has said about them.
    """

    def __init__(self) -> None:
        self.longest = 0
        self.warned_of: set[str] = set()


class PageFetcher:
    """Request the pages of one list.

    Args:
        client: Sends the requests.
        endpoint: The list. Its replication key is the property to filter and sort by; None for a full table.
        page_size: The page size to request.
        connection: Name of the connection, for the log; None for the only one.
        request_stats: Counts the requests.
        page_limit: What similar lists have shown; shared with them.

    Attributes:
        name: Name of the stream, for the log, with that of the connection if it has one.
        sorts: Whether an order can be requested.
        varies_sizes: Whether any page size can be requested.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what there is to know of a list
        self,
        client: Client,
        endpoint: Endpoint,
        page_size: PageSize,
        connection: str | None = None,
        request_stats: RequestStats | None = None,
        page_limit: PageLimit | None = None,
    ) -> None:
        self.name = qualified_name(endpoint.stream, connection)
        self.replication_key = endpoint.replication_key
        self.query_parameters = names = endpoint.query_parameters
        self.key = endpoint.key
        self.kind = endpoint.kind
        self.page_limit = page_limit or PageLimit()
        self.row_reader = RowReader(self.replication_key, self.key)
        self.sorts = self.replication_key is not None and names.sort is not None
        self.varies_sizes = names.size is not None and not names.sizes
        self._client = client
        self._path = endpoint.path
        self._page_size = page_size
        self._request_stats = RequestStats() if request_stats is None else request_stats
        self._parse = partial(
            parse_page,
            first=names.first,
            must_count=self.kind == "list" and not names.may_not_count,
            may_be_record=self.kind == "child list",
        )

    def size_of(self, count: int) -> int | None:
        """Return the page size to request for so many records; None if none can be requested."""
        names = self.query_parameters
        if names.size is None:
            return None
        size = min(count, names.largest or count)
        allowed = names.sizes or (size,)
        return max((each for each in allowed if each <= size), default=min(allowed))

    def fetch(self, request: PageRequest, unlike: Sequence[bytes] = ()) -> Page:
        """Request one page.

        Args:
            request: What to request.
            unlike: The records of the page before; the same ones again are not the next page.

        Returns:
            The page, checked.

        Raises:
            MakiniError: In the kind that says what follows from it.
        """
        read = partial(self._parse, asked=request.page, by_cursor=request.cursor is not None, unlike=unlike)
        return self._get(request, read)

    def _get(self, request: PageRequest, read: Callable[[bytes], Page], max_wait: float | None = None) -> Page:
        names = self.query_parameters
        params = request.params(self.replication_key, names)
        return self._client.get(self._path, params, read, self._request_stats, max_wait, names.accept)

    def fetch_first(self, request: PageRequest) -> FirstPage:
        """Request the page with which a list begins; arguments and errors are those of `fetch`."""
        page = self.fetch(request)
        return FirstPage(self, request, page, self.row_reader.rows(page.records))

    def goes_on(self, request: PageRequest) -> bool:
        """Whether there are records on a page that should be after the end of the list; a server may fail at it."""
        read = partial(parse_beyond, number=request.page - 1 + self.query_parameters.first)
        try:
            page = self._get(request, read, _SECONDS_TO_LOOK_BEYOND)
        except (RequestRefusedError, EntityAbsentError, TransientError):
            return False
        return bool(page.records)

    def open(self, start_value: datetime | None) -> FirstPage:
        """Request the first page, and less of it if the server refuses the request.

        Args:
            start_value: The earliest value of the replication key to request.

        Returns:
            The list as it was accepted.

        Raises:
            RequestRefusedError: The server refuses even the bare list.
            BadBodyError: The response cannot be trusted.
        """
        wished = PageRequest(start_value, "asc" if self.sorts else None, self.size_of(self._page_size.value))
        try:
            return self.fetch_first(wished)
        except RequestRefusedError as refusal:
            for request in simpler(wished, refusal):
                try:
                    first_page = self.fetch_first(request)
                except RequestRefusedError:
                    continue
                self._log_refusal(refusal, wished, request)
                self._page_size.value = request.size or self._page_size.value
                return first_page
            raise

    def _log_refusal(self, refusal: RequestRefusedError, wished: PageRequest, accepted: PageRequest) -> None:
        names, key = self.query_parameters, self.replication_key
        before, now = wished.params(key, names), accepted.params(key, names)
        left_out = ", ".join(name for name in before if name not in now)
        changed = ", ".join(f"{name}={value}" for name, value in now.items() if value != before.get(name))
        changes = [text for text in (left_out and f"without {left_out}", changed and f"with {changed}") if text]
        logger.info(
            "Stream %s: the server refused the request (%s). Requesting again %s.",
            self.name,
            refusal.cause,
            " and ".join(changes),
        )


def simpler(request: PageRequest, refusal: RequestRefusedError) -> list[PageRequest]:
    """Return the requests that ask for less, those first that leave out what is blamed.

    Args:
        request: What was requested.
        refusal: What the server said about it.
    """
    return sorted(_with_less(request), key=lambda less: _keeps_what_is_blamed(less, request, refusal))


def _with_less(request: PageRequest) -> Iterator[PageRequest]:
    """Leave out more and more: of the page size first, then of filter and order."""
    sizes = [request.size]
    if request.size is not None:
        sizes = [request.size, min(request.size, _MODEST_PAGE_SIZE), None]
    seen = {request}
    for start_value, order in (
        (request.start_value, request.order),
        (None, request.order),
        (request.start_value, None),
        (None, None),
    ):
        for size in sizes:
            less = replace(request, start_value=start_value, order=order, size=size)
            if less not in seen:
                seen.add(less)
                yield less


def _keeps_what_is_blamed(request: PageRequest, wished: PageRequest, error: RequestRefusedError) -> bool:
    blame = error.cause.lower()
    return (
        ("filter" in blame and request.start_value is not None)
        or ("sort" in blame and request.order is not None)
        or (("per_page" in blame or "size" in blame) and request.size == wished.size)
    )
