"""How long is waited, on a clock that jumps."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import TYPE_CHECKING, NamedTuple

import pytest
from cli.jumping_clock import jumping_clock
from hypothesis import given
from hypothesis import strategies as st

from tap_makini.errors import BadBodyError, MakiniError, TransientError, WaitTooLongError
from tap_makini.http.client import retry
from tap_makini.http.headers import clock_skew, read_rate_limit_headers, retry_after
from tap_makini.http.rate_limiter import RateLimiter

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2025, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


class Story(NamedTuple):
    """What came of a request: its error, how often it was made, and the waits between."""

    error: MakiniError | None
    requests: int
    waits: list[float]


def tell(*errors: MakiniError, budget: float) -> Story:
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
    story = tell(TransientError("busy", retry_after=asked), budget=900)
    [wait] = story.waits
    assert story.error is None
    assert asked <= wait <= asked + max(1, asked / 20)


@given(asked=st.floats(1, 1e9), budget=st.integers(0, 900))
def test_a_wait_beyond_the_budget_is_not_begun(asked: float, budget: int) -> None:
    story = tell(TransientError("busy", retry_after=budget + asked), budget=budget)
    assert isinstance(story.error, WaitTooLongError)
    assert f"asks to wait {budget + asked:.0f} s" in str(story.error)
    assert (story.requests, story.waits) == (1, [])


@given(budget=st.integers(0, 900))
def test_unasked_waits_grow_at_random_and_keep_to_the_budget(budget: int) -> None:
    trouble = TransientError("down")
    story = tell(trouble, trouble, budget=budget)
    assert story.error is trouble
    assert story.requests == len(story.waits) + 1
    assert sum(story.waits) <= budget
    assert all(0 <= wait <= min(2**number, 60) for number, wait in enumerate(story.waits))


def test_unasked_waits_are_spread_over_their_whole_range() -> None:
    firsts = [tell(TransientError("down"), budget=900).waits[0] for _ in range(200)]
    assert min(firsts) < 0.2
    assert max(firsts) > 0.8


def test_a_wait_asked_for_counts_against_the_budget() -> None:
    busy = TransientError("busy", retry_after=40)
    story = tell(busy, busy, budget=100)
    assert isinstance(story.error, WaitTooLongError)
    assert len(story.waits) == 2


def test_a_body_that_stays_bad_is_asked_for_four_times() -> None:
    bad = BadBodyError("no JSON")
    story = tell(bad, bad, budget=900)
    assert (story.error, story.requests) == (bad, 4)


def test_an_error_that_stays_is_not_repeated() -> None:
    refusal = MakiniError("no", "Ask.")
    assert tell(refusal, refusal, budget=900) == Story(refusal, 1, [])


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("7", 7), (" 7 ", 7), ("0.5", 0.5), ("600", 600), ("7, 8", 8), ("7, soon", 7), ("9" * 400, 1e9)],
)
def test_seconds(text: str, seconds: float) -> None:
    assert retry_after({"Retry-After": text}) == seconds


@pytest.mark.parametrize("text", ["0", "-5", "soon", "", "nan", "inf", "1e3", "\u0667", "Thu, 02 Jan 2025"])
def test_what_is_no_wait(text: str) -> None:
    assert retry_after({"Retry-After": text}) is None


def test_no_header() -> None:
    assert retry_after({}) is None


@given(st.integers(-(10**7), 10**7))
def test_a_date_is_measured_against_the_date_of_the_answer(seconds: int) -> None:
    until = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    headers = {"Retry-After": until, "Date": format_datetime(NOW, usegmt=True)}
    assert retry_after(headers) == (seconds if seconds > 0 else None)


@pytest.mark.parametrize("apart", [", ", ","])
@pytest.mark.parametrize(
    "date", ["Thu, 02 Jan 2025 03:05:05 GMT", "Thursday, 02-Jan-25 03:05:05 GMT", "Thu Jan  2 03:05:05 2025"]
)
def test_the_longest_of_several_waits_counts(date: str, apart: str) -> None:
    headers = {"Date": format_datetime(NOW, usegmt=True)}
    for asked, seconds in {("7", date): 60, (date, "7"): 60, (date, "600"): 600, ("7", date, date, "8"): 60}.items():
        assert retry_after({"Retry-After": apart.join(asked), **headers}) == seconds


@pytest.fixture(params=["America/New_York", "Asia/Kolkata"])
def _far_from_utc(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as changed:
        changed.setenv("TZ", request.param)
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("_far_from_utc")
@pytest.mark.parametrize("zone", ["", " -0000", " GMT", " +0000"])
def test_a_date_without_a_zone_is_utc_wherever_this_machine_is(zone: str) -> None:
    now, later = f"Thu, 02 Jan 2025 03:04:05{zone}", f"Thu, 02 Jan 2025 03:04:45{zone}"
    utc = format_datetime(NOW, usegmt=True)
    assert retry_after({"Retry-After": later, "Date": utc}) == 40
    assert retry_after({"Retry-After": "Thu, 02 Jan 2025 03:04:45 GMT", "Date": now}) == 40
    assert read_rate_limit_headers({"X-RateLimit-Reset": str(NOW.timestamp() + 40), "Date": now}).reset == 40
    assert abs(NOW - datetime.now(timezone.utc) - clock_skew({"Date": now})) < timedelta(minutes=1)


@given(st.text(), st.text())
def test_any_header_is_a_wait_or_nothing(text: str, date: str) -> None:
    seconds = retry_after({"Retry-After": text, "Date": date})
    assert seconds is None or seconds > 0
