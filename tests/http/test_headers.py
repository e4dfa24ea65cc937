from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from tap_makini.http.headers import RateLimitHeaders, read_rate_limit_headers

if TYPE_CHECKING:
    from collections.abc import Mapping

DATE = "Sun, 01 Mar 2026 12:00:00 GMT"
EPOCH = 1772366400


def quota(headers: Mapping[str, str]) -> RateLimitHeaders:
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
    assert quota(headers) == found


def test_epoch_without_a_date_is_measured_by_our_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: EPOCH - 15.0)
    assert quota({"X-RateLimit-Reset": str(EPOCH), "Date": "today"}) == RateLimitHeaders(None, 15.0)


NAMES = ["X-RateLimit-Remaining", "X-RateLimit-Reset", "RateLimit-Remaining", "RateLimit-Reset", "RateLimit", "Date"]


@given(st.dictionaries(st.sampled_from(NAMES), st.text(max_size=40)))
def test_garbage_never_raises_and_never_gives_a_negative(headers: dict[str, str]) -> None:
    found = quota(headers)
    assert found.remaining is None or found.remaining >= 0
    assert found.reset is None or found.reset > 0
