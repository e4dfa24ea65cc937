from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from tap_makini.http.headers import RateLimitHeaders, clock_skew, read_rate_limit_headers, retry_after

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DATE = "Sun, 01 Mar 2026 12:00:00 GMT"
EPOCH = 1772366400
NOW = datetime(2025, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


def limits(headers: Mapping[str, str]) -> RateLimitHeaders:
    return read_rate_limit_headers(CaseInsensitiveDict(headers))


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({}, (None, None)),
        ({"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "59"}, (59, None)),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "30"}, (0, 30.0)),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(EPOCH + 20), "Date": DATE}, (0, 20.0)),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str((EPOCH + 20) * 1000), "Date": DATE}, (0, 20.0)),
        ({"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(EPOCH - 20), "Date": DATE}, (0, None)),
        ({"RateLimit-Limit": "60, 60;w=60", "RateLimit-Remaining": "5", "RateLimit-Reset": "12"}, (5, 12.0)),
        ({"RateLimit": "limit=60, remaining=7, reset=50"}, (7, 50.0)),
        ({"RateLimit": '"minute";r=7;t=50', "RateLimit-Policy": '"minute";q=60;w=60'}, (7, 50.0)),
        ({"RateLimit-Remaining": "9", "X-RateLimit-Remaining": "3"}, (3, None)),
        ({"X-RateLimit-Remaining": "soon", "X-RateLimit-Reset": "-4"}, (None, None)),
        ({"X-RateLimit-Remaining": "٣", "RateLimit": "remaining=1e9, reset=nan"}, (None, None)),
        ({"X-RateLimit-Remaining": "9" * 400}, (None, None)),
        ({"X-RateLimit-Reset": "Mon, 02 Mar 2026 12:00:00 GMT"}, (None, None)),
    ],
)
def test_each_form(headers: dict[str, str], found: tuple[int | None, float | None]) -> None:
    assert limits(headers) == found


def test_epoch_without_a_date_is_measured_by_our_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: EPOCH - 15.0)
    assert limits({"X-RateLimit-Reset": str(EPOCH), "Date": "today"}) == RateLimitHeaders(None, 15.0)


NAMES = ["X-RateLimit-Remaining", "X-RateLimit-Reset", "RateLimit-Remaining", "RateLimit-Reset", "RateLimit", "Date"]


@given(st.dictionaries(st.sampled_from(NAMES), st.text(max_size=40)))
def test_garbage_never_raises_and_never_gives_a_negative(headers: dict[str, str]) -> None:
    found = limits(headers)
    assert found.remaining is None or found.remaining >= 0
    assert found.reset is None or found.reset > 0


# --- Retry-After and Date --------------------------------------------------------------------------


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
