"""How a list is asked: the names that the API gives to page, page size, filter and order."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Dialect:
    """Names and values of a list's query parameters; `{key}` in them stands for the replication key.

    Attributes:
        page: The 1-based number of the page.
        size: How many records to give; None where that cannot be asked for.
        since: Earliest instant, inclusively.
        sort: What to order by; None where no order can be asked for.
        ascending: The value of `sort` that puts the earliest record first.
        descending: The value of `sort` that puts the latest record first.
    """

    page: str = "page"
    size: str | None = "per_page"
    since: str = "filter[{key}:gteq]"
    sort: str | None = "sort[{key}]"
    ascending: str = "0"
    descending: str = "1"

    def sorted(self, replication_key: str, *, descending: bool) -> dict[str, str]:
        """Give the parameter that asks for an order, if there is one."""
        if self.sort is None:
            return {}
        value = self.descending if descending else self.ascending
        return {self.sort.format(key=replication_key): value.format(key=replication_key)}


V3 = Dialect()
"""As the v3 guide has it; `sort` 0 is ascending, 1 descending."""
V3_UNSIZED = Dialect(size=None)
"""The same for the lists of the v3 spec that take no page size."""
