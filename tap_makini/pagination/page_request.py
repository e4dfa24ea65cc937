"""Describe the request for a page, and the simpler ones to try if a server refuses it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from tap_makini.endpoints import V3
from tap_makini.timestamps import format_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_makini.endpoints import QueryParameters
    from tap_makini.errors import RequestRefusedError
    from tap_makini.pagination.response import Page

_MODEST_PAGE_SIZE = 100


@dataclass(frozen=True)
class PageRequest:
    """One request for a page.

    Attributes:
        start_value: The earliest value of the replication key; None requests everything.
        order: The order of the replication key; None leaves it to the server.
        size: How many records to request; None leaves it to the server.
        page: The 1-based number of the page.
        offset: How many records are on the pages before.
        cursor: The cursor of the last response, in place of a number.
        end_value: The value that the replication key must be before; None for no end.
        by: The property to order by in place of the replication key.
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

    def params(self, replication_key: str | None, parameters: QueryParameters = V3) -> dict[str, str]:
        """Return the query parameters of this request; filters in whole seconds, as in the v3 spec."""
        key = replication_key or ""
        params: dict[str, str] = {}
        if self.cursor is not None:
            params[parameters.cursor] = self.cursor
        elif parameters.offset is not None:
            params[parameters.offset] = str(self.offset + parameters.first_offset)
        elif parameters.page is not None:
            params[parameters.page] = str(self.page - 1 + parameters.first)
        if self.size is not None and parameters.size is not None:
            params[parameters.size] = str(self.size)
        if self.start_value is not None:
            params[parameters.start_value.format(key=key)] = format_timestamp(self.start_value, "seconds")
        if self.end_value is not None and parameters.end_value is not None:
            params[parameters.end_value.format(key=key)] = format_timestamp(self.end_value, "seconds")
        if self.order is not None and parameters.sort is not None:
            value = parameters.descending if self.order == "desc" else parameters.ascending
            params[parameters.sort.format(key=self.by or key)] = value.format(key=self.by or key)
        return params


def simpler(request: PageRequest, refusal: RequestRefusedError) -> list[PageRequest]:
    """Return simpler requests, first those without the parameter that the refusal names.

    Args:
        request: What was requested.
        refusal: How the server refused it.
    """
    return sorted(_with_less(request), key=lambda less: _keeps_what_is_blamed(less, request, refusal))


def _with_less(request: PageRequest) -> Iterator[PageRequest]:
    """Leave out more and more: first the page size, then filter and order."""
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
