"""How pages are asked for: what the parameters are called, and the number of the first page."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

PAGE, SIZE, OFFSET = "page", "per_page", "offset"


class Paging(NamedTuple):
    """Names and numbering.

    Attributes:
        page: The parameter that says which page.
        size: The parameter that says how many rows a page has.
        first: The number of the first page, in requests and in answers.
        last_is_count: Whether answers call the number of pages that of the last page.
        is_offset: Whether `page` says how many rows to pass over; then answers do not count pages.
    """

    page: str = PAGE
    size: str = SIZE
    first: int = 1
    last_is_count: bool = False
    is_offset: bool = False

    def usual(self, parameters: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Write the parameters of a request as the v3 spec has them; of others, those for pages say nothing."""
        return [usual for name, value in parameters for usual in self._usual(name, value)]

    def _usual(self, name: str, value: str) -> list[tuple[str, str]]:
        if name == self.size:
            return [(SIZE, value)]
        if name == self.page and self.is_offset:
            return [(OFFSET, value)]
        if name == self.page:
            return [(PAGE, str(int(value) + 1 - self.first) if value.isdecimal() else value)]
        return [] if name in {PAGE, SIZE, OFFSET} else [(name, value)]


PAGINGS = {
    "v3": Paging(),
    "brackets": Paging("page[number]", "page[size]"),
    "camel": Paging("pageNumber", "pageSize"),
    "offset": Paging("offset", "limit", first=0, is_offset=True),
    "from_zero": Paging(first=0),
    "from_zero_counted": Paging(first=0, last_is_count=True),
}
"""By the value of ``Behaviour.paging``."""
