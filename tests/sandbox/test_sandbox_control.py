from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

if TYPE_CHECKING:
    from .conftest import Serve


def test_knobs_are_turned_by_http(serve: Serve) -> None:
    client = serve(rows=9)
    url = f"{client.sandbox.url}/sandbox/behaviour"
    values = {"max_page_size": 3, "faults": [{"kind": "status", "status": 502}]}
    assert requests.post(url, json=values, timeout=10).status_code == 204
    assert client.page("assets").status_code == 502
    assert client.page("assets").json()["meta"]["per_page"] == 3
    one = requests.post(url, params={"slug": "meters"}, json={"max_page_size": 2}, timeout=10)
    assert one.status_code == 204
    assert client.page("meters").json()["meta"]["per_page"] == 2
    assert client.page("assets").json()["meta"]["per_page"] == 3


@pytest.mark.parametrize("body", [b'{"colour":"red"}', b'{"order":"sideways"}', b"[1]", b"{"])
def test_knobs_that_are_none(serve: Serve, body: bytes) -> None:
    url = f"{serve(rows=0).sandbox.url}/sandbox/behaviour"
    answer = requests.post(url, data=body, timeout=10)
    assert answer.status_code == 422
    assert answer.json()["error"]


def test_rows_are_touched_by_http(serve: Serve) -> None:
    client = serve(rows=9)
    url = f"{client.sandbox.url}/sandbox/touch"
    answer = requests.post(f"{url}?slug=work-orders&n=2", timeout=10)
    rows = {row["key"]: row["updatedAt"] for row in client.sandbox.store.rows("work-orders")}
    assert [rows[key] for key in answer.json()["keys"]] == ["2026-03-01T12:00:00Z"] * 2
    for wrong in ("slug=nothing", "slug=assets&n=x", ""):
        assert requests.post(f"{url}?{wrong}", timeout=10).status_code == 422


def test_requests_are_told_by_http(serve: Serve) -> None:
    client = serve(rows=1)
    client.page("work-orders", page=1)
    told = requests.get(f"{client.sandbox.url}/sandbox/requests", timeout=10).json()
    assert [(one["slug"], one["query"], one["status"]) for one in told] == [("work-orders", {"page": "1"}, 200)]
