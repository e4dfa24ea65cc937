"""Answers whose form is not documented: child lists and the tables of the source system.

The v3 spec declares the former as a bare object and says nothing of the latter. A list, a list under `data`, with and
without the usual `meta`, and a single record are all understood; what cannot be told from a list is refused.
"""

from __future__ import annotations

from tap_makini.api.page import Page, parse_page
from tap_makini.errors import BadBodyError
from tap_makini.rawjson import NotJSONError, items, members


def parse_undocumented(body: bytes, asked: int, *, by_cursor: bool = False) -> Page:
    """Read an answer.

    Args:
        body: The body as received.
        asked: The number of the page asked for.
        by_cursor: Whether a cursor stood in place of the number.

    Returns:
        The page. Where the answer does not count its pages, one with records is followed by another one, which may
        be empty.

    Raises:
        BadBodyError: The body is no list of records, or contradicts itself.
    """
    try:
        return _parse(body.strip(), asked, by_cursor=by_cursor)
    except NotJSONError as error:
        raise BadBodyError(f"the body is no JSON list ({error})") from None


def _parse(body: bytes, asked: int, *, by_cursor: bool) -> Page:
    if body.startswith(b"["):
        return _uncounted(body, asked)
    envelope = members(body)
    data = bytes(envelope.get("data", b""))
    if "meta" in envelope or "next_cursor" in envelope:
        counted = parse_page(body, asked, by_cursor=by_cursor)
        return _uncounted(data, asked) if counted.is_placeholder else counted
    if data.startswith(b"["):
        return _uncounted(data, asked)
    record = data or body
    if not record.startswith(b"{") or not members(record) or "error" in envelope:
        raise BadBodyError("the body is neither a list nor a record")
    return Page([record], asked, asked, 1)


def _uncounted(data: bytes, asked: int) -> Page:
    records = [bytes(item) for item in items(data)]
    if not all(record.startswith(b"{") for record in records):
        raise BadBodyError("the list holds something that is no record")
    return Page(records, asked, asked + 1 if records else asked, len(records))
