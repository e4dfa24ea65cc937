"""Which tables there are, the names of their streams, and the requests that find out."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

import pytest
from conform_strategies import values
from direct_sandbox import DirectSandbox
from hypothesis import given
from hypothesis import strategies as st

from makini_sandbox import Behaviour, Fault, Sandbox
from tap_makini.connections.raw_tables import RawTables
from tap_makini.errors import BadBodyError, EntityAbsentError, MakiniError, NotFoundError, RequestRefusedError
from tap_makini.identifiers import raw_stream_names

from .raw_harness import discovered, raw_catalog, raw_streams, read, selecting

if TYPE_CHECKING:
    from tap_makini.http.client import Client

pytestmark = pytest.mark.usefixtures("_few_lists")

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
    """Return what was requested of raw tables, in order."""
    return [request.slug for request in sandbox.requests if request.path.startswith("/api/raw")]


class Listed:
    """Lists tables: a document for each page, and the last one again for all later ones."""

    def __init__(self, *bodies: bytes) -> None:
        self._bodies = bodies

    def get(self, path: str, params: dict[str, str], read: Any) -> Any:  # noqa: ANN401 - any result
        assert path == "/api/raw/tables"
        return read(self._bodies[min(int(params.get("page", 1)), len(self._bodies)) - 1])


def names_in(*documents: object) -> set[str]:
    """Return the names in these responses, one for each page."""
    return names_in_bodies(*(json.dumps(document).encode() for document in documents))


def names_in_bodies(*bodies: bytes) -> set[str]:
    return set(RawTables(cast("Client", Listed(*bodies)), ["*"]).streams().values())


@pytest.mark.parametrize("answer", ["names", "objects", "data_names", "data_objects"])
def test_each_form_of_the_list_is_understood(answer: Any) -> None:  # noqa: ANN401 - a literal
    with DirectSandbox(
        raw={"dbo.A": ROW, "dbo.B": ROW, "C": ROW}, behaviour=Behaviour(raw_tables_answer=answer)
    ) as sandbox:
        assert raw_streams(discovered(sandbox, raw_tables=["dbo.*"])) == ["raw_dbo_A", "raw_dbo_B"]


@pytest.mark.parametrize("table", ODD_NAMES)
def test_a_table_is_found_by_its_name_whatever_it_is(table: str) -> None:
    with DirectSandbox(raw={table: ROW, "other": ROW}) as sandbox:
        catalog = discovered(sandbox, raw_tables=[table])
        [stream] = raw_streams(catalog)
        outcome = read(sandbox, selecting(catalog, [stream]), raw_tables=[table])
    assert [message["record"]["a"] for message in outcome.of("RECORD", stream)] == ["1"]


def test_tables_are_found_by_a_pattern_whatever_their_names_are() -> None:
    with DirectSandbox(raw={table: [{"of": table}] for table in ODD_NAMES}) as sandbox:
        catalog = discovered(sandbox, raw_tables=["*"])
        streams = raw_streams(catalog)
        outcome = read(sandbox, selecting(catalog, streams), raw_tables=["*"])
    assert len(streams) == len(ODD_NAMES)
    assert sorted(message["record"]["of"] for message in outcome.of("RECORD")) == sorted(ODD_NAMES)


@pytest.mark.parametrize("by_pattern", [False, True])
def test_a_table_whose_name_leads_elsewhere_is_named_and_not_requested(by_pattern: bool) -> None:  # noqa: FBT001 - a parameter
    settings: dict[str, Any] = {"raw_tables": ["*"] if by_pattern else ["../x"]}
    with DirectSandbox(raw={"../x": ROW}) as sandbox:
        outcome = read(sandbox, raw_catalog("a", stream="raw_x"), **settings)
        paths = {request.path for request in sandbox.requests}
    assert outcome.code == 3
    assert "'../x' is not allowed in a URL path" in outcome.errors
    assert paths <= {"/api/raw/tables", "/api/integrations/current"}


def test_names_that_are_the_same_to_a_database_are_kept_apart() -> None:
    tables = {"a b": [{"of": "a b"}], "A_b": [{"of": "A_b"}], "a.b": [{"of": "a.b"}], "c": [{"of": "c"}]}
    with DirectSandbox(raw=tables) as sandbox:
        catalog = discovered(sandbox, raw_tables=["*"])
        streams = raw_streams(catalog)
        outcome = read(sandbox, selecting(catalog, streams), raw_tables=["*"])
    assert len({stream.casefold() for stream in streams}) == len(tables)
    assert "raw_c" in streams
    assert sorted(message["record"]["of"] for message in outcome.of("RECORD")) == sorted(tables)
    assert len({message["stream"] for message in outcome.of("RECORD")}) == len(tables)


@given(tables=st.sets(st.text(min_size=1)), later=st.text(min_size=1))
def test_a_name_is_of_one_table_for_good(tables: set[str], later: str) -> None:
    streams = raw_stream_names(tables)
    assert sorted(streams.values()) == sorted(tables)
    assert len({stream.casefold() for stream in streams}) == len(tables)
    with_another = raw_stream_names({*tables, later})
    assert all(with_another.get(stream, table) == table for stream, table in streams.items())


def test_a_table_that_comes_later_does_not_take_the_stream_of_one_that_differs_in_case() -> None:
    with DirectSandbox(raw={"A": [{"of": "A"}]}) as sandbox:
        catalog = selecting(discovered(sandbox, raw_tables=["*"]), ["raw_A"])
        sandbox.store.set_raw("a", [{"of": "a"}])
        outcome = read(sandbox, catalog, raw_tables=["*"])
    assert [message["record"]["of"] for message in outcome.of("RECORD")] == ["A"]


def test_a_table_that_is_named_keeps_its_name_beside_patterns() -> None:
    with DirectSandbox(raw={"a b": ROW, "a_b": ROW}) as sandbox:
        alone = raw_streams(discovered(sandbox, raw_tables=["a_b"]))
        beside = raw_streams(discovered(sandbox, raw_tables=["a_b", "a*"]))
    assert alone == ["raw_a_b"]
    assert len(beside) == 2
    assert set(alone) < set(beside)


@pytest.mark.parametrize("settings", [{}, {"raw_tables": []}])
def test_nothing_is_requested_unless_it_is_set(caplog: pytest.LogCaptureFixture, settings: dict[str, Any]) -> None:
    with DirectSandbox(rows=2) as sandbox:
        catalog = discovered(sandbox, **settings)
        assert not raw_streams(catalog)
        both = selecting(catalog, ["uom"])["streams"] + raw_catalog("a")["streams"]
        outcome = read(sandbox, {"streams": both}, **settings)
        assert not raw_requests(sandbox)
    assert outcome.code == 0
    assert {message["stream"] for message in outcome.of("RECORD")} == {"uom"}
    assert "Catalog, stream raw_T: selected, but the setting raw_tables is empty." in caplog.text


def test_the_tables_are_not_listed_if_all_are_named() -> None:
    settings: dict[str, Any] = {"raw_tables": ["audit_log", "dbo.WORKORDER"]}
    with DirectSandbox() as sandbox:
        catalog = discovered(sandbox, **settings)
        read(sandbox, selecting(catalog, raw_streams(catalog)), **settings)
        assert set(raw_requests(sandbox)) == {"raw/audit_log", "raw/dbo.WORKORDER"}


def test_a_run_lists_the_tables_once_for_all_patterns() -> None:
    settings: dict[str, Any] = {"raw_tables": ["a*", "d*"]}
    with DirectSandbox() as sandbox:
        catalog = discovered(sandbox, **settings)
        sandbox.requests.clear()
        read(sandbox, selecting(catalog, raw_streams(catalog)), **settings)
        assert raw_requests(sandbox).count(LIST) == 2  # the second shows that there are no more pages


def test_only_what_the_catalog_selects_is_read() -> None:
    settings: dict[str, Any] = {"raw_tables": ["*"]}
    with DirectSandbox(rows=2) as sandbox:
        catalog = discovered(sandbox, **settings)
        sandbox.requests.clear()
        read(sandbox, selecting(catalog, ["uom"]), **settings)
        assert not raw_requests(sandbox)


def test_a_table_that_is_named_is_read_though_the_list_fails() -> None:
    faults = [Fault("status", slug=LIST, status=404, times=None)]
    with DirectSandbox(raw={"T": ROW}, behaviour=Behaviour(faults=faults)) as sandbox:
        outcome = read(sandbox, raw_catalog("a"), raw_tables=["x*", "T"])
    assert len(outcome.of("RECORD", "raw_T")) == 1


def test_patterns_are_case_sensitive() -> None:
    with DirectSandbox(raw={"Orders": ROW, "orders_old": ROW}) as sandbox:
        assert raw_streams(discovered(sandbox, raw_tables=["Ord*"])) == ["raw_Orders"]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"tables": ["a"]}, "the body is an object with 'tables' (array)"),
        ({"data": {"tables": ["a"]}}, "the body is an object with 'data' (object)"),
        ({"a": {}, "b": {}}, "the body is an object with 'a' (object), 'b' (object)"),
        ({"error": "no"}, "the body is an object with 'error' (text)"),
        ({}, "the body is an object without properties"),
        (7, "the body is a number"),
        ([7], "the list holds a number"),
        ([""], "the list holds a text"),
        ([{"rows": 1, "title": "a"}], "the list holds an object with 'rows' (number), 'title' (text)"),
        ({"data": [{"name": 7}]}, "the list holds an object with 'name' (number)"),
        ({"data": [], "error": "no"}, "the response reports an error beside its list: error"),
        ({"data": ["a"], "meta": {"total": 5}}, "the server has more raw tables than the 1 that it lists"),
        ({"data": ["a"], "links": {"next": "/x"}}, "the server has more raw tables than the 1 that it lists"),
    ],
    ids=repr,
)
def test_a_list_of_another_form_fails_and_says_what_came(document: object, message: str) -> None:
    with pytest.raises(BadBodyError) as caught:
        names_in(document)
    assert message in caught.value.cause


@pytest.mark.parametrize(
    ("documents", "names"),
    [
        ([[]], set()),
        ([{"data": []}], set()),
        ([["a"], ["b", "a"], []], {"a", "b"}),
        ([{"data": ["a"], "links": {"next": "/?page=2"}}, {"data": []}], {"a"}),
        (
            [{"data": [{"name": "a"}], "meta": {"total": 2}}, {"data": [{"name": "b"}], "meta": {"total": 2}}],
            {"a", "b"},
        ),
        ([[{"schema": "dbo", "name": "W"}, {"schema": "old", "name": "W"}]], {"dbo.W", "old.W"}),
        ([[{"schema": "dbo", "name": "W"}], [{"schema": "old", "name": "W"}]], {"dbo.W", "old.W"}),
        ([[{"schema": "a", "name": "W"}, {"schema": "b", "name": "W"}, {"name": "X"}]], {"a.W", "b.W", "X"}),
        ([[{"schema": "a", "name": "W"}, {"schema": None, "name": "X"}]], {"W", "X"}),
        ([[{"name": "W", "rows": 1}, {"name": "W", "rows": 2}, "W"]], {"W"}),
    ],
)
def test_each_table_has_a_name_of_its_own(documents: list[object], names: set[str]) -> None:
    assert names_in(*documents) == names


@pytest.mark.parametrize(("pattern", "names"), [("*", ["raw_dbo_W", "raw_old_W"]), ("dbo.*", ["raw_dbo_W"])])
def test_tables_of_two_schemas_are_streams_of_their_own(pattern: str, names: list[str]) -> None:
    tables = {"dbo.W": [{"of": "raw_dbo_W"}], "old.W": [{"of": "raw_old_W"}]}
    with DirectSandbox(raw=tables, behaviour=Behaviour(raw_tables_answer="schema_objects")) as sandbox:
        catalog = discovered(sandbox, raw_tables=[pattern])
        streams = raw_streams(catalog)
        outcome = read(sandbox, selecting(catalog, streams), raw_tables=[pattern])
    assert streams == names
    assert sorted(message["record"]["of"] for message in outcome.of("RECORD")) == names


class Refusing(Listed):
    """Lists tables, and refuses the second page so many times."""

    def __init__(self, error: MakiniError, times: int, *bodies: bytes) -> None:
        super().__init__(*bodies)
        self._errors = [error] * times

    def get(self, path: str, params: dict[str, str], read: Any) -> Any:  # noqa: ANN401 - any result
        if params.get("page") == "2" and self._errors:
            raise self._errors.pop()
        return super().get(path, params, read)


REFUSAL = RequestRefusedError("the server answered 422", "Report it.")
ABSENCE = NotFoundError("the server answered 404", "Deselect it.")


@pytest.mark.parametrize("error", [REFUSAL, ABSENCE], ids=["refused", "not found"])
@pytest.mark.parametrize(("times", "names"), [(1, {"a", "b"}), (2, {"a"})])
def test_a_page_that_is_refused_twice_is_after_the_end(error: MakiniError, times: int, names: set[str]) -> None:
    client = Refusing(error, times, b'["a"]', b'["b"]')
    assert set(RawTables(cast("Client", client), ["*"]).streams().values()) == names


def test_a_page_that_is_forbidden_is_an_error() -> None:
    client = Refusing(EntityAbsentError("the server answered 403", "Deselect it."), 1, b'["a"]', b'["b"]')
    with pytest.raises(MakiniError, match="page 2 is not available: the server answered 403"):
        RawTables(cast("Client", client), ["*"]).streams()


@given(body=values.map(str.encode) | st.binary())
def test_any_body_is_read_or_refused(body: bytes) -> None:
    with suppress(BadBodyError):
        assert all(names_in_bodies(body))
