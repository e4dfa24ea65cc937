from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from makini_sandbox import Behaviour

if TYPE_CHECKING:
    from .conftest import Client, Serve

SEEK = {"filter[updatedAt:gteq]": "2025-06-15T12:00:00Z", "sort[updatedAt]": 0, "per_page": 500}


def dates(client: Client, **parameters: object) -> list[Any]:
    return [row["updatedAt"] for row in client.rows("work-orders", **(parameters or SEEK))]


def all_dates(client: Client) -> list[str]:
    return [row["updatedAt"] for row in client.sandbox.store.rows("work-orders")]


def test_filter_by_day_compares_days(serve: Serve) -> None:
    client = serve(rows=2, behaviour=Behaviour(filter="day"))
    early, late = client.sandbox.store.keys("work-orders")
    client.sandbox.store.update("work-orders", early, updatedAt="2025-06-15T00:00:00Z")
    client.sandbox.store.update("work-orders", late, updatedAt="2025-06-15T23:00:00Z")
    assert len(dates(client)) == 2
    assert dates(client, **{"filter[updatedAt:gt]": "2025-06-15T01:00:00Z"}) == []


def test_filter_ignored(serve: Serve) -> None:
    client = serve(rows=30, behaviour=Behaviour(filter="ignored"))
    assert dates(client) == sorted(all_dates(client))


@pytest.mark.parametrize("status", [400, 422])
def test_filter_refused(serve: Serve, status: int) -> None:
    client = serve(rows=1, behaviour=Behaviour(filter="refused", filter_refusal=status))
    assert client.page("work-orders", **SEEK).status_code == status
    assert client.page("work-orders").status_code == 200


def test_order_ignored_gives_the_order_of_insertion(serve: Serve) -> None:
    client = serve(rows=30, behaviour=Behaviour(order="ignored"))
    assert dates(client, **{"sort[updatedAt]": 0}) == all_dates(client)


def test_order_shuffled_differs_at_each_request(serve: Serve) -> None:
    client = serve(rows=30, behaviour=Behaviour(order="shuffled"))
    first, second = dates(client), dates(client)
    assert first != second
    assert sorted(first) == sorted(second)


def test_newest_first_whatever_is_asked(serve: Serve) -> None:
    client = serve(rows=30, behaviour=Behaviour(order="newest_first"))
    found = dates(client)
    assert found == sorted(found, reverse=True)


def test_sort_refused(serve: Serve) -> None:
    client = serve(rows=1, behaviour=Behaviour(refuse_sort=True))
    answer = client.page("work-orders", **{"sort[updatedAt]": 0})
    assert (answer.status_code, "sort[updatedAt]" in answer.text) == (422, True)


@pytest.mark.parametrize(("null_dates", "kept"), [("filtered", 0), ("kept", 10)])
def test_rows_without_a_date_and_the_filter(serve: Serve, null_dates: str, kept: int) -> None:
    behaviour = Behaviour(undated_rows=10)
    behaviour.merge({"null_dates": null_dates})
    found = dates(serve(rows=100, behaviour=behaviour))
    assert found.count(None) == kept
    assert len(found) > kept


@pytest.mark.parametrize(("nulls_sort", "at"), [("first", 0), ("last", -1)])
@pytest.mark.parametrize("sort", [0, 1])
def test_rows_without_a_date_and_the_sort(serve: Serve, nulls_sort: str, at: int, sort: int) -> None:
    behaviour = Behaviour(undated_rows=1)
    behaviour.merge({"nulls_sort": nulls_sort})
    found = dates(serve(rows=9, behaviour=behaviour), **{"sort[updatedAt]": sort})
    assert found.pop(at) is None
    assert found == sorted(found, reverse=sort == 1)


def test_ties_stand_otherwise_for_another_page_size(serve: Serve) -> None:
    client = serve(rows=40, behaviour=Behaviour(tie_order="by_page_size"))
    for key in client.sandbox.store.keys("work-orders"):
        client.sandbox.store.update("work-orders", key, updatedAt="2026-01-01T00:00:00Z")

    def keys(size: int) -> list[str]:
        parameters = {**SEEK, "per_page": size}
        return [row["key"] for row in client.rows("work-orders", **parameters)]

    assert keys(7) == keys(7) != keys(8)
    assert sorted(keys(7)) == sorted(keys(8))
    client.sandbox.behaviour.tie_order = "stable"
    assert keys(7) == keys(8)


