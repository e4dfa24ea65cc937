"""Know the limits under a token: whether one more request may be made now, and if not, how long to wait.

The vendor limits requests per connection and window, "usually a minute", the numbers unpublished, and sends
`Retry-After` (product FAQ). There is no clock and no thread in here: `RateLimiter` brings both.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tap_makini.http.headers import RateLimitHeaders

MINUTE = 60.0
_MAX_DOUBLINGS = 6
_SHORTEST_WAIT = 0.001
_NEARLY = 0.9
_ROUNDING = 1.0  # second, to which servers round their times


class Hold(NamedTuple):
    """Why a request has to wait.

    Attributes:
        seconds: At most how long; infinite if only the end of another request can change it.
        is_vendors: Whether the vendor's limit is the reason, not our own.
    """

    seconds: float
    is_vendors: bool


_UNTIL_A_RESPONSE = Hold(math.inf, is_vendors=False)


class Permit(NamedTuple):
    """A request under way.

    Attributes:
        begun: When it began.
        closings: How often the rate limit had been closed by then.
    """

    begun: float
    closings: int


class ObservedLimit:
    """The number of requests that the server took before it last answered 429, and the window they fell into.

    `Retry-After` alone keeps no limit: of several requests in flight all are refused when the window is full, and a
    window that slides has room for one more each second. So that there is one 429 a window, what goes beyond the
    observed number goes alone, and not again until a window has passed. If it is taken, the number was too low (other
    programs may have used the token, or the limit was raised), and it grows.
    """

    def __init__(self) -> None:
        self._taken: list[float] = []
        self._limit: int | None = None
        self._confirmed = 1
        self._window = MINUTE
        self._burst_began: float | None = None
        self._refused_at = -math.inf

    def wait(self, now: float, in_flight: int) -> float:
        """Return the seconds until a request may begin; infinity if the next response decides."""
        if self._limit is None:
            return 0.0
        recent = self._count(now - self._window)
        if recent + in_flight < self._confirmed:
            return 0.0
        may_probe = in_flight < max(1, self._limit // self._confirmed)
        if may_probe and (recent + in_flight < self._limit or now >= self._refused_at + self._window):
            return 0.0
        room_at = self._taken[-recent] + self._window if recent else math.inf
        probe_at = self._refused_at + self._window if may_probe else math.inf
        return max(min(room_at, probe_at) - now, _SHORTEST_WAIT)

    def take(self, begun: float, now: float) -> None:
        """Note that the server has taken a request."""
        self._taken.append(now)
        if self._taken[0] <= now - 2 * MINUTE:
            del self._taken[: bisect_right(self._taken, now - MINUTE)]
        if self._burst_began is None or self._burst_began <= self._refused_at < begun:
            self._burst_began = begun
        if self._limit is not None:
            self._limit = max(self._limit, self._count(now - self._window + _ROUNDING))
            if begun < self._refused_at:
                self._confirmed = self._limit

    def refuse(self, now: float, seconds: float) -> None:
        """Note that the server has answered 429, and asks to wait."""
        if self._burst_began is None:  # nothing was taken yet: others have used up the limit
            return
        span = min(now + seconds - self._burst_began, MINUTE)
        if self._limit is None or span > self._window:
            self._window = span
        if self._limit is None or span > _NEARLY * self._window:  # else it is a window that slides, a little early
            self._limit = max(self._count(max(now - self._window, self._burst_began - _ROUNDING)), 1)
        self._confirmed = self._limit
        self._refused_at = now

    def _count(self, after: float) -> int:
        return len(self._taken) - bisect_right(self._taken, after)


class RateLimit:
    """What is known about the limits under a token; without a clock and without threads.

    Times are seconds of any clock that does not go back.

    Args:
        requests_per_minute: The most requests to begin in any minute; None for any number.

    Attributes:
        opens_at: When the vendor takes requests again.
    """

    def __init__(self, requests_per_minute: int | None) -> None:
        self._begun: deque[float] | None = None
        if requests_per_minute is not None:
            self._begun = deque(maxlen=requests_per_minute)
        self._observed = ObservedLimit()
        self._in_flight = 0
        self._width = math.inf
        self.opens_at = -math.inf
        self._closings = 0
        self._closings_in_a_row = 0
        self._remaining: int | None = None
        self._maybe_older_responses = 0

    def hold(self, now: float) -> Hold | None:
        """Return what keeps a request from being made now; None if nothing does."""
        if now < self.opens_at:
            return Hold(self.opens_at - now, is_vendors=True)
        if self._in_flight >= self._width:
            return _UNTIL_A_RESPONSE
        begun = self._begun
        if begun and len(begun) == begun.maxlen and now < begun[0] + MINUTE:
            return Hold(begun[0] + MINUTE - now, is_vendors=False)
        if self._remaining is not None and self._in_flight >= max(self._remaining, 1):
            return _UNTIL_A_RESPONSE
        seconds = 0.0 if self._remaining else self._observed.wait(now, self._in_flight)
        if math.isinf(seconds):
            return _UNTIL_A_RESPONSE
        return Hold(seconds, is_vendors=True) if seconds else None

    def begin(self, now: float) -> Permit:
        """Note that a request is made."""
        self._in_flight += 1
        if self._begun is not None:
            self._begun.append(now)
        return Permit(now, self._closings)

    def end(self, now: float, permit: Permit, *, was_taken: bool) -> None:
        """Note that a request is over.

        Args:
            now: The time.
            permit: The request.
            was_taken: Whether the server took it, rather than refused it or fell silent.
        """
        self._in_flight -= 1
        self._maybe_older_responses = max(self._maybe_older_responses - 1, 0)
        if not was_taken:
            return
        self._observed.take(permit.begun, now)
        if permit.closings == self._closings:  # a request begun before the closing says nothing about the time after
            self._width += 1
            self._closings_in_a_row = 0

    def close(self, now: float, seconds: float, *, is_limit: bool) -> None:
        """Hold all requests for a time; afterwards let one go, and one more at once with each that is taken.

        If closing follows closing and nothing is taken in between, each lasts at least twice as long.

        Args:
            now: The time.
            seconds: How long, as the vendor asks.
            is_limit: Whether a limit on requests (429) is the reason.
        """
        if now >= self.opens_at:
            if self._closings_in_a_row:
                seconds = max(seconds, 2.0 ** min(self._closings_in_a_row, _MAX_DOUBLINGS))
            self._closings_in_a_row += 1
        self.opens_at = max(self.opens_at, now + seconds)
        self._closings += 1
        self._width = 1
        if is_limit:
            self._remaining = None
            self._observed.refuse(now, seconds)

    def note_headers(self, now: float, headers: RateLimitHeaders) -> None:
        """Note what a response says about the limit, before its request is over.

        Responses overtake each other, so of those that were under way together the lowest number is right.
        """
        remaining, reset = headers
        if remaining is None:
            return
        if self._maybe_older_responses and self._remaining is not None and remaining > self._remaining:
            return
        self._remaining = remaining
        self._maybe_older_responses = self._in_flight
        if remaining == 0 and reset is not None and now + reset > self.opens_at:
            self.close(now, reset, is_limit=False)
