"""How long to wait before a request is made again.

The vendor's `Retry-After` is obeyed: never waited shorter, a little longer so that workers do not return at the same
moment. Without it the wait grows exponentially, with full jitter. One budget in time covers a request and all its
repetitions; a wait that would not fit is not begun.
"""

from __future__ import annotations

import random
import re
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import backoff

from tap_makini.errors import MakiniError, TransientError, WaitTooLongError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from backoff.types import Details

P = ParamSpec("P")
T = TypeVar("T")

_SECONDS = re.compile(r"\s*(\d+(?:\.\d+)?)\s*", re.ASCII)
_LONGEST_GUESS = 60.0
_FOREVER = 1e9


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Read `Retry-After` in either of its forms.

    Args:
        headers: The headers of the answer. A date is measured against the answer's own `Date`, since this machine's
            clock may differ from the vendor's.

    Returns:
        Seconds to wait, above 0, or None where the header is missing, past or not to be understood.
    """
    text = headers.get("Retry-After", "")
    numbers = [_SECONDS.fullmatch(part) for part in text.split(",")]
    if all(numbers):  # several headers arrive as a list; the longest wait obeys them all
        seconds = min(max(float(number[1]) for number in numbers if number), _FOREVER)
    else:
        try:
            until = parsedate_to_datetime(text).timestamp()
        except (TypeError, ValueError, OverflowError):
            return None
        seconds = until - _date(headers)
    return seconds if seconds > 0 else None


def _date(headers: Mapping[str, str]) -> float:
    try:
        return parsedate_to_datetime(headers.get("Date", "")).timestamp()
    except (TypeError, ValueError, OverflowError):
        return time.time()


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
