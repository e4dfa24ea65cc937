"""Write the lists for which the v3 spec declares no envelope: child lists, raw tables, and the list of raw tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from makini_sandbox.envelope import OFFSET, PAGINGS, Document, Page, array, falsify
from makini_sandbox.query import page_number
from makini_sandbox.responses import unprocessable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from makini_sandbox.behaviour import Behaviour


@dataclass(frozen=True)
class PlainList:
    """One request for such a list.

    Attributes:
        rows: All rows.
        url: Address of the list, without parameters.
        parameters: Parameters of the request, as the v3 spec names them.
        behaviour: The behavior towards the list.
        fault: Kind of the fault that strikes, empty if none does.
    """

    rows: Sequence[bytes]
    url: str
    parameters: Mapping[str, str]
    behaviour: Behaviour
    fault: str

    def of_children(self) -> bytes:
        """Return the body for a list below a parent.

        Raises:
            Refusal: 422 if `page` is refused.
        """
        behaviour = self.behaviour
        return self._body(behaviour.child_answer, behaviour.child_pages, behaviour.child_page_size, "none")

    def of_raw_rows(self) -> bytes:
        """Return the body for a raw table.

        Raises:
            Refusal: 422 if `page` is refused.
        """
        behaviour = self.behaviour
        return self._body(behaviour.raw_answer, behaviour.raw_pages, behaviour.raw_page_size, behaviour.raw_words)

    def _body(self, form: str, pages: str, size: int, words: str) -> bytes:
        """Return the body; filters and sorts are accepted and do nothing."""
        page = self._page(pages, size, in_envelope=form == "envelope")
        if form == "object" and page.total == len(page.rows) == 1:
            return page.rows[0]
        if form in {"list", "object"}:
            return msgspec.json.encode(array(page.rows))
        if form == "envelope":
            document = page.envelope(self.behaviour.envelope)
        else:
            document = {form: array(page.rows), **_words(page, words)}
        if "data" in document:
            falsify(document, self.fault)
        return msgspec.json.encode(document)

    def _page(self, pages: str, size: int, *, in_envelope: bool) -> Page:
        number = max(1, page_number(self.parameters))
        parameters = tuple(self.parameters.items())
        paging = PAGINGS[self.behaviour.paging]
        is_refused = pages == "refused" and not in_envelope
        if is_refused and number > 1:
            raise unprocessable("page", "there is no such parameter")
        if pages == "ignored" or is_refused:
            count = len(self.rows)
            return Page(self.rows, 1, max(1, count), count, self.url, parameters, paging=paging)
        if pages == "stuck":
            number = 1
        repeats = self.fault == "same_page_twice" and number > 1
        start = (number - 2 if repeats else number - 1) * size
        if paging.is_offset and pages != "stuck":
            start = int(self.parameters.get(OFFSET, 0))
            number = start // size + 1
        rows = self.rows[start : start + size]
        return Page(rows, number, size, len(self.rows), self.url, parameters, paging=paging)


def _words(page: Page, words: str) -> Document:
    if words == "total":
        return {"total": page.total}
    return {"next": page.link(page.number + 1)} if words == "next" else {}


def tables_body(names: Sequence[str], form: str, fault: str) -> bytes:
    """Return the body for the list of raw tables.

    Args:
        names: Names of the tables.
        form: One of `Behaviour.raw_tables_answer`.
        fault: Kind of the fault that strikes, empty if none does.
    """
    entries = [_entry(name, form.removeprefix("data_")) for name in names]
    if not form.startswith("data_"):
        return msgspec.json.encode(entries)
    document: Document = {"data": entries}
    falsify(document, fault)
    return msgspec.json.encode(document)


def _entry(name: str, form: str) -> object:
    if form == "names":
        return name
    if form == "objects":
        return {"name": name, "description": None}
    schema, _, table = name.rpartition(".")
    return {"schema": schema or None, "name": table}
