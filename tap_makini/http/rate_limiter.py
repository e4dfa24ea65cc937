"""Decide when a request may be made under a token, and how long to wait before a retry.

Makini limits requests per connection and window, "usually a minute", the numbers unpublished, and sends `Retry-After`
(product FAQ). What one response asks for holds for all requests under its token.
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
        is_servers: Whether the server's limit is the reason, not our own.
    """

    seconds: float
    is_servers: bool


_UNTIL_A_RESPONSE = Hold(math.inf, is_servers=False)


class Permit(NamedTuple):
    """A request under way.

    Attributes:
        begun: When it began.
        blocks: How many blocks there had been by then.
    """

    begun: float
    blocks: int


class ObservedLimit:
    """The number of requests that the server accepted before its last 429, and the length of the window.

    Without it, all requests in flight at the end of a window are refused, and a sliding window refuses one a second. A
    request beyond that number is sent alone, once per window. If it is accepted, the number was too low (other programs
    may have used the token, or the limit was raised) and grows; at twice the number, two are sent at once.
    """

    def __init__(self) -> None:
        self._accepted: list[float] = []
        self._limit: int | None = None
        self._limit_when_refused = 1
        self._window = 0.0
        self._burst_began: float | None = None
        self._refused_at = -math.inf

    def hold(self, now: float, in_flight: int) -> Hold | None:
        """Return what keeps a request from being made now; None if nothing does."""
        if self._limit is None:
            return None
        recent = self._accepted_since(now - self._window)
        if recent + in_flight < self._limit:
            return None
        if in_flight >= self._limit // self._limit_when_refused:
            return _UNTIL_A_RESPONSE
        last = min(self._refused_at, self._accepted[-recent]) if recent else self._refused_at
        seconds = last + self._window - now
        return Hold(seconds, is_servers=True) if seconds > 0 else None

    def accept(self, begun: float, now: float) -> None:
        """Note that the server has accepted a request."""
        self._accepted.append(now)
        if self._accepted[0] <= now - 2 * MINUTE:
            del self._accepted[: bisect_right(self._accepted, now - MINUTE)]
        if self._burst_began is None or self._burst_began <= self._refused_at < begun:
            self._burst_began = begun
        if self._limit is not None:
            self._limit = max(self._limit, self._accepted_since(now - self._window))

    def refuse(self, now: float, seconds: float) -> None:
        """Note that the server has answered 429 and asks for a wait."""
        if self._burst_began is None:  # nothing was accepted yet: others have used up the limit
            return
        self._window = max(self._window, min(now + seconds - self._burst_began, MINUTE))
        self._limit = max(self._accepted_since(max(now - self._window, self._burst_began)), 1)
        self._limit_when_refused = self._limit
        self._refused_at = now

    def _accepted_since(self, start: float) -> int:
        return len(self._accepted) - bisect_right(self._accepted, start)


class RateLimit:
    """What is known about the limits under a token; without a clock and without threads.

    Times are seconds of any clock that does not go back.

    Args:
        requests_per_minute: The most requests to begin in any minute; None for any number.

    Attributes:
        blocked_until: When the server accepts requests again.
    """

    def __init__(self, requests_per_minute: int | None) -> None:
        self._begun = deque[float](maxlen=requests_per_minute or 0)
        self._observed = ObservedLimit()
        self._in_flight = 0
        self._width = math.inf
        self.blocked_until = -math.inf
        self._blocks = 0
        self._blocks_in_a_row = 0
        self._remaining: int | None = None
        self._maybe_older_responses = 0

    def hold(self, now: float) -> Hold | None:
        """Return what keeps a request from being made now; None if nothing does."""
        if now < self.blocked_until:
            return Hold(self.blocked_until - now, is_servers=True)
        if self._in_flight >= self._width:
            return _UNTIL_A_RESPONSE
        begun = self._begun
        if begun and len(begun) == begun.maxlen and now < begun[0] + MINUTE:
            return Hold(begun[0] + MINUTE - now, is_servers=False)
        if self._remaining is not None and self._in_flight >= max(self._remaining, 1):
            return _UNTIL_A_RESPONSE
        return None if self._remaining else self._observed.hold(now, self._in_flight)

    def begin(self, now: float) -> Permit:
        """Note that a request is made."""
        self._in_flight += 1
        self._begun.append(now)
        return Permit(now, self._blocks)

    def end(self, now: float, permit: Permit, *, was_accepted: bool) -> None:
        """Note that a request is over, and whether the server accepted it, rather than refused it or fell silent."""
        self._in_flight -= 1
        self._maybe_older_responses = max(self._maybe_older_responses - 1, 0)
        if not was_accepted:
            return
        self._observed.accept(permit.begun, now)
        if permit.blocks == self._blocks:  # a request begun before a block says nothing about the time after
            self._width += 1
            self._blocks_in_a_row = 0

    def block(self, now: float, seconds: float, *, is_limit: bool) -> None:
        """Hold all requests for a time; afterwards let one go, and one more at once with each that is accepted.

        If block follows block and nothing is accepted in between, each lasts at least twice as long.

        Args:
            now: When the response came.
            seconds: For how long.
            is_limit: Whether a limit on requests (429) is the reason.
        """
        if now >= self.blocked_until:
            if self._blocks_in_a_row:
                seconds = max(seconds, 2.0 ** min(self._blocks_in_a_row, _MAX_DOUBLINGS))
            self._blocks_in_a_row += 1
        self.blocked_until = max(self.blocked_until, now + seconds)
        self._blocks += 1
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
        if remaining == 0 and reset is not None and now + reset > self.blocked_until:
            self.block(now, reset, is_limit=False)


