from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

import pytest

from tap_makini.errors import (
    CredentialError,
    EntityAbsentError,
    MakiniError,
    TooManyRequestsError,
    TransientError,
    WaitTooLongError,
)
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


def send(limiter: RateLimiter, budget: float = 900.0) -> None:
    """Make a request that succeeds."""
    limiter.release(limiter.acquire(budget), {})


def refuse(limiter: RateLimiter, retry_after: float, kind: type[TransientError] = TooManyRequestsError) -> None:
    """Make a request that the server refuses."""
    limiter.release(limiter.acquire(900.0), {}, kind("refused", retry_after=retry_after))


def test_an_open_limiter_holds_no_request(clock: Clock) -> None:
    limiter = RateLimiter()
    for _ in range(1000):
        send(limiter)
    assert clock.waits == []


def test_a_block_is_waited_for_to_its_end(clock: Clock) -> None:
    limiter = RateLimiter()
    refuse(limiter, 7.5)
    send(limiter)
    assert clock.now >= 7.5


@pytest.mark.parametrize(("owner", "named"), [(None, "rate limit."), ("acme", "rate limit of acme.")])
def test_the_log_says_whose_rate_limit_is_waited_for(
    clock: Clock, caplog: pytest.LogCaptureFixture, owner: str | None, named: str
) -> None:
    limiter = RateLimiter(owner=owner)
    refuse(limiter, 7.5)
    with caplog.at_level(logging.INFO):
        send(limiter)
    assert caplog.messages == [f"Waiting 7.5 s for the {named}"]
    assert clock.now == 7.5


def test_waking_early_does_not_end_a_block(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    limiter = RateLimiter()
    refuse(limiter, 8.0)
    monkeypatch.setattr(threading.Condition, "wait", lambda _, timeout: clock.wait(min(timeout, 3.0)))
    send(limiter)
    assert clock.now == 8.0


def test_a_wait_beyond_the_budget_is_not_begun(clock: Clock) -> None:
    limiter = RateLimiter()
    refuse(limiter, 100.0)
    with pytest.raises(WaitTooLongError, match="asks for a wait of 100 s, but only 99 s"):
        send(limiter, budget=99.0)
    assert clock.waits == []
    send(limiter, budget=100.0)


def test_the_budget_covers_all_waits_together(clock: Clock) -> None:
    limiter = RateLimiter()
    other = limiter.acquire(900.0)
    refuse(limiter, 60.0)
    clock.meanwhile = lambda: limiter.release(other, {}, TooManyRequestsError("429", retry_after=60.0))
    with pytest.raises(WaitTooLongError):
        send(limiter, budget=100.0)
    assert clock.now == 60.0


def test_the_users_own_limit_is_waited_for_whatever_the_budget(clock: Clock) -> None:
    limiter = RateLimiter(requests_per_minute=2)
    for _ in range(5):
        send(limiter, budget=0.0)
    assert clock.now == 120.0


def test_headers_block_requests(clock: Clock) -> None:
    limiter = RateLimiter()
    limiter.release(limiter.acquire(900.0), {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "30"})
    send(limiter)
    assert clock.now == 30.0


def test_one_limiter_does_not_block_another(clock: Clock) -> None:
    blocked, other = RateLimiter(), RateLimiter()
    refuse(blocked, 60.0)
    send(other)
    assert clock.waits == []


@pytest.mark.parametrize("reason", [CredentialError("revoked", "Fix it."), SystemExit(143)])
def test_a_stopped_limiter_raises_the_reason_for_everybody(clock: Clock, reason: BaseException) -> None:
    limiter = RateLimiter()
    refuse(limiter, 600.0)
    clock.meanwhile = lambda: limiter.stop(reason)
    for _ in range(2):
        with pytest.raises(type(reason)):
            send(limiter)
    assert len(clock.waits) == 1


@pytest.mark.parametrize(
    ("headers", "refusal", "widens"),
    [
        ({}, None, True),
        ({}, EntityAbsentError("404", "Deselect it."), True),
        ({}, TransientError("503"), False),
        (None, None, False),
    ],
    ids=["success", "absent", "outage", "no response"],
)
def test_only_an_accepted_request_lets_more_go_at_once(
    clock: Clock,
    headers: dict[str, str] | None,
    refusal: MakiniError | None,
    widens: bool,  # noqa: FBT001 - the case
) -> None:
    limiter = RateLimiter()
    refuse(limiter, 1.0, TransientError)
    limiter.release(limiter.acquire(900.0), headers, refusal)
    clock.waits.clear()
    clock.meanwhile = lambda: limiter.stop(TimeoutError())
    limiter.acquire(900.0)
    if widens:
        limiter.acquire(900.0)
    else:
        with pytest.raises(TimeoutError):
            limiter.acquire(900.0)
    assert len(clock.waits) == (0 if widens else 1)


def test_threads_pass_one_by_one_after_a_wait() -> None:
    limiter, together, most = RateLimiter(), 0, []
    refuse(limiter, 0.0, TransientError)
    first_is_in, may_leave = threading.Event(), threading.Event()

    def fail_once() -> None:
        nonlocal together
        permit = limiter.acquire(900.0)
        together += 1
        most.append(together)
        first_is_in.set()
        assert may_leave.wait(10)
        together -= 1
        limiter.release(permit)

    threads = [threading.Thread(target=fail_once) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert first_is_in.wait(10)
    may_leave.set()
    for thread in threads:
        thread.join(10)
    assert most == [1] * 8
