"""Request the pages of one list, in the form that its server accepts."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from tap_makini.errors import EntityAbsentError, RequestRefusedError, TransientError
from tap_makini.http.client import RequestStats
from tap_makini.identifiers import qualified_name
from tap_makini.pagination.page_request import PageRequest, simpler
from tap_makini.pagination.paginator import Row, RowReader, dated, is_ascending
from tap_makini.pagination.response import Page, parse_beyond, parse_child_page, parse_page

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from tap_makini.endpoints import Endpoint, PageSize
    from tap_makini.http.client import Client

logger = logging.getLogger(__name__)

_SECONDS_TO_LOOK_BEYOND = 10.0


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
        """Request the first page of the list again, or of one whose request differs in some fields."""
        return self.fetcher.fetch_first(replace(self.request, **{"page": 1, "offset": 0, "cursor": None, **changes}))

    def shows_order(self, newest_first: list[Row]) -> bool:
        """Return whether this page and that of the opposite order show that the server honors the order.

        A server that honors none sends the same page twice. If all records of that page have one timestamp, as after a
        bulk import, each page on its own is in order: only that the two lie apart is evidence.

        Args:
            newest_first: Rows of the first page in the opposite order.
        """
        oldest, newest = dated(self.rows), dated(newest_first)[::-1]
        if not (oldest and newest and is_ascending(oldest) and is_ascending(newest)):
            return False
        if self.page.total is not None and self.page.total < 2 * self.page.size:
            return oldest[0] < newest[-1] and oldest[-1] <= newest[-1]
        return oldest[-1] < newest[0]


class PageLimit:
    """What similar lists, such as the child lists of one stream, have shown about the size of their pages.

    If the next number returns the same page, the server ignores page numbers or repeats its last page; either way this
    page is the last. So is a page with fewer records.
    """

    def __init__(self) -> None:
        self._longest_last_page: dict[int | None, int] = {}
        self._warnings: set[str] = set()

    def note_last_page(self, page: Page, size: int | None) -> None:
        """Note a page after which the same one came, or none at all.

        Args:
            page: The page.
            size: The page size that was requested; None if none was.
        """
        self._longest_last_page[size] = max(self._longest_last_page.get(size, 0), len(page.records))

    def is_last(self, page: Page, size: int | None) -> bool:
        """Return whether a page is so short that it must be the last one of its list; the arguments are the same."""
        return len(page.records) < self._longest_last_page.get(size, 0)

    def is_new(self, warning: str) -> bool:
        """Return whether a warning has not been logged for such lists, and note that it is."""
        is_new = warning not in self._warnings
        self._warnings.add(warning)
        return is_new


class PageFetcher:
    """Request the pages of one list.

    Args:
        client: Sends the requests.
        endpoint: The list. Its replication key is the property to filter and sort by; None for a full table.
        page_size: The page size to request.
        connection: Name of the connection, for the log; None for the only one.
        request_stats: Counts the requests.
        page_limit: What similar lists have shown about page sizes; shared with them.

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
        self.query_parameters = parameters = endpoint.query_parameters
        self.key = endpoint.key
        self.kind = endpoint.kind
        self.page_limit = page_limit or PageLimit()
        self.row_reader = RowReader(self.replication_key, self.key)
        self.sorts = self.replication_key is not None and parameters.sort is not None
        self.varies_sizes = parameters.size is not None and not parameters.sizes
        self._client = client
        self._path = endpoint.path
        self._page_size = page_size
        self._request_stats = RequestStats() if request_stats is None else request_stats
        must_count = self.kind == "list" and parameters.must_count
        parse = parse_child_page if self.kind == "child list" else partial(parse_page, must_count=must_count)
        self._parse: Callable[..., Page] = partial(parse, first=parameters.first)

    def size_of(self, count: int) -> int | None:
        """Return the page size to request for so many records; None if none can be requested."""
        parameters = self.query_parameters
        if parameters.size is None:
            return None
        size = min(count, parameters.largest or count)
        allowed = parameters.sizes or (size,)
        return max((each for each in allowed if each <= size), default=min(allowed))

    def fetch(self, request: PageRequest, previous: Sequence[bytes] = ()) -> Page:
        """Request one page.

        Args:
            request: What to request.
            previous: Records of the page before; receiving them again is an error.

        Returns:
            The page, checked.

        Raises:
            MakiniError: The page cannot be fetched, or is not valid.
        """
        by_cursor = request.cursor is not None
        return self._get(request, partial(self._parse, asked=request.page, by_cursor=by_cursor, previous=previous))

    def _get(self, request: PageRequest, read: Callable[[bytes], Page], max_wait: float | None = None) -> Page:
        params = request.params(self.replication_key, self.query_parameters)
        accept = self.query_parameters.accept
        return self._client.get(self._path, params, read, self._request_stats, max_wait, accept)

    def fetch_first(self, request: PageRequest) -> FirstPage:
        """Request the page with which a list begins; arguments and errors are those of `fetch`."""
        page = self.fetch(request)
        return FirstPage(self, request, page, self.row_reader.rows(page.records))

    def has_page_after(self, request: PageRequest, last: Page, promised: int = 0) -> bool:
        """Return whether records follow the last page, which is requested only if the server's count may be old.

        Args:
            request: A request for the list.
            last: The last page, by the server's count.
            promised: How many records the server counted before.
        """
        if last.by_cursor or not (last.is_full or (last.total or 0) < promised):
            return False
        number = last.number + 1
        beyond = replace(request, page=number, size=last.size if request.size is not None else None)
        read = partial(parse_beyond, number=number - 1 + self.query_parameters.first)
        try:
            return bool(self._get(beyond, read, _SECONDS_TO_LOOK_BEYOND).records)
        except (RequestRefusedError, EntityAbsentError, TransientError):  # a server may fail beyond the end
            return False

    def open(self, start_value: datetime | None) -> FirstPage:
        """Request the first page, leaving out the size, filter or order that the server refuses.

        Args:
            start_value: The earliest value of the replication key to request.

        Returns:
            The list as it was accepted.

        Raises:
            RequestRefusedError: The server refuses even the bare list.
            BadBodyError: The response is not valid.
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
                if request.size is not None:
                    self._page_size.lower(request.size)
                return first_page
            raise

    def _log_refusal(self, refusal: RequestRefusedError, wished: PageRequest, accepted: PageRequest) -> None:
        key, parameters = self.replication_key, self.query_parameters
        before, now = wished.params(key, parameters), accepted.params(key, parameters)
        left_out = ", ".join(name for name in before if name not in now)
        changed = ", ".join(f"{name}={value}" for name, value in now.items() if value != before.get(name))
        changes = [text for text in (left_out and f"without {left_out}", changed and f"with {changed}") if text]
        logger.info(
            "Stream %s: the server refused the request (%s). Requesting again %s.",
            self.name,
            refusal.cause,
            " and ".join(changes),
        )