class RateLimiter:
    """Let requests go as the limits under one token allow; thread-safe.

    Args:
        requests_per_minute: The most requests to begin in any minute; None for as many as the server accepts.
        owner: Whose requests they are, for the log; None for the only connection.
    """

    def __init__(self, requests_per_minute: int | None = None, owner: str | None = None) -> None:
        self._of_owner = "" if owner is None else f" of {owner}"
        self._limit = RateLimit(requests_per_minute)
        self._changed = threading.Condition()
        self._stopped_by: BaseException | None = None
        self._refusal: MakiniError | None = None

    def acquire(self, budget: float) -> Permit:
        """Wait until a request may be made. Whoever gets a permit must release it.

        Args:
            budget: Seconds to wait at most because of the server's limits.

        Raises:
            WaitTooLongError: The server asks for a longer wait.
        """
        with self._changed:
            while True:
                if self._stopped_by is not None:
                    raise self._stopped_by
                now = time.monotonic()
                hold = self._limit.hold(now)
                if hold is None:
                    return self._limit.begin(now)
                if not hold.is_servers:
                    self._changed.wait(None if math.isinf(hold.seconds) else hold.seconds)
                    continue
                if hold.seconds > budget:
                    raise _wait_too_long(hold.seconds, budget, self._refusal)
                if hold.seconds >= _LOGGED_FROM_SECONDS:
                    logger.info("Waiting %.1f s for the rate limit%s.", hold.seconds, self._of_owner)
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
                self._limit.block(now, refusal.retry_after, is_limit=isinstance(refusal, TooManyRequestsError))
            was_accepted = headers is not None and not isinstance(refusal, TransientError)
            self._limit.end(now, permit, was_accepted=was_accepted)
            self._changed.notify_all()

    def wait_before_retry(self, error: TransientError, retries: int, left: float) -> float | None:
        """Return how long to wait before a retry; None if it is not worth it.

        `Retry-After` is never cut short; all requests under the token wait for it, and go on a little apart. Without it
        the wait is random (full jitter), and its upper end doubles.

        Args:
            error: The error of the last attempt.
            retries: How many retries there have been.
            left: Seconds that are left for all retries; a wait that does not fit is not begun.

        Raises:
            WaitTooLongError: The server asks for a wait that does not fit.
        """
        if error.retry_after is None:
            longest = min(2.0 ** min(retries, _MAX_DOUBLINGS), _MAX_JITTER)
            wait = random.uniform(0.0, longest)  # noqa: S311 - no secret
        else:
            seconds = max(error.retry_after, self._limit.blocked_until - time.monotonic())
            if seconds > left:
                raise _wait_too_long(seconds, left, error)
            wait = min(seconds + random.uniform(0.0, min(1.0, seconds / 10)), left)  # noqa: S311 - no secret
        return None if wait > left or retries >= error.max_retries else wait

    def stop(self, reason: BaseException) -> None:
        """Refuse all further requests: raise the reason in every thread that waits or comes later."""
        with self._changed:
            self._stopped_by = reason
            self._changed.notify_all()


def _wait_too_long(seconds: float, left: float, refusal: MakiniError | None) -> WaitTooLongError:
    cause = "the rate limit is reached" if refusal is None else refusal.cause
    left = max(left, 0.0)
    return WaitTooLongError(
        f"{cause}, and the server asks for a wait of {seconds:.0f} s, "
        f"but only {left:.0f} s of max_wait_seconds are left",
        f"Run again in {seconds:.0f} s, or raise max_wait_seconds.",
        None if refusal is None else refusal.request_id,
    )
