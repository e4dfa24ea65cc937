"""Define what each type of column accepts as it is, and what it can convert without loss.

- string: text. Converted: numbers and booleans to the text that they are written as, objects and arrays to JSON text.
- number: numbers within the range of a double, with all digits. Converted: text that is such a number.
- integer: whole numbers within 64 bits. Converted: `5.0`, `5e0` and text that is such a number.
- boolean: `true`, `false`. Converted: the texts `"true"`, `"false"`, but not `0`, `1` or `"yes"`, which could not be
  distinguished from `true` afterwards.
- date-time: `YYYY-MM-DDTHH:MM:SSZ` with up to 6 digits of a second, the form of all samples of the v3 spec. Converted:
  other zones to UTC; without a zone it is UTC, a date is its midnight.
- date: `YYYY-MM-DD`. Converted: a date-time that is midnight in UTC.

No column accepts a text with a NUL character or a lone surrogate, since databases refuse them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, NamedTuple

import msgspec

from tap_makini.rawjson import NUMBER_PATTERN, REFUSED, NotJSONError, holds_nul, text_json
from tap_makini.timestamps import DATE_PATTERN, DATE_TIME_PATTERN, read_date_time

Convert = Callable[[bytes], "bytes | None"]
"""Returns what a column can hold of the JSON of a value; None if that loses something."""

_NUMBER = re.compile(NUMBER_PATTERN)
_MICROSECOND_DIGITS = 6
_INT64_DIGITS = 19
_INT64 = 2**63

_read_string = msgspec.json.Decoder(str).decode


class ColumnType(NamedTuple):
    """A type of column.

    Attributes:
        form: The msgspec type of what is accepted as it is.
        convert: Converts other values.
        fallback: Returns what takes the place of a value that cannot be converted; None leaves null.
    """

    form: Any
    convert: Convert
    fallback: Convert = lambda _: None


def refuse_nul(raw: bytes) -> None:
    """Raise `msgspec.ValidationError`, like a decoder, if a text holds a NUL character."""
    if holds_nul(raw):
        msg = "a text holds a NUL character"
        raise msgspec.ValidationError(msg)


def clean_text(raw: bytes) -> str | None:
    """Decode a JSON string; return None if it is not one, or holds a NUL character or a lone surrogate."""
    try:
        text = _read_string(raw)
    except REFUSED:
        return None
    return None if "\x00" in text else text


def json_text(raw: bytes) -> bytes:
    """Return a JSON string that holds the JSON of a value."""
    return text_json(raw.decode())


def held_json(raw: bytes) -> bytes:
    """Return the JSON that a text holds; raise if reading it would lose some of it."""
    text = clean_text(raw) or ""
    try:
        json.loads(text, object_pairs_hook=_distinct)
        return msgspec.json.format(text.encode(), indent=-1)
    except (ValueError, RecursionError) as error:
        raise NotJSONError from error


def _distinct(pairs: list[tuple[str, object]]) -> None:
    if len(dict(pairs)) < len(pairs):
        raise NotJSONError


def _to_string(raw: bytes) -> bytes | None:
    if raw[:1] in b"{[":
        return json_text(raw)
    if raw[:1] == b'"':
        return None if clean_text(raw) is None else raw
    return None if raw == b"null" else b'"%b"' % raw


def _to_number(raw: bytes) -> bytes | None:
    digits = _digits(raw)
    # beyond a double, readers of the line would see infinity
    return digits.encode() if digits and abs(float(digits)) != float("inf") else None


def _to_integer(raw: bytes) -> bytes | None:
    digits = _digits(raw)
    try:
        number = Decimal(digits or "NaN")
    except InvalidOperation:
        return None
    if not number.is_finite() or number.adjusted() >= _INT64_DIGITS or number != number.to_integral_value():
        return None
    return b"%d" % int(number) if -_INT64 <= number < _INT64 else None


def _digits(raw: bytes) -> str | None:
    text = clean_text(raw) if raw[:1] == b'"' else raw.decode()
    return text if text and _NUMBER.fullmatch(text) else None


def _to_boolean(raw: bytes) -> bytes | None:
    return {b'"true"': b"true", b'"false"': b"false"}.get(raw)


def _to_date_time(raw: bytes) -> bytes | None:
    second, fraction = _read_date_time(raw)
    return None if fraction[_MICROSECOND_DIGITS:].strip("0") else _write_date_time(second, fraction)


def _to_date_time_cut(raw: bytes) -> bytes | None:
    """Cut digits beyond microseconds, which no target's type holds."""
    return _write_date_time(*_read_date_time(raw))


def _write_date_time(second: datetime | None, fraction: str) -> bytes | None:
    if second is None:
        return None
    point = "." if fraction else ""
    return f'"{second.isoformat()}{point}{fraction[:_MICROSECOND_DIGITS]}Z"'.encode()


def _to_date(raw: bytes) -> bytes | None:
    second, fraction = _read_date_time(raw)
    if second is None or fraction.strip("0") or second != datetime.combine(second, datetime.min.time()):
        return None
    return f'"{second.date()}"'.encode()


def _read_date_time(raw: bytes) -> tuple[datetime | None, str]:
    """Read the second in UTC (without tzinfo) and the digits of its fraction."""
    return read_date_time(clean_text(raw) or "")


STRING = ColumnType(str, _to_string)
DATE_TIME = ColumnType(
    Annotated[str, msgspec.Meta(pattern=rf"^{DATE_TIME_PATTERN}\Z")],
    _to_date_time,
    _to_date_time_cut,
)
DATE = ColumnType(Annotated[str, msgspec.Meta(pattern=rf"^{DATE_PATTERN}\Z")], _to_date)
NUMBER = ColumnType(float, _to_number)
INTEGER = ColumnType(Annotated[int, msgspec.Meta(ge=-_INT64, le=_INT64 - 1)], _to_integer)
BOOLEAN = ColumnType(bool, _to_boolean)
OPEN_OBJECT = ColumnType(dict[str, Any], lambda _: None)
OPEN_ARRAY = ColumnType(list[Any], lambda _: None)
ANYTHING = ColumnType(Any, lambda _: None)
