from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from makini_sandbox import Behaviour, Fault, Sandbox
from makini_sandbox.entities import CHILD_LISTS

if TYPE_CHECKING:
    from .conftest import Client, Serve

ORDERS, MATERIALS = "work-orders", "materials"
SLUG = "work-orders/{key}/materials"


def first_order(client: Client, items: int) -> str:
    """The first work order, of which the sandbox is told to have that many items."""
    key = client.sandbox.store.keys(ORDERS)[0]
    client.sandbox.store.set_children(ORDERS, key, MATERIALS, [{"key": f"i{number}"} for number in range(items)])
    return key


def asked(client: Client, key: str, **parameters: object) -> Any:  # noqa: ANN401 - any JSON
    answer = client.get(f"/api/eam/work-orders/{key}/materials", **parameters)
    assert answer.status_code == 200
    return answer.json()


def test_every_child_list_answers_under_its_products_and_no_other(serve: Serve) -> None:
    client = serve(rows=2)
    assert len(CHILD_LISTS) == 6
    for child in CHILD_LISTS:
        key = client.sandbox.store.keys(child.parent)[0]
        for product in ("eam", "erp", "wms"):
            answer = client.get(f"/api/{product}/{child.parent}/{key}/{child.name}")
            assert answer.status_code == (200 if product in child.products else 404), child
            if answer.ok:
                assert answer.json()["data"] == client.sandbox.store.children(child.parent, key, child.name)


def test_parents_have_none_to_four_items_that_name_them(serve: Serve) -> None:
    store = serve(rows=60).sandbox.store
    for child in CHILD_LISTS:
        lists = {key: store.children(child.parent, key, child.name) for key in store.keys(child.parent)}
        assert {len(items) for items in lists.values()} == {0, 1, 2, 3, 4}, child
        for key, items in lists.items():
            assert {item[child.parent_field] for item in items} <= {key}
    keys = [item["key"] for items in lists.values() for item in items]
    assert len(set(keys)) == len(keys)


def test_items_are_of_their_type_and_the_same_in_every_sandbox_of_a_seed() -> None:
    one, other = Sandbox(rows=9).store, Sandbox(rows=9).store
    fields = one.fields("work-orders/materials")
    for key in one.keys(ORDERS):
        items = one.children(ORDERS, key, MATERIALS)
        assert items == other.children(ORDERS, key, MATERIALS)
        assert all(fields <= item.keys() for item in items)


def test_connections_have_items_of_their_own(serve: Serve) -> None:
    sandbox = serve(rows=9, connections={"t-a": "acme", "t-b": "bolt"}).sandbox
    keys = [
        {item["key"] for key in one.store.keys(ORDERS) for item in one.store.children(ORDERS, key, MATERIALS)}
        for one in sandbox.connections.values()
    ]
    assert keys[0]
    assert keys[0].isdisjoint(keys[1])


def test_an_unknown_or_removed_parent_has_no_list(serve: Serve) -> None:
    client = serve(rows=2)
    store = client.sandbox.store
    key = first_order(client, 1)
    store.remove(ORDERS, key)
    for path in (f"work-orders/{key}/materials", "work-orders/none/materials", "work-orders/none/children"):
        assert client.get(f"/api/eam/{path}").status_code == 404
    with pytest.raises(KeyError):
        store.children(ORDERS, key, MATERIALS)
    with pytest.raises(KeyError):
        store.set_children(ORDERS, store.keys(ORDERS)[0], "children", [])


def test_pages_in_the_envelope(serve: Serve) -> None:
    client = serve(rows=1, behaviour=Behaviour(child_page_size=2))
    key = first_order(client, 3)
    first, second, third = (asked(client, key, page=number) for number in (1, 2, 3))
    assert [row["key"] for row in first["data"] + second["data"]] == ["i0", "i1", "i2"]
    assert third["data"] == []
    assert (first["meta"]["last_page"], first["meta"]["total"], second["meta"]["current_page"]) == (2, 3, 2)


@pytest.mark.parametrize(("envelope", "names"), [("v4", {"data", "meta"}), ("no_meta", {"data", "links"})])
def test_the_envelope_is_the_behaviours(serve: Serve, envelope: Any, names: set[str]) -> None:  # noqa: ANN401 - a literal
    client = serve(rows=1, behaviour=Behaviour(envelope=envelope))
    assert asked(client, first_order(client, 1)).keys() == names


