"""Answers whose form is not documented: child lists and the tables of the source system.

The v3 spec declares the former as a bare object and says nothing of the latter. Lists are understood under all common
names, with and without the usual `meta`, and of a child list also a single record; what cannot be told from a list is
refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tap_makini.errors import BadBodyError, NotFoundError
from tap_makini.pagination.response import Meta, Page, parse_page
from tap_makini.pagination.undocumented.claims import WORDS, Claims, claims_in, opening, says_nothing
from tap_makini.pagination.undocumented.listing import find_list
from tap_makini.pagination.undocumented.spelling import plain_name, told
from tap_makini.pagination.undocumented.tally import ClaimingPage
from tap_makini.rawjson import JSON, REFUSED, NotJSONError, compact, members

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_makini.pagination.undocumented.claims import Words
    from tap_makini.pagination.undocumented.listing import Listing


def parse_undocumented(
    body: bytes, asked: int, *, first: int = 1, by_cursor: bool = False, takes_one_record: bool = True
) -> Page:
    """Read an answer.

    Args:
        body: The body as received.
        asked: The 1-based number of the page asked for.
        first: The number that the server gives to the first page.
        by_cursor: Whether a cursor stood in place of the number.
        takes_one_record: Whether an object that is not evidently around a list is one record, as it may be in place of
            a child list; a table is never one record.

    Returns:
        The page. Where the answer does not count its pages, one with records is followed by another one, which may
        be empty; then it is a `ClaimingPage`.

    Raises:
        BadBodyError: The body is no list of records, or contradicts itself.
        NotFoundError: It is null, where it might be one record.
    """
    body = body.strip()
    if takes_one_record and _is_null(body):
        raise NotFoundError("there is null in place of a list", "If it should hold something, report it to Makini.")
    try:
        listing = find_list(body, or_record=takes_one_record)
        if listing is None:
            return _one_record(members(body), body, asked, takes_one_record=takes_one_record)
        return _counted(listing, asked, first, by_cursor=by_cursor) or _uncounted(listing, asked)
    except (NotJSONError, *REFUSED) as error:
        raise BadBodyError(f"the body is no JSON list ({error})") from None


def _is_null(body: bytes) -> bool:
    """Whether a list is null, as Go writes an empty one, and nothing is said beside it."""
    return b"".join(body.split()) in {b"null", b'{"data":null}'}


def _one_record(envelope: Words, body: bytes, asked: int, *, takes_one_record: bool) -> Page:
    if not takes_one_record:
        raise BadBodyError(f"the body is an object in which no list of rows can be told: {told(envelope) or 'empty'}")
    if not envelope:  # as a server answers that was made from the v3 spec, and PHP writes an empty list
        return Page([], asked, asked, 0)
    if envelope.keys() & {"meta", "next_cursor"}:
        raise BadBodyError("the envelope of a list came without its list")
    record = bytes(envelope.get("data", body))
    if not record.startswith(b"{") or not members(record) or "error" in envelope:
        raise BadBodyError("the body is neither a list nor a record")
    if WORDS.issuperset(map(plain_name, members(record))):
        raise BadBodyError(f"the body tells of {told(members(record))}, and holds no record")
    return Page([record], asked, asked, 1)


def _uncounted(listing: Listing, asked: int) -> Page:
    count = len(listing.records)
    return ClaimingPage(listing.records, asked, asked + bool(count), count, claims=claims_in(listing.words))


def _counted(listing: Listing, asked: int, first: int, *, by_cursor: bool) -> Page | None:
    """Read a list by its `meta` or `next_cursor`, as if it stood in the documented envelope; None without counts."""
    said = {name: value for name in ("meta", "next_cursor") if (value := _said(listing.levels, name)) is not None}
    if not said or not (by_cursor or _counts(said, first)):
        return None
    parts = [b'"%b":%b' % (name.encode(), bytes(value)) for name, value in said.items()]
    envelope = b",".join([b'"data":[%b]' % b",".join(listing.records), *parts])
    page = parse_page(b"{%b}" % envelope, asked, first=first, by_cursor=by_cursor)
    if page.total is not None or page.next_cursor is not None:
        return page
    claims = Claims(pages=page.last)
    return ClaimingPage(
        page.records, page.number, page.last, page.size, counts_from_one=page.counts_from_one, claims=claims
    )


def _said(levels: Sequence[Words], name: str) -> JSON | None:
    return next((level[name] for level in levels if name in level and not says_nothing(level[name])), None)


def _counts(said: Words, first: int) -> bool:
    """Whether there is a cursor, or the `meta` counts pages and is no example."""
    if "next_cursor" in said:
        return True
    if opening(said["meta"]) != b"{":
        return False
    meta = Meta.of(msgspec.json.decode(compact(bytes(said["meta"]))))
    return bool(meta.next_cursor) or (meta.counts_pages and not meta.is_placeholder(first))
