from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from rate_limit_simulation import MINUTE, FixedWindows, SlidingWindow, simulate

from tap_makini.http.rate_limiter import Hold, RateLimit
from tap_makini.http.response import RateLimitHeaders

if TYPE_CHECKING:
    from collections.abc import Callable

TEN_MINUTES = 600.0
SERVERS: dict[str, Callable[[], FixedWindows | SlidingWindow]] = {
    "windows from a request on": lambda: FixedWindows(60),
    "windows of the clock": lambda: FixedWindows(60, phase=-25.0),
    "sliding window": lambda: SlidingWindow(60),
}


def steady() -> float:
    return 0.2


def varying(seed: int = 1) -> Callable[[], float]:
    chance = random.Random(seed)  # noqa: S311 - no secret
    return lambda: chance.uniform(0.05, 0.6)


@pytest.mark.parametrize("kind", SERVERS)
@pytest.mark.parametrize("workers", [1, 4, 8, 16])
@pytest.mark.parametrize("sends_remaining", [False, True])
@pytest.mark.parametrize("varies", [False, True])
def test_a_limit_is_used_up_and_exceeded_at_most_once_a_window(
    kind: str,
    workers: int,
    sends_remaining: bool,  # noqa: FBT001 - the case
    varies: bool,  # noqa: FBT001 - the case
) -> None:
    run = simulate(
        SERVERS[kind](),
        workers=workers,
        seconds=TEN_MINUTES,
        latency=varying() if varies else steady,
        sends_remaining=sends_remaining,
    )
    first_end = 35.0 if "clock" in kind else MINUTE
    assert len(run.taken) >= 0.95 * 60 * TEN_MINUTES / MINUTE
    assert run.refusals(since=first_end) <= 1
    assert sum(at < first_end for at in run.refused) <= (1 if sends_remaining else workers)


@pytest.mark.parametrize("server", [FixedWindows, SlidingWindow])
def test_a_limit_of_600_a_minute_is_used_up_too(server: type[FixedWindows | SlidingWindow]) -> None:
    run = simulate(server(600), workers=16, seconds=TEN_MINUTES, latency=varying())
    assert len(run.taken) >= 0.95 * 6000
    assert run.refusals(since=MINUTE) <= 1


@pytest.mark.parametrize("server", [FixedWindows, SlidingWindow])
@pytest.mark.parametrize("workers", [1, 4, 16])
def test_a_window_need_not_be_a_minute(server: type[FixedWindows | SlidingWindow], workers: int) -> None:
    run = simulate(server(20, 10.0), workers=workers, seconds=200.0, latency=lambda: 0.02)
    assert len(run.taken) >= 0.95 * 400
    assert run.refusals(since=10.0, window=10.0) <= 1


def test_retry_after_may_always_be_too_short() -> None:
    run = simulate(SlidingWindow(60, retry_after=1.0), workers=4, seconds=TEN_MINUTES, latency=varying())
    assert len(run.taken) >= 0.95 * 600
    assert run.refusals(since=2 * MINUTE) <= 1


def test_a_limit_that_is_raised_is_found_out() -> None:
    limit, server = RateLimit(None), SlidingWindow(60)
    simulate(server, workers=4, seconds=MINUTE, latency=steady, limit=limit)
    server.limit = 240
    run = simulate(server, workers=4, seconds=TEN_MINUTES, latency=steady, limit=limit, start=MINUTE)
    assert sum(at > 5 * MINUTE for at in run.taken) > 0.9 * 240 * 5


def test_a_single_refusal_without_a_limit_slows_down_only_for_moments() -> None:
    limit = RateLimit(None)
    for number in range(3):
        limit.end(number + 0.2, limit.begin(float(number)), was_accepted=True)
    refused = limit.begin(3.0)
    limit.block(3.2, 7.0, is_limit=True)
    limit.end(3.2, refused, was_accepted=False)

    run = simulate(SlidingWindow(10**6), workers=4, seconds=60.0, latency=steady, limit=limit)
    assert len(run.taken) > 0.75 * 50 * 20


