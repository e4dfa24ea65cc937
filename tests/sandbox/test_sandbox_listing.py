from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from makini_sandbox.entities import ENTITIES

if TYPE_CHECKING:
    from .conftest import Serve

UPDATED_FROM = "filter[updatedAt:gteq]"
BY_UPDATED = "sort[updatedAt]"


def test_every_entity_answers_under_each_of_its_products(serve: Serve) -> None:
    client = serve(rows=3)
    assert len(ENTITIES) == 61
    for slug, entity in ENTITIES.items():
        for product in ("eam", "erp", "wms"):
            answer = client.get(f"/api/{product}/{slug}", per_page=2)
            assert answer.status_code == (200 if product in entity.products else 404), slug
            if answer.ok:
                assert answer.json()["data"], slug


def test_pages_partition_the_rows(serve: Serve) -> None:
    client = serve(rows=31)
    first = client.page("work-orders", per_page=10).json()
    path = f"{client.sandbox.url}/api/eam/work-orders"
    assert first["meta"] == {
        "current_page": 1,
        "from": 1,
        "last_page": 4,
        "path": path,
        "per_page": 10,
        "to": 10,
        "total": 31,
    }
    assert first["links"]["prev"] is None
    following = urlsplit(first["links"]["next"])
    assert parse_qs(following.query) == {"per_page": ["10"], "page": ["2"]}
    assert client.rows("work-orders", per_page=10) == client.sandbox.store.rows("work-orders")


def test_a_page_beyond_the_last_is_empty(serve: Serve) -> None:
    answer = serve(rows=5).page("work-orders", page=9).json()
    assert answer["data"] == []
    assert answer["meta"]["from"] is None
    assert answer["meta"]["last_page"] == 1


def test_no_row_at_all_is_one_empty_page(serve: Serve) -> None:
    answer = serve(rows=0).page("work-orders").json()
    assert answer["data"] == []
    assert (answer["meta"]["last_page"], answer["meta"]["total"]) == (1, 0)


def test_default_page_size(serve: Serve) -> None:
    assert len(serve(rows=80).page("assets").json()["data"]) == 50


@pytest.mark.parametrize(
    ("operator", "keeps"),
    [
        ("gteq", lambda value, bound: value >= bound),
        ("gt", lambda value, bound: value > bound),
        ("lted", lambda value, bound: value <= bound),
        ("lt", lambda value, bound: value < bound),
    ],
)
@pytest.mark.parametrize("sort", ["0", "1"])
def test_filters_by_date(serve: Serve, operator: str, keeps: object, sort: str) -> None:
    assert callable(keeps)
    client = serve(rows=40)
    dates = sorted(row["updatedAt"] for row in client.sandbox.store.rows("work-orders"))
    bound = dates[17]
    parameters = {f"filter[updatedAt:{operator}]": bound, BY_UPDATED: sort, "per_page": 7}
    found = [row["updatedAt"] for row in client.rows("work-orders", **parameters)]
    assert found == sorted(filter(lambda date: keeps(date, bound), dates), reverse=sort == "1")


def test_a_filter_without_sort_keeps_the_order_of_insertion(serve: Serve) -> None:
    client = serve(rows=40)
    rows = client.sandbox.store.rows("work-orders")
    bound = rows[0]["updatedAt"]
    wanted = [row for row in rows if row["updatedAt"] >= bound]
    assert client.rows("work-orders", **{UPDATED_FROM: bound, "per_page": 7}) == wanted


def test_equality_on_a_text_field(serve: Serve) -> None:
    client = serve(rows=10)
    wanted = client.sandbox.store.rows("work-orders")[3]
    assert client.rows("work-orders", **{"filter[code]": wanted["code"]}) == [wanted]