def test_page_size_clamped_refused_ignored(serve: Serve) -> None:
    client = serve(rows=60, behaviour=Behaviour(max_page_size=20))
    assert client.page("work-orders", per_page=500).json()["meta"]["per_page"] == 20
    client.sandbox.behaviour.oversize = "refuse"
    refused = client.page("work-orders", per_page=500)
    assert (refused.status_code, "per_page" in refused.text) == (422, True)
    assert client.page("work-orders", per_page=20).status_code == 200
    client.sandbox.behaviour = Behaviour(page_size_ignored=True, default_page_size=15)
    assert len(client.page("work-orders", per_page=500).json()["data"]) == 15


def test_deleted_rows_hidden(serve: Serve) -> None:
    client = serve(rows=10)
    key = client.sandbox.store.keys("work-orders")[0]
    client.sandbox.store.delete("work-orders", key)
    listed = client.rows("work-orders", **SEEK)
    assert key in {row["key"] for row in listed}
    client.sandbox.behaviour.deleted = "hidden"
    for parameters in (SEEK, {"per_page": 5}):
        assert key not in {row["key"] for row in client.rows("work-orders", **parameters)}


@pytest.mark.parametrize("moves", [True, False])
def test_a_delete_moves_updated_at_or_not(serve: Serve, moves: bool) -> None:  # noqa: FBT001 - the case
    client = serve(rows=1, behaviour=Behaviour(delete_moves_updated_at=moves))
    store = client.sandbox.store
    before = store.rows("work-orders")[0]
    store.delete("work-orders", before["key"])
    after = store.rows("work-orders")[0]
    assert after["deletedAt"] == "2026-03-01T12:00:00Z"
    assert after["updatedAt"] == (after["deletedAt"] if moves else before["updatedAt"])


@pytest.mark.parametrize("answer", [403, 404, 501])
def test_absent_entities_answer_an_error(serve: Serve, answer: int) -> None:
    behaviour = Behaviour(absent=frozenset({"assets", "erp/vendors"}))
    behaviour.merge({"absent_answer": answer})
    client = serve(rows=2, behaviour=behaviour)
    assert client.page("assets").status_code == answer
    assert client.get("/api/erp/vendors").status_code == answer
    assert client.get("/api/wms/vendors").status_code == 200


def test_absent_entities_answer_an_empty_list(serve: Serve) -> None:
    behaviour = Behaviour(absent=frozenset({"assets"}), absent_answer="empty")
    assert serve(rows=2, behaviour=behaviour).page("assets").json()["meta"]["total"] == 0


@pytest.mark.parametrize(
    ("shape", "path"),
    [
        ("flat", ["code"]),
        ("nested", ["error", "code"]),
        ("list", ["errors", 0, "code"]),
    ],
)
def test_error_bodies_in_json(serve: Serve, shape: str, path: list[Any]) -> None:
    client = serve(rows=1)
    client.sandbox.behaviour.merge({"error_body": shape})
    found = client.page("work-orders", page="x").json()
    for step in path:
        found = found[step]
    assert found == "VALIDATION_FAILED"


def test_error_body_of_laravel_names_the_field(serve: Serve) -> None:
    client = serve(rows=1, behaviour=Behaviour(error_body="laravel"))
    assert list(client.page("work-orders", page="x").json()["errors"]) == ["page"]


@pytest.mark.parametrize(
    ("shape", "body", "media_type"),
    [
        ("html", "<html><body><h1>422</h1></body></html>", "text/html; charset=utf-8"),
        ("text", "error 422", "text/plain; charset=utf-8"),
        ("empty", "", "application/json"),
    ],
)
def test_error_bodies_that_are_no_json(serve: Serve, shape: str, body: str, media_type: str) -> None:
    client = serve(rows=1)
    client.sandbox.behaviour.merge({"error_body": shape})
    answer = client.page("work-orders", page="x")
    assert (answer.text, answer.headers["Content-Type"]) == (body, media_type)


