from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from makini_sandbox.entities import ENTITIES, PRODUCTS

if TYPE_CHECKING:
    from .conftest import Client, Serve

SLUG = "work-orders"
UPDATED_FROM = "filter[updatedAt:gteq]"
BY_UPDATED = "sort[updatedAt]"


def test_every_entity_is_listed_under_each_of_its_products(serve: Serve) -> None:
    client = serve(rows=3)
    for slug, entity in ENTITIES.items():
        for product in PRODUCTS:
            response = client.get(f"/api/{product}/{slug}", per_page=2)
            assert response.status_code == (200 if product in entity.products else 404), slug
            if response.ok:
                assert response.json()["data"], slug


def test_pages_partition_the_rows(client: Client) -> None:
    first = client.page(SLUG, per_page=25).json()
    assert first["meta"] == {
        "current_page": 1,
        "from": 1,
        "last_page": 3,
        "path": f"{client.sandbox.url}/api/eam/work-orders",
        "per_page": 25,
        "to": 25,
        "total": 60,
    }
    assert first["links"]["prev"] is None
    following = urlsplit(first["links"]["next"])
    assert parse_qs(following.query) == {"per_page": ["25"], "page": ["2"]}
    assert client.rows(SLUG, per_page=25) == client.sandbox.store.rows(SLUG)


def test_a_page_beyond_the_last_is_empty(client: Client) -> None:
    response = client.page(SLUG, page=9).json()
    assert response["data"] == []
    assert response["meta"]["from"] is None
    assert response["meta"]["last_page"] == 2


def test_no_row_at_all_is_one_empty_page(serve: Serve) -> None:
    response = serve(rows=0).page(SLUG).json()
    assert response["data"] == []
    assert (response["meta"]["last_page"], response["meta"]["total"]) == (1, 0)


def test_a_page_has_50_rows_by_default(client: Client) -> None:
    assert len(client.page("assets").json()["data"]) == 50


@pytest.mark.parametrize(
    ("name", "keeps"), [("gteq", operator.ge), ("gt", operator.gt), ("lted", operator.le), ("lt", operator.lt)]
)
@pytest.mark.parametrize("sort", ["0", "1"])
def test_filters_by_date_keep_the_rows_that_they_name(client: Client, name: str, keeps: Any, sort: str) -> None:  # noqa: ANN401 - a function
    dates = sorted(row["updatedAt"] for row in client.sandbox.store.rows(SLUG))
    bound = dates[17]
    parameters = {f"filter[updatedAt:{name}]": bound, BY_UPDATED: sort, "per_page": 25}
    found = [row["updatedAt"] for row in client.rows(SLUG, **parameters)]
    assert found == sorted((date for date in dates if keeps(date, bound)), reverse=sort == "1")


def test_a_filter_without_sort_keeps_the_order_of_insertion(client: Client) -> None:
    rows = client.sandbox.store.rows(SLUG)
    bound = rows[0]["updatedAt"]
    wanted = [row for row in rows if row["updatedAt"] >= bound]
    assert client.rows(SLUG, **{UPDATED_FROM: bound, "per_page": 7}) == wanted


def test_a_filter_without_an_operator_tests_for_equality(client: Client) -> None:
    wanted = client.sandbox.store.rows(SLUG)[3]
    assert client.rows(SLUG, **{"filter[code]": wanted["code"]}) == [wanted]


def test_contains_and_starts_with_ignore_case(client: Client) -> None:
    rows = client.sandbox.store.rows(SLUG)
    contains = client.rows(SLUG, **{"filter[title:contains]": "PUMP"})
    starts = client.rows(SLUG, **{"filter[title:startsWith]": "repl"})
    assert contains == [row for row in rows if "pump" in row["title"]] != []
    assert starts == [row for row in rows if row["title"].startswith("Repl")] != []


def test_filter_match_any_needs_one_condition_and_all_needs_both(client: Client) -> None:
    rows = client.sandbox.store.rows(SLUG)
    both = {"filter[code]": rows[1]["code"], "filter[key]": rows[2]["key"]}
    assert client.rows(SLUG, **both) == []
    assert client.rows(SLUG, **both, filterMatch="any") == rows[1:3]


def test_a_field_that_is_not_a_date_sorts_too(client: Client) -> None:
    titles = [row["title"] for row in client.rows(SLUG, **{"sort[title]": 1})]
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
def test_garbage_is_refused_by_name(client: Client, parameter: str, value: str) -> None:
    response = client.page(SLUG, **{parameter: value})
    assert response.status_code == 422
    assert response.json()["message"].startswith(parameter)


def test_a_row_is_found_by_its_key(client: Client) -> None:
    row = client.sandbox.store.rows("statuses/work-orders")[1]
    assert client.get(f"/api/eam/statuses/work-orders/{row['key']}").json() == {"data": row}
    assert client.get("/api/eam/statuses/work-orders/none").status_code == 404
