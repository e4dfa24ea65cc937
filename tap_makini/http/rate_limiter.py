"""Decide when a request may be made under a token, and how long to wait before one is repeated.

What one response asks for holds for all requests under its token.
"""

from __future__ import annotations

import logging
import math
import random
import threading
import time
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING

from tap_makini.errors import TransientError, WaitTooLongError
from tap_makini.http.headers import read_rate_limit_headers
from tap_makini.http.rate_limit import RateLimit

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    from tap_makini.errors import MakiniError
    from tap_makini.http.rate_limit import Permit

logger = logging.getLogger(__name__)

_MAX_DOUBLINGS = 6
_MAX_JITTER = 60.0
_LOGGED_FROM_SECONDS = 1.0


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

    @contextmanager
    def permit(self, budget: float) -> Iterator[None]:
        """Wait until a request may be made, and make it within the context.

        Call `note_response` within the context too. A refusal, or no response, must leave it as a `TransientError`:
        any other end means that the server took the request.

        Args:
            budget: Seconds to wait at most because of the vendor's limits.

        Raises:
            WaitTooLongError: The vendor asks for a longer wait.
        """
        permit = self._acquire(budget)
        was_taken = False
        try:
            yield
            was_taken = True
        except BaseException as error:
            was_taken = isinstance(error, Exception) and not isinstance(error, TransientError)
            raise
        finally:
            with self._changed:
                self._limit.end(time.monotonic(), permit, was_taken=was_taken)
                self._changed.notify_all()

    def note_response(self, headers: Mapping[str, str], refusal: MakiniError | None, *, is_limit: bool) -> None:
        """Follow what a response says about limits, for all requests under the token.

        Args:
            headers: Its headers.
            refusal: The error that it stands for; one with `retry_after` holds all requests for that time.
            is_limit: Whether it refuses because of too many requests (429).
        """
        found = read_rate_limit_headers(headers)
        with self._changed:
            now = time.monotonic()
            self._limit.note_headers(now, found)
            if isinstance(refusal, TransientError) and refusal.retry_after is not None:
                self._refusal = refusal
                self._limit.close(now, refusal.retry_after, is_limit=is_limit)
            self._changed.notify_all()

    def waits(self, budget: float) -> Generator[float, TransientError, None]:
        """Yield how long to wait before each repetition of a request; end when it is not worth repeating.

        A wait generator for `backoff`, which sends the error of the last try. `Retry-After` is never cut short; all
        requests under the token wait for it, and go on a little apart. Without it the wait is random (full jitter), and
        its upper end doubles.

        Args:
            budget: Seconds for a request and all its repetitions; a wait that does not fit is not begun.

        Raises:
            WaitTooLongError: The vendor asks for a wait that does not fit.
        """
        deadline = time.monotonic() + budget
        error = yield 0.0
        for repetition in count():
            now = time.monotonic()
            left = deadline - now
            if error.retry_after is not None:
                seconds = max(error.retry_after, self._limit.opens_at - now)
                if seconds > left:
                    raise _wait_too_long(seconds, left, error)
                wait = min(seconds + random.uniform(0.0, min(1.0, seconds / 10)), left)  # noqa: S311 - no secret
            else:
                wait = random.uniform(0.0, min(2.0 ** min(repetition, _MAX_DOUBLINGS), _MAX_JITTER))  # noqa: S311
            if wait > left or repetition >= error.repetitions:
                return
            error = yield wait

    def shut(self, reason: BaseException) -> None:
        """Refuse all further requests: raise the reason in every thread that waits or comes later."""
        with self._changed:
            self._shut_by = reason
            self._changed.notify_all()

    def _acquire(self, budget: float) -> Permit:
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


def _wait_too_long(seconds: float, left: float, refusal: MakiniError | None) -> WaitTooLongError:
    cause = "the vendor limits requests" if refusal is None else refusal.cause
    left = max(left, 0.0)
    return WaitTooLongError(
        f"{cause}, and the vendor asks to wait {seconds:.0f} s, while {left:.0f} s of max_wait_seconds are left",
        f"Run again in {seconds:.0f} s, or raise max_wait_seconds.",
        None if refusal is None else refusal.request_id,
    )
