from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_makini.errors import BadBodyError
from tap_makini.http.authenticators import AccessToken, read_access_token, read_expiry

NOW = 1_772_366_400.0


@pytest.mark.parametrize(
    ("expires_in", "expires_at"),
    [
        (300, NOW + 300),
        ("300", NOW + 300),
        (1e9, NOW + 1e9),
        (NOW + 2_592_000, NOW + 2_592_000),
        (str(int(NOW) + 60), NOW + 60),
        ((NOW + 60) * 1000, NOW + 60),
        (NOW - 1, None),
        (0, None),
        (-5, None),
        (True, None),
        (None, None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        (10**400, None),
        ([300], None),
    ],
)
def test_an_expiry_is_a_duration_or_an_epoch_or_unknown(expires_in: Any, expires_at: float | None) -> None:  # noqa: ANN401 - any JSON
    assert read_expiry(expires_in, NOW) == expires_at


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=3))
def test_any_expiry_is_in_the_future_or_unknown(expires_in: Any) -> None:  # noqa: ANN401 - any JSON
    found = read_expiry(expires_in, NOW)
    assert found is None or found > NOW


@pytest.mark.parametrize(
    ("document", "token", "refresh_token"),
    [
        ({"token": "t0ken", "expires_in": 300}, "t0ken", None),
        ({"access_token": "t0ken", "refresh_token": "r"}, "t0ken", "r"),
        ({"data": {"token": "t0ken"}}, "t0ken", None),
        ({"data": {"access_token": "t0ken", "refresh_token": "r"}}, "t0ken", "r"),
        ({"token": None, "data": {"access_token": "t0ken"}}, "t0ken", None),
        ({"access_token": "t0ken", "token": "other", "refresh_token": 5}, "t0ken", None),
    ],
)
def test_a_token_is_found_in_each_place(document: Any, token: str, refresh_token: str | None) -> None:  # noqa: ANN401 - any JSON
    access_token = read_access_token(msgspec.json.encode(document))
    assert (access_token.token, access_token.refresh_token) == (token, refresh_token)


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b"null", b'{"token":""}', b'{"token":"a b"}', b'{"token":"a\\nb"}', b'{"data":["t"]}'],
)
def test_a_response_without_a_token_is_refused(body: bytes) -> None:
    with pytest.raises(BadBodyError) as caught:
        read_access_token(body)
    assert "a b" not in str(caught.value)


def test_a_token_is_due_after_a_share_of_its_life(monkeypatch: pytest.MonkeyPatch) -> None:
    access_token = AccessToken("t", NOW, NOW + 100)
    for age, is_due in ((0, False), (89, False), (90, True), (200, True)):
        monkeypatch.setattr(time, "time", lambda age=age: NOW + age)
        assert access_token.is_due(0.9) is is_due
    assert not AccessToken("t", NOW, None).is_due(0.9)
