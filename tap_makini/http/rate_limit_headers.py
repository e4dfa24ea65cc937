"""What a server tells ahead of time of how many requests it will still take."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from tap_makini.http.server_clock import seconds_until

if TYPE_CHECKING:
    from collections.abc import Mapping

_LEADING_NUMBER = re.compile(r"\s*(\d{1,15}(?:\.\d{1,9})?)\s*(?:[,;].*)?", re.ASCII)
_COMBINED = re.compile(r"\b(remaining|reset|r|t)\s*=\s*(\d{1,15}(?:\.\d{1,9})?)(?![\w.])", re.ASCII | re.IGNORECASE)
_EPOCH_FROM = 10**9
_MILLISECONDS_FROM = 10**11


class RateLimitHeaders(NamedTuple):
    """What one answer tells of the limit.

    Attributes:
        remaining: How many requests more will be taken; None where it is not said.
        reset: Seconds until the count starts anew, above 0; None where it is not said.
    """

    remaining: int | None
    reset: float | None


def read_rate_limit_headers(headers: Mapping[str, str]) -> RateLimitHeaders:
    """Read `X-RateLimit-*`, `RateLimit-*` and the combined `RateLimit`, of which any may be missing or nonsense.

    The limit itself is not read: how much of it is left already says all that matters.

    Args:
        headers: The headers of an answer, found by name in any case.

    Returns:
        What they tell; where several do, the fewest requests and the longest time.
    """
    combined = {name.lower(): number for name, number in _COMBINED.findall(headers.get("RateLimit", ""))}
    remaining = [
        _number(headers.get("X-RateLimit-Remaining")),
        _number(headers.get("RateLimit-Remaining")),
        _number(combined.get("remaining", combined.get("r"))),
    ]
    resets = [
        _number(headers.get("X-RateLimit-Reset")),
        _number(headers.get("RateLimit-Reset")),
        _number(combined.get("reset", combined.get("t"))),
    ]
    seconds = [_delta(reset, headers) for reset in resets if reset is not None]
    return RateLimitHeaders(
        remaining=min((int(number) for number in remaining if number is not None), default=None),
        reset=max((second for second in seconds if second > 0), default=None),
    )


def _number(text: str | None) -> float | None:
    match = _LEADING_NUMBER.fullmatch(text or "")
    return float(match[1]) if match else None


def _delta(reset: float, headers: Mapping[str, str]) -> float:
    """Turn an epoch, in seconds or milliseconds, into a duration by the server's own clock."""
    if reset < _EPOCH_FROM:
        return reset
    return seconds_until(reset / 1000 if reset >= _MILLISECONDS_FROM else reset, headers)
