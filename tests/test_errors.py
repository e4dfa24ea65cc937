from __future__ import annotations

import math
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from tap_makini.errors import (
    BadBodyError,
    ConnectionClosedError,
    CredentialError,
    EntityAbsentError,
    MakiniError,
    NotFoundError,
    RequestRefusedError,
    TransientError,
    VendorProblem,
    error_for_status,
    read_problem,
)
from tap_makini.redaction import redact_logs

if TYPE_CHECKING:
    from collections.abc import Mapping

NOTHING = VendorProblem(None, None, None)
LARAVEL = {"message": "The given data was invalid.", "errors": {"per_page": ["must not be greater than 100"]}}
names = st.sampled_from(["error", "errors", "code", "type", "status", "message", "detail", "title", "id", "request_id"])
documents = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)


def problem(document: object, headers: Mapping[str, str] | None = None) -> VendorProblem:
    return read_problem(msgspec.json.encode(document), headers or {})


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
def test_problem_of_each_shape(document: object, found: tuple[str | None, ...]) -> None:
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
def test_a_body_that_is_no_json_tells_nothing(body: bytes) -> None:
    assert read_problem(body, {}) == NOTHING


@pytest.mark.parametrize("name", ["X-Request-Id", "x-request-id", "Request-Id", "X-Correlation-Id", "X-Trace-Id"])
def test_the_request_id_of_a_header_goes_before_that_of_the_body(name: str) -> None:
    headers = CaseInsensitiveDict({name: "from-header"})

    assert problem({"request_id": "from-body"}, headers).request_id == "from-header"
    assert read_problem(b"<html>", headers).request_id == "from-header"


def test_a_message_is_one_short_line() -> None:
    message = problem({"message": "a\r\nb\x1b[31m\u2028c" + "x" * 1_000}).message

    assert message is not None
    assert message.startswith(r"a b\x1b[31m c")
    assert len(message) <= 301


def test_a_message_with_half_a_surrogate_is_told() -> None:
    assert read_problem(rb'{"message": "no \ud800 access"}', {}).message == r"no \ud800 access"


@pytest.mark.parametrize("before", range(230, 300, 10))
def test_a_secret_is_masked_before_a_message_is_cut(before: int) -> None:
    token = "".join(f"{number:02x}" for number in range(99, 129))
    redact_logs(token)
    message = problem({"message": f"{'x' * before}{token}, more of it{'y' * 90}"}).message

    assert message is not None
    assert message.startswith(f"{'x' * before}(secret"[:300])
    assert token[:4] not in message


@given(st.binary() | documents.map(msgspec.json.encode), st.dictionaries(st.just("X-Request-Id"), st.text()))
def test_any_body_tells_printable_text_or_nothing(body: bytes, headers: dict[str, str]) -> None:
    for part in read_problem(body, headers):
        assert part is None or (part.isprintable() and part)


def test_a_body_too_large_to_be_a_message_is_not_decoded() -> None:
    found = problem({"message": "a", "errors": [[]] * 2**20}, {"X-Request-Id": "id-1"})
    assert found == VendorProblem(None, None, "id-1")


def expected_kind(status: int) -> type[MakiniError]:
    kinds: dict[type[MakiniError], set[int]] = {
        CredentialError: {401},
        ConnectionClosedError: {402},
        EntityAbsentError: {403, 501},
        NotFoundError: {404, 410},
        RequestRefusedError: {400, 422},
        TransientError: {408, 425, 429, 500, 502, 503, 504},
    }
    return next((kind for kind, statuses in kinds.items() if status in statuses), MakiniError)


@pytest.mark.parametrize("status", range(300, 600))
def test_kind_of_each_status(status: int) -> None:
    error = error_for_status(status, VendorProblem("CODE", "why", "id-1"), 7.0)

    assert type(error) is expected_kind(status)
    assert error.cause == f"the server answered {status} (CODE: why)"
    assert error.request_id == "id-1"
    assert error.remedy.endswith(".")
    if isinstance(error, TransientError):
        assert error.retry_after == 7.0
        assert error.repetitions == math.inf


@pytest.mark.parametrize("status", [HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.FOUND, HTTPStatus.PERMANENT_REDIRECT])
def test_a_redirect_points_at_the_address(status: int) -> None:
    assert "api_url" in error_for_status(status, NOTHING, None).remedy


@pytest.mark.parametrize("status", [HTTPStatus.ACCEPTED, HTTPStatus.PARTIAL_CONTENT])
def test_another_success_is_no_answer_and_no_redirect(status: int) -> None:
    error = error_for_status(status, NOTHING, None)

    assert type(error) is MakiniError
    assert "redirect" not in error.remedy


def test_no_content_is_nothing_at_that_address() -> None:
    assert isinstance(error_for_status(HTTPStatus.NO_CONTENT, NOTHING, None), NotFoundError)


def test_an_unauthorised_request_names_the_setting() -> None:
    remedy = error_for_status(401, NOTHING, None).remedy

    assert "api_token" in remedy
    assert "re-authorized" in remedy


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MakiniError("it broke", "Mend it.", "id-1"), "it broke (Makini request id id-1). Mend it."),
        (MakiniError("it broke", "Mend it."), "it broke. Mend it."),
        (error_for_status(404, NOTHING, None), "the server answered 404. The connection does not offer this entity"),
    ],
)
def test_an_error_tells_the_whole_story_in_a_line(error: Any, told: str) -> None:  # noqa: ANN401 - any error
    assert str(error).startswith(told)


def test_a_bad_body_is_repeated_a_few_times_only() -> None:
    assert 0 < BadBodyError("cut").repetitions < 10
