"""Read what a response's headers say about time and rate limits, by the server's own clock."""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECONDS = re.compile(r"\s*(\d+(?:\.\d+)?)\s*", re.ASCII)
_BETWEEN_WAITS = re.compile(r"(?<!mon|tue|wed|thu|fri|sat|sun|day),", re.IGNORECASE)
"""The commas between the values of several headers, but not the one within a date."""
_LONGEST_WAIT = 1e9

_LEADING_NUMBER = re.compile(r"\s*(\d{1,15}(?:\.\d{1,9})?)\s*(?:[,;].*)?", re.ASCII)
_COMBINED = re.compile(r"\b(remaining|reset|r|t)\s*=\s*(\d{1,15}(?:\.\d{1,9})?)(?![\w.])", re.ASCII | re.IGNORECASE)
_HEADERS = ("X-RateLimit-Remaining", "X-RateLimit-Reset", "RateLimit-Remaining", "RateLimit-Reset")
_REMAINING = {"remaining", "r"}
_EPOCH_FROM = 10**9
_MILLISECONDS_FROM = 10**11


class RateLimitHeaders(NamedTuple):
    """What one response says about the rate limit.

    Attributes:
        remaining: How many more requests the server takes; None if unknown.
        reset: Seconds until the count starts over, above 0; None if unknown.
    """

    remaining: int | None
    reset: float | None


def clock_skew(headers: Mapping[str, str]) -> timedelta:
    """Return the server's clock minus this machine's, by the header `Date`.

    Args:
        headers: The headers of a response that has just arrived.

    Returns:
        The difference, to within a second and the response time; 0 if the server does not send its time.
    """
    date = parse_http_date(headers.get("Date"))
    return timedelta(0) if date is None else date - datetime.now(timezone.utc)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Read `Retry-After` in either of its forms.

    Args:
        headers: The headers of the response. A date is measured against the response's own `Date`, since this
            machine's clock may differ from the server's. Several headers arrive joined by commas; the longest wait
            satisfies them all.

    Returns:
        Seconds to wait, above 0, or None if the header is missing, in the past or not understood.
    """
    longest = 0.0
    for part in _BETWEEN_WAITS.split(headers.get("Retry-After", "")):
        if number := _SECONDS.fullmatch(part):
            longest = max(longest, float(number[1]))
        elif (until := parse_http_date(part)) is not None:
            longest = max(longest, _seconds_until(until.timestamp(), headers))
    return min(longest, _LONGEST_WAIT) or None


def read_rate_limit_headers(headers: Mapping[str, str]) -> RateLimitHeaders:
    """Read `X-RateLimit-*`, `RateLimit-*` and the combined `RateLimit`, any of which may be missing or nonsense.

    The limit itself is not read: how much of it is left says all that matters.

    Args:
        headers: The headers of a response; names are case-insensitive.

    Returns:
        The fewest requests and the longest time that any of them names.
    """
    remaining, resets = [], []
    found = _COMBINED.findall(headers.get("RateLimit", ""))
    for header in _HEADERS:
        found.append((header.rpartition("-")[2], headers.get(header, "")))
    for name, text in found:
        number = _LEADING_NUMBER.fullmatch(text)
        if number and name.lower() in _REMAINING:
            remaining.append(int(float(number[1])))
        elif number and (seconds := _until(float(number[1]), headers)) > 0:
            resets.append(seconds)
    return RateLimitHeaders(min(remaining, default=None), max(resets, default=None))


def parse_http_date(text: str | None) -> datetime | None:
    """Parse an HTTP date in any of its three forms.

    A date without a zone, or with `-0000`, is UTC (RFC 9110 knows no other zone). The standard library returns such a
    date without a zone, and its `timestamp()` would depend on this machine's own zone.

    Args:
        text: The header's value, if there is one.

    Returns:
        An aware datetime, or None if the text is not a date.
    """
    try:
        date = parsedate_to_datetime(text or "")
    except (TypeError, ValueError, OverflowError):
        return None
    return date.replace(tzinfo=timezone.utc) if date.tzinfo is None else date


def _until(reset: float, headers: Mapping[str, str]) -> float:
    """Return the seconds until a reset, which is a duration, or an epoch in seconds or milliseconds."""
    if reset < _EPOCH_FROM:
        return reset
    return _seconds_until(reset / 1000 if reset >= _MILLISECONDS_FROM else reset, headers)


def _seconds_until(instant: float, headers: Mapping[str, str]) -> float:
    """Return the seconds from the server's present to an instant; without a `Date`, this machine's clock counts."""
    date = parse_http_date(headers.get("Date"))
    return instant - (time.time() if date is None else date.timestamp())
