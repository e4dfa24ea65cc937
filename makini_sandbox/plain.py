"""Write the lists for which the v3 spec declares no envelope: child lists, raw tables, and the list of raw tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from makini_sandbox.envelope import OFFSET, PAGINGS, Document, Page, array, falsify
from makini_sandbox.query import page_number
from makini_sandbox.responses import Refusal, unprocessable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from makini_sandbox.target import ListRequest


@dataclass(frozen=True)
class _Form:
    """How such a list is written: the settings of `Behaviour` for child lists, or those for raw tables."""

    answer: str
    pages: str
    size: int
    words: str = "none"

    @property
    def refuses_pages(self) -> bool:
        return self.pages == "refused" and self.answer != "envelope"


def plain_body(request: ListRequest) -> bytes:
    """Return the body for a child list or a raw table; filters and sorts are accepted and do nothing.

    Raises:
        Refusal: 404 if there is no such row or table, 422 if `page` is refused.
    """
    form = _form(request)
    page = _page(request, form)
    if form.answer == "object" and page.total == len(page.rows) == 1:
        return page.rows[0]
    if form.answer in {"list", "object"}:
        return msgspec.json.encode(array(page.rows))
    if form.answer == "envelope":
        document = page.envelope(request.behaviour.envelope)
    else:
        document = {form.answer: array(page.rows), **_words(page, form.words)}
    if "data" in document:
        falsify(document, request.fault)
    return msgspec.json.encode(document)


def _form(request: ListRequest) -> _Form:
    behaviour = request.behaviour
    if request.target.kind == "items":
        return _Form(behaviour.child_answer, behaviour.child_pages, behaviour.child_page_size)
    return _Form(behaviour.raw_answer, behaviour.raw_pages, behaviour.raw_page_size, behaviour.raw_words)


def _page(request: ListRequest, form: _Form) -> Page:
    rows, parameters = _rows(request), dict(request.parameters)
    number, size, paging = max(1, page_number(parameters)), form.size, PAGINGS[request.behaviour.paging]
    if form.refuses_pages and number > 1:
        raise unprocessable("page", "there is no such parameter")
    if form.pages == "stuck":
        number = 1
    repeats = request.fault == "same_page_twice" and number > 1
    start = (number - 2 if repeats else number - 1) * size
    if paging.is_offset and form.pages != "stuck":
        start = int(parameters.get(OFFSET, 0))
        number = start // size + 1
    if form.pages == "ignored" or form.refuses_pages:
        start, number, size = 0, 1, max(1, len(rows))
    return Page(
        rows[start : start + size], number, size, len(rows), request.url, tuple(parameters.items()), paging=paging
    )


def _rows(request: ListRequest) -> Sequence[bytes]:
    """Return all rows, none if the connected system lacks the list."""
    store, target = request.connection.store, request.target
    try:
        with store.lock:
            if target.kind == "items":
                parent, name = target.parent
                rows: Sequence[bytes] = store.raw_children(parent, target.name, name)
            else:
                rows = store.raw_tables.bodies(target.name)
    except KeyError:
        raise Refusal(404, "There is no such row or table.") from None
    return [] if request.absent else rows


def _words(page: Page, words: str) -> Document:
    if words == "total":
        return {"total": page.total}
    return {"next": page.link(page.number + 1)} if words == "next" else {}


def tables_body(request: ListRequest) -> bytes:
    """Return the body for the list of raw tables."""
    store, form = request.connection.store, request.behaviour.raw_tables_answer
    with store.lock:
        names = [] if request.absent else store.raw_tables.names()
    entries = [_entry(name, form.removeprefix("data_")) for name in names]
    if not form.startswith("data_"):
        return msgspec.json.encode(entries)
    document: Document = {"data": entries}
    falsify(document, request.fault)
    return msgspec.json.encode(document)


def _entry(name: str, form: str) -> object:
    if form == "names":
        return name
    if form == "objects":
        return {"name": name, "description": None}
    schema, _, table = name.rpartition(".")
    return {"schema": schema or None, "name": table}
