"""Which tables there are, what their streams are called, and what is asked to find it out."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any, get_args

import pytest
from conform_strategies import values
from hypothesis import given
from hypothesis import strategies as st

from makini_sandbox import Behaviour, Fault, Sandbox
from makini_sandbox.behaviour import TablesAnswer
from tap_makini.connections.raw_tables import streams_of
from tap_makini.errors import BadBodyError
from tap_makini.pagination.undocumented.table_list import TableList, read_tables

from .harness import discovered, raw_catalog, raw_streams, read, selecting

LIST = "raw/tables"
ODD_NAMES = [
    "dbo.WORK",
    "a/b",
    "a b",
    "100%",
    "a?b=c&d",
    "#1",
    "Ünï",
    "表",
    "a+b",
    "a%2Fb",
    'say "x"',
    "a\\b",
    "[o]",
    "!",
]
ROW = [{"a": "1"}]


def raw_requests(sandbox: Sandbox) -> list[str | None]:
    """Give what was asked for of raw tables, in order."""
    return [request.slug for request in sandbox.requests if request.path.startswith("/api/raw")]


def names_in(*documents: object) -> set[str]:
    """Read these answers, one after the other."""
    found = TableList()
    for document in documents:
        found.add(read_tables(json.dumps(document).encode()))
    return set(found.names())


@pytest.mark.parametrize("name_property", ["name", "table", "table_name", "id", "TABLE_NAME", "tableName", "Name"])
@pytest.mark.parametrize("answer", [form for form in get_args(TablesAnswer) if "schema" not in form])
def test_each_form_of_the_list_is_understood(answer: Any, name_property: Any) -> None:  # noqa: ANN401 - literals
    behaviour = Behaviour(raw_tables_answer=answer, raw_name_property=name_property)
    with Sandbox(raw={"dbo.A": ROW, "dbo.B": ROW, "C": ROW}, behaviour=behaviour) as sandbox:
        assert raw_streams(discovered(sandbox, raw_tables=["dbo.*"])) == ["raw_dbo_A", "raw_dbo_B"]


@pytest.mark.parametrize("by_pattern", [False, True])
@pytest.mark.parametrize("table", ODD_NAMES)
def test_a_table_is_found_whatever_its_name(table: str, by_pattern: bool) -> None:  # noqa: FBT001 - a parameter
    settings: dict[str, Any] = {"raw_tables": ["*"] if by_pattern else [table]}
    with Sandbox(raw={table: ROW}) as sandbox:
        catalog = discovered(sandbox, **settings)
        [stream] = raw_streams(catalog)
        outcome = read(sandbox, selecting(catalog, [stream]), **settings)
    assert [message["record"]["a"] for message in outcome.of("RECORD", stream)] == ["1"]


@pytest.mark.parametrize("by_pattern", [False, True])
def test_a_table_whose_name_leads_elsewhere_is_named_and_not_asked_for(by_pattern: bool) -> None:  # noqa: FBT001 - a parameter
    settings: dict[str, Any] = {"raw_tables": ["*"] if by_pattern else ["../x"]}
    with Sandbox(raw={"../x": ROW}) as sandbox:
        outcome = read(sandbox, raw_catalog("a", stream="raw_x"), **settings)
        asked = {request.path for request in sandbox.requests}
    assert outcome.code == 3
    assert "'../x' cannot be part of a path" in outcome.errors
    assert asked <= {"/api/raw/tables", "/api/integrations/current"}


def test_names_that_a_database_takes_for_one_are_told_apart() -> None:
    tables = {"a b": [{"of": "a b"}], "A_b": [{"of": "A_b"}], "a.b": [{"of": "a.b"}], "c": [{"of": "c"}]}
    with Sandbox(raw=tables) as sandbox:
        catalog = discovered(sandbox, raw_tables=["*"])
        streams = raw_streams(catalog)
        outcome = read(sandbox, selecting(catalog, streams), raw_tables=["*"])
    assert len({stream.casefold() for stream in streams}) == len(tables)
    assert "raw_c" in streams
    assert sorted(message["record"]["of"] for message in outcome.of("RECORD")) == sorted(tables)
    assert len({message["stream"] for message in outcome.of("RECORD")}) == len(tables)


@given(tables=st.sets(st.text(min_size=1)), later=st.text(min_size=1))
def test_a_name_is_of_one_table_for_good(tables: set[str], later: str) -> None:
    streams = streams_of(tables)
    assert sorted(streams.values()) == sorted(tables)
    assert len({stream.casefold() for stream in streams}) == len(tables)
    with_another = streams_of({*tables, later})
    assert all(with_another.get(stream, table) == table for stream, table in streams.items())


def test_a_table_that_comes_later_does_not_take_the_stream_of_one_that_differs_in_case() -> None:
    with Sandbox(raw={"A": [{"of": "A"}]}) as sandbox:
        catalog = selecting(discovered(sandbox, raw_tables=["*"]), ["raw_A"])
        sandbox.store.set_raw("a", [{"of": "a"}])
        outcome = read(sandbox, catalog, raw_tables=["*"])
    assert [message["record"]["of"] for message in outcome.of("RECORD")] == ["A"]


def test_one_that_is_named_keeps_its_name_beside_patterns() -> None:
    with Sandbox(raw={"a b": ROW, "a_b": ROW}) as sandbox:
        alone = raw_streams(discovered(sandbox, raw_tables=["a_b"]))
        beside = raw_streams(discovered(sandbox, raw_tables=["a_b", "a*"]))
    assert alone == ["raw_a_b"]
    assert len(beside) == 2
    assert set(alone) < set(beside)


@pytest.mark.parametrize("settings", [{}, {"raw_tables": []}])
def test_nothing_is_asked_for_unless_it_is_set(caplog: pytest.LogCaptureFixture, settings: dict[str, Any]) -> None:
    with Sandbox(rows=2) as sandbox:
        catalog = discovered(sandbox, **settings)
        assert not raw_streams(catalog)
        both = selecting(catalog, ["uom"])["streams"] + raw_catalog("a")["streams"]
        outcome = read(sandbox, {"streams": both}, **settings)
        assert not raw_requests(sandbox)
    assert outcome.code == 0
    assert {message["stream"] for message in outcome.of("RECORD")} == {"uom"}
    assert "The catalog selects raw_T, but the setting raw_tables is empty." in caplog.text


def test_the_tables_are_not_listed_where_all_are_named() -> None:
    settings: dict[str, Any] = {"raw_tables": ["audit_log", "dbo.WORKORDER"]}
    with Sandbox() as sandbox:
        catalog = discovered(sandbox, **settings)
        read(sandbox, selecting(catalog, raw_streams(catalog)), **settings)
        assert set(raw_requests(sandbox)) == {"raw/audit_log", "raw/dbo.WORKORDER"}


def test_a_run_lists_the_tables_once_for_all_patterns() -> None:
    settings: dict[str, Any] = {"raw_tables": ["a*", "d*"]}
    with Sandbox() as sandbox:
        catalog = discovered(sandbox, **settings)
        sandbox.requests.clear()
        read(sandbox, selecting(catalog, raw_streams(catalog)), **settings)
        assert raw_requests(sandbox).count(LIST) == 2  # the second tells that there are no more pages


def test_only_what_the_catalog_selects_is_read() -> None:
    settings: dict[str, Any] = {"raw_tables": ["*"]}
    with Sandbox(rows=2) as sandbox:
        catalog = discovered(sandbox, **settings)
        sandbox.requests.clear()
        read(sandbox, selecting(catalog, ["uom"]), **settings)
        assert not raw_requests(sandbox)


def test_one_that_is_named_is_read_though_the_list_fails() -> None:
    faults = [Fault("status", slug=LIST, status=404, times=None)]
    with Sandbox(raw={"T": ROW}, behaviour=Behaviour(faults=faults)) as sandbox:
        outcome = read(sandbox, raw_catalog("a"), raw_tables=["x*", "T"])
    assert len(outcome.of("RECORD", "raw_T")) == 1


def test_a_pattern_minds_case() -> None:
    with Sandbox(raw={"Orders": ROW, "orders_old": ROW}) as sandbox:
        assert raw_streams(discovered(sandbox, raw_tables=["Ord*"])) == ["raw_Orders"]


@pytest.mark.parametrize(
    "document",
    [
        *(7, None, "a", [7], [{}], [{"rows": 1}], {"data": 7}, {"data": [7]}, {"meta": {}}),
        *({"error": "no"}, {"errors": []}, {"message": "no", "code": 7}),
    ],
)
def test_what_names_no_table_is_no_list_without_tables(document: object) -> None:
    with pytest.raises(BadBodyError):
        read_tables(json.dumps(document).encode())


@pytest.mark.parametrize("document", [[], {}, {"data": []}, {"data": {}}, {"tables": []}])
def test_there_may_be_no_tables(document: object) -> None:
    assert names_in(document) == set()


@pytest.mark.parametrize(
    "document",
    [
        *(
            {"tables": ["message", "b"]},
            {"data": [{"id": "message"}, {"id": "b"}]},
            {"results": {"error": 1, "b": 2}},
        ),
        *({"b": {}, "Message": {}, "meta": {}}, {"b": [], "Message": ["id"]}),
    ],
)
def test_a_table_may_have_the_name_of_anything(document: object) -> None:
    assert len(names_in(document)) == 2


@pytest.mark.parametrize(
    ("documents", "names"),
    [
        ([[{"schema": "dbo", "name": "W"}, {"schema": "old", "name": "W"}]], {"dbo.W", "old.W"}),
        ([[{"schema": "dbo", "name": "W"}], [{"schema": "old", "name": "W"}]], {"dbo.W", "old.W"}),
        ([[{"TABLE_SCHEMA": "a", "TABLE_NAME": "W"}, {"TABLE_SCHEMA": "b", "TABLE_NAME": "W"}]], {"a.W", "b.W"}),
        ([[{"schema": "a", "name": "W"}, {"schema": "b", "name": "W"}, {"name": "X"}]], {"a.W", "b.W", "X"}),
        ([[{"schema": "a", "name": "W"}, {"schema": "b", "name": "X"}]], {"W", "X"}),
        ([[{"name": "W", "id": 7}, {"name": "W", "id": 8}]], {"7", "8"}),
        (
            [[{"name": "W", "schema": "a", "title": "Works"}, {"name": "W", "schema": "b", "title": "Old works"}]],
            {"a.W", "b.W"},
        ),
        ([[{"title": "Works"}, {"label": "Assets"}]], {"Works", "Assets"}),
        ([[{"name": "W", "fullName": "a.W"}, {"name": "W", "fullName": "b.W", "id": "1"}]], {"a.W", "b.W"}),
        ([[{"name": "W", "rows": 1}, {"name": "W", "rows": 2}, "W"]], {"W"}),
        ([{"data": {"tables": [{"name": "W"}], "total": 1}}], {"W"}),
        ([{"data": {"items": {"columns": 3}, "tables": {"columns": 1}}}], {"items", "tables"}),
        ([{"Tables": ["W"], "count": 1, "meta": {"page": 1}}], {"W"}),
    ],
)
def test_each_table_has_a_name_of_its_own(documents: list[object], names: set[str]) -> None:
    assert names_in(*documents) == names


@pytest.mark.parametrize(
    ("pattern", "names"),
    [("*", ["raw_X", "raw_dbo_W", "raw_old_W"]), ("dbo.*", ["raw_X", "raw_dbo_W"]), ("X*", ["raw_X"])],
)
def test_tables_of_two_schemas_are_streams_of_their_own(pattern: str, names: list[str]) -> None:
    """The sandbox gives the rows under the name behind the schema, which only two tables need to be told apart."""
    tables = {"dbo.W": [{"of": "raw_dbo_W"}], "old.W": [{"of": "raw_old_W"}], "dbo.X": [{"of": "raw_X"}]}
    with Sandbox(raw=tables, behaviour=Behaviour(raw_tables_answer="schema_objects")) as sandbox:
        catalog = discovered(sandbox, raw_tables=[pattern])
        streams = raw_streams(catalog)
        outcome = read(sandbox, selecting(catalog, streams), raw_tables=[pattern])
    assert streams == names
    assert sorted(message["record"]["of"] for message in outcome.of("RECORD")) == names


def test_tables_without_a_name_are_told_once(caplog: pytest.LogCaptureFixture) -> None:
    assert names_in([{"name": "a"}, {"type": "view"}, None], [{"name": "b"}, {}], [{"name": "b"}, {}]) == {"a", "b"}
    [record] = caplog.records
    assert record.levelname == "WARNING"
    assert "3 have no name" in record.getMessage()


@pytest.mark.parametrize(
    "documents",
    [
        [{"tables": ["a", "b"], "total": 5}],
        [{"data": {"tables": ["a", "b"], "pagination": {"total_count": "5"}}}],
        [{"tables": ["a"], "total": 3}, {"tables": ["b"], "total": 3}, {"tables": [], "total": 3}],
        [{"tables": ["a"], "next": "/api/raw/tables?cursor=b"}, {"tables": ["a"], "next": "/api/raw/tables?cursor=b"}],
    ],
)
def test_a_list_that_speaks_of_more_tables_is_not_whole(documents: list[object]) -> None:
    with pytest.raises(BadBodyError, match="more raw tables"):
        names_in(*documents)


def test_a_list_whose_next_page_is_empty_is_whole() -> None:
    assert names_in({"tables": ["a"], "next": "/?page=2"}, {"tables": [], "next": None}) == {"a"}


@given(body=values.map(str.encode) | st.binary())
def test_any_body_is_read_or_refused(body: bytes) -> None:
    found = TableList()
    with suppress(BadBodyError):
        found.add(read_tables(body))
        assert all(found.names())
