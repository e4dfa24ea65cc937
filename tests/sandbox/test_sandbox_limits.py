from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import pytest

from makini_sandbox import Behaviour, ManualClock

if TYPE_CHECKING:
    from .conftest import Serve


def test_the_window_slides(serve: Serve) -> None:
    client = serve(rows=1, behaviour=Behaviour(rate_limit=2, rate_limit_headers=True))
    clock = client.sandbox.clock
    assert isinstance(clock, ManualClock)
    first = client.page("work-orders")
    assert (first.headers["X-RateLimit-Limit"], first.headers["X-RateLimit-Remaining"]) == (
        "2",
        "1",
    )
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


def test_retry_after_as_a_date_counts_from_the_answers_own_date(serve: Serve) -> None:
    client = serve(rows=1, behaviour=Behaviour(rate_limit=0, retry_after="http_date"))
    answer = client.page("work-orders")
    asked = parsedate_to_datetime(answer.headers["Retry-After"])
    dated = parsedate_to_datetime(answer.headers["Date"])
    assert (asked - dated).total_seconds() == 60


@pytest.mark.parametrize(("form", "header"), [("missing", None), ("negative", "-5"), ("garbage", "soon")])
def test_other_forms_of_retry_after(serve: Serve, form: str, header: str | None) -> None:
    client = serve(rows=1, behaviour=Behaviour(rate_limit=0))
    client.sandbox.behaviour.merge({"retry_after": form})
    answer = client.page("work-orders")
    assert (answer.status_code, answer.headers.get("Retry-After")) == (429, header)


def test_retry_after_as_set(serve: Serve) -> None:
    client = serve(rows=1, behaviour=Behaviour(rate_limit=0, retry_after_seconds=3600))
    assert client.page("work-orders").headers["Retry-After"] == "3600"
