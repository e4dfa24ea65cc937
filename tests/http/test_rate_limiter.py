from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from tap_makini.errors import CredentialError, EntityAbsentError, TransientError, WaitTooLongError
from tap_makini.http.rate_limiter import RateLimiter

if TYPE_CHECKING:
    from collections.abc import Callable


class Clock:
    """Shows a time that passes only while somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0
        self.waits: list[float | None] = []
        self.meanwhile: Callable[[], None] = lambda: None

    def monotonic(self) -> float:
        return self.now

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout)
        self.now += timeout or 0.0
        self.meanwhile()
        return False


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock.monotonic)
    monkeypatch.setattr(threading.Condition, "wait", lambda _, timeout=None: clock.wait(timeout))
    return clock


def go(limiter: RateLimiter, budget: float = 900.0) -> None:
    with limiter.permit(budget):
        pass


def refuse(limiter: RateLimiter, retry_after: float) -> None:
    error = TransientError("the server answered 429", retry_after=retry_after)
    with suppress(TransientError), limiter.permit(900.0):
        limiter.note_response({}, error, is_limit=True)
        raise error


def test_open_limiter_keeps_nobody(clock: Clock) -> None:
    limiter = RateLimiter()
    for _ in range(1000):
        go(limiter)
    assert clock.waits == []


def test_closed_limiter_is_waited_for_to_the_end(clock: Clock) -> None:
    limiter = RateLimiter()
    refuse(limiter, 7.5)
    go(limiter)
    assert clock.now >= 7.5


def test_waking_early_does_not_open_the_limiter(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    limiter = RateLimiter()
    refuse(limiter, 8.0)
    monkeypatch.setattr(threading.Condition, "wait", lambda _, timeout: clock.wait(min(timeout, 3.0)))
    go(limiter)
    assert clock.now == 8.0


def test_wait_beyond_the_budget_is_not_begun(clock: Clock) -> None:
    limiter = RateLimiter()
    refuse(limiter, 100.0)
    with pytest.raises(WaitTooLongError, match="asks to wait 100 s, while 99 s"):
        go(limiter, budget=99.0)
    assert clock.waits == []
    go(limiter, budget=100.0)


def test_budget_covers_all_waits_together(clock: Clock) -> None:
    limiter = RateLimiter()
    refuse(limiter, 60.0)
    clock.meanwhile = lambda: limiter.note_response({}, TransientError("429", retry_after=60.0), is_limit=True)
    with pytest.raises(WaitTooLongError):
        go(limiter, budget=100.0)
    assert clock.now == 60.0


def test_own_limit_is_waited_for_whatever_the_budget(clock: Clock) -> None:
    limiter = RateLimiter(requests_per_minute=2)
    for _ in range(5):
        go(limiter, budget=0.0)
    assert clock.now == 120.0


def test_headers_close_the_limiter(clock: Clock) -> None:
    limiter = RateLimiter()
    with limiter.permit(900.0):
        limiter.note_response({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "30"}, None, is_limit=False)
    go(limiter)
    assert clock.now == 30.0


def test_one_limiter_does_not_close_another(clock: Clock) -> None:
    closed, other = RateLimiter(), RateLimiter()
    refuse(closed, 60.0)
    go(other)
    assert clock.waits == []


@pytest.mark.parametrize("reason", [CredentialError("revoked", "Fix it."), SystemExit(143)])
def test_shut_limiter_meets_everybody_with_the_reason(clock: Clock, reason: BaseException) -> None:
    limiter = RateLimiter()
    refuse(limiter, 600.0)
    clock.meanwhile = lambda: limiter.shut(reason)
    for _ in range(2):
        with pytest.raises(type(reason)):
            go(limiter)
    assert len(clock.waits) == 1


@pytest.mark.parametrize(
    ("error", "widens"),
    [(EntityAbsentError("404", "Deselect it."), True), (TransientError("reset"), False), (KeyboardInterrupt(), False)],
)
def test_error_leaves_the_limiter_passable(clock: Clock, error: BaseException, widens: bool) -> None:  # noqa: FBT001 - the case
    limiter = RateLimiter()
    limiter.note_response({}, TransientError("503", retry_after=1.0), is_limit=False)
    with pytest.raises(type(error)), limiter.permit(900.0):
        raise error
    clock.waits.clear()
    clock.meanwhile = lambda: limiter.shut(TimeoutError())
    with limiter.permit(900.0):
        if widens:
            go(limiter)
        else:
            with pytest.raises(TimeoutError):
                go(limiter)
    assert len(clock.waits) == (0 if widens else 1)


def test_threads_pass_one_by_one_after_a_wait() -> None:
    limiter, together, most = RateLimiter(), 0, []
    limiter.note_response({}, TransientError("503", retry_after=0.0), is_limit=False)
    first_is_in, may_leave = threading.Event(), threading.Event()

    def pass_once() -> None:
        nonlocal together
        with limiter.permit(900.0):
            together += 1
            most.append(together)
            first_is_in.set()
            assert may_leave.wait(10)
            together -= 1
            raise_for_narrow_limiter()

    def raise_for_narrow_limiter() -> None:
        raise TransientError("no success, so the limiter stays narrow")

    def run() -> None:
        with pytest.raises(TransientError):
            pass_once()

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert first_is_in.wait(10)
    may_leave.set()
    for thread in threads:
        thread.join(10)
    assert most == [1] * 8
