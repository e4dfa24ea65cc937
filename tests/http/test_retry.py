"""How long is waited, on a clock that jumps."""

from __future__ import annotations

from typing import NamedTuple

from cli.jumping_clock import jumping_clock
from hypothesis import given
from hypothesis import strategies as st

from tap_makini.errors import BadBodyError, MakiniError, TransientError, WaitTooLongError
from tap_makini.http.client import retry
from tap_makini.http.rate_limiter import RateLimiter


class Story(NamedTuple):
    """What came of a request: its error, how often it was made, and the waits between."""

    error: MakiniError | None
    requests: int
    waits: list[float]


def run(*errors: MakiniError, budget: float) -> Story:
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
            return Story(error, requests, clock.waits)
        return Story(None, requests, clock.waits)


@given(st.floats(0.001, 800))
def test_a_wait_asked_for_is_never_cut_short_and_little_exceeded(asked: float) -> None:
    story = run(TransientError("busy", retry_after=asked), budget=900)
    [wait] = story.waits
    assert story.error is None
    assert asked <= wait <= asked + max(1, asked / 20)


@given(asked=st.floats(1, 1e9), budget=st.integers(0, 900))
def test_a_wait_beyond_the_budget_is_not_begun(asked: float, budget: int) -> None:
    story = run(TransientError("busy", retry_after=budget + asked), budget=budget)
    assert isinstance(story.error, WaitTooLongError)
    assert f"asks to wait {budget + asked:.0f} s" in str(story.error)
    assert (story.requests, story.waits) == (1, [])


@given(budget=st.integers(0, 900))
def test_unasked_waits_grow_at_random_and_keep_to_the_budget(budget: int) -> None:
    outage = TransientError("down")
    story = run(outage, outage, budget=budget)
    assert story.error is outage
    assert story.requests == len(story.waits) + 1
    assert sum(story.waits) <= budget
    assert all(0 <= wait <= min(2**number, 60) for number, wait in enumerate(story.waits))


def test_unasked_waits_are_spread_over_their_whole_range() -> None:
    firsts = [run(TransientError("down"), budget=900).waits[0] for _ in range(200)]
    assert min(firsts) < 0.2
    assert max(firsts) > 0.8


def test_a_wait_asked_for_counts_against_the_budget() -> None:
    busy = TransientError("busy", retry_after=40)
    story = run(busy, busy, budget=100)
    assert isinstance(story.error, WaitTooLongError)
    assert len(story.waits) == 2


def test_a_body_that_stays_bad_is_asked_for_four_times() -> None:
    bad = BadBodyError("no JSON")
    story = run(bad, bad, budget=900)
    assert (story.error, story.requests) == (bad, 4)


def test_an_error_that_stays_is_not_repeated() -> None:
    refusal = MakiniError("no", "Ask.")
    assert run(refusal, refusal, budget=900) == Story(refusal, 1, [])
