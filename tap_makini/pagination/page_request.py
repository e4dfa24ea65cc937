"""One request for a page of a list, and the simpler ones that a server may take in its place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from tap_makini.query_parameters import V3, QueryParameters
from tap_makini.timestamps import format_whole_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_makini.errors import RequestRefusedError
    from tap_makini.pagination.response import Page

_MODEST_PAGE_SIZE = 100


@dataclass(frozen=True)
class PageRequest:
    """One request for a page.

    Attributes:
        bound: Earliest instant of the replication key; None asks for everything.
        before: The instant that it must be before; None sets no end.
        order: The order of the replication key; None leaves it to the server.
        by: What to order by in place of the replication key.
        size: How many records to give; None leaves it to the server.
        page: The 1-based number of the page.
        offset: How many records are on the pages before.
        cursor: What the last answer said to ask for, in place of a number.
    """

    bound: datetime | None = None
    order: Literal["asc", "desc"] | None = None
    size: int | None = None
    page: int = 1
    offset: int = 0
    cursor: str | None = None
    before: datetime | None = None
    by: str | None = None

    def after(self, page: Page) -> PageRequest:
        """Return the query for the page that follows on an answer of this list."""
        return replace(self, page=page.number + 1, cursor=page.next_cursor)

    def params(self, replication_key: str | None, dialect: QueryParameters = V3) -> dict[str, str]:
        """Write the query as a list wants to be asked."""
        key = replication_key or ""
        params = {dialect.cursor: self.cursor} if self.cursor is not None else self._place(dialect)
        if self.size is not None and dialect.size is not None:
            params[dialect.size] = str(self.size)
        if self.bound is not None:
            params[dialect.since.format(key=key)] = format_whole_seconds(self.bound)
        if self.before is not None and dialect.until is not None:
            params[dialect.until.format(key=key)] = format_whole_seconds(self.before)
        if self.order is not None:
            params |= dialect.sorted(self.by or key, descending=self.order == "desc")
        return params

    def _place(self, dialect: QueryParameters) -> dict[str, str]:
        if dialect.offset is not None:
            return {dialect.offset: str(self.offset + dialect.first_offset)}
        return {} if dialect.page is None else {dialect.page: str(self.page - 1 + dialect.first)}


def simpler(query: PageRequest, refusal: RequestRefusedError) -> list[PageRequest]:
    """Give the queries that ask for less, those first that leave out what is blamed.

    Args:
        query: What was asked for.
        refusal: What the server said of it.
    """
    return sorted(_with_less(query), key=lambda less: _keeps_what_is_blamed(less, query, refusal))


def _with_less(query: PageRequest) -> Iterator[PageRequest]:
    """Leave out more and more: of the page size first, then of filter and order."""
    sizes = [query.size]
    if query.size is not None:
        sizes = [query.size, min(query.size, _MODEST_PAGE_SIZE), None]
    seen = {query}
    for bound, order in (
        (query.bound, query.order),
        (None, query.order),
        (query.bound, None),
        (None, None),
    ):
        for size in sizes:
            less = replace(query, bound=bound, order=order, size=size)
            if less not in seen:
                seen.add(less)
                yield less


def _keeps_what_is_blamed(query: PageRequest, wished: PageRequest, error: RequestRefusedError) -> bool:
    blame = error.cause.lower()
    return (
        ("filter" in blame and query.bound is not None)
        or ("sort" in blame and query.order is not None)
        or (("per_page" in blame or "size" in blame) and query.size == wished.size)
    )
