"""Read the envelope of a list: its data, its counts, and whether it says that more follows.

v3 lists have `data`, `links` and `meta{current_page,from,last_page,path,per_page,to,total}` (v3 spec), v4 lists `data`
and `meta{current_page,last_page,per_page,total}` (v4 guide); the product FAQ mentions `next_cursor`. Where no document
declares the response, it may also be a bare array or `data` without counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, NoReturn, TypeVar

import msgspec

from tap_makini.errors import BadBodyError
from tap_makini.rawjson import REFUSED, NotJSONError, describe, items, members

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tap_makini.rawjson import JSON

T = TypeVar("T")

_DIGITS = re.compile(r"-?\d{1,18}", re.ASCII)
_MORE = re.compile(
    r"(odata|has)?next(page|link|url|token|cursor|pagetoken|pageurl)?|(has|is)?more(available|items|records|results)?"
    r"|(is)?truncated|continuation(token)?|scrollid"
)
_LAST = re.compile(r"(is)?(last(page)?|completed?|done|finished|end)")
_PAGES = re.compile(r"(total|last|num(ber)?of)pages?|pages")
_ENTRIES = "records?|items?|rows?|results?|elements?|entries|hits?|objects?"
_TOTAL = re.compile(rf"total({_ENTRIES}|count)?|({_ENTRIES}|total|odata)?count|({_ENTRIES})total|numberof({_ENTRIES})")
"""Names, in any spelling, of what an envelope says about its list."""
_GROUPS = {"meta", "links", "page", "pageinfo", "paging", "pagination"}
"""Objects of an envelope that describe the list; they may be nested, as `meta.pagination`."""
_LEVELS = 2
_FALSE = {b"null", b"false", b"0", b'""', b"[]", b"{}"}


class Meta(msgspec.Struct):
    """The counts of an envelope; None if missing, or neither a number nor a numeric string."""

    current_page: Any = None
    last_page: Any = None
    per_page: Any = None
    total: Any = None
    next_cursor: Any = msgspec.UNSET

    def __post_init__(self) -> None:
        """Convert the counts to numbers."""
        self.current_page = _count(self.current_page)
        self.last_page = _count(self.last_page)
        self.per_page = _count(self.per_page)
        self.total = _count(self.total)


class Envelope(msgspec.Struct):
    """A list as received; None or UNSET for what is missing."""

    data: list[msgspec.Raw] | msgspec.UnsetType | None = msgspec.UNSET
    meta: Meta | None = None
    next_cursor: str | int | msgspec.UnsetType | None = msgspec.UNSET

    @property
    def counts(self) -> Meta:
        """The counts; all None without `meta`."""
        return self.meta or Meta()

    @property
    def items(self) -> list[msgspec.Raw] | None:
        """The items; None if `data` is not a list."""
        if self.data is None and self.counts.total == 0:
            return []  # null is how Go writes an empty list
        return self.data if isinstance(self.data, list) else None


_decode = msgspec.json.Decoder(Envelope).decode


@dataclass(frozen=True)
class Entries(Generic[T]):
    """The entries of a list that no document describes.

    Attributes:
        items: The entries.
        last_page: The number of the last page; None or 0 if the server does not say so.
        total: How many entries the list has; None if the server does not say so.
        says_more: Whether the response says that more entries follow.
    """

    items: list[T]
    last_page: int | None
    total: int | None
    says_more: bool

    def misses_some(self, count: int) -> bool:
        """Return whether the list has more entries than came, by its last response."""
        return self.says_more or (self.total or 0) > count


def parse_entries(body: bytes, read: Callable[[Any], T], array: str) -> Entries[T]:
    """Read a response of a list that no document describes.

    Args:
        body: The body as received.
        read: Reads an entry from decoded JSON.
        array: What a bare array would be, such as `a list of tables`.

    Raises:
        BadBodyError: The body is not a list.
    """
    envelope = read_envelope(body, array)
    if envelope.items is None:
        reject_form(body, array)
    try:
        entries = [msgspec.json.decode(item) for item in envelope.items]
    except REFUSED:
        reject_form(body, array)
    counts = envelope.counts
    hints = read_hints(body, None)
    total = hints.total if counts.total is None else counts.total
    return Entries([read(entry) for entry in entries], counts.last_page, total, bool(hints.more))


def read_envelope(body: bytes, array: str | None) -> Envelope:
    """Split a body into the parts of an envelope.

    Args:
        body: The body as received.
        array: What a bare array would be, for errors; None if the body must be an object.

    Raises:
        BadBodyError: It is neither such an object nor such an array.
    """
    try:
        return _decode(body)
    except REFUSED:
        return _decode_leniently(body, array)


def _decode_leniently(body: bytes, array: str | None) -> Envelope:
    """Read a bare array, or what strict JSON does not allow: NaN, lone surrogates, very deep nesting and the like."""
    try:
        if array is not None and _is_array(body):
            return Envelope(_split(body))
        found = members(body)
        parts: dict[str, Any] = {
            name: msgspec.json.decode(found[name]) for name in ("meta", "next_cursor") if name in found
        }
        if "data" in found:
            parts["data"] = None if bytes(found["data"]) == b"null" else _split(bytes(found["data"]))
        return msgspec.convert(parts, Envelope)
    except (NotJSONError, *REFUSED):
        reject_form(body, array)


def _split(array: bytes) -> list[msgspec.Raw]:
    return [msgspec.Raw(bytes(item)) for item in items(array)]


class Hints(NamedTuple):
    """What an envelope without counts says about its list, under names that no document of Makini's gives.

    Nothing of this leads to a page. It only shows that records are missing.

    Attributes:
        more: What says that more records follow, such as `hasMore`; None if nothing does.
        more_is_flag: Whether that is no more than true or false.
        end: Whether something says that no more records follow.
        total: The largest count of records; None if there is none.
    """

    more: str | None = None
    more_is_flag: bool = False
    end: bool = False
    total: int | None = None


def read_hints(body: bytes, number: int | None) -> Hints:
    """Read what an envelope without counts says about its list.

    Args:
        body: The body as received.
        number: The 1-based number of the page; None if it does not matter.

    Raises:
        BadBodyError: It reports an error beside its list.
    """
    if _is_array(body):
        return Hints()
    outer = members(body)
    _check_success(outer)
    more, end, total = dict[str, bool](), False, list[int]()
    for name, value in _descriptions(outer, _LEVELS):
        spelled = _spelled(name)
        count = int(value) if _DIGITS.fullmatch(value.decode(errors="replace")) else None
        is_flag = value in {b"true", b"false"}
        says_more = _MORE.fullmatch(spelled) is not None
        if says_more or (is_flag and _LAST.fullmatch(spelled)):
            if _is_true(value) == says_more:
                more[name] = is_flag
            else:
                end = True
        elif count is None:
            continue
        elif _PAGES.fullmatch(spelled):
            if number is not None and count > number:
                more[name] = False
        elif _TOTAL.fullmatch(spelled):
            total.append(count)
    return Hints(next(iter(more), None), all(more.values()), end, max(total, default=None))


def _check_success(parts: Mapping[str, JSON]) -> None:
    for name, value in parts.items():
        is_error = name.lower() in {"error", "errors"} and _is_true(value)
        if is_error or (name.lower() in {"success", "ok"} and not _is_true(value)):
            raise BadBodyError(f"the response reports an error beside its list: {name}")


def _descriptions(parts: Mapping[str, JSON], levels: int) -> Iterator[tuple[str, bytes]]:
    """Yield what an envelope, or a part of it, says about the list."""
    for name, value in parts.items():
        raw = bytes(value).strip()
        if not raw.startswith((b"[", b"{")):
            yield name, raw
        elif raw.startswith(b"{") and levels and _spelled(name) in _GROUPS:
            yield from _descriptions(members(raw), levels - 1)


def _spelled(name: str) -> str:
    return "".join(filter(str.isalnum, name)).lower()


def _is_true(value: JSON) -> bool:
    return b"".join(bytes(value).split()) not in _FALSE


def _is_array(body: bytes) -> bool:
    return body[:64].removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"[")


def _count(value: object) -> int | None:
    """Return a count: a number, or a numeric string, as PHP servers send it; None for anything else."""
    if isinstance(value, str):
        value = int(value) if _DIGITS.fullmatch(value) else None
    elif isinstance(value, float):
        value = int(value) if value.is_integer() else None
    if type(value) is not int:
        return None
    return value if value >= 0 else reject(f"'meta' counts {value}")


def reject_form(body: bytes, array: str | None) -> NoReturn:
    """Raise an error that describes a body which is not a list; the arguments are those of `read_envelope`.

    Raises:
        BadBodyError: Always.
    """
    expected = "an object with the list 'data'"
    raise BadBodyError(
        f"expected {expected if array is None else f'{array} or {expected}'}, but the body is {describe(body)}"
    )


def reject(cause: str) -> NoReturn:
    """Raise an error for a response that contradicts itself.

    Raises:
        BadBodyError: Always.
    """
    raise BadBodyError(f"the response contradicts itself: {cause}")