def test_contains_and_starts_with_ignore_case(serve: Serve) -> None:
    client = serve(rows=60)
    rows = client.sandbox.store.rows("work-orders")
    contains = client.rows("work-orders", **{"filter[title:contains]": "PUMP"})
    starts = client.rows("work-orders", **{"filter[title:startsWith]": "repl"})
    assert contains == [row for row in rows if "pump" in row["title"]] != []
    assert starts == [row for row in rows if row["title"].startswith("Repl")] != []


def test_filter_match_any_needs_one_condition_and_all_needs_both(serve: Serve) -> None:
    client = serve(rows=10)
    rows = client.sandbox.store.rows("work-orders")
    both = {"filter[code]": rows[1]["code"], "filter[key]": rows[2]["key"]}
    assert client.rows("work-orders", **both) == []
    assert client.rows("work-orders", **both, filterMatch="any") == rows[1:3]


def test_sort_by_a_field_that_is_no_date(serve: Serve) -> None:
    client = serve(rows=20)
    titles = [row["title"] for row in client.rows("work-orders", **{"sort[title]": 1})]
    assert titles == sorted(titles, reverse=True)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("page", "0"),
        ("page", "first"),
        ("per_page", "-1"),
        ("per_page", "many"),
        ("filterMatch", "some"),
        ("sort[updatedAt]", "up"),
        ("sort[nothing]", "0"),
        ("filter[nothing]", "1"),
        ("filter[updatedAt:after]", "2026-01-01"),
        ("filter[updatedAt:gteq]", "yesterday"),
    ],
)
def test_garbage_is_refused_by_name(serve: Serve, parameter: str, value: str) -> None:
    answer = serve(rows=1).page("work-orders", **{parameter: value})
    assert answer.status_code == 422
    assert answer.json()["message"].startswith(parameter)


def test_one_row_by_its_key(serve: Serve) -> None:
    client = serve(rows=3)
    row = client.sandbox.store.rows("statuses/work-orders")[1]
    answer = client.get(f"/api/eam/statuses/work-orders/{row['key']}")
    assert answer.json() == {"data": row}
    assert client.get("/api/eam/statuses/work-orders/none").status_code == 404


def test_the_state_of_the_integration(serve: Serve) -> None:
    answer = serve().get("/api/integrations/current").json()["data"]
    assert answer["sync_status"] == "fulldone"
    assert answer["updated_at"] == "2026-03-01T12:00:00Z"


@pytest.mark.parametrize("header", [None, "Bearer wrong", "Basic sandbox-token", "Bearer"])
def test_no_answer_without_the_token(serve: Serve, header: str | None) -> None:
    url = f"{serve().sandbox.url}/api/eam/work-orders"
    headers = {} if header is None else {"Authorization": header}
    answer = requests.get(url, headers=headers, timeout=10)
    assert answer.status_code == 401
    assert answer.json()["code"] == "AUTHENTICATION_FAILED"


@pytest.mark.parametrize("path", ["/", "/api/eam", "/api/eam/nothing", "/api/crm/contacts"])
def test_unknown_paths(serve: Serve, path: str) -> None:
    assert serve().get(path).status_code == 404


def test_a_write_changes_nothing_and_is_on_record(serve: Serve) -> None:
    client = serve()
    answer = requests.delete(
        f"{client.sandbox.url}/api/integrations/current",
        headers={"Authorization": f"Bearer {client.token}"},
        timeout=10,
    )
    assert answer.status_code == 405
    assert [record.method for record in client.sandbox.requests] == ["DELETE"]


def test_each_token_opens_data_of_its_own(serve: Serve) -> None:
    client = serve(rows=5, connections={"t-a": "acme", "t-b": "bolt"})
    acme = client.rows("work-orders")
    client.token = "t-b"  # noqa: S105 - opens nothing but the sandbox
    bolt = client.rows("work-orders")
    assert {row["key"] for row in acme}.isdisjoint(row["key"] for row in bolt)
    assert [record.connection for record in client.sandbox.requests] == ["acme", "bolt"]


def test_requests_are_recorded_without_the_token(serve: Serve) -> None:
    client = serve(rows=1)
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
