from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from makini_sandbox import Behaviour, Fault

if TYPE_CHECKING:
    from .conftest import Client, Serve

NAMES = ["dbo.WORKORDER", "Site/Parts list", "audit_log", "ARCHIVE_2019"]
TWO: dict[str, list[object]] = {"A": [], "b c": []}


def table(client: Client, name: str, **parameters: object) -> Any:  # noqa: ANN401 - any JSON
    answer = client.get(f"/api/raw/tables/{quote(name, safe='')}/data", **parameters)
    assert answer.status_code == 200
    return answer.json()


@pytest.mark.parametrize("name", NAMES)
def test_every_table_is_listed_and_read(serve: Serve, name: str) -> None:
    client = serve(behaviour=Behaviour(raw_page_size=100))
    assert [one["name"] for one in client.get("/api/raw/tables").json()["data"]] == NAMES
    rows = table(client, name)["data"]
    assert rows == client.sandbox.store.raw_tables.rows(name)
    assert len(rows) == (0 if name == "ARCHIVE_2019" else 25)


def test_a_name_with_a_slash_may_also_stand_as_it_is(serve: Serve) -> None:
    client = serve(raw_rows=3)
    assert len(client.get("/api/raw/tables/Site/Parts list/data").json()["data"]) == 3


def test_columns_differ_and_hold_every_type_of_json(serve: Serve) -> None:
    raw = serve(raw_rows=40).sandbox.store.raw_tables
    columns = [set(raw.rows(name)[0]) for name in NAMES[:3]]
    assert not set.intersection(*columns)
    values = [value for name in NAMES for row in raw.rows(name) for value in row.values()]
    assert {type(value) for value in values} == {str, int, float, bool, dict, list, type(None)}


def test_a_table_without_a_key_has_rows_that_are_the_same(serve: Serve) -> None:
    rows = serve(raw_rows=4).sandbox.store.raw_tables.rows("audit_log")
    assert rows[0] == rows[1] != rows[2] == rows[3]


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        ("names", ["A", "b c"]),
        ("objects", [{"table": "A", "description": None}, {"table": "b c", "description": None}]),
        ("data_names", {"data": ["A", "b c"]}),
        ("data_objects", {"data": [{"table": "A", "description": None}, {"table": "b c", "description": None}]}),
        ("data_map", {"data": {"A": {"description": None}, "b c": {"description": None}}}),
        ("rows_names", {"rows": ["A", "b c"]}),
        ("data_tables_names", {"data": {"tables": ["A", "b c"]}}),
        ("schema_objects", [{"schema": None, "table": "A"}, {"schema": None, "table": "b c"}]),
    ],
)
def test_shapes_of_the_list_of_tables(serve: Serve, answer: Any, body: object) -> None:  # noqa: ANN401 - a literal
    client = serve(raw=TWO, behaviour=Behaviour(raw_tables_answer=answer, raw_name_property="table"))
    assert client.get("/api/raw/tables").json() == body


def test_schemas_may_stand_apart_from_names(serve: Serve) -> None:
    behaviour = Behaviour(raw_tables_answer="data_schema_objects", raw_name_property="TABLE_NAME")
    listed = serve(raw={"dbo.A": [], "a.b.C": []}, behaviour=behaviour).get("/api/raw/tables").json()
    assert listed == {"data": [{"schema": "dbo", "TABLE_NAME": "A"}, {"schema": "a.b", "TABLE_NAME": "C"}]}


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        ("data", {"data": [{"a": 1}, {"b": 2}]}),
        ("value", {"value": [{"a": 1}, {"b": 2}]}),
        ("data_rows", {"data": {"rows": [{"a": 1}, {"b": 2}]}}),
        ("numbered", {"data": {"1": {"a": 1}, "2": {"b": 2}}}),
        ("columns", {"columns": ["a", "b"], "rows": [[1, None], [None, 2]]}),
        (
            "column_objects",
            {
                "columns": [{"name": "a", "type": "text"}, {"name": "b", "type": "text"}],
                "rows": [[1, None], [None, 2]],
            },
        ),
        ("object", [{"a": 1}, {"b": 2}]),
    ],
)
def test_objects_that_hold_the_rows(serve: Serve, answer: Any, body: object) -> None:  # noqa: ANN401 - a literal
    client = serve(raw={"T": [{"a": 1}, {"b": 2}]}, behaviour=Behaviour(raw_answer=answer))
    assert table(client, "T") == body


def test_an_empty_list_is_never_numbered(serve: Serve) -> None:
    assert table(serve(raw={"T": []}, behaviour=Behaviour(raw_answer="numbered")), "T") == {"data": []}