def test_beyond_a_limit_of_one_request_the_response_is_waited_for_not_the_vendor() -> None:
    limit = RateLimit(None)
    limit.end(0.2, limit.begin(0.0), was_accepted=True)
    refused = limit.begin(0.3)
    limit.block(0.4, 10.0, is_limit=True)
    limit.end(0.4, refused, was_accepted=False)
    limit.end(70.2, limit.begin(70.0), was_accepted=True)

    limit.begin(140.0)
    assert limit.hold(140.1) == Hold(float("inf"), is_servers=False)


def test_the_users_own_limit_is_kept_and_used_up() -> None:
    run = simulate(SlidingWindow(10**6), workers=4, seconds=300.0, latency=steady, limit=RateLimit(30))
    assert len(run.begun) == 30 * 5
    assert all(later - earlier > MINUTE - 1e-6 for earlier, later in zip(run.begun, run.begun[30:], strict=False))
    assert run.begun[29] < 5.0


def test_after_a_refusal_one_request_goes_and_one_more_for_each_success() -> None:
    limit = RateLimit(None)
    early = [limit.begin(0.0) for _ in range(4)]
    limit.block(1.0, 5.0, is_limit=False)
    for permit in early:
        limit.end(1.5, permit, was_accepted=True)
    assert limit.hold(1.5) == Hold(4.5, is_servers=True)
    assert limit.hold(6.0) is None
    first = limit.begin(6.0)
    assert limit.hold(6.1) is not None
    limit.end(6.2, first, was_accepted=True)
    second = limit.begin(6.2)
    third = limit.begin(6.2)
    assert limit.hold(6.2) is not None
    limit.end(6.4, second, was_accepted=False)
    limit.begin(6.4)
    assert limit.hold(6.4) is not None, "a failure widens nothing"
    limit.end(6.5, third, was_accepted=True)
    assert limit.hold(6.5) is None


def test_a_later_and_shorter_wait_does_not_end_the_first_one_early() -> None:
    limit = RateLimit(None)
    limit.block(0.0, 30.0, is_limit=True)
    limit.block(1.0, 2.0, is_limit=True)
    assert limit.blocked_until == 30.0


def test_waits_after_refusals_in_a_row_grow() -> None:
    limit, now, waits = RateLimit(None), 0.0, []
    for _ in range(5):
        limit.block(now, 1.0, is_limit=True)
        waits.append(limit.blocked_until - now)
        now += waits[-1]
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0]
    limit.end(now, limit.begin(now), was_accepted=True)
    limit.block(now, 1.0, is_limit=True)
    assert limit.blocked_until - now == 1.0


def test_no_more_requests_are_in_flight_than_remain() -> None:
    limit = RateLimit(None)
    asking = limit.begin(0.0)
    limit.note_headers(0.1, RateLimitHeaders(2, None))
    limit.end(0.1, asking, was_accepted=True)
    limit.begin(0.2)
    assert limit.hold(0.2) is None
    limit.begin(0.2)
    assert limit.hold(0.2) == Hold(float("inf"), is_servers=False)


def test_responses_that_overtake_each_other_do_not_raise_what_remains() -> None:
    limit = RateLimit(None)
    permits = [limit.begin(0.0) for _ in range(3)]
    for permit, remaining in zip(permits, [0, 2, 1], strict=True):
        limit.note_headers(0.2, RateLimitHeaders(remaining, None))
        limit.end(0.2, permit, was_accepted=True)
    alone = limit.begin(0.3)
    assert limit.hold(0.3) is not None
    limit.note_headers(60.0, RateLimitHeaders(9, None))
    limit.end(60.0, alone, was_accepted=True)
    assert limit.hold(60.0) is None


def test_none_is_sent_until_the_reset_when_none_remains() -> None:
    limit = RateLimit(None)
    limit.note_headers(1.0, RateLimitHeaders(0, 20.0))
    assert limit.hold(2.0) == Hold(19.0, is_servers=True)
    assert limit.hold(21.0) is None
