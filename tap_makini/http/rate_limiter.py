"""Decide when a request may be made under a token, and how long to wait before one is repeated.

The vendor limits requests per connection and window, "usually a minute", the numbers unpublished, and sends
`Retry-After` (product FAQ). What one response asks for holds for all requests under its token.
"""

from __future__ import annotations

import logging
import math
import random
import threading
import time
from bisect import bisect_right
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from tap_makini.errors import TooManyRequestsError, TransientError, WaitTooLongError
from tap_makini.http.response import RATE_LIMIT_HEADERS, read_rate_limit_headers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_makini.errors import MakiniError
    from tap_makini.http.response import RateLimitHeaders

logger = logging.getLogger(__name__)

MINUTE = 60.0
_MAX_DOUBLINGS = 6
_MAX_JITTER = 60.0
_LOGGED_FROM_SECONDS = 1.0


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

    Without it, all requests in flight would be refused at the end of each window, and a sliding window would refuse one
    a second. So what goes beyond the observed number goes alone, once a window. If it is taken, the number was too low
    (other programs may have used the token, or the limit was raised) and grows; at twice the number, two go at once.
    """

    def __init__(self) -> None:
        self._taken: list[float] = []
        self._limit: int | None = None
        self._limit_when_refused = 1
        self._window = 0.0
        self._burst_began: float | None = None
        self._refused_at = -math.inf

    def hold(self, now: float, in_flight: int) -> Hold | None:
        """Return what keeps a request from being made now; None if nothing does."""
        if self._limit is None:
            return None
        recent = self._taken_since(now - self._window)
        if recent + in_flight < self._limit:
            return None
        if in_flight >= self._limit // self._limit_when_refused:
            return _UNTIL_A_RESPONSE
        last = min(self._refused_at, self._taken[-recent]) if recent else self._refused_at
        seconds = last + self._window - now
        return Hold(seconds, is_vendors=True) if seconds > 0 else None

    def take(self, begun: float, now: float) -> None:
        """Note that the server has taken a request."""
        self._taken.append(now)
        if self._taken[0] <= now - 2 * MINUTE:
            del self._taken[: bisect_right(self._taken, now - MINUTE)]
        if self._burst_began is None or self._burst_began <= self._refused_at < begun:
            self._burst_began = begun
        if self._limit is not None:
            self._limit = max(self._limit, self._taken_since(now - self._window))

    def refuse(self, now: float, seconds: float) -> None:
        """Note that the server has answered 429, and asks to wait."""
        if self._burst_began is None:  # nothing was taken yet: others have used up the limit
            return
        self._window = max(self._window, min(now + seconds - self._burst_began, MINUTE))
        self._limit = max(self._taken_since(max(now - self._window, self._burst_began)), 1)
        self._limit_when_refused = self._limit
        self._refused_at = now

    def _taken_since(self, instant: float) -> int:
        return len(self._taken) - bisect_right(self._taken, instant)


class RateLimit:
    """What is known about the limits under a token; without a clock and without threads.

    Times are seconds of any clock that does not go back.

    Args:
        requests_per_minute: The most requests to begin in any minute; None for any number.

    Attributes:
        opens_at: When the vendor takes requests again.
    """

    def __init__(self, requests_per_minute: int | None) -> None:
        self._begun = deque[float](maxlen=requests_per_minute or 0)
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
        return None if self._remaining else self._observed.hold(now, self._in_flight)

    def begin(self, now: float) -> Permit:
        """Note that a request is made."""
        self._in_flight += 1
        self._begun.append(now)
        return Permit(now, self._closings)

    def end(self, now: float, permit: Permit, *, was_taken: bool) -> None:
        """Note that a request is over, and whether the server took it, rather than refused it or fell silent."""
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

        If closing follows closing and nothing is taken in between, each lasts at least twice as long. `is_limit` says
        that a limit on requests (429) is the reason.
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


class RateLimiter:
    """Let requests go as the limits under one token allow; thread-safe.

    Args:
        requests_per_minute: The most requests to begin in any minute; None for as many as the vendor takes.
    """

    def __init__(self, requests_per_minute: int | None = None) -> None:
        self._limit = RateLimit(requests_per_minute)
        self._changed = threading.Condition()
        self._shut_by: BaseException | None = None
        self._refusal: MakiniError | None = None

    def acquire(self, budget: float) -> Permit:
        """Wait until a request may be made. Whoever gets a permit must release it.

        Args:
            budget: Seconds to wait at most because of the vendor's limits.

        Raises:
            WaitTooLongError: The vendor asks for a longer wait.
        """
        with self._changed:
            while True:
                if self._shut_by is not None:
                    raise self._shut_by
                now = time.monotonic()
                hold = self._limit.hold(now)
                if hold is None:
                    return self._limit.begin(now)
                if not hold.is_vendors:
                    self._changed.wait(None if math.isinf(hold.seconds) else hold.seconds)
                    continue
                if hold.seconds > budget:
                    raise _wait_too_long(hold.seconds, budget, self._refusal)
                if hold.seconds >= _LOGGED_FROM_SECONDS:
                    logger.info("Waiting %.1f s, as the vendor asks of all requests under this token.", hold.seconds)
                self._changed.wait(hold.seconds)
                budget -= time.monotonic() - now

    def release(
        self, permit: Permit, headers: Mapping[str, str] | None = None, refusal: MakiniError | None = None
    ) -> None:
        """Note that a request is over, and follow what its response says, for all requests under the token.

        Args:
            permit: The request.
            headers: The headers of its response; None if none came.
            refusal: The error that the response stands for; one with `retry_after` holds all requests for that time.
        """
        with self._changed:
            now = time.monotonic()
            if headers is not None and any(map(headers.get, RATE_LIMIT_HEADERS)):
                self._limit.note_headers(now, read_rate_limit_headers(headers))
            if isinstance(refusal, TransientError) and refusal.retry_after is not None:
                self._refusal = refusal
                self._limit.close(now, refusal.retry_after, is_limit=isinstance(refusal, TooManyRequestsError))
            was_taken = headers is not None and not isinstance(refusal, TransientError)
            self._limit.end(now, permit, was_taken=was_taken)
            self._changed.notify_all()

    def wait_before_retry(self, error: TransientError, repetition: int, left: float) -> float | None:
        """Return how long to wait before a request is repeated; None if it is not worth repeating.

        `Retry-After` is never cut short; all requests under the token wait for it, and go on a little apart. Without it
        the wait is random (full jitter), and its upper end doubles.

        Args:
            error: The error of the last try.
            repetition: How many times the request has been repeated before.
            left: Seconds that are left for all repetitions; a wait that does not fit is not begun.

        Raises:
            WaitTooLongError: The vendor asks for a wait that does not fit.
        """
        if error.retry_after is None:
            wait = random.uniform(0.0, min(2.0 ** min(repetition, _MAX_DOUBLINGS), _MAX_JITTER))  # noqa: S311 - no secret
        else:
            seconds = max(error.retry_after, self._limit.opens_at - time.monotonic())
            if seconds > left:
                raise _wait_too_long(seconds, left, error)
            wait = min(seconds + random.uniform(0.0, min(1.0, seconds / 10)), left)  # noqa: S311
        return None if wait > left or repetition >= error.repetitions else wait

    def shut(self, reason: BaseException) -> None:
        """Refuse all further requests: raise the reason in every thread that waits or comes later."""
        with self._changed:
            self._shut_by = reason
            self._changed.notify_all()


def _wait_too_long(seconds: float, left: float, refusal: MakiniError | None) -> WaitTooLongError:
    cause = "the vendor limits requests" if refusal is None else refusal.cause
    left = max(left, 0.0)
    return WaitTooLongError(
        f"{cause}, and the vendor asks to wait {seconds:.0f} s, while {left:.0f} s of max_wait_seconds are left",
        f"Run again in {seconds:.0f} s, or raise max_wait_seconds.",
        None if refusal is None else refusal.request_id,
    )
