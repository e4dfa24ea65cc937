from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from flow_simulation import MINUTE, FixedWindows, SlidingWindow, simulate

from tap_makini.http.rate_limit import Hold, RateLimit
from tap_makini.http.rate_limit_headers import RateLimitHeaders

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
@pytest.mark.parametrize("workers", [1, 4, 16])
@pytest.mark.parametrize("tells_remaining", [False, True])
@pytest.mark.parametrize("varies", [False, True])
def test_limit_is_used_up_and_met_once_a_window(
    kind: str,
    workers: int,
    tells_remaining: bool,  # noqa: FBT001 - the case
    varies: bool,  # noqa: FBT001 - the case
) -> None:
    run = simulate(
        SERVERS[kind](),
        workers=workers,
        seconds=TEN_MINUTES,
        latency=varying() if varies else steady,
        tells_remaining=tells_remaining,
    )
    first_end = 35.0 if "clock" in kind else MINUTE
    assert len(run.taken) >= 0.95 * 60 * TEN_MINUTES / MINUTE
    assert run.refusals(since=first_end) <= 1
    assert sum(at < first_end for at in run.refused) <= (1 if tells_remaining else workers)


@pytest.mark.parametrize("server", [FixedWindows, SlidingWindow])
def test_greater_limit(server: type[FixedWindows | SlidingWindow]) -> None:
    run = simulate(server(600), workers=16, seconds=TEN_MINUTES, latency=varying())
    assert len(run.taken) >= 0.95 * 6000
    assert run.refusals(since=MINUTE) <= 1


@pytest.mark.parametrize("server", [FixedWindows, SlidingWindow])
@pytest.mark.parametrize("workers", [1, 4, 16])
def test_windows_other_than_a_minute(server: type[FixedWindows | SlidingWindow], workers: int) -> None:
    run = simulate(server(20, 10.0), workers=workers, seconds=200.0, latency=lambda: 0.02)
    assert len(run.taken) >= 0.95 * 400
    assert run.refusals(since=10.0, window=10.0) <= 1


def test_wait_that_is_always_asked_too_short() -> None:
    run = simulate(SlidingWindow(60, retry_after=1.0), workers=4, seconds=TEN_MINUTES, latency=varying())
    assert len(run.taken) >= 0.95 * 600
    assert run.refusals(since=2 * MINUTE) <= 1


def test_limit_that_is_raised_is_found_out() -> None:
    flow, server = RateLimit(None), SlidingWindow(60)
    simulate(server, workers=4, seconds=MINUTE, latency=steady, flow=flow)
    server.limit = 240
    run = simulate(server, workers=4, seconds=TEN_MINUTES, latency=steady, flow=flow, start=MINUTE)
    assert sum(at > 5 * MINUTE for at in run.taken) > 0.9 * 240 * 5


def test_single_refusal_without_a_limit_slows_down_only_for_moments() -> None:
    flow = RateLimit(None)
    for number in range(3):
        flow.end(number + 0.2, flow.begin(float(number)), was_taken=True)
    refused = flow.begin(3.0)
    flow.close(3.2, 7.0, is_limit=True)
    flow.end(3.2, refused, was_taken=False)

    run = simulate(SlidingWindow(10**6), workers=4, seconds=60.0, latency=steady, flow=flow)
    assert len(run.taken) > 0.75 * 50 * 20


def test_own_limit_of_requests_a_minute() -> None:
    run = simulate(SlidingWindow(10**6), workers=4, seconds=300.0, latency=steady, flow=RateLimit(30))
    assert len(run.begun) == 30 * 5
    assert all(later - earlier > MINUTE - 1e-6 for earlier, later in zip(run.begun, run.begun[30:], strict=False))
    assert run.begun[29] < 5.0


def test_closed_for_all_then_one_and_one_more_for_each_success() -> None:
    flow = RateLimit(None)
    early = [flow.begin(0.0) for _ in range(4)]
    flow.close(1.0, 5.0, is_limit=False)
    for passage in early:
        flow.end(1.5, passage, was_taken=True)
    assert flow.hold(1.5) == Hold(4.5, is_vendors=True)
    assert flow.hold(6.0) is None
    first = flow.begin(6.0)
    assert flow.hold(6.1) is not None
    flow.end(6.2, first, was_taken=True)
    second = flow.begin(6.2)
    third = flow.begin(6.2)
    assert flow.hold(6.2) is not None
    flow.end(6.4, second, was_taken=False)
    flow.begin(6.4)
    assert flow.hold(6.4) is not None, "a failure widens nothing"
    flow.end(6.5, third, was_taken=True)
    assert flow.hold(6.5) is None


def test_later_and_shorter_wait_does_not_open_early() -> None:
    flow = RateLimit(None)
    flow.close(0.0, 30.0, is_limit=True)
    flow.close(1.0, 2.0, is_limit=True)
    assert flow.closed_for(1.0) == 29.0


def test_closings_in_a_row_grow() -> None:
    flow, now, waits = RateLimit(None), 0.0, []
    for _ in range(5):
        flow.close(now, 1.0, is_limit=True)
        waits.append(flow.closed_for(now))
        now += waits[-1]
    assert waits == [1.0, 2.0, 4.0, 8.0, 16.0]
    flow.end(now, flow.begin(now), was_taken=True)
    flow.close(now, 1.0, is_limit=True)
    assert flow.closed_for(now) == 1.0


def test_no_more_in_flight_than_remain() -> None:
    flow = RateLimit(None)
    asking = flow.begin(0.0)
    flow.heed(0.1, RateLimitHeaders(2, None))
    flow.end(0.1, asking, was_taken=True)
    flow.begin(0.2)
    assert flow.hold(0.2) is None
    flow.begin(0.2)
    assert flow.hold(0.2) == Hold(float("inf"), is_vendors=False)


def test_answers_that_overtake_each_other_do_not_raise_what_remains() -> None:
    flow = RateLimit(None)
    passages = [flow.begin(0.0) for _ in range(3)]
    for passage, remaining in zip(passages, [0, 2, 1], strict=True):
        flow.heed(0.2, RateLimitHeaders(remaining, None))
        flow.end(0.2, passage, was_taken=True)
    alone = flow.begin(0.3)
    assert flow.hold(0.3) is not None
    flow.heed(60.0, RateLimitHeaders(9, None))
    flow.end(60.0, alone, was_taken=True)
    assert flow.hold(60.0) is None


def test_none_remaining_closes_until_the_reset() -> None:
    flow = RateLimit(None)
    flow.heed(1.0, RateLimitHeaders(0, 20.0))
    assert flow.hold(2.0) == Hold(19.0, is_vendors=True)
    assert flow.hold(21.0) is None
