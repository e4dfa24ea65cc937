from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

from makini_sandbox import Fault

if TYPE_CHECKING:
    from makini_sandbox.faults import FaultKind

    from .conftest import Client, Serve


def faulty(client: Client, *faults: Fault) -> Client:
    client.sandbox.behaviour.faults = [*faults]
    return client


def statuses(client: Client, count: int, slug: str = "work-orders") -> list[int]:
    return [client.page(slug).status_code for _ in range(count)]


def test_a_status_strikes_once_by_default(client: Client) -> None:
    assert statuses(faulty(client, Fault("status", status=502)), 2) == [502, 200]


def test_faults_strike_from_the_nth_request_on_as_often_as_said(client: Client) -> None:
    faulty(client, Fault("status", status=500, nth=2, times=2))
    assert statuses(client, 5) == [200, 500, 500, 200, 200]


def test_a_fault_may_have_no_end(client: Client) -> None:
    assert statuses(faulty(client, Fault("status", times=None)), 3) == [503] * 3


def test_equal_faults_are_two_faults(client: Client) -> None:
    faulty(client, Fault("status", nth=1), Fault("status", nth=2))
    assert statuses(client, 3) == [503, 503, 200]


def test_a_fault_may_be_of_one_entity_or_of_one_page(client: Client) -> None:
    faulty(client, Fault("status", slug="assets"), Fault("status", slug="meters", page=2))
    assert statuses(client, 1, "work-orders") == [200]
    assert statuses(client, 1, "assets") == [503]
    assert statuses(client, 1, "meters") == [200]
    assert client.page("meters", page=2).status_code == 503


@pytest.mark.parametrize(
    ("fault", "header"),
    [
        (Fault("status"), None),
        (Fault("status", status=429, retry_after=7), "7"),
        (Fault("status", status=429, retry_after="1.5"), "1.5"),
        (
            Fault("status", retry_after=7, retry_after_form="http_date"),
            "Sun, 01 Mar 2026 12:00:07 GMT",
        ),
        (Fault("status", retry_after=7, retry_after_form="missing"), None),
        (Fault("status", retry_after_form="negative"), "-5"),
        (Fault("status", retry_after_form="garbage"), "soon"),
    ],
)
def test_a_status_has_the_retry_after_that_is_set(client: Client, fault: Fault, header: str | None) -> None:
    response = faulty(client, fault).page("work-orders")
    assert (response.status_code, response.headers.get("Retry-After")) == (fault.status, header)


@pytest.mark.parametrize("kind", ["cut", "cut_chunked", "reset"])
@pytest.mark.parametrize("gzip", [False, True])
def test_the_body_ends_too_early(client: Client, kind: FaultKind, gzip: bool) -> None:  # noqa: FBT001 - the case
    faulty(client, Fault(kind))
    client.sandbox.behaviour.gzip = gzip
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError)):
        client.page("work-orders")
    assert client.page("work-orders").status_code == 200


def test_a_reset_is_a_reset(client: Client) -> None:
    with pytest.raises(requests.RequestException, match="reset by peer"):
        faulty(client, Fault("reset")).page("work-orders")


def test_no_response_comes_until_the_client_goes(client: Client) -> None:
    faulty(client, Fault("timeout"))
    url = f"{client.sandbox.url}/api/eam/work-orders"
    headers = {"Authorization": f"Bearer {client.token}"}
    with pytest.raises(requests.ReadTimeout):
        requests.get(url, headers=headers, timeout=0.05)
    assert statuses(client, 1) == [200]
    assert [record.status for record in client.sandbox.requests] == [None, 200]


def test_a_silent_response_does_not_keep_the_sandbox_from_stopping(serve: Serve) -> None:
    client = faulty(serve(rows=1), Fault("timeout"))
    with pytest.raises(requests.ReadTimeout):
        client._session.get(  # noqa: SLF001 - the connection stays open
            f"{client.sandbox.url}/api/eam/work-orders",
            headers={"Authorization": f"Bearer {client.token}"},
            timeout=0.05,
            stream=True,
        )


@pytest.mark.parametrize("kind", ["not_json", "truncated_json", "html_200"])
def test_a_body_may_not_be_json(client: Client, kind: FaultKind) -> None:
    response = faulty(client, Fault(kind)).page("work-orders")
    assert response.status_code == 200
    with pytest.raises(requests.exceptions.JSONDecodeError):
        response.json()


def test_data_may_be_null_or_missing(client: Client) -> None:
    faulty(client, Fault("data_null"), Fault("data_missing", nth=2))
    assert client.page("work-orders").json()["data"] is None
    assert "data" not in client.page("work-orders").json()


def test_data_may_be_an_object(client: Client) -> None:
    response = faulty(client, Fault("data_object")).page("work-orders").json()
    assert isinstance(response["data"], dict)


@pytest.mark.parametrize(
    ("kind", "meta"),
    [
        ("meta_last_page_zero", {"last_page": 0}),
        ("meta_wrong_page", {"current_page": 3}),
        ("meta_total_shrinks", {"last_page": 1, "total": 5}),
    ],
)
def test_meta_may_be_wrong_beside_the_right_rows(client: Client, kind: FaultKind, meta: dict[str, int]) -> None:
    faulty(client, Fault(kind))
    wrong = client.page("work-orders", page=2, per_page=10).json()
    true = client.page("work-orders", page=2, per_page=10).json()
    assert wrong["data"] == true["data"]
    assert {**true["meta"], **meta} == wrong["meta"] != true["meta"]


def test_meta_may_be_missing(client: Client) -> None:
    assert "meta" not in faulty(client, Fault("meta_missing")).page("work-orders").json()


def test_a_page_in_the_middle_may_be_empty(client: Client) -> None:
    response = faulty(client, Fault("empty_page")).page("work-orders", page=2, per_page=10).json()
    assert response["data"] == []
    assert response["meta"]["total"] == 60


def test_the_same_page_may_come_twice(client: Client) -> None:
    faulty(client, Fault("same_page_twice", page=2), Fault("same_page_twice", nth=4))
    first = client.page("work-orders", per_page=10).json()
    second = client.page("work-orders", per_page=10, page=2).json()
    assert second["data"] == first["data"]
    assert second["meta"]["current_page"] == 2
    third = client.page("work-orders", per_page=10, page=3).json()
    fresh = {"filter[updatedAt:gteq]": "2025-06-01", "per_page": 10}
    assert client.page("work-orders", **fresh).json()["data"] == third["data"]


def test_the_token_expires_for_good(client: Client) -> None:
    assert statuses(faulty(client, Fault("expire_token", nth=3)), 5) == [200, 200, 401, 401, 401]
