"""Read, compare and write timestamps, always in UTC.

All samples of the v3 spec look like `2025-01-02T03:04:05Z`, but source systems put other forms into records. Texts of
different forms cannot be compared: `…00Z` sorts after `…00.500Z`, and offsets break any order.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

_YEAR = "(?!0000)[0-9]{4}"
_DAY = "(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
_TIME = r"T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?Z"
DATE_PATTERN = f"{_YEAR}-{_DAY}"
"""The pattern of valid dates without 29 February, which depends on the year."""
DATE_TIME_PATTERN = f"{DATE_PATTERN}{_TIME}"
"""The pattern of valid date-times in the form of all samples of the v3 spec, on the same days."""

_DATE_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d+))?)? ?([Zz]|[+-]\d\d(?::?\d\d)?)?)?", re.ASCII
)
_USUAL_FORM = re.compile(r"(?:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z)+", re.ASCII)
_HOURS, _MINUTES = 24, 60


def parse_timestamps(values: Sequence[Any]) -> list[datetime | None]:
    """Read dates and date-times, like `parse_timestamp`, but much faster if all are of the usual form."""
    with suppress(TypeError, msgspec.ValidationError):  # not all are texts, or valid dates
        if _USUAL_FORM.fullmatch("".join(values)):
            timestamps: list[datetime | None] = msgspec.convert(values, list[datetime])
            return timestamps
    return list(map(parse_timestamp, values))


def parse_timestamp(value: object) -> datetime | None:
    """Read a date or date-time, with or without white space around it.

    Args:
        value: Anything from a record, a setting or a state.

    Returns:
        An aware datetime in UTC, cut to microseconds, or None if the value is not a valid date.
    """
    if not isinstance(value, str):
        return None
    if _USUAL_FORM.fullmatch(value):
        with suppress(msgspec.ValidationError):
            return msgspec.convert(value, datetime)
    second, fraction = read_date_time(value.strip())
    return second and second.replace(microsecond=int(f"{fraction or 0:0<6}"[:6]), tzinfo=timezone.utc)


def read_date_time(text: str) -> tuple[datetime | None, str]:
    """Read a date or date-time of any form that the tap understands.

    The form is that of RFC 3339, where the seconds, the zone, or the whole time may be missing. A time without a zone
    is in UTC, a date is its midnight.

    Returns:
        The second in UTC, without tzinfo, and the digits of its fraction. None if the text is not a valid date.
    """
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        return None, ""
    day, minute, second, fraction, zone = match.groups()
    try:
        local = datetime.fromisoformat(f"{day}T{minute or '00:00'}:{second or '00'}")
        return local - _offset(zone or "Z"), fraction or ""
    except (ValueError, OverflowError):
        return None, ""


def _offset(zone: str) -> timedelta:
    if zone in "Zz":
        return timedelta(0)
    hours, minutes = int(zone[1:3]), int(zone[3:].lstrip(":") or 0)
    if hours >= _HOURS or minutes >= _MINUTES:
        raise ValueError(zone)
    size = timedelta(hours=hours, minutes=minutes)
    return -size if zone[0] == "-" else size


def format_timestamp(timestamp: datetime, precision: str = "microseconds") -> str:
    """Write a timestamp in UTC. The precision is fixed, so that equal timestamps are equal texts."""
    # strftime writes the year 1, which often stands for "never", as "1" on some platforms
    return f"{timestamp.astimezone(timezone.utc).replace(tzinfo=None).isoformat(timespec=precision)}Z"


def floor_second(timestamp: datetime) -> datetime:
    """Cut a timestamp to the whole second that a filter can name."""
    return timestamp.replace(microsecond=0)


def floor_day(timestamp: datetime) -> datetime:
    """Cut a timestamp to the beginning of its day in UTC."""
    return timestamp.replace(hour=0, minute=0, second=0, microsecond=0)
