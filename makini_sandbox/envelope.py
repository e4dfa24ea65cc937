"""Write the document around the rows of a page, true or as a fault has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Document = dict[str, Any]
PAGE, SIZE, OFFSET = "page", "per_page", "offset"


class Paging(NamedTuple):
    """How pages are requested.

    Attributes:
        page: The parameter for the number of the page.
        size: The parameter for the rows per page.
        first: The number of the first page, in requests and in responses.
        last_is_count: Whether `last_page` is the number of pages.
        is_offset: Whether `page` is the number of rows to skip; then responses do not count pages.
    """

    page: str = PAGE
    size: str = SIZE
    first: int = 1
    last_is_count: bool = False
    is_offset: bool = False

    def as_v3(self, parameters: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """Return the parameters of a request as the v3 spec names them, without those for pages that it ignores."""
        return [converted for name, value in parameters for converted in self._as_v3(name, value)]

    def _as_v3(self, name: str, value: str) -> list[tuple[str, str]]:
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
"""By the value of `Behaviour.paging`."""


@dataclass(frozen=True)
class Page:
    """A page of rows.

    Attributes:
        rows: The rows as encoded JSON.
        number: Page number from 1.
        size: Rows per page.
        total: Rows on all pages.
        url: Address of the list.
        parameters: Parameters of the request, as the v3 spec names them.
        next_cursor: Cursor of the next page.
        paging: How pages are requested.
    """

    rows: Sequence[bytes]
    number: int
    size: int
    total: int
    url: str
    parameters: Sequence[tuple[str, str]] = ()
    next_cursor: str | None = None
    paging: Paging = PAGINGS["v3"]

    @property
    def last(self) -> int:
        """Number of the last page; 1 if there are no rows."""
        return max(1, -(-self.total // self.size))

    def link(self, number: int) -> str | None:
        """Return the address of another page, None if there is none."""
        if not 1 <= number <= self.last:
            return None
        others = [(name, value) for name, value in self.parameters if name not in {PAGE, OFFSET}]
        place = (number - 1) * self.size if self.paging.is_offset else number - 1 + self.paging.first
        return f"{self.url}?{urlencode([*others, (self.paging.page, str(place))])}"

    def envelope(self, form: str, *, with_cursor: bool = False) -> Document:
        """Return the document.

        Args:
            form: One of `Behaviour.envelope`, or `data` for nothing but the rows.
            with_cursor: Whether it has `next_cursor`.
        """
        document: Document = {"data": array(self.rows)}
        if form in {"v3", "no_meta"}:
            numbers = {"first": 1, "last": self.last, "prev": self.number - 1, "next": self.number + 1}
            document["links"] = {name: self.link(number) for name, number in numbers.items()}
        if form in {"v3", "v4"}:
            document["meta"] = self._meta(form)
        if with_cursor:
            document["next_cursor"] = self.next_cursor
        return document

    def _meta(self, form: str) -> Document:
        if form == "v4":
            return {**self._numbers(), "per_page": self.size, "total": self.total}
        before = (self.number - 1) * self.size
        return {
            **self._numbers(),
            "from": before + 1 if self.rows else None,
            "path": self.url,
            "per_page": self.size,
            "to": before + len(self.rows) if self.rows else None,
            "total": self.total,
        }

    def _numbers(self) -> Document:
        """Return the numbers of this and the last page, if pages are counted."""
        if self.paging.is_offset:
            return {}
        shift = self.paging.first - 1
        last = self.last if self.paging.last_is_count else self.last + shift
        return {"current_page": self.number + shift, "last_page": last}


def array(rows: Iterable[bytes]) -> msgspec.Raw:
    """Join encoded rows to one JSON array."""
    return msgspec.Raw(b"[" + b",".join(rows) + b"]")


def falsify(document: Document, kind: str) -> None:
    """Make a document wrong as a fault of some kind does; other kinds change nothing."""
    if kind in _FALSIFIERS:
        _FALSIFIERS[kind](document)


def _set_meta(document: Document, **values: object) -> None:
    if "meta" in document:
        document["meta"].update(values)


def _next_page(document: Document) -> int:
    number: int = document.get("meta", {}).get("current_page", 1)
    return number + 1


def _shrink(document: Document) -> None:
    """Count as if the page before this one had been the last."""
    meta = document.get("meta", {})
    last = max(1, meta.get("current_page", 1) - 1)
    _set_meta(document, total=min(meta.get("total", 0), last * meta.get("per_page", 1)) // 2, last_page=last)


_FALSIFIERS: dict[str, Callable[[Document], object]] = {
    "data_null": lambda document: document.update(data=None),
    "data_missing": lambda document: document.pop("data"),
    "data_object": lambda document: document.update(data={"items": document["data"]}),
    "empty_page": lambda document: document.update(data=[]),
    "meta_missing": lambda document: document.pop("meta", None),
    "meta_last_page_zero": lambda document: _set_meta(document, last_page=0),
    "meta_wrong_page": lambda document: _set_meta(document, current_page=_next_page(document)),
    "meta_total_shrinks": _shrink,
}
