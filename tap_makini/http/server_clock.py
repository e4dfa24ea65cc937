"""What a response's headers say about time, by the server's own clock."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def parse_http_date(text: str | None) -> datetime | None:
    """Parse an HTTP date in any of its three forms.

    A date without a zone, or with `-0000`, is UTC (RFC 9110 knows no other zone). The standard library returns such a
    date without a zone, and its `timestamp()` would depend on this machine's own zone.

    Args:
        text: The header's value, if there is one.

    Returns:
        An aware datetime, or None where the text is not a date.
    """
    try:
        date = parsedate_to_datetime(text or "")
    except (TypeError, ValueError, OverflowError):
        return None
    return date.replace(tzinfo=timezone.utc) if date.tzinfo is None else date


def clock_skew(headers: Mapping[str, str]) -> timedelta:
    """Return the server's clock minus this machine's, by the header `Date`.

    Args:
        headers: The headers of a response that has just come.

    Returns:
        The difference, to within a second and the time the response took; 0 where the server does not tell its time.
    """
    date = parse_http_date(headers.get("Date"))
    return timedelta(0) if date is None else date - datetime.now(timezone.utc)


def seconds_until(instant: float, headers: Mapping[str, str]) -> float:
    """Return the seconds from the server's present to an instant that it names.

    Args:
        instant: Seconds since 1970.
        headers: The headers of the response that names it; without a `Date`, this machine's clock counts.
    """
    date = parse_http_date(headers.get("Date"))
    return instant - (time.time() if date is None else date.timestamp())
