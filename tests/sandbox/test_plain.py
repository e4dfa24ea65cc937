"""Lists for which the v3 spec declares no envelope: child lists, raw tables, and the list of raw tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from makini_sandbox import Behaviour, Fault, Sandbox
from makini_sandbox.entities import CHILD_LISTS, PRODUCTS

if TYPE_CHECKING:
    from .conftest import Client, Serve

ORDERS, MATERIALS = "work-orders", "materials"
SLUG = "work-orders/{key}/materials"
TABLES = ["dbo.WORKORDER", "Site/Parts list", "audit_log", "ARCHIVE_2019"]


def table_path(name: str) -> str:
    return f"/api/raw/tables/{quote(name, safe='')}/data"


def materials_path(client: Client) -> str:
    """Return the path of the materials of the first work order."""
    return f"/api/eam/work-orders/{client.sandbox.store.keys(ORDERS)[0]}/materials"


def read(client: Client, path: str, **parameters: object) -> Any:  # noqa: ANN401 - any JSON
    response = client.get(path, **parameters)
    assert response.status_code == 200
    return response.json()


class Plain:
    """A child list or a raw table, whose rows and settings a test chooses.

    Args:
        client: Reads it.
        kind: `child` or `raw`, as the names of its settings begin.
    """

    def __init__(self, client: Client, kind: str) -> None:
        self.client = client
        self._kind = kind
        self.path = materials_path(client) if kind == "child" else table_path("T")

    def fill(self, *keys: str) -> None:
        store, rows = self.client.sandbox.store, [{"key": key} for key in keys]
        if self._kind == "child":
            store.set_children(ORDERS, store.keys(ORDERS)[0], MATERIALS, rows)
        else:
            store.set_raw("T", rows)

    def behave(self, **settings: object) -> None:
        self.client.sandbox.behaviour.merge({f"{self._kind}_{name}": value for name, value in settings.items()})

    def read(self, **parameters: object) -> Any:  # noqa: ANN401 - any JSON
        return read(self.client, self.path, **parameters)

    def pages(self, *numbers: int) -> list[list[str]]:
        """Read pages in the form `data`, as the keys of their rows."""
        return [[row["key"] for row in self.read(page=number)["data"]] for number in numbers]


@pytest.fixture(params=["child", "raw"])
def plain(client: Client, request: pytest.FixtureRequest) -> Plain:
    return Plain(client, request.param)


@pytest.mark.parametrize(
    ("answer", "none", "one", "two"),
    [
        ("data", {"data": []}, {"data": [{"key": "a"}]}, {"data": [{"key": "a"}, {"key": "b"}]}),
        ("list", [], [{"key": "a"}], [{"key": "a"}, {"key": "b"}]),
        ("object", [], {"key": "a"}, [{"key": "a"}, {"key": "b"}]),
        ("rows", {"rows": []}, {"rows": [{"key": "a"}]}, {"rows": [{"key": "a"}, {"key": "b"}]}),
    ],
)
def test_rows_come_in_each_form_without_an_envelope(
    plain: Plain, answer: str, none: object, one: object, two: object
) -> None:
    plain.behave(answer=answer)
    for keys, body in (("", none), ("a", one), ("ab", two)):
        plain.fill(*keys)
        assert plain.read() == body
        assert plain.read(page=2) == none


@pytest.mark.parametrize(
    ("envelope", "parts"),
    [("v3", {"data", "links", "meta"}), ("v4", {"data", "meta"}), ("no_meta", {"data", "links"})],
)
def test_pages_in_an_envelope_have_its_parts_and_counts(plain: Plain, envelope: str, parts: set[str]) -> None:
    plain.client.sandbox.behaviour.merge({"envelope": envelope})
    plain.behave(answer="envelope", page_size=2)
    plain.fill(*"abc")
    assert plain.pages(1, 2, 3) == [["a", "b"], ["c"], []]
    second = plain.read(page=2)
    assert second.keys() == parts
    counts = [second.get("meta", {}).get(name) for name in ("current_page", "last_page", "per_page", "total")]
    assert counts == ([None] * 4 if envelope == "no_meta" else [2, 2, 2, 3])


@pytest.mark.parametrize(
    ("pages", "found"),
    [
        ("honoured", [["a", "b"], ["c"], []]),
        ("ignored", [["a", "b", "c"]] * 3),
        ("stuck", [["a", "b"]] * 3),
    ],
)
def test_pages_are_honored_or_ignored_or_stuck(plain: Plain, pages: str, found: list[list[str]]) -> None:
    plain.behave(answer="data", pages=pages, page_size=2)
    plain.fill(*"abc")
    assert plain.pages(1, 2, 3) == found
    plain.behave(answer="list")
    assert [[row["key"] for row in plain.read(page=number)] for number in (1, 2, 3)] == found


def test_pages_refused_are_all_rows_and_no_second_page(plain: Plain) -> None:
    plain.behave(answer="data", pages="refused", page_size=2)
    plain.fill(*"abc")
    assert plain.pages(1) == [["a", "b", "c"]]
    assert plain.client.get(plain.path, page=2).status_code == 422
    plain.behave(answer="envelope")
    assert plain.pages(2) == [["c"]]


def test_pages_ignored_are_one_page_in_the_envelope(plain: Plain) -> None:
    plain.behave(answer="envelope", pages="ignored", page_size=2)
    plain.fill(*"abc")
    assert plain.read(page=2) == plain.read()
    assert plain.read()["meta"]["last_page"] == 1


def test_filters_and_sorts_are_tolerated(plain: Plain) -> None:
    plain.fill(*"ab")
    parameters = {"filter[updatedAt:gteq]": "2030-01-01", "sort[updatedAt]": 0}
    assert len(plain.read(**parameters)["data"]) == 2


# --- child lists ---


def test_every_child_list_is_offered_under_its_products_and_no_other(client: Client) -> None:
    assert len(CHILD_LISTS) == 6
    for child in CHILD_LISTS:
        key = client.sandbox.store.keys(child.parent)[1]
        for product in PRODUCTS:
            response = client.get(f"/api/{product}/{child.parent}/{key}/{child.name}")
            assert response.status_code == (200 if product in child.products else 404), child
            if response.ok:
                assert response.json()["data"] == client.sandbox.store.children(child.parent, key, child.name)


def test_parents_have_none_to_four_items_that_name_them() -> None:
    store = Sandbox(rows=60).store
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


def test_connections_have_items_of_their_own() -> None:
    sandbox = Sandbox(rows=9, connections={"t-a": "acme", "t-b": "bolt"})
    keys = [
        {item["key"] for key in one.store.keys(ORDERS) for item in one.store.children(ORDERS, key, MATERIALS)}
        for one in sandbox.connections.values()
    ]
    assert keys[0]
    assert keys[0].isdisjoint(keys[1])


def test_an_unknown_or_removed_parent_has_no_list(serve: Serve) -> None:
    client = serve(rows=2)
    store = client.sandbox.store
    key = store.keys(ORDERS)[0]
    store.remove(ORDERS, key)
    for path in (f"work-orders/{key}/materials", "work-orders/none/materials", "work-orders/none/children"):
        assert client.get(f"/api/eam/{path}").status_code == 404
    with pytest.raises(KeyError):
        store.children(ORDERS, key, MATERIALS)
    with pytest.raises(KeyError):
        store.set_children(ORDERS, store.keys(ORDERS)[0], "children", [])


def test_child_lists_are_recorded_limited_and_open_to_faults_by_slug(serve: Serve) -> None:
    faults = [Fault("status", slug=SLUG), Fault("data_null", slug=SLUG, nth=2)]
    client = serve(rows=1, behaviour=Behaviour(faults=faults, rate_limit=3))
    path = materials_path(client)
    responses = [client.get(path) for _ in range(4)]
    assert [response.status_code for response in responses] == [503, 200, 200, 429]
    first, second = (response.json()["data"] for response in responses[1:3])
    assert first is None
    assert second == client.sandbox.store.children(ORDERS, client.sandbox.store.keys(ORDERS)[0], MATERIALS)
    assert [record.slug for record in client.sandbox.requests] == [SLUG, SLUG, SLUG, None]


@pytest.mark.parametrize("absent", [SLUG, f"eam/{SLUG}"])
def test_an_absent_child_list_is_refused_or_empty(client: Client, absent: str) -> None:
    client.sandbox.behaviour = Behaviour(absent=frozenset({absent}), absent_answer=501)
    path = f"/api/eam/work-orders/{client.sandbox.store.keys(ORDERS)[1]}/materials"
    assert client.get(path).status_code == 501
    client.sandbox.behaviour.absent_answer = "empty"
    assert read(client, path)["data"] == []


def test_one_child_list_may_behave_otherwise(client: Client) -> None:
    client.sandbox.behaviour = Behaviour(overrides={SLUG: {"child_answer": "list"}})
    assert isinstance(read(client, materials_path(client)), list)
    asset = client.sandbox.store.keys("assets")[0]
    assert "meta" in read(client, f"/api/eam/assets/{asset}/materials")


# --- raw tables ---


@pytest.mark.parametrize("name", TABLES)
def test_every_raw_table_is_listed_and_read(serve: Serve, name: str) -> None:
    client = serve(behaviour=Behaviour(raw_page_size=100))
    assert [one["name"] for one in read(client, "/api/raw/tables")["data"]] == TABLES
    rows = read(client, table_path(name))["data"]
    assert rows == client.sandbox.store.raw_tables.rows(name)
    assert len(rows) == (0 if name == "ARCHIVE_2019" else 25)


def test_a_name_with_a_slash_may_also_be_sent_as_it_is(client: Client) -> None:
    assert len(read(client, "/api/raw/tables/Site/Parts list/data", page=3)["data"]) == 5


def test_columns_differ_and_hold_every_type_of_json() -> None:
    raw = Sandbox(raw_rows=40).store.raw_tables
    columns = [set(raw.rows(name)[0]) for name in TABLES[:3]]
    assert not set.intersection(*columns)
    values = [value for name in TABLES for row in raw.rows(name) for value in row.values()]
    assert {type(value) for value in values} == {str, int, float, bool, dict, list, type(None)}


def test_a_table_without_a_key_has_rows_that_are_the_same() -> None:
    rows = Sandbox(raw_rows=4).store.raw_tables.rows("audit_log")
    assert rows[0] == rows[1] != rows[2] == rows[3]


@pytest.mark.parametrize(
    ("form", "entries"),
    [
        ("names", ["dbo.A", "a.b.C", "D"]),
        ("objects", [{"name": name, "description": None} for name in ("dbo.A", "a.b.C", "D")]),
        (
            "schema_objects",
            [{"schema": "dbo", "name": "A"}, {"schema": "a.b", "name": "C"}, {"schema": None, "name": "D"}],
        ),
    ],
)
def test_the_list_of_tables_comes_in_each_form(serve: Serve, form: str, entries: list[object]) -> None:
    client = serve(raw={"dbo.A": [], "a.b.C": [], "D": []})
    for answer, body in ((form, entries), (f"data_{form}", {"data": entries})):
        client.sandbox.behaviour.merge({"raw_tables_answer": answer})
        assert read(client, "/api/raw/tables") == body


@pytest.mark.parametrize(("answer", "body"), [("data", {"data": [1, None]}), ("list", [1, None])])
def test_rows_may_be_any_json(client: Client, answer: Any, body: object) -> None:  # noqa: ANN401 - a literal
    client.sandbox.behaviour.raw_answer = answer
    client.sandbox.store.set_raw("T", [1, None])
    assert read(client, table_path("T")) == body


def test_properties_may_stand_beside_the_rows(client: Client) -> None:
    client.sandbox.behaviour.raw_words = "total"
    assert read(client, table_path("audit_log"), page=3)["total"] == 25
    client.sandbox.behaviour.raw_words = "next"
    assert read(client, table_path("audit_log"), page=2)["next"].endswith("/data?page=3")
    assert read(client, table_path("audit_log"), page=3)["next"] is None


def test_pages_partition_the_rows_of_a_table(client: Client) -> None:
    pages = [read(client, table_path("dbo.WORKORDER"), page=number)["data"] for number in (1, 2, 3, 4)]
    assert [len(page) for page in pages] == [10, 10, 5, 0]
    assert [row for page in pages for row in page] == client.sandbox.store.raw_tables.rows("dbo.WORKORDER")


def test_a_table_is_created_replaced_and_removed(serve: Serve) -> None:
    client = serve()
    store = client.sandbox.store
    for rows in ([{"a": 1}], []):
        store.set_raw("T", rows)
        assert read(client, table_path("T"))["data"] == rows
    store.raw_tables.drop("T")
    assert client.get(table_path("T")).status_code == 404
    assert store.raw_tables.names() == TABLES


@pytest.mark.parametrize("path", ["tables/none/data", "tables/audit_log", "tables//data", "other"])
def test_unknown_tables_and_paths_are_not_found(client: Client, path: str) -> None:
    assert client.get(f"/api/raw/{path}").status_code == 404


def test_each_connection_has_tables_of_its_own() -> None:
    sandbox = Sandbox(connections={"t-a": "acme", "t-b": "bolt"})
    acme, bolt = (one.store.raw_tables.rows("audit_log") for one in sandbox.connections.values())
    assert acme != bolt


def test_raw_tables_are_recorded_and_open_to_faults_by_slug(client: Client) -> None:
    client.sandbox.behaviour = Behaviour(
        faults=[Fault("status", slug="raw/audit_log", page=2), Fault("truncated_json", slug="raw/tables")],
        absent=frozenset({"raw/Site/Parts list"}),
        absent_answer=403,
        overrides={"raw/dbo.WORKORDER": {"raw_answer": "list"}},
    )
    assert client.get(table_path("audit_log")).status_code == 200
    assert client.get(table_path("audit_log"), page=2).status_code == 503
    assert client.get(table_path("Site/Parts list")).status_code == 403
    assert isinstance(read(client, table_path("dbo.WORKORDER")), list)
    assert client.get("/api/raw/tables").content[-1:] != b"}"
    slugs = [record.slug for record in client.sandbox.requests]
    assert slugs == ["raw/audit_log", "raw/audit_log", "raw/Site/Parts list", "raw/dbo.WORKORDER", "raw/tables"]
