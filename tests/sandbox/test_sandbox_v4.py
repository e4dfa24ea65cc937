from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from makini_sandbox import Behaviour, Fault
from makini_sandbox.entities import ENTITIES

if TYPE_CHECKING:
    from .conftest import Client, Serve

STANDARD = {"id", "_idValue", "_displayValue", "_createdAt", "_updatedAt", "_deletedAt", "_implements"}
OF_V3 = {"key", "createdAt", "updatedAt", "deletedAt"}
UPDATED_FROM = "filter[_updatedAt:gteq]"
BY_UPDATED = "sort[_updatedAt]"
FIXED = "2024-01-01T00:00:00Z"


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


def rows(client: Client, slug: str, **parameters: object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = listed(client, slug, per_page=500, **parameters)["data"]
    return found


def test_dates_are_those_of_v3_or_made_up_where_it_has_none(serve: Serve) -> None:
    client = serve(rows=3)

    def dates(slug: str) -> list[tuple[str, str, str | None]]:
        return [(row["_createdAt"], row["_updatedAt"], row["_deletedAt"]) for row in rows(client, slug)]

    stored = client.sandbox.store.rows
    assert dates("assets") == [(row["createdAt"], row["updatedAt"], row["deletedAt"]) for row in stored("assets")]
    assert dates("meter-readings") == [(row["createdAt"],) * 2 + (None,) for row in stored("meter-readings")]
    assert dates("purchase-orders") == [(row["updatedAt"],) * 2 + (None,) for row in stored("purchase-orders")]
    assert set(dates("uom")) == {(FIXED, FIXED, None)}


def test_the_ids_of_the_source_are_texts_that_stay(serve: Serve) -> None:
    client = serve(rows=20)
    ids = [row["_idValue"] for row in rows(client, "assets")]
    client.sandbox.store.touch("assets", 3)
    assert [row["_idValue"] for row in rows(client, "assets")] == ids
    assert len(set(ids)) == 20
    assert all(isinstance(one, str) for one in ids)


def test_an_asset_names_its_parent(serve: Serve) -> None:
    found = rows(serve(rows=60), "assets")
    parents = [row["parent"] for row in found]
    assert parents == [{"id": row["parentKey"]} if row["parentKey"] else None for row in found]
    assert any(parents)


def test_the_envelope_has_four_fields_of_meta_and_no_links(serve: Serve) -> None:
    client = serve(rows=31)
    answer = listed(client, "assets", per_page=10, page=2)
    assert answer.keys() == {"data", "meta"}
    assert answer["meta"] == {"current_page": 2, "last_page": 4, "per_page": 10, "total": 31}
    client.sandbox.behaviour.envelope = "no_meta"
    assert listed(client, "assets").keys() == {"data"}


@pytest.mark.parametrize(("slug", "source"), [("meter-readings", "createdAt"), ("purchase-orders", "updatedAt")])
def test_dates_that_stand_in_may_be_filtered_by(serve: Serve, slug: str, source: str) -> None:
    client = serve(rows=20)
    dates = sorted(row[source] for row in client.sandbox.store.rows(slug))
    for field in ("_createdAt", "_updatedAt"):
        found = rows(client, slug, **{f"filter[{field}:gteq]": dates[9], f"sort[{field}]": 0})
        assert [row[field] for row in found] == dates[9:]


@pytest.mark.parametrize(
    ("parameters", "count"),
    [
        ({UPDATED_FROM: FIXED, BY_UPDATED: 0}, 12),
        ({"filter[_updatedAt:gt]": FIXED}, 0),
        ({UPDATED_FROM: "2025-01-01", "filter[code]": "EA"}, 0),
        ({UPDATED_FROM: "2025-01-01", "filter[code]": "EA", "filterMatch": "any"}, 1),
        ({UPDATED_FROM: FIXED, "filter[code]": "EA", "filterMatch": "any"}, 12),
        ({UPDATED_FROM: FIXED, "filter[code]": "EA"}, 1),
    ],
)
def test_made_up_dates_may_be_filtered_by(serve: Serve, parameters: dict[str, Any], count: int) -> None:
    client = serve(rows=1)
    assert len(rows(client, "uom", **parameters)) == count
    client.sandbox.behaviour.filter = "ignored"
    assert len(rows(client, "uom", **parameters)) == 12


def test_fields_of_v3_are_none_of_v4(serve: Serve) -> None:
    client = serve(rows=1)
    for name in ("filter[updatedAt:gteq]", "filter[_updatedAt:after]", "filter[key]", "sort[createdAt]"):
        answer = client.get("/api/v4/assets", **{name: "2025-01-01"})
        assert answer.status_code == 422
        assert answer.json()["message"].startswith(name)


def test_a_row_is_found_by_its_id(serve: Serve) -> None:
    client = serve(rows=3)
    record = rows(client, "assets")[1]
    assert rows(client, "assets", **{"filter[id]": record["id"]}) == [record]
    assert client.get(f"/api/v4/assets/{record['id']}").json() == {"data": record}
    assert client.get("/api/v4/assets/none").status_code == 404
    assert client.get("/api/v4/nothing").status_code == 404


def test_digits_custom_fields_and_broken_rows_pass_through(serve: Serve) -> None:
    client = serve(rows=0)
    store = client.sandbox.store
    store.insert_raw("assets", b'{"key":"k","price":12.50,"big":12345678901234567890,"x_own":{"a":[1e400]}}')
    body = client.get("/api/v4/assets").content
    assert b'"price":12.50' in body
    assert b'"big":12345678901234567890,"x_own":{"a":[1e400]}' in body
    store.insert_raw("assets", b"{")
    assert b",{]" in client.get("/api/v4/assets").content


def test_a_date_that_is_null_in_v3_is_null(serve: Serve) -> None:
    client = serve(rows=1)
    client.sandbox.store.update("assets", client.sandbox.store.keys("assets")[0], updatedAt=None)
    assert rows(client, "assets")[0]["_updatedAt"] is None


def test_faults_overrides_and_absence_are_those_of_the_entity(serve: Serve) -> None:
    behaviour = Behaviour(
        faults=[Fault("status", slug="assets")],
        overrides={"meters": {"max_page_size": 2}},
        absent=frozenset({"v4/teams"}),
        absent_answer=403,
    )
    client = serve(rows=9, behaviour=behaviour)
    assert client.get("/api/v4/assets").status_code == 503
    assert listed(client, "meters", per_page=500)["meta"]["per_page"] == 2
    assert client.get("/api/v4/teams").status_code == 403
    assert client.page("teams").status_code == 200
    assert [record.slug for record in client.sandbox.requests] == ["assets", "meters", "teams", "teams"]


def test_a_change_shows_at_once(serve: Serve) -> None:
    client = serve(rows=5)
    store = client.sandbox.store
    seek = {UPDATED_FROM: "2026-03-01T12:00:00Z", BY_UPDATED: 0}
    assert rows(client, "work-orders", **seek) == []
    key = store.keys("work-orders")[2]
    store.update("work-orders", key, title="new")
    assert [(row["id"], row["title"]) for row in rows(client, "work-orders", **seek)] == [(key, "new")]


def test_amounts_are_the_same_in_both_versions(serve: Serve) -> None:
    client = serve(rows=9)
    decode = msgspec.json.Decoder(float_hook=Decimal).decode
    v3, v4 = (decode(client.get(f"/api/{version}/purchase-orders").content)["data"] for version in ("erp", "v4"))
    assert [str(row["totalNetValue"]) for row in v3] == [str(row["totalNetValue"]) for row in v4]
    assert json.dumps([row["lineItems"] for row in v3], default=str) == json.dumps(
        [row["lineItems"] for row in v4],
        default=str,
    )