@pytest.mark.parametrize(
    ("answer", "items", "body"),
    [
        ("data", 1, {"data": [{"key": "i0"}]}),
        ("data", 0, {"data": []}),
        ("list", 2, [{"key": "i0"}, {"key": "i1"}]),
        ("list", 0, []),
        ("rows", 1, {"rows": [{"key": "i0"}]}),
        ("data_rows", 0, {"data": {"rows": []}}),
        ("object", 2, [{"key": "i0"}, {"key": "i1"}]),
        ("object", 1, {"key": "i0"}),
        ("object", 0, []),
    ],
)
def test_answers_without_an_envelope(serve: Serve, answer: Any, items: int, body: object) -> None:  # noqa: ANN401 - a literal
    client = serve(rows=1, behaviour=Behaviour(child_answer=answer))
    key = first_order(client, items)
    assert asked(client, key) == body
    beyond = asked(client, key, page=2)
    empty: dict[str, object] = {"data": {"data": []}, "rows": {"rows": []}, "data_rows": {"data": {"rows": []}}}
    assert beyond == empty.get(answer, [])


@pytest.mark.parametrize("answer", ["envelope", "list"])
def test_pages_ignored_are_all_items_at_every_page(serve: Serve, answer: Any) -> None:  # noqa: ANN401 - a literal
    client = serve(rows=1, behaviour=Behaviour(child_answer=answer, child_pages="ignored", child_page_size=2))
    key = first_order(client, 3)
    first = asked(client, key)
    assert asked(client, key, page=2) == first
    rows = first["data"] if answer == "envelope" else first
    assert len(rows) == 3
    if answer == "envelope":
        assert first["meta"]["last_page"] == 1


def test_pages_refused_are_all_items_and_no_second_page(serve: Serve) -> None:
    client = serve(rows=1, behaviour=Behaviour(child_answer="data", child_pages="refused", child_page_size=2))
    key = first_order(client, 3)
    assert len(asked(client, key, page=1)["data"]) == 3
    assert client.get(f"/api/eam/work-orders/{key}/materials", page=2).status_code == 422
    client.sandbox.behaviour.child_answer = "envelope"
    assert len(asked(client, key, page=2)["data"]) == 1


def test_filters_and_sorts_are_tolerated(serve: Serve) -> None:
    client = serve(rows=1)
    key = first_order(client, 2)
    parameters = {"filter[updatedAt:gteq]": "2030-01-01", "sort[updatedAt]": 0}
    assert len(asked(client, key, **parameters)["data"]) == 2


def test_requests_are_recorded_limited_and_open_to_faults_by_slug(serve: Serve) -> None:
    faults = [Fault("status", slug=SLUG), Fault("data_null", slug=SLUG, nth=2)]
    client = serve(rows=1, behaviour=Behaviour(faults=faults, rate_limit=3))
    key = first_order(client, 1)
    path = f"/api/eam/work-orders/{key}/materials"
    answers = [client.get(path) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [503, 200, 200, 429]
    assert [answer.json()["data"] for answer in answers[1:3]] == [None, [{"key": "i0"}]]
    assert [record.slug for record in client.sandbox.requests] == [SLUG, SLUG, SLUG, None]


@pytest.mark.parametrize("absent", [SLUG, f"eam/{SLUG}"])
def test_an_absent_list(serve: Serve, absent: str) -> None:
    client = serve(rows=1, behaviour=Behaviour(absent=frozenset({absent}), absent_answer=501))
    key = first_order(client, 1)
    assert client.get(f"/api/eam/work-orders/{key}/materials").status_code == 501
    client.sandbox.behaviour.absent_answer = "empty"
    assert asked(client, key)["data"] == []


def test_one_list_may_behave_otherwise(serve: Serve) -> None:
    client = serve(rows=1, behaviour=Behaviour(overrides={SLUG: {"child_answer": "list"}}))
    key = first_order(client, 1)
    assert asked(client, key) == [{"key": "i0"}]
    asset = client.sandbox.store.keys("assets")[0]
    assert "meta" in client.get(f"/api/eam/assets/{asset}/materials").json()
