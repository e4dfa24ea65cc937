"""Check one response of a list, and split it into records, each the bytes that were received.

A child list may be one bare record instead. A response of another form is an error that describes it: if it were read
as the end of the list, all later records would be lost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tap_makini.errors import BadBodyError, NotFoundError
from tap_makini.pagination.envelope import read_envelope, read_hints, reject, reject_form
from tap_makini.rawjson import NotJSONError, members

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_makini.pagination.envelope import Meta

_RECORD_KEYS = {"key", "id", "_idValue"}


class Page(msgspec.Struct, frozen=True):
    """One checked page.

    Attributes:
        records: Each record's JSON as received.
        number: Its 1-based number.
        last: The number of the last page.
        size: How many records a page holds, by the server's count.
        total: How many records the list holds; None if the server does not count them.
        next_cursor: The cursor of the next page; None if there is none.
        by_cursor: Whether the list is read by cursors, so that its pages have no positions.
        is_full: Whether it holds as many records as a page can, by the server's count.
        is_uncounted: Whether the response has no page counts, so that `last` is a guess.
        says_more: What an uncounted response says to the effect that more records follow; None if nothing.
        more_is_flag: Whether `says_more` is no more than true or false.
        says_end: Whether an uncounted response says that no more records follow.
    """

    records: list[bytes]
    number: int
    last: int
    size: int
    total: int | None = None
    next_cursor: str | None = None
    by_cursor: bool = False
    is_full: bool = False
    is_uncounted: bool = False
    says_more: str | None = None
    more_is_flag: bool = False
    says_end: bool = False

    @property
    def is_last(self) -> bool:
        """Whether the list ends with this page."""
        return self.number >= self.last

    @property
    def position(self) -> int:
        """The position in the list of the first record, from 0."""
        return (self.number - 1) * self.size

    @property
    def end(self) -> int:
        """The position after this page; a page may be short, its range of positions is not."""
        return self.position + max(self.size, len(self.records))


def parse_page(  # noqa: PLR0913 - what there is to know of a response
    body: bytes,
    asked: int,
    *,
    first: int = 1,
    by_cursor: bool = False,
    must_count: bool = True,
    previous: Sequence[bytes] = (),
) -> Page:
    """Read and check a response.

    Args:
        body: The body as received.
        asked: The 1-based number of the requested page.
        first: The number that the server gives to the first page.
        by_cursor: Whether a cursor was sent in place of the number.
        must_count: Whether the response must have page counts.
        previous: Records of the page before; receiving them again is an error.

    Returns:
        The page.

    Raises:
        BadBodyError: The body is not a list, or contradicts itself or the request.
    """
    array = None if must_count else "a list"
    envelope = read_envelope(body, array)
    if envelope.items is None:
        reject_form(body, array)
    records = list(map(bytes, envelope.items))
    for record in records:
        if not record.startswith(b"{"):
            reject("'data' holds an item that is not an object")
    if records and records == previous:
        raise BadBodyError(f"page {asked} repeats page {asked - 1}")
    meta = envelope.counts
    cursor = envelope.next_cursor or meta.next_cursor or None
    is_counted = meta.current_page is not None and meta.last_page is not None
    has_place = envelope.next_cursor is not msgspec.UNSET or meta.next_cursor is not msgspec.UNSET
    if cursor or by_cursor or (has_place and not is_counted):
        return _page_by_cursor(records, asked, meta, cursor)
    # the meta of a mock server: zeros or nulls beside records count nothing
    is_example = envelope.meta is not None and records and not (meta.current_page or meta.last_page or meta.total)
    if (is_example and (first == 1 or meta.total == 0)) or not (must_count or is_counted):
        hints = read_hints(body, asked)
        total = hints.total if meta.total is None else meta.total
        return Page(
            records,
            asked,
            asked + bool(records),
            len(records),
            total,
            is_uncounted=True,
            says_more=hints.more,
            more_is_flag=hints.more_is_flag,
            says_end=hints.end,
        )
    return _counted_page(records, asked, _numbered_from_one(meta) if first == 0 else meta)


def parse_child_page(body: bytes, asked: int, **options: Any) -> Page:  # noqa: ANN401 - those of `parse_page`
    """Read and check a response of a child list, which may be one bare record; arguments are those of `parse_page`.

    Raises:
        BadBodyError: The body is not a list, or contradicts itself or the request.
        NotFoundError: The body is null.
    """
    page = _read_record(body, asked)
    return parse_page(body, asked, must_count=False, **options) if page is None else page


def parse_beyond(body: bytes, number: int) -> Page:
    """Read the response to a page after the last one, without records if another page came in its place."""
    envelope = read_envelope(body, None)
    total = envelope.counts.total
    data = (envelope.items or []) if envelope.counts.current_page in {None, number} else []
    return Page(list(map(bytes, data)), number, number, len(data), total)


def _counted_page(records: list[bytes], asked: int, meta: Meta) -> Page:
    _check(meta, len(records), asked)
    size = meta.per_page or len(records)
    is_full = bool(meta.per_page) and len(records) >= size
    return Page(records, asked, max(meta.last_page or 1, 1), size, meta.total, is_full=is_full)


def _page_by_cursor(records: list[bytes], asked: int, meta: Meta, cursor: str | int | None) -> Page:
    if cursor:
        return Page(records, asked, asked + 1, len(records), meta.total, str(cursor), by_cursor=True)
    if (meta.current_page or 0) < (meta.last_page or 0):
        reject(f"page {meta.current_page} of {meta.last_page} has no cursor to the next page")
    if asked == 1 and (meta.total or 0) > len(records):
        reject(f"received {len(records)} records and no cursor, but 'total' is {meta.total}")
    return Page(records, asked, asked, len(records), meta.total, by_cursor=True)


def _read_record(body: bytes, asked: int) -> Page | None:
    """Read one bare record, or an empty object in place of an empty list; None if it is neither."""
    if b"".join(body.split()) in {b"null", b'{"data":null}'}:
        remedy = "If the record should have items, report it to Makini."
        raise NotFoundError("the body is null instead of a list", remedy)
    try:
        found = members(body)
    except NotJSONError:
        return None
    if not found:  # as PHP writes an empty list
        return Page([], asked, asked, 0)
    is_record = bool(found.keys() & _RECORD_KEYS) and not found.keys() & {"data", "meta", "error", "errors"}
    return Page([bytes(body).strip()], asked, asked, 1) if is_record else None


def _numbered_from_one(meta: Meta) -> Meta:
    """Convert counts that start at 0; their `last_page` may be the last page's number or the number of pages."""
    number, last = (None if value is None else value + 1 for value in (meta.current_page, meta.last_page))
    if last is not None and meta.total is not None and meta.per_page:
        counted = max(-(-meta.total // meta.per_page), 1)
        last = counted if last - counted in {0, 1} else last
    return msgspec.structs.replace(meta, current_page=number, last_page=last)


def _check(meta: Meta, count: int, asked: int) -> None:
    number, last, total, size = meta.current_page, meta.last_page, meta.total, meta.per_page
    if number is None or last is None:
        cause = "'meta' is missing, or has no 'current_page' or 'last_page'"
        raise BadBodyError(f"the response has no page counts: {cause}")
    empty = count == 0
    if number != asked and not (empty and number == 0 and asked == 1):
        reject(f"received page {number} instead of page {asked}")
    if not empty and last < asked:
        reject(f"page {asked} holds {count} records, but 'last_page' is {last}")
    if empty and asked < last:
        reject(f"page {asked} of {last} is empty")
    if total is None:
        return
    if empty and asked == 1 and total:
        reject(f"received no records, but 'total' is {total}")
    before = (asked - 1) * size if size and count <= size else 0
    if empty and before and before < total:
        reject(f"page {asked} is empty, but 'total' is {total} in pages of {size}")
    if not empty and total < before + count:
        reject(f"page {asked} holds {count} records, but 'total' is {total}")
    if size and last < -(-total // size):
        reject(f"'last_page' {last} leaves out some of 'total' {total}")
