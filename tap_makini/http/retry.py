"""How long to wait before a request is made again.

The vendor's `Retry-After` is obeyed: never waited shorter, a little longer so that workers do not return at the same
moment. Without it the wait grows exponentially, with full jitter. One budget in time covers a request and all its
repetitions; a wait that would not fit is not begun.
"""

from __future__ import annotations

import random
import re
import time
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import backoff

from tap_makini.errors import MakiniError, TransientError, WaitTooLongError
from tap_makini.http.server_clock import parse_http_date, seconds_until

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from backoff.types import Details

P = ParamSpec("P")
T = TypeVar("T")

_SECONDS = re.compile(r"\s*(\d+(?:\.\d+)?)\s*", re.ASCII)
_BETWEEN_WAITS = re.compile(r"(?<!mon|tue|wed|thu|fri|sat|sun|day),", re.IGNORECASE)
"""The commas between the values of several headers, but not the one within a date."""
_LONGEST_GUESS = 60.0
_FOREVER = 1e9


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Read `Retry-After` in either of its forms.

    Args:
        headers: The headers of the response. A date is measured against the response's own `Date`, since this
            machine's clock may differ from the vendor's. Several headers arrive joined by commas; the longest wait
            satisfies them all.

    Returns:
        Seconds to wait, above 0, or None where the header is missing, in the past or not understood.
    """
    found = (_seconds(text, headers) for text in _BETWEEN_WAITS.split(headers.get("Retry-After", "")))
    longest = max((seconds for seconds in found if seconds is not None), default=0.0)
    return min(longest, _FOREVER) if longest > 0 else None


def _seconds(text: str, headers: Mapping[str, str]) -> float | None:
    if number := _SECONDS.fullmatch(text):
        return float(number[1])
    until = parse_http_date(text)
    return None if until is None else seconds_until(until.timestamp(), headers)


def waits(budget: float) -> Generator[float, TransientError, None]:
    """Give the wait before each repetition; end where the next one is not worth it or would not fit.

    A generator for `backoff`: it is sent the error of the last try.

    Args:
        budget: Seconds for a request and all its repetitions.

    Yields:
        Seconds to wait.

    Raises:
        WaitTooLongError: The vendor itself asks for a wait that does not fit.
    """
    started = time.monotonic()
    guesses = backoff.expo(max_value=_LONGEST_GUESS)
    error = yield next(guesses)
    for repetition, guess in enumerate(guesses):
        left = budget - (time.monotonic() - started)
        wait = backoff.full_jitter(guess) if error.retry_after is None else _longer(error, left, budget)
        if wait > left or repetition >= error.repetitions:
            return
        error = yield wait


def _longer(error: TransientError, left: float, budget: float) -> float:
    asked = error.retry_after or 0.0
    if asked > left:
        raise WaitTooLongError(
            f"{error.cause}, and the vendor asks to wait {asked:.0f} s, while {left:.0f} s of "
            f"max_wait_seconds ({budget:.0f}) are left",
            f"Run again in {asked:.0f} s, or raise max_wait_seconds.",
            error.request_id,
        )
    spread = random.uniform(0.0, min(1.0, asked / 10))  # noqa: S311 - spreads load, no secret
    return min(asked + spread, left)


def repeat(request: Callable[P, T], budget: float, on_wait: Callable[[float, MakiniError], None]) -> Callable[P, T]:
    """Have a request's transient errors waited out.

    Args:
        request: Makes one try.
        budget: Seconds for a request and all its repetitions.
        on_wait: Told the seconds and the error before each wait.

    Returns:
        The request, repeated until it succeeds, fails for good or the budget is spent.
    """

    def tell(details: Details) -> None:
        error = details["exception"]
        if isinstance(error, MakiniError):
            on_wait(details["wait"], error)

    return backoff.on_exception(waits, TransientError, jitter=None, logger=None, on_backoff=tell, budget=budget)(
        request
    )
