"""The gate that all requests under one token pass: what the vendor asks for holds for all of them at once."""

from __future__ import annotations

import logging
import math
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tap_makini.errors import TransientError, WaitTooLongError
from tap_makini.http.rate_limit import RateLimit
from tap_makini.http.rate_limit_headers import read_rate_limit_headers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_makini.errors import MakiniError
    from tap_makini.http.rate_limit import Permit

logger = logging.getLogger(__name__)

_WORTH_TELLING_SECONDS = 1.0


class RateLimiter:
    """Lets requests pass as the limits allow; safe to be used by many threads.

    The vendor limits requests per connection and window, and asks with `Retry-After` to wait (product FAQ).

    Args:
        requests_per_minute: How many requests may begin in any minute; None for as many as the vendor takes.
    """

    def __init__(self, requests_per_minute: int | None = None) -> None:
        self._flow = RateLimit(requests_per_minute)
        self._changed = threading.Condition()
        self._shut_by: BaseException | None = None
        self._reason: MakiniError | None = None

    @property
    def closed_for(self) -> float:
        """Seconds until the vendor takes requests again, 0 if it does now."""
        with self._changed:
            return self._flow.closed_for(time.monotonic())

    @contextmanager
    def passing(self, budget: float) -> Iterator[None]:
        """Wait until a request may be made, and make it within the context.

        The answer's headers and what it asks for are to be told within the context too, and a refusal or a missing
        answer leaves it as a `TransientError`: any other end means that the server took the request.

        Args:
            budget: Seconds that may be waited because of the vendor's limits.

        Raises:
            WaitTooLongError: The vendor asks for a longer wait.
        """
        passage = self._enter(budget)
        was_taken = False
        try:
            yield
            was_taken = True
        except BaseException as error:
            was_taken = isinstance(error, Exception) and not isinstance(error, TransientError)
            raise
        finally:
            with self._changed:
                self._flow.end(time.monotonic(), passage, was_taken=was_taken)
                self._changed.notify_all()

    def close(self, seconds: float, *, is_limit: bool = True, reason: MakiniError | None = None) -> None:
        """Stop all work under the token, since the vendor asks to wait.

        Args:
            seconds: What it asks for.
            is_limit: Whether it does so because of too many requests (429), not of a trouble of its own (503).
            reason: The answer in which it does.
        """
        with self._changed:
            self._reason = reason
            self._flow.close(time.monotonic(), seconds, is_limit=is_limit)
            self._changed.notify_all()

    def heed(self, headers: Mapping[str, str]) -> None:
        """Take in what an answer tells of the limits, with `X-RateLimit-*`, `RateLimit-*` or `RateLimit`."""
        quota = read_rate_limit_headers(headers)
        with self._changed:
            self._flow.heed(time.monotonic(), quota)
            self._changed.notify_all()

    def shut(self, reason: BaseException) -> None:
        """Let nobody pass any more: who waits, or comes later, is met with the reason."""
        with self._changed:
            self._shut_by = reason
            self._changed.notify_all()

    def _enter(self, budget: float) -> Permit:
        with self._changed:
            while True:
                if self._shut_by is not None:
                    raise self._shut_by
                now = time.monotonic()
                hold = self._flow.hold(now)
                if hold is None:
                    return self._flow.begin(now)
                if not hold.is_vendors:
                    self._changed.wait(None if math.isinf(hold.seconds) else hold.seconds)
                    continue
                if hold.seconds > budget:
                    raise self._too_long(hold.seconds, budget)
                if hold.seconds >= _WORTH_TELLING_SECONDS:
                    logger.info("Waiting %.1f s, as the vendor asks of all requests under this token.", hold.seconds)
                self._changed.wait(hold.seconds)
                budget -= time.monotonic() - now

    def _too_long(self, seconds: float, budget: float) -> WaitTooLongError:
        cause = "the vendor limits requests" if self._reason is None else self._reason.cause
        return WaitTooLongError(
            f"{cause}, and the vendor asks to wait {seconds:.0f} s, while {max(budget, 0):.0f} s of max_wait_seconds "
            "are left",
            f"Run again in {seconds:.0f} s, or raise max_wait_seconds.",
            None if self._reason is None else self._reason.request_id,
        )