@pytest.mark.parametrize(
    ("envelope", "parts"),
    [
        ("v3", {"data", "links", "meta"}),
        ("v4", {"data", "meta"}),
        ("no_meta", {"data", "links"}),
        ("no_links", {"data", "meta"}),
    ],
)
def test_envelopes(serve: Serve, envelope: str, parts: set[str]) -> None:
    client = serve(rows=1)
    client.sandbox.behaviour.merge({"envelope": envelope})
    answer = client.page("work-orders").json()
    assert set(answer) == parts
    if envelope == "v4":
        assert set(answer["meta"]) == {"current_page", "last_page", "per_page", "total"}


def test_cursors_lead_through_a_snapshot(serve: Serve) -> None:
    client = serve(rows=25, behaviour=Behaviour(cursor="follow"))
    keys = client.sandbox.store.keys("work-orders")
    answer = client.page("work-orders", per_page=10).json()
    read = [row["key"] for row in answer["data"]]
    client.sandbox.store.remove("work-orders", keys[0])
    while cursor := answer["next_cursor"]:
        answer = client.page("work-orders", per_page=10, cursor=cursor).json()
        read += [row["key"] for row in answer["data"]]
    assert read == keys


def test_cursors_in_a_circle(serve: Serve) -> None:
    client = serve(rows=25, behaviour=Behaviour(cursor="loop"))
    cursors: list[Any] = [None]
    for _ in range(4):
        parameters = {} if cursors[-1] is None else {"cursor": cursors[-1]}
        cursors.append(client.page("work-orders", **parameters).json()["next_cursor"])
    assert cursors == [None, "a", "b", "a", "b"]


@pytest.mark.parametrize("mode", ["follow", "loop"])
@pytest.mark.parametrize("cursor", ["x", "7.1", "0.0"])
def test_an_unknown_cursor_is_refused(serve: Serve, mode: str, cursor: str) -> None:
    client = serve(rows=1)
    client.sandbox.behaviour.merge({"cursor": mode})
    assert client.page("work-orders", cursor=cursor).status_code == 422


def test_compressed_bodies(serve: Serve) -> None:
    client = serve(rows=5, behaviour=Behaviour(gzip=True))
    answer = client.page("work-orders")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.json()["data"] == client.sandbox.store.rows("work-orders")


def test_what_work_order_materials_are(serve: Serve) -> None:
    items = serve(rows=1).page("work-orders/materials").json()["data"][0]
    behaviour = Behaviour(work_order_materials="WorkOrder")
    orders = serve(rows=1, behaviour=behaviour).page("work-orders/materials").json()["data"][0]
    assert "materialKey" in items
    assert "materialKey" not in orders
    assert "completionRemarks" in orders


def test_a_knob_for_one_entity(serve: Serve) -> None:
    behaviour = Behaviour()
    behaviour.assign("work-orders:max_page_size=2")
    client = serve(rows=9, behaviour=behaviour)
    assert client.page("work-orders", per_page=5).json()["meta"]["per_page"] == 2
    assert client.page("assets", per_page=5).json()["meta"]["per_page"] == 5


@pytest.mark.parametrize(
    ("assignment", "name", "value"),
    [
        ("order=shuffled", "order", "shuffled"),
        ("refuse_sort=true", "refuse_sort", True),
        ("max_page_size=100", "max_page_size", 100),
        ("max_page_size=null", "max_page_size", None),
        ("absent=assets,erp/vendors", "absent", frozenset({"assets", "erp/vendors"})),
        ("absent=", "absent", frozenset()),
        ("absent_answer=501", "absent_answer", 501),
        ("absent_answer=empty", "absent_answer", "empty"),
        ("cursor=loop", "cursor", "loop"),
    ],
)
def test_knobs_by_text(assignment: str, name: str, value: object) -> None:
    behaviour = Behaviour()
    behaviour.assign(assignment)
    assert getattr(behaviour, name) == value


@pytest.mark.parametrize("assignment", ["order", "order=sideways", "colour=red", "rate_limit=x"])
def test_a_knob_that_is_none(assignment: str) -> None:
    with pytest.raises(ValueError, match=assignment.partition("=")[0]):
        Behaviour().assign(assignment)
