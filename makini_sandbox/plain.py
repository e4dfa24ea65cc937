"""Lists for which the v3 spec declares no envelope: those under a parent, and raw tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from makini_sandbox.envelope import Page, array, document, falsify
from makini_sandbox.paging import OFFSET, PAGINGS, Paging
from makini_sandbox.plain_forms import formed
from makini_sandbox.query import page_number
from makini_sandbox.refusal import unprocessable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from makini_sandbox.behaviour import Behaviour


@dataclass(frozen=True)
class PlainForm:
    """How such a list is answered.

    Attributes:
        answer: One of ``Behaviour.child_answer``.
        pages: One of ``Behaviour.child_pages``.
        size: Rows a page.
        envelope: One of ``Behaviour.envelope``, for the answer that has one.
        words: One of ``Behaviour.raw_words``, for any other object.
        paging: How pages are asked for.
    """

    answer: str
    pages: str
    size: int
    envelope: str
    words: str
    paging: Paging


def child_form(behaviour: Behaviour) -> PlainForm:
    """How a list under a parent is answered."""
    return PlainForm(
        behaviour.child_answer,
        behaviour.child_pages,
        behaviour.child_page_size,
        behaviour.envelope,
        behaviour.child_words,
        PAGINGS[behaviour.paging],
    )


def raw_form(behaviour: Behaviour) -> PlainForm:
    """How a raw table is answered."""
    return PlainForm(
        behaviour.raw_answer,
        behaviour.raw_pages,
        behaviour.raw_page_size,
        behaviour.envelope,
        behaviour.raw_words,
        PAGINGS[behaviour.paging],
    )


def plain_answer(form: PlainForm, rows: Sequence[bytes], url: str, parameters: Mapping[str, str], fault: str) -> bytes:
    """The body of an answer; filters and sorts are taken and do nothing.

    Args:
        form: How it is answered.
        rows: All rows.
        url: Address of the list, without parameters.
        parameters: Parameters of the request.
        fault: Kind of the fault that strikes, empty where none does.

    Raises:
        Refusal: 422 where ``page`` is refused.
    """
    page = _page(form, rows, url, parameters, fault)
    if form.answer == "object" and page.total == len(page.rows) == 1:
        return page.rows[0]
    if form.answer in {"list", "object"}:
        return msgspec.json.encode(array(page.rows))
    if form.answer == "envelope":
        answer = document(page, form.envelope, with_cursor=False)
    else:
        answer = formed(page, form.answer, form.words)
    if "data" in answer:
        falsify(answer, fault)
    return msgspec.json.encode(answer)


def _page(form: PlainForm, rows: Sequence[bytes], url: str, parameters: Mapping[str, str], fault: str) -> Page:
    number = max(1, page_number(parameters))
    in_envelope = form.answer == "envelope"
    said = tuple(parameters.items())
    if form.pages == "refused" and number > 1 and not in_envelope:
        raise unprocessable("page", "there is no such parameter")
    if form.pages == "ignored" or (form.pages == "refused" and not in_envelope):
        return Page(rows, 1, max(1, len(rows)), len(rows), url, said, paging=form.paging)
    if form.pages == "stuck":
        number = 1
    repeats = fault == "same_page_twice" and number > 1
    start = (number - 2 if repeats else number - 1) * form.size
    if form.paging.is_offset and form.pages != "stuck":
        start = int(parameters.get(OFFSET, 0))
        number = start // form.size + 1
    return Page(rows[start : start + form.size], number, form.size, len(rows), url, said, paging=form.paging)
