"""Records of v4, which the sandbox makes up after the v4 guide."""

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
    response = client.get(f"/api/v4/{slug}", **parameters)
    assert response.status_code == 200, response.text
    return response.json()


def rows(client: Client, slug: str, **parameters: object) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = listed(client, slug, per_page=500, **parameters)["data"]
    return found


def test_every_record_has_the_standard_fields_and_its_own(client: Client) -> None:
    for slug in ENTITIES:
        own = {row.get("key") or row["name"]: row for row in client.sandbox.store.rows(slug)}
        records = rows(client, slug)
        assert len(records) == len(own), slug
        for record in records:
            assert record.keys() >= STANDARD
            assert not record.keys() & OF_V3
            row = own[record["id"]]
            names = row.keys() - OF_V3
            assert {name: record[name] for name in names} == {name: row[name] for name in names}
            assert record["_deletedAt"] == row.get("deletedAt")


def test_the_envelope_has_four_fields_of_meta_and_no_links(client: Client) -> None:
    response = listed(client, "assets", per_page=25, page=2)
    assert response.keys() == {"data", "meta"}
    assert response["meta"] == {"current_page": 2, "last_page": 3, "per_page": 25, "total": 60}
    client.sandbox.behaviour.envelope = "no_meta"
    assert listed(client, "assets").keys() == {"data"}


def test_filter_and_sort_are_by_the_names_of_v4(client: Client) -> None:
    instants = sorted(row["updatedAt"] for row in client.sandbox.store.rows("assets") if row["updatedAt"])
    bound = instants[20]
    found = [record["_updatedAt"] for record in rows(client, "assets", **{UPDATED_FROM: bound, BY_UPDATED: 1})]
    assert found == sorted((instant for instant in instants if instant >= bound), reverse=True)


@pytest.mark.parametrize(
    "name", ["filter[updatedAt:gteq]", "filter[_updatedAt:after]", "filter[key]", "sort[createdAt]"]
)
def test_fields_of_v3_are_not_those_of_v4(client: Client, name: str) -> None:
    response = client.get("/api/v4/assets", **{name: "2025-01-01"})
    assert response.status_code == 422
    assert response.json()["message"].startswith(name)


def test_a_row_is_found_by_its_id(client: Client) -> None:
    record = rows(client, "assets")[1]
    assert rows(client, "assets", **{"filter[id]": record["id"]}) == [record]
    assert client.get(f"/api/v4/assets/{record['id']}").json() == {"data": record}
    for path in ("assets/none", "nothing"):
        assert client.get(f"/api/v4/{path}").status_code == 404


def test_faults_overrides_and_absence_are_those_of_the_entity(client: Client) -> None:
    client.sandbox.behaviour = Behaviour(
        faults=[Fault("status", slug="assets")],
        overrides={"meters": {"max_page_size": 2}},
        absent=frozenset({"rfq", "v4/teams"}),
        absent_answer=403,
    )
    assert client.get("/api/v4/assets").status_code == 503
    assert listed(client, "meters", per_page=500)["meta"]["per_page"] == 2
    assert client.get("/api/v4/teams").status_code == 403
    assert client.page("teams").status_code == 200
    assert client.get("/api/v4/rfq").status_code == 403
    assert [record.slug for record in client.sandbox.requests] == ["assets", "meters", "teams", "teams", "rfq"]
    assert (client.sandbox.requests[0].path, client.sandbox.requests[0].query) == ("/api/v4/assets", {})


# --- dates ---


def test_dates_are_those_of_v3_or_made_up_if_it_has_none(client: Client) -> None:
    def dates(slug: str) -> list[tuple[str, str, str | None]]:
        return [(row["_createdAt"], row["_updatedAt"], row["_deletedAt"]) for row in rows(client, slug)]

    stored = client.sandbox.store.rows
    assert dates("assets") == [(row["createdAt"], row["updatedAt"], row["deletedAt"]) for row in stored("assets")]
    assert dates("meter-readings") == [(row["createdAt"],) * 2 + (None,) for row in stored("meter-readings")]
    assert dates("purchase-orders") == [(row["updatedAt"],) * 2 + (None,) for row in stored("purchase-orders")]
    assert set(dates("uom")) == {(FIXED, FIXED, None)}


@pytest.mark.parametrize(("slug", "source"), [("meter-readings", "createdAt"), ("purchase-orders", "updatedAt")])
def test_dates_in_place_of_others_may_be_filtered_by(client: Client, slug: str, source: str) -> None:
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
def test_made_up_dates_may_be_filtered_by(client: Client, parameters: dict[str, Any], count: int) -> None:
    assert len(rows(client, "uom", **parameters)) == count
    client.sandbox.behaviour.filter = "ignored"
    assert len(rows(client, "uom", **parameters)) == 12


def test_a_date_that_is_null_in_v3_is_null(serve: Serve) -> None:
    client = serve(rows=1)
    client.sandbox.store.update("assets", client.sandbox.store.keys("assets")[0], updatedAt=None)
    assert rows(client, "assets")[0]["_updatedAt"] is None


# --- values ---


def test_the_ids_of_the_source_are_texts_that_stay(serve: Serve) -> None:
    client = serve(rows=20)
    ids = [row["_idValue"] for row in rows(client, "assets")]
    client.sandbox.store.touch("assets", 3)
    assert [row["_idValue"] for row in rows(client, "assets")] == ids
    assert len(set(ids)) == 20
    assert all(isinstance(one, str) for one in ids)


def test_an_asset_names_its_parent(client: Client) -> None:
    found = rows(client, "assets")
    parents = [row["parent"] for row in found]
    assert parents == [{"id": row["parentKey"]} if row["parentKey"] else None for row in found]
    assert any(parents)


def test_digits_custom_fields_and_broken_rows_pass_through(serve: Serve) -> None:
    client = serve(rows=0)
    store = client.sandbox.store
    store.insert_raw(
        "assets",
        b'{"key":"k","price":12.50,"precise":1.2300000000000000000000001,"big":12345678901234567890,"x_own":{"a":[1e400]}}',
    )
    body = client.get("/api/v4/assets").content
    assert b'"price":12.50,"precise":1.2300000000000000000000001' in body
    assert b'"big":12345678901234567890,"x_own":{"a":[1e400]}' in body
    store.insert_raw("assets", b"{")
    assert b",{]" in client.get("/api/v4/assets").content


def test_a_change_shows_at_once(serve: Serve) -> None:
    client = serve(rows=5)
    store = client.sandbox.store
    keyset = {UPDATED_FROM: "2026-03-01T12:00:00Z", BY_UPDATED: 0}
    assert rows(client, "work-orders", **keyset) == []
    key = store.keys("work-orders")[2]
    store.update("work-orders", key, title="new")
    assert [(row["id"], row["title"]) for row in rows(client, "work-orders", **keyset)] == [(key, "new")]


def test_amounts_are_the_same_in_both_versions(client: Client) -> None:
    decode = msgspec.json.Decoder(float_hook=Decimal).decode
    v3, v4 = (decode(client.get(f"/api/{version}/purchase-orders").content)["data"] for version in ("erp", "v4"))
    assert [str(row["totalNetValue"]) for row in v3] == [str(row["totalNetValue"]) for row in v4]
    v3_lines, v4_lines = (json.dumps([row["lineItems"] for row in found], default=str) for found in (v3, v4))
    assert v3_lines == v4_lines
