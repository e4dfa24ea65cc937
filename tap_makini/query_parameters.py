"""How a list is asked: the names that the API gives to page, page size, filter and order."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class QueryParameters:
    """Names and values of a list's query parameters; `{key}` in them stands for the replication key.

    Attributes:
        page: The number of the page; None where only cursors lead on.
        offset: In place of it, how many records to pass over; None where pages are numbered.
        first_offset: What passes over none, 0 or 1.
        first: The number of the first page, 1 or 0.
        may_begin_at_zero: Whether that is but assumed to be 1.
        size: How many records to give; None where that cannot be asked for.
        guesses_size: Whether that is but what a name without a description suggests.
        largest: How many records may be asked for at most, where that is said.
        sizes: The numbers of records that may be asked for; empty where that is not restricted.
        cursor: What the last answer said to ask for, in place of a page.
        declares_cursor: Whether that is declared, so that answers should say it.
        since: Earliest instant, inclusively.
        until: The instant that all must be before; None where that cannot be asked for.
        sort: What to order by; None where no order can be asked for.
        ascending: The value of `sort` that puts the earliest record first.
        descending: The value of `sort` that puts the latest record first.
        may_not_count: Whether answers may come that do not say which page of how many they are.
        accept: The media type to ask for.
        unknown_paging: Declared parameters that look like paging, but are not known, where no known one is declared.
    """

    page: str | None = "page"
    offset: str | None = None
    first_offset: int = 0
    first: int = 1
    may_begin_at_zero: bool = False
    size: str | None = "per_page"
    guesses_size: bool = False
    largest: int | None = None
    sizes: tuple[int, ...] = ()
    cursor: str = "cursor"
    declares_cursor: bool = False
    since: str = "filter[{key}:gteq]"
    until: str | None = "filter[{key}:lt]"
    sort: str | None = "sort[{key}]"
    ascending: str = "0"
    descending: str = "1"
    may_not_count: bool = False
    accept: str = "application/json"
    unknown_paging: tuple[str, ...] = ()

    def sorted(self, replication_key: str, *, descending: bool) -> dict[str, str]:
        """Give the parameter that asks for an order, if there is one."""
        if self.sort is None:
            return {}
        value = self.descending if descending else self.ascending
        return {self.sort.format(key=replication_key): value.format(key=replication_key)}

    def by_pages(self) -> QueryParameters:
        """Take the offset for the number of a page."""
        return replace(self, page=self.offset or self.page, offset=None, first=self.first_offset)


V3 = QueryParameters()
"""As the v3 guide has it; `sort` 0 is ascending, 1 descending."""
V3_UNSIZED = QueryParameters(size=None)
"""The same for the lists of the v3 spec that take no page size."""
ASSUMED = QueryParameters(may_not_count=True, may_begin_at_zero=True)
"""What is tried where no guide tells of parameters, as for v4."""


@dataclass
class PageSize:
    """How many records to ask for, shared by the lists of a connection: what one list refused, the next does not ask.

    Attributes:
        value: The number.
    """

    value: int
