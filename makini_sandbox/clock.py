"""Time as the sandbox tells it, so that a test can move it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from time import monotonic

Clock = Callable[[], datetime]

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)


def system_clock() -> datetime:
    """The machine's time, in UTC."""
    return datetime.now(timezone.utc)


def clock_from(start: datetime) -> Clock:
    """A clock that shows ``start`` now and runs on at the usual speed."""
    begun = monotonic()
    return lambda: start + timedelta(seconds=monotonic() - begun)


class ManualClock:
    """A clock that stands still until it is moved.

    Attributes:
        now: What it shows; may be set.
    """

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """What the clock shows."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Move the clock on."""
        self.now += timedelta(seconds=seconds)


def parse_instant(text: object) -> int | None:
    """Microseconds since 1970 of an ISO 8601 date or date-time, None where it is not one.

    A text without an offset is taken as UTC, a plain date as its first instant.
    """
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return (moment - _EPOCH) // _MICROSECOND


def isoformat(moment: datetime) -> str:
    """An instant as the API writes it: to the second, in UTC, with ``Z``."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
