"""The forms that a list without a documented envelope may come in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from makini_sandbox.envelope import array

if TYPE_CHECKING:
    from collections.abc import Sequence

    from makini_sandbox.envelope import Document, Page

_read_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def formed(page: Page, form: str, words: str) -> Document:
    """The object that holds the rows.

    Args:
        page: The page.
        form: One of ``Behaviour.raw_answer`` that has an object, but for the envelope.
        words: One of ``Behaviour.raw_words``: what stands beside the rows.
    """
    return {**_holding(page, form), **_said(page, words)}


def _holding(page: Page, form: str) -> Document:
    if form == "data_rows":
        return {"data": {"rows": array(page.rows)}}
    if form == "numbered":
        return {"data": _numbered(page)}
    if form in {"columns", "column_objects"}:
        return _columns(page.rows, of_objects=form == "column_objects")
    return {form: array(page.rows)}


def _numbered(page: Page) -> object:
    """As PHP writes an array whose numbers do not begin with 0; an empty one is a list again."""
    first = 1 + (page.number - 1) * page.size
    return {str(first + place): msgspec.Raw(row) for place, row in enumerate(page.rows)} or []


def _columns(rows: Sequence[bytes], *, of_objects: bool) -> Document:
    read = [_read_members(row) for row in rows]
    names = list(dict.fromkeys(name for row in read for name in row))
    cells = [[row.get(name) for name in names] for row in read]
    return {"columns": [{"name": name, "type": "text"} for name in names] if of_objects else names, "rows": cells}


def _said(page: Page, words: str) -> Document:
    if words == "total":
        return {"total": page.total}
    if words == "count":
        return {"count": len(page.rows)}
    return {"next": page.link(page.number + 1)} if words == "next" else {}
