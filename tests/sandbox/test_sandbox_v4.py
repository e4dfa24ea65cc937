from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from makini_sandbox import Behaviour
from makini_sandbox.entities import ENTITIES

if TYPE_CHECKING:
    from .conftest import Client, Serve

STANDARD = {"id", "_idValue", "_displayValue", "_createdAt", "_updatedAt", "_deletedAt", "_implements"}
OF_V3 = {"key", "createdAt", "updatedAt", "deletedAt"}


def listed(client: Client, slug: str, **parameters: object) -> Any:  # noqa: ANN401 - any JSON
    answer = client.get(f"/api/v4/{slug}", **parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("slug", ENTITIES)
def test_every_record_has_the_standard_fields_and_its_own(serve: Serve, slug: str) -> None:
    client = serve(rows=5)
    own = {row.get("key") or row["name"]: row for row in client.sandbox.store.rows(slug)}
    answer = listed(client, slug)
    assert answer.keys() == {"data", "meta"}
    assert answer["meta"].keys() == {"current_page", "last_page", "per_page", "total"}
    assert len(answer["data"]) == len(own)
    for record in answer["data"]:
        assert record.keys() >= STANDARD
        assert not record.keys() & OF_V3
        row = own[record["id"]]
        assert {name: record[name] for name in row.keys() - OF_V3} == {name: row[name] for name in row.keys() - OF_V3}
        assert record["_deletedAt"] == row.get("deletedAt")


def test_digits_of_amounts_stay(serve: Serve) -> None:
    client = serve(rows=1)
    client.sandbox.store.insert_raw("stocks", b'{"key": "precise", "quantity": 1.2300000000000000000000001}')
    assert "1.2300000000000000000000001" in client.get("/api/v4/stocks").text


def test_filter_and_sort_are_by_the_names_of_v4(serve: Serve) -> None:
    client = serve(rows=40)
    instants = sorted(row["updatedAt"] for row in client.sandbox.store.rows("assets") if row["updatedAt"])
    bound = instants[20]
    asked = {"filter[_updatedAt:gteq]": bound, "sort[_updatedAt]": 1, "per_page": 100}
    found = [record["_updatedAt"] for record in listed(client, "assets", **asked)["data"]]
    assert found == sorted((instant for instant in instants if instant >= bound), reverse=True)
    assert client.get("/api/v4/assets", **{"filter[updatedAt:gteq]": bound}).status_code == 422


def test_one_record_is_read_by_its_id(serve: Serve) -> None:
    client = serve(rows=3)
    key = client.sandbox.store.keys("vendors")[0]
    assert client.get(f"/api/v4/vendors/{key}").json()["data"]["id"] == key
    assert client.get("/api/v4/vendors/nobody").status_code == 404


def test_behaviours_hold_for_v4_too(serve: Serve) -> None:
    behaviour = Behaviour(absent=frozenset({"rfq"}), absent_answer=501, max_page_size=2)
    client = serve(rows=5, behaviour=behaviour)
    assert client.get("/api/v4/rfq").status_code == 501
    assert listed(client, "assets", per_page=100)["meta"]["per_page"] == 2


def test_what_is_recorded_is_named_by_its_entity(serve: Serve) -> None:
    client = serve(rows=2)
    listed(client, "work-orders")
    [request] = client.sandbox.requests
    assert (request.slug, request.path) == ("work-orders", "/api/v4/work-orders")
    assert json.dumps(request.query) == "{}"