def test_words_beside_the_rows(serve: Serve) -> None:
    client = serve(raw_rows=25, behaviour=Behaviour(raw_answer="rows", raw_words="total"))
    assert table(client, "audit_log", page=3)["total"] == 25
    client.sandbox.behaviour.raw_words = "count"
    assert [table(client, "audit_log", page=number)["count"] for number in (1, 3, 4)] == [10, 5, 0]
    client.sandbox.behaviour.raw_words = "next"
    assert table(client, "audit_log", page=2)["next"].endswith("/data?page=3")
    assert table(client, "audit_log", page=3)["next"] is None


def test_stuck_at_its_first_page(serve: Serve) -> None:
    client = serve(raw_rows=25, behaviour=Behaviour(raw_pages="stuck"))
    assert table(client, "audit_log", page=3) == table(client, "audit_log")
    assert len(table(client, "audit_log")["data"]) == 10


@pytest.mark.parametrize(
    ("answer", "body"),
    [("data", {"data": [1, None]}), ("list", [1, None])],
)
def test_answers_without_an_envelope(serve: Serve, answer: Any, body: object) -> None:  # noqa: ANN401 - a literal
    client = serve(raw={"T": [1, None]}, behaviour=Behaviour(raw_answer=answer))
    assert table(client, "T") == body


def test_pages_partition_the_rows(serve: Serve) -> None:
    client = serve(raw_rows=25)
    pages = [table(client, "dbo.WORKORDER", page=number)["data"] for number in (1, 2, 3, 4)]
    assert [len(page) for page in pages] == [10, 10, 5, 0]
    assert [row for page in pages for row in page] == client.sandbox.store.raw_tables.rows("dbo.WORKORDER")


def test_pages_in_the_envelope(serve: Serve) -> None:
    client = serve(raw_rows=25, behaviour=Behaviour(raw_answer="envelope"))
    meta = table(client, "dbo.WORKORDER", page=2)["meta"]
    assert (meta["current_page"], meta["last_page"], meta["per_page"], meta["total"]) == (2, 3, 10, 25)


def test_pages_ignored_and_refused(serve: Serve) -> None:
    client = serve(raw_rows=25, behaviour=Behaviour(raw_pages="ignored"))
    assert len(table(client, "audit_log", page=9)["data"]) == 25
    client.sandbox.behaviour.raw_pages = "refused"
    assert len(table(client, "audit_log")["data"]) == 25
    assert client.get("/api/raw/tables/audit_log/data", page=2).status_code == 422


def test_a_table_is_made_and_changed_and_dropped(serve: Serve) -> None:
    client = serve()
    store = client.sandbox.store
    store.set_raw("T", [{"a": 1}])
    assert table(client, "T")["data"] == [{"a": 1}]
    store.set_raw("T", [])
    assert table(client, "T")["data"] == []
    store.raw_tables.drop("T")
    assert client.get("/api/raw/tables/T/data").status_code == 404
    assert store.raw_tables.names() == NAMES


@pytest.mark.parametrize("path", ["tables/none/data", "tables/audit_log", "tables//data", "other"])
def test_unknown_tables_and_paths(serve: Serve, path: str) -> None:
    assert serve().get(f"/api/raw/{path}").status_code == 404


def test_each_connection_has_tables_of_its_own(serve: Serve) -> None:
    sandbox = serve(connections={"t-a": "acme", "t-b": "bolt"}).sandbox
    acme, bolt = (one.store.raw_tables.rows("audit_log") for one in sandbox.connections.values())
    assert acme != bolt


def test_requests_are_recorded_and_open_to_faults_by_slug(serve: Serve) -> None:
    faults = [Fault("status", slug="raw/audit_log", page=2), Fault("truncated_json", slug="raw/tables")]
    absent = frozenset({"raw/Site/Parts list"})
    overrides = {"raw/dbo.WORKORDER": {"raw_answer": "list"}}
    client = serve(behaviour=Behaviour(faults=faults, absent=absent, absent_answer=403, overrides=overrides))
    assert client.get("/api/raw/tables/audit_log/data").status_code == 200
    assert client.get("/api/raw/tables/audit_log/data", page=2).status_code == 503
    assert client.get("/api/raw/tables/Site%2FParts%20list/data").status_code == 403
    assert isinstance(table(client, "dbo.WORKORDER"), list)
    assert client.get("/api/raw/tables").content[-1:] != b"}"
    slugs = [record.slug for record in client.sandbox.requests]
    assert slugs == ["raw/audit_log", "raw/audit_log", "raw/Site/Parts list", "raw/dbo.WORKORDER", "raw/tables"]
