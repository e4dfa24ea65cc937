from __future__ import annotations

import math
import time
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from tap_makini.errors import (
    ConnectionClosedError,
    CredentialError,
    EntityAbsentError,
    MakiniError,
    NotFoundError,
    RequestRefusedError,
    TooManyRequestsError,
    TransientError,
)
from tap_makini.http.response import (
    Problem,
    RateLimitHeaders,
    Response,
    error_for_response,
    parse_http_date,
    read_problem,
    read_rate_limit_headers,
    retry_after,
)
from tap_makini.redaction import redact_logs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NOTHING = Problem(None, None, None)
LARAVEL = {"message": "The given data was invalid.", "errors": {"per_page": ["must not be greater than 100"]}}
names = st.sampled_from(["error", "errors", "code", "type", "status", "message", "detail", "title", "id", "request_id"])
documents = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
DATE = "Sun, 01 Mar 2026 12:00:00 GMT"
EPOCH = 1772366400
NOW = datetime(2025, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


def problem(document: object, headers: Mapping[str, str] | None = None) -> Problem:
    """Read the problem in a body, or in a document that is one."""
    body = document if isinstance(document, bytes) else msgspec.json.encode(document)
    return read_problem(Response(418, headers or {}, body))


def error_of(status: int) -> MakiniError:
    error = error_for_response("GET", Response(status, {}, b""))
    assert error is not None
    return error


# --- code, message and request id ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ({"code": "A", "message": "b", "request_id": "c"}, ("A", "b", "c")),
        ({"error": {"code": "A", "message": "b"}, "requestId": "c"}, ("A", "b", "c")),
        ({"error": {"code": "A", "message": "b", "request_id": "c"}}, ("A", "b", "c")),
        ({"errors": [{"type": "A", "detail": "b", "id": "c"}, {"type": "D"}]}, ("A", "b", "c")),
        ([{"code": "A", "message": "b"}], ("A", "b", None)),
        ({"error": "invalid_token", "error_description": "expired"}, (None, "expired", None)),
        ({"error": "invalid_token"}, (None, "invalid_token", None)),
        ({"errors": ["first", "second"]}, (None, "first", None)),
        ({"status": 401, "title": "Unauthorized"}, ("401", "Unauthorized", None)),
        ({"message": "outer", "error": {"message": "inner"}}, (None, "inner", None)),
        ({"message": "outer", "error": {"message": ""}}, (None, "outer", None)),
        ({"code": True, "message": ["x"], "request_id": {}}, (None, None, None)),
        (LARAVEL, (None, "The given data was invalid.", None)),
        ("just text", (None, "just text", None)),
        (17, (None, None, None)),
        (None, (None, None, None)),
        ([], (None, None, None)),
        ({}, (None, None, None)),
        ({"error": [], "errors": {}}, (None, None, None)),
        ({"a": {"b": {"message": "too deep to be meant"}}}, (None, None, None)),
    ],
)
def test_a_problem_is_read_in_each_form(document: object, found: tuple[str | None, ...]) -> None:
    assert problem(document) == found


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"Too Many Attempts.",
        b"<html><body>502 Bad Gateway</body></html>",
        b'{"message": "cut o',
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"code": %s}' % (b"9" * 5_000),
    ],
)
def test_a_body_that_is_not_json_is_ignored(body: bytes) -> None:
    assert problem(body) == NOTHING


@pytest.mark.parametrize("name", ["X-Request-Id", "x-request-id", "Request-Id", "X-Correlation-Id", "X-Trace-Id"])
def test_the_request_id_of_a_header_goes_before_that_of_the_body(name: str) -> None:
    headers = CaseInsensitiveDict({name: "from-header"})

    assert problem({"request_id": "from-body"}, headers).request_id == "from-header"
    assert problem(b"<html>", headers).request_id == "from-header"


def test_a_message_is_one_short_line() -> None:
    message = problem({"message": "a\r\nb\x1b[31m\u2028c" + "x" * 1_000}).message

    assert message is not None
    assert message.startswith(r"a b\x1b[31m c")
    assert len(message) <= 301


def test_a_message_with_half_a_surrogate_is_escaped() -> None:
    assert problem(rb'{"message": "no \ud800 access"}').message == r"no \ud800 access"


@pytest.mark.parametrize("before", range(230, 300, 10))
def test_a_secret_is_masked_before_a_message_is_cut(before: int) -> None:
    token = "".join(f"{number:02x}" for number in range(99, 129))
    redact_logs(token)
    message = problem({"message": f"{'x' * before}{token}, more of it{'y' * 90}"}).message

    assert message is not None
    assert message.startswith(f"{'x' * before}(secret"[:300])
    assert token[:4] not in message


