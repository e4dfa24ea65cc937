"""A token and how long it is good for, as the API's answers tell."""

from __future__ import annotations

import math
import time
from typing import Any, NamedTuple

import msgspec

from tap_makini.errors import BadBodyError
from tap_makini.rawjson import REFUSED

_ABSOLUTE_FROM = 10**9
_MILLISECONDS_FROM = 10**11
_TOKEN_NAMES = ("access_token", "token")


class AccessToken(NamedTuple):
    """A token that was given out.

    Attributes:
        token: The token.
        issued_at: When, in seconds since 1970.
        expires_at: When it ends, in seconds since 1970; None where that is not known.
        refresh_token: What a new pair is had for, where there is one.
    """

    token: str
    issued_at: float
    expires_at: float | None = None
    refresh_token: str | None = None

    def is_due(self, share: float) -> bool:
        """Whether a share of its life has passed, so that a new one is to be had."""
        if self.expires_at is None:
            return False
        return time.time() >= self.issued_at + share * (self.expires_at - self.issued_at)


def read_access_token(body: bytes) -> AccessToken:
    """Read an answer that gives a token, under either name, at the top level or under `data` (v3 guide).

    Args:
        body: The body as received.

    Returns:
        The lease.

    Raises:
        BadBodyError: There is no token in it.
    """
    try:
        document = msgspec.json.decode(body)
    except REFUSED:
        raise BadBodyError("the body is no JSON") from None
    for level in (document, document.get("data") if isinstance(document, dict) else None):
        if not isinstance(level, dict):
            continue
        token = next((level[name] for name in _TOKEN_NAMES if _is_token(level.get(name))), None)
        if token is not None:
            refresh_token = level.get("refresh_token")
            now = time.time()
            expires_at = read_expiry(level.get("expires_in"), now)
            return AccessToken(token, now, expires_at, refresh_token if _is_token(refresh_token) else None)
    raise BadBodyError("the answer holds no token")


def read_expiry(expires_in: Any, now: float) -> float | None:  # noqa: ANN401 - any JSON
    """Read `expires_in`, which is a time in most samples of the v3 guide, sometimes as text, and a duration in one.

    Args:
        expires_in: The value; above 10^9 it is a time in seconds since 1970, else a duration in seconds.
        now: Seconds since 1970.

    Returns:
        When the token ends, later than now; None where the value says nothing of the kind.
    """
    if isinstance(expires_in, bool) or not isinstance(expires_in, (int, float, str)):
        return None
    try:
        number = float(expires_in)
    except (ValueError, OverflowError):
        return None
    if not math.isfinite(number) or number <= 0:
        return None
    if number >= _MILLISECONDS_FROM:
        number /= 1000
    expires_at = number if number > _ABSOLUTE_FROM else now + number
    return expires_at if expires_at > now else None


def _is_token(value: object) -> bool:
    return isinstance(value, str) and value.isascii() and value.isprintable() and value != "" and " " not in value
