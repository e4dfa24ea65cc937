"""Tell the sandbox's time, which a test can move, and read and write instants."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from time import monotonic

Clock = Callable[[], datetime]

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MICROSECOND = timedelta(microseconds=1)


def system_clock() -> datetime:
    """Return the machine's time, in UTC."""
    return datetime.now(timezone.utc)


def clock_from(start: datetime) -> Clock:
    """Return a clock that shows `start` now and runs on at the usual speed."""
    begun = monotonic()
    return lambda: start + timedelta(seconds=monotonic() - begun)


class ManualClock:
    """A clock that stands still until it is moved.

    Attributes:
        now: The time that it shows; may be set.
    """

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """Return the time that it shows."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        self.now += timedelta(seconds=seconds)


def parse_instant(text: object) -> int | None:
    """Return the microseconds since 1970 of an ISO 8601 date or date-time, None if it is neither.

    A text without an offset is UTC, a plain date its first instant.
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
    """Write an instant as the API does: to the second, in UTC, with `Z`."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
