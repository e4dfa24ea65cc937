"""Instants: points in time, always in UTC, as this tap reads, compares and writes them.

All samples of the v3 spec look like `2025-01-02T03:04:05Z`, but source systems put other forms into records, and
text forms cannot be compared: `…00Z` sorts behind `…00.500Z`, and offsets break any order.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime, timezone

_FORM = re.compile(r"(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d+))?\s*([Zz]|[+-]\d\d:?\d\d)?)?", re.ASCII)
_USUAL_LENGTH = len("2025-01-02T03:04:05Z")


def parse_timestamp(value: object) -> datetime | None:
    """Read a date or date-time; one without a zone is UTC, a date is its midnight.

    Args:
        value: Anything found in a record, a setting or a state.

    Returns:
        An aware datetime in UTC, microsecond precision, or None where the value is no readable date.
    """
    if not isinstance(value, str):
        return None
    if len(value) == _USUAL_LENGTH and value[4::3] == "--T::Z":
        with suppress(ValueError):  # what is not of the usual form after all is looked at more closely
            return datetime.fromisoformat(f"{value[:-1]}+00:00")
    if (match := _FORM.fullmatch(value.strip())) is None:
        return None
    day, clock, fraction, zone = match.groups()
    offset = "+00:00" if zone in {None, "Z", "z"} else f"{zone[:3]}:{zone[-2:]}"
    try:
        instant = datetime.fromisoformat(f"{day}T{clock or '00:00'}{offset}")
        return instant.astimezone(timezone.utc).replace(microsecond=int(f"{fraction or 0:0<6}"[:6]))
    except (ValueError, OverflowError):
        return None


def format_timestamp(instant: datetime) -> str:
    """Write an instant for the state: fixed precision, so that equal instants are equal text."""
    return _in_utc(instant, "microseconds")


def format_whole_seconds(instant: datetime) -> str:
    """Write an instant for a filter, in the only form that all samples of the v3 spec use: whole seconds."""
    return _in_utc(instant, "seconds")


def _in_utc(instant: datetime, precision: str) -> str:
    # not strftime, which writes the year 1, a popular stand-in for "never", as "1" on some platforms
    return f"{instant.astimezone(timezone.utc).replace(tzinfo=None).isoformat(timespec=precision)}Z"


def floor_second(instant: datetime) -> datetime:
    """Cut an instant to the whole second that a filter can name."""
    return instant.replace(microsecond=0)


def floor_day(instant: datetime) -> datetime:
    """Cut an instant to the beginning of its day in UTC."""
    return instant.replace(hour=0, minute=0, second=0, microsecond=0)