@given(st.binary() | documents.map(msgspec.json.encode), st.dictionaries(st.just("X-Request-Id"), st.text()))
def test_any_body_gives_printable_text_or_nothing(body: bytes, headers: dict[str, str]) -> None:
    for part in problem(body, headers):
        assert part is None or (part.isprintable() and part)


def test_a_body_too_large_to_be_a_message_is_not_decoded() -> None:
    found = problem({"message": "a", "errors": [[]] * 2**20}, {"X-Request-Id": "id-1"})
    assert found == Problem(None, None, "id-1")


# --- errors ----------------------------------------------------------------------------------------


def expected_kind(status: int) -> type[MakiniError]:
    kinds: dict[type[MakiniError], set[int]] = {
        CredentialError: {401},
        ConnectionClosedError: {402},
        EntityAbsentError: {403, 501},
        NotFoundError: {404, 410},
        RequestRefusedError: {400, 422},
        TransientError: {408, 425, 500, 502, 503, 504},
        TooManyRequestsError: {429},
    }
    return next((kind for kind, statuses in kinds.items() if status in statuses), MakiniError)


@pytest.mark.parametrize("status", range(300, 600))
def test_each_status_is_an_error_of_its_kind(status: int) -> None:
    headers = CaseInsensitiveDict({"Retry-After": "7", "X-Request-Id": "id-1"})
    error = error_for_response("GET", Response(status, headers, b'{"code": "CODE", "message": "why"}'))

    assert error is not None
    assert type(error) is expected_kind(status)
    assert error.cause == f"the server answered {status} (CODE: why)"
    assert error.request_id == "id-1"
    assert error.remedy.endswith(".")
    if isinstance(error, TransientError):
        assert error.retry_after == 7.0
        assert error.max_retries == math.inf


@pytest.mark.parametrize("status", [HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.FOUND, HTTPStatus.PERMANENT_REDIRECT])
def test_a_redirect_points_at_the_address(status: int) -> None:
    assert "api_url" in error_of(status).remedy


@pytest.mark.parametrize("status", [HTTPStatus.ACCEPTED, HTTPStatus.PARTIAL_CONTENT])
def test_another_success_is_an_error_and_no_redirect(status: int) -> None:
    error = error_of(status)

    assert type(error) is MakiniError
    assert "redirect" not in error.remedy


def test_no_content_is_nothing_at_that_address() -> None:
    assert isinstance(error_of(HTTPStatus.NO_CONTENT), NotFoundError)


def test_an_unauthorized_request_names_the_setting() -> None:
    remedy = error_of(401).remedy

    assert "api_token" in remedy
    assert "re-authorized" in remedy


# --- rate-limit headers -----------------------------------------------------------------------------


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
def test_rate_limit_headers_are_read_in_each_form(
    headers: dict[str, str], found: tuple[int | None, float | None]
) -> None:
    assert limits(headers) == found


def test_an_epoch_without_a_date_is_measured_by_our_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: EPOCH - 15.0)
    assert limits({"X-RateLimit-Reset": str(EPOCH), "Date": "today"}) == RateLimitHeaders(None, 15.0)


NAMES = ["X-RateLimit-Remaining", "X-RateLimit-Reset", "RateLimit-Remaining", "RateLimit-Reset", "RateLimit", "Date"]


@given(st.dictionaries(st.sampled_from(NAMES), st.text(max_size=40)))
def test_garbage_in_headers_never_raises_and_never_gives_a_negative(headers: dict[str, str]) -> None:
    found = limits(headers)
    assert found.remaining is None or found.remaining >= 0
    assert found.reset is None or found.reset > 0


# --- Retry-After and Date --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("7", 7), (" 7 ", 7), ("0.5", 0.5), ("600", 600), ("7, 8", 8), ("7, soon", 7), ("9" * 400, 1e9)],
)
def test_retry_after_may_be_a_number_of_seconds(text: str, seconds: float) -> None:
    assert retry_after({"Retry-After": text}) == seconds


@pytest.mark.parametrize("text", ["0", "-5", "soon", "", "nan", "inf", "1e3", "\u0667", "Thu, 02 Jan 2025"])
def test_a_text_that_is_not_a_wait_is_ignored(text: str) -> None:
    assert retry_after({"Retry-After": text}) is None


def test_without_the_header_there_is_no_wait() -> None:
    assert retry_after({}) is None


@given(st.integers(-(10**7), 10**7))
def test_a_date_is_measured_against_the_date_of_the_response(seconds: int) -> None:
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
    assert parse_http_date(now) == NOW


@given(st.text(), st.text())
def test_any_header_is_a_wait_or_nothing(text: str, date: str) -> None:
    seconds = retry_after({"Retry-After": text, "Date": date})
    assert seconds is None or seconds > 0
