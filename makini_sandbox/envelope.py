"""The document around the rows of a page, true or as a fault has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec

from makini_sandbox.paging import OFFSET, PAGE, PAGINGS, Paging

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

Document = dict[str, Any]


@dataclass(frozen=True)
class Page:
    """A page of rows.

    Attributes:
        rows: The rows as encoded JSON.
        number: Page number from 1.
        size: Rows a page.
        total: Rows on all pages.
        url: Address of the list.
        parameters: Parameters of the request.
        next_cursor: Cursor of the next page.
        paging: How pages are asked for.
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
    def shown(self) -> Document:
        """The numbers of this and of the last page, as the answer has them."""
        if self.paging.is_offset:
            return {}
        shift = self.paging.first - 1
        return {
            "current_page": self.number + shift,
            "last_page": self.last if self.paging.last_is_count else self.last + shift,
        }

    @property
    def last(self) -> int:
        """Number of the last page; 1 where there are no rows."""
        return max(1, -(-self.total // self.size))

    def link(self, number: int) -> str | None:
        """Address of another page, None where there is none."""
        if not 1 <= number <= self.last:
            return None
        others = [(name, value) for name, value in self.parameters if name not in {PAGE, OFFSET}]
        place = (number - 1) * self.size if self.paging.is_offset else number - 1 + self.paging.first
        page = (self.paging.page, str(place))
        return f"{self.url}?{urlencode([*others, page])}"


def document(page: Page, envelope: str, *, with_cursor: bool) -> Document:
    """The answer to a list request.

    Args:
        page: The page.
        envelope: One of ``Behaviour.envelope``, or ``data`` for nothing but the rows.
        with_cursor: Whether ``next_cursor`` belongs to it.
    """
    answer: Document = {"data": array(page.rows)}
    if envelope in {"v3", "no_meta"}:
        answer["links"] = _links(page)
    if envelope not in {"no_meta", "data"}:
        answer["meta"] = _short_meta(page) if envelope == "v4" else _meta(page)
    if with_cursor:
        answer["next_cursor"] = page.next_cursor
    return answer


def array(rows: Iterable[bytes]) -> msgspec.Raw:
    """Encoded rows as one JSON array."""
    return msgspec.Raw(b"[" + b",".join(rows) + b"]")


def _links(page: Page) -> Document:
    return {
        "first": page.link(1),
        "last": page.link(page.last),
        "prev": page.link(page.number - 1),
        "next": page.link(page.number + 1),
    }


def _short_meta(page: Page) -> Document:
    return {**page.shown, "per_page": page.size, "total": page.total}


def _meta(page: Page) -> Document:
    before = (page.number - 1) * page.size
    return {
        **page.shown,
        "from": before + 1 if page.rows else None,
        "path": page.url,
        "per_page": page.size,
        "to": before + len(page.rows) if page.rows else None,
        "total": page.total,
    }


def falsify(answer: Document, kind: str) -> None:
    """Make an answer untrue as a fault of some kind has it; other kinds change nothing."""
    if kind in _FALSIFIERS:
        _FALSIFIERS[kind](answer)


def _set_meta(answer: Document, **values: object) -> None:
    if "meta" in answer:
        answer["meta"].update(values)


def _shrink(answer: Document) -> None:
    meta = answer.get("meta", {})
    page, size = meta.get("current_page", 1), meta.get("per_page", 1)
    # As if the page before this one had been the last.
    last = max(1, page - 1)
    _set_meta(answer, total=min(meta.get("total", 0), last * size) // 2, last_page=last)


_FALSIFIERS: dict[str, Callable[[Document], object]] = {
    "data_null": lambda answer: answer.update(data=None),
    "data_missing": lambda answer: answer.pop("data"),
    "data_object": lambda answer: answer.update(data={"items": answer["data"]}),
    "empty_page": lambda answer: answer.update(data=[]),
    "meta_missing": lambda answer: answer.pop("meta", None),
    "meta_last_page_zero": lambda answer: _set_meta(answer, last_page=0),
    "meta_wrong_page": lambda answer: _set_meta(answer, current_page=answer.get("meta", {}).get("current_page", 1) + 1),
    "meta_total_shrinks": _shrink,
}
