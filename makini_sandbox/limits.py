"""Limit the requests of a token, and write `Retry-After` in every form that a server may give it."""

from __future__ import annotations

from collections import defaultdict, deque
from datetime import datetime, timedelta
from email.utils import format_datetime
from math import ceil
from typing import TYPE_CHECKING

from makini_sandbox.responses import Refusal

if TYPE_CHECKING:
    from makini_sandbox.behaviour import Behaviour
    from makini_sandbox.faults import RetryAfterForm


def http_date(moment: datetime) -> str:
    """Write an instant as HTTP headers do, without fractions of a second."""
    return format_datetime(moment.replace(microsecond=0), usegmt=True)


def retry_after(form: RetryAfterForm, seconds: int, now: datetime) -> dict[str, str]:
    """Return the header that asks the client to wait, none if the form is `missing`."""
    if form == "missing":
        return {}
    values = {
        "seconds": str(seconds),
        "http_date": http_date(now + timedelta(seconds=seconds)),
        "negative": "-5",
        "garbage": "soon",
    }
    return {"Retry-After": values[form]}


class RateLimiter:
    """Counts each token's requests in a window that slides with the sandbox's clock."""

    def __init__(self) -> None:
        self._admitted: dict[str, deque[datetime]] = defaultdict(deque)

    def admit(self, token: str, behaviour: Behaviour, now: datetime) -> dict[str, str]:
        """Count a request.

        Returns:
            The headers with the limit.

        Raises:
            Refusal: 429 if the window is full; such a request is not counted.
        """
        limit = behaviour.rate_limit
        if limit is None:
            return {}
        admitted = self._admitted[token]
        window = timedelta(seconds=behaviour.rate_window_seconds)
        while admitted and admitted[0] <= now - window:
            admitted.popleft()
        headers: dict[str, str] = {}
        if behaviour.rate_limit_headers:
            remaining = max(0, limit - len(admitted) - 1)
            headers = {"X-RateLimit-Limit": str(limit), "X-RateLimit-Remaining": str(remaining)}
        if len(admitted) < limit:
            admitted.append(now)
            return headers
        seconds = behaviour.retry_after_seconds
        if seconds is None:
            free_at = admitted[0] + window if admitted else now + window
            seconds = ceil((free_at - now).total_seconds())
        raise Refusal(429, "Too many requests.", headers=headers | retry_after(behaviour.retry_after, seconds, now))
