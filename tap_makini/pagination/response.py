"""One answer of a list, checked: the records as the bytes they came in, and what the envelope says of the whole.

v3 lists carry `data`, `links` and `meta{current_page,from,last_page,path,per_page,to,total}` (v3 spec), v4 lists
`data` and `meta{current_page,last_page,per_page,total}` (v4 guide); the product FAQ speaks of `next_cursor`.
Whether the list has come to its end is read from `meta` alone, so a `meta` that is missing or contradicts itself or
its data is an error: read as an end, it would lose every record behind it.
"""

from __future__ import annotations

import re
from typing import Any, NoReturn

import msgspec

from tap_makini.errors import BadBodyError
from tap_makini.rawjson import REFUSED, NotJSONError, items, members

_DIGITS = re.compile(r"-?\d{1,18}", re.ASCII)


class Meta(msgspec.Struct):
    """What the envelope says of the list: counts, each None where it is not said."""

    current_page: int | None = None
    last_page: int | None = None
    per_page: int | None = None
    total: int | None = None
    next_cursor: str | int | None = None

    @classmethod
    def of(cls, said: dict[str, Any]) -> Meta:
        """Take what is said; what is no number, not even as the text that PHP servers send it back as, says nothing."""
        counts = {name: _count(said.get(name)) for name in ("current_page", "last_page", "per_page", "total")}
        cursor = said.get("next_cursor")
        return cls(**counts, next_cursor=cursor if isinstance(cursor, (str, int)) else None)

    def from_zero(self) -> Meta:
        """Number from 1 what the server numbers from 0; its `last_page` may be the last one's number or the count."""
        number, last = (None if said is None else said + 1 for said in (self.current_page, self.last_page))
        if last is not None and self.total is not None and self.per_page:
            counted = max(-(-self.total // self.per_page), 1)
            last = counted if last - counted in {0, 1} else last
        return Meta(number, last, self.per_page, self.total, self.next_cursor)

    @property
    def counts_pages(self) -> bool:
        """Whether it says which page of how many this is."""
        return self.current_page is not None and self.last_page is not None

    def is_placeholder(self, first: int) -> bool:
        """Whether this is an example, not a count, of a list that has records and pages from this number on."""
        says_nothing = not (self.current_page or self.last_page or self.total)
        return says_nothing and (first == 1 or self.total == 0)


class _Envelope(msgspec.Struct):
    data: list[msgspec.Raw] | msgspec.UnsetType | None = msgspec.UNSET
    meta: dict[str, Any] | None = None
    next_cursor: str | int | msgspec.UnsetType | None = msgspec.UNSET

    @property
    def speaks_of_cursors(self) -> bool:
        """Whether it has a place for a cursor, be it null: then the list ends where there is none."""
        return self.next_cursor is not msgspec.UNSET or "next_cursor" in (self.meta or {})


class Page(msgspec.Struct, frozen=True):
    """One checked page.

    Attributes:
        records: Each record's JSON as received.
        number: Its 1-based number.
        last: The number of the last page.
        size: How many records a page holds, as the server says.
        total: How many records the list holds, where the server says so.
        next_cursor: What to ask for next, in place of a number.
        by_cursor: Whether cursors lead through the list, so that its pages have no places of their own.
        is_full: Whether it holds as many records as the server says that a page can.
        is_placeholder: The envelope is an example that counts nothing.
        counts_from_one: The first page, asked for as page 0, calls itself page 1.
        is_uncounted: The envelope does not say which page of how many it is; what `last` says is a guess.
        counts_agree: The last page is the one that the number of all records and the size of pages make it.
    """

    records: list[bytes]
    number: int
    last: int
    size: int
    total: int | None = None
    next_cursor: str | None = None
    by_cursor: bool = False
    is_full: bool = False
    is_placeholder: bool = False
    counts_from_one: bool = False
    is_uncounted: bool = False
    counts_agree: bool = False

    @property
    def is_last(self) -> bool:
        """Whether the list ends with this page."""
        return self.number >= self.last

    @property
    def start(self) -> int:
        """The position in the list of the first record, from 0."""
        return (self.number - 1) * self.size

    @property
    def end(self) -> int:
        """The position behind this page; a page may be short, its place in the list is not."""
        return self.start + max(self.size, len(self.records))


def parse_page(body: bytes, asked: int, *, first: int = 1, by_cursor: bool = False, must_count: bool = True) -> Page:
    """Read and check an answer.

    Args:
        body: The body as received.
        asked: The 1-based number of the page asked for.
        first: The number that the server gives to the first page.
        by_cursor: Whether a cursor stood in place of the number.
        must_count: Whether an envelope that does not count pages is a fault.

    Returns:
        The page.

    Raises:
        BadBodyError: The body is no list, or contradicts itself or the request.
    """
    envelope = _decode(body)
    meta = Meta.of(envelope.meta or {})
    if envelope.data is None and meta.total == 0:  # as Go writes an empty list
        envelope.data = []
    if not isinstance(envelope.data, list):
        _reject("'data' is missing" if envelope.data is msgspec.UNSET else "'data' is null")
    records = [bytes(raw) for raw in envelope.data]
    if not all(record.startswith(b"{") for record in records):
        _reject("'data' holds something that is no record")
    cursor = (envelope.next_cursor or None) or meta.next_cursor
    if cursor or by_cursor or (envelope.speaks_of_cursors and not meta.counts_pages):
        return _page_by_cursor(records, asked, meta, cursor)
    if not (must_count or meta.counts_pages):
        return Page(records, asked, asked + bool(records), len(records), is_uncounted=True)
    if envelope.meta is not None and records and meta.is_placeholder(first):
        return Page(records, asked, asked, len(records), is_placeholder=True)
    counts_from_one = first == 0 and asked == 1 and meta.current_page == 1
    if first == 0 and not counts_from_one:
        meta = meta.from_zero()
    _check(meta, len(records), asked)
    size = meta.per_page or len(records)
    last = max(meta.last_page or 1, 1)
    agree = meta.total is not None and bool(meta.per_page) and last == max(-(-meta.total // size), 1)
    return Page(
        records,
        asked,
        last,
        size,
        meta.total,
        is_full=bool(meta.per_page) and len(records) >= size,
        counts_from_one=counts_from_one,
        counts_agree=agree,
    )


def _page_by_cursor(records: list[bytes], asked: int, meta: Meta, cursor: str | int | None) -> Page:
    if cursor:
        return Page(records, asked, asked + 1, len(records), meta.total, str(cursor), by_cursor=True)
    if (meta.current_page or 0) < (meta.last_page or 0):
        _reject(f"page {meta.current_page} of {meta.last_page} has no cursor that leads on")
    if asked == 1 and (meta.total or 0) > len(records):
        _reject(f"{len(records)} records came and no cursor leads on, but 'total' is {meta.total}")
    return Page(records, asked, asked, len(records), meta.total, by_cursor=True)


def parse_beyond(body: bytes, number: int) -> Page:
    """Read the answer to a page behind the last one, which no count foresees.

    Args:
        body: The body as received.
        number: The number that was asked for.

    Returns:
        The page; without records where another page came in its place.

    Raises:
        BadBodyError: The body is no list.
    """
    envelope = _decode(body)
    meta = Meta.of(envelope.meta or {})
    data = envelope.data if isinstance(envelope.data, list) and meta.current_page in {None, number} else []
    return Page([bytes(raw) for raw in data], number, number, len(data), meta.total)


def _count(value: object) -> int | None:
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    if value < 0:
        _reject(f"'meta' counts {value}")
    return value


def _check(meta: Meta, count: int, asked: int) -> None:
    number, last, total, size = meta.current_page, meta.last_page, meta.total, meta.per_page
    if number is None or last is None:
        raise BadBodyError(
            "the answer does not say which page of how many it is: 'meta' is missing or holds no such counts"
        )
    empty = count == 0
    if number != asked and not (empty and number == 0 and asked == 1):
        _reject(f"page {number} came where page {asked} was asked for")
    if not empty and last < asked:
        _reject(f"page {asked} holds {count} records, but 'last_page' is {last}")
    if empty and asked < last:
        _reject(f"page {asked} of {last} is empty")
    if total is None:
        return
    if empty and asked == 1 and total:
        _reject(f"no record came, but 'total' is {total}")
    before = (asked - 1) * size if size and count <= size else 0
    if empty and before and before < total:
        _reject(f"page {asked} is empty, but 'total' is {total} in pages of {size}")
    if not empty and total < before + count:
        _reject(f"page {asked} holds {count} records, but 'total' is {total}")
    if size and last < -(-total // size):
        _reject(f"'last_page' {last} leaves out some of 'total' {total}")


def _decode(body: bytes) -> _Envelope:
    try:
        return msgspec.json.decode(body, type=_Envelope)
    except REFUSED as error:
        try:
            return _decode_leniently(body)
        except (NotJSONError, *REFUSED):
            start = bytes(body[:60]).decode("utf-8", "replace")
            kind = "an HTML page" if start.lstrip().lower().startswith("<") else "no JSON list"
            raise BadBodyError(f"the body is {kind} ({error})") from None


def _decode_leniently(body: bytes) -> _Envelope:
    """Read what strict JSON does not allow: NaN, lone surrogates, control characters, very deep nesting."""
    found = {name: bytes(value) for name, value in members(body).items()}
    data = found.get("data")
    said = {name: msgspec.json.decode(found[name]) for name in ("meta", "next_cursor") if name in found}
    envelope = msgspec.convert(said, _Envelope)
    if data is not None:
        envelope.data = None if data == b"null" else [msgspec.Raw(bytes(item)) for item in items(data)]
    return envelope


def _reject(cause: str) -> NoReturn:
    raise BadBodyError(f"the answer contradicts itself: {cause}")
