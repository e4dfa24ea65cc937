from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import pytest

from makini_sandbox import Behaviour, ManualClock

if TYPE_CHECKING:
    from .conftest import Client, Serve


def test_the_window_slides(serve: Serve) -> None:
    behaviour = Behaviour(rate_limit=2, rate_window_seconds=60, rate_limit_headers=True)
    client = serve(rows=1, behaviour=behaviour)
    clock = client.sandbox.clock
    assert isinstance(clock, ManualClock)
    first = client.page("work-orders")
    assert (first.headers["X-RateLimit-Limit"], first.headers["X-RateLimit-Remaining"]) == ("2", "1")
    clock.advance(20.5)
    client.page("work-orders")
    refused = client.page("work-orders")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "40")
    assert refused.json()["code"] == "RATE_LIMIT_EXCEEDED"
    clock.advance(40)
    assert client.page("work-orders").status_code == 200
    assert client.page("work-orders").status_code == 429


def test_each_token_has_a_limit_of_its_own(serve: Serve) -> None:
    client = serve(rows=1, behaviour=Behaviour(rate_limit=1), connections={"t-a": "acme", "t-b": "bolt"})
    statuses = []
    for token in ("t-a", "t-b", "t-a"):
        client.token = token
        statuses.append(client.page("work-orders").status_code)
    assert statuses == [200, 200, 429]


def test_retry_after_as_a_date_counts_from_the_date_of_the_response(client: Client) -> None:
    client.sandbox.behaviour = Behaviour(rate_limit=0, retry_after="http_date")
    response = client.page("work-orders")
    free_at = parsedate_to_datetime(response.headers["Retry-After"])
    dated = parsedate_to_datetime(response.headers["Date"])
    assert (free_at - dated).total_seconds() == 60


@pytest.mark.parametrize(
    ("settings", "header"),
    [
        ({}, "60"),
        ({"rate_window_seconds": 10}, "10"),
        ({"retry_after_seconds": 3600}, "3600"),
        ({"retry_after": "missing"}, None),
        ({"retry_after": "negative"}, "-5"),
        ({"retry_after": "garbage"}, "soon"),
    ],
)
def test_a_refusal_has_retry_after_in_the_form_that_is_set(
    client: Client, settings: dict[str, Any], header: str | None
) -> None:
    client.sandbox.behaviour = Behaviour(rate_limit=0, **settings)
    response = client.page("work-orders")
    assert (response.status_code, response.headers.get("Retry-After")) == (429, header)
