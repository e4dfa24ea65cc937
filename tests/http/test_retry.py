"""How long is waited, on a clock that jumps."""

from __future__ import annotations

from typing import NamedTuple

from cli.jumping_clock import jumping_clock
from hypothesis import given
from hypothesis import strategies as st

from tap_makini.errors import BadBodyError, MakiniError, TransientError, WaitTooLongError
from tap_makini.http.client import retry
from tap_makini.http.rate_limiter import RateLimiter


class Outcome(NamedTuple):
    """What came of a request: its error, how often it was made, and the waits between."""

    error: MakiniError | None
    requests: int
    waits: list[float]


def run(*errors: MakiniError, budget: float) -> Outcome:
    """Make a request that meets errors one after the other, the last of several without end."""
    requests = 0

    def request() -> None:
        nonlocal requests
        requests += 1
        if requests <= len(errors):
            raise errors[requests - 1]
        if len(errors) > 1:
            raise errors[-1]

    with jumping_clock() as clock:
        try:
            retry(request, RateLimiter(), budget, "it")
        except MakiniError as error:
            return Outcome(error, requests, clock.waits)
        return Outcome(None, requests, clock.waits)


@given(st.floats(0.001, 800))
def test_retry_after_is_never_cut_short_and_little_exceeded(asked: float) -> None:
    outcome = run(TransientError("busy", retry_after=asked), budget=900)
    [wait] = outcome.waits
    assert outcome.error is None
    assert asked <= wait <= asked + max(1, asked / 20)


@given(asked=st.floats(1, 1e9), budget=st.integers(0, 900))
def test_a_wait_beyond_the_budget_is_not_begun(asked: float, budget: int) -> None:
    outcome = run(TransientError("busy", retry_after=budget + asked), budget=budget)
    assert isinstance(outcome.error, WaitTooLongError)
    assert f"asks for a wait of {budget + asked:.0f} s" in str(outcome.error)
    assert (outcome.requests, outcome.waits) == (1, [])


@given(budget=st.integers(0, 900))
def test_waits_without_retry_after_grow_at_random_and_keep_to_the_budget(budget: int) -> None:
    outage = TransientError("down")
    outcome = run(outage, outage, budget=budget)
    assert outcome.error is outage
    assert outcome.requests == len(outcome.waits) + 1
    assert sum(outcome.waits) <= budget
    assert all(0 <= wait <= min(2**number, 60) for number, wait in enumerate(outcome.waits))


def test_waits_without_retry_after_are_spread_over_their_whole_range() -> None:
    firsts = [run(TransientError("down"), budget=900).waits[0] for _ in range(200)]
    assert min(firsts) < 0.2
    assert max(firsts) > 0.8


def test_retry_after_counts_against_the_budget() -> None:
    busy = TransientError("busy", retry_after=40)
    outcome = run(busy, busy, budget=100)
    assert isinstance(outcome.error, WaitTooLongError)
    assert len(outcome.waits) == 2


def test_a_body_that_stays_bad_is_requested_four_times() -> None:
    bad = BadBodyError("no JSON")
    outcome = run(bad, bad, budget=900)
    assert (outcome.error, outcome.requests) == (bad, 4)


def test_an_error_that_stays_is_not_repeated() -> None:
    refusal = MakiniError("no", "Ask.")
    assert run(refusal, refusal, budget=900) == Outcome(refusal, 1, [])
