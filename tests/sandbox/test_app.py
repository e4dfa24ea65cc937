from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

if TYPE_CHECKING:
    from .conftest import Client, Serve


def test_settings_are_changed_by_http(client: Client) -> None:
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
def test_settings_that_do_not_exist_are_refused_by_http(client: Client, body: bytes) -> None:
    response = requests.post(f"{client.sandbox.url}/sandbox/behaviour", data=body, timeout=10)
    assert response.status_code == 422
    assert response.json()["error"]


def test_rows_are_touched_by_http(serve: Serve) -> None:
    client = serve(rows=9)
    url = f"{client.sandbox.url}/sandbox/touch"
    response = requests.post(f"{url}?slug=work-orders&n=2", timeout=10)
    rows = {row["key"]: row["updatedAt"] for row in client.sandbox.store.rows("work-orders")}
    assert [rows[key] for key in response.json()["keys"]] == ["2026-03-01T12:00:00Z"] * 2
    for wrong in ("slug=nothing", "slug=assets&n=x", ""):
        assert requests.post(f"{url}?{wrong}", timeout=10).status_code == 422


def test_requests_are_listed_by_http(client: Client) -> None:
    client.page("work-orders", page=1)
    listed = requests.get(f"{client.sandbox.url}/sandbox/requests", timeout=10).json()
    assert [(one["slug"], one["query"], one["status"]) for one in listed] == [("work-orders", {"page": "1"}, 200)]


def test_requests_are_recorded_without_the_token(client: Client) -> None:
    client.page("work-orders", page=1)
    client.page("work-orders", page="x")
    first, second = client.sandbox.requests
    assert (first.number, first.path, first.query, first.slug, first.status) == (
        1,
        "/api/eam/work-orders",
        {"page": "1"},
        "work-orders",
        200,
    )
    assert second.status == 422
    assert client.token not in repr([first.as_json(), first.headers])


@pytest.mark.parametrize("header", [None, "Bearer wrong", "Basic sandbox-token", "Bearer"])
def test_requests_need_the_token(client: Client, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    response = requests.get(f"{client.sandbox.url}/api/eam/work-orders", headers=headers, timeout=10)
    assert response.status_code == 401
    assert response.json()["code"] == "AUTHENTICATION_FAILED"


@pytest.mark.parametrize("path", ["/", "/api/eam", "/api/eam/nothing", "/api/crm/contacts"])
def test_unknown_paths_are_not_found(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_a_write_changes_nothing_and_is_recorded(client: Client) -> None:
    response = requests.delete(
        f"{client.sandbox.url}/api/integrations/current",
        headers={"Authorization": f"Bearer {client.token}"},
        timeout=10,
    )
    assert response.status_code == 405
    assert [record.method for record in client.sandbox.requests] == ["DELETE"]


def test_the_integration_has_a_status_and_a_time(client: Client) -> None:
    integration = client.get("/api/integrations/current").json()["data"]
    assert integration["sync_status"] == "fulldone"
    assert integration["updated_at"] == "2026-03-01T12:00:00Z"


def test_each_token_opens_data_of_its_own(serve: Serve) -> None:
    client = serve(rows=5, connections={"t-a": "acme", "t-b": "bolt"})
    acme = client.rows("work-orders")
    client.token = "t-b"  # noqa: S105 - opens nothing but the sandbox
    bolt = client.rows("work-orders")
    assert {row["key"] for row in acme}.isdisjoint(row["key"] for row in bolt)
    assert [record.connection for record in client.sandbox.requests] == ["acme", "bolt"]
