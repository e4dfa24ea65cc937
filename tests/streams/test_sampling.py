from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from tap_makini.conform import compile_conformer
from tap_makini.endpoints import V3, V3_UNSIZED, Endpoint, PageSize, QueryParameters
from tap_makini.errors import CredentialError, EntityAbsentError, MakiniError, RequestRefusedError
from tap_makini.pagination.page_fetcher import PageFetcher
from tap_makini.schema import stream_schema
from tap_makini.streams.sampling import newest_page, with_custom_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tap_makini.http.client import Client

TEXT = {"type": ["string", "null"]}
NUMBER = {"type": ["number", "null"]}
FLAG = {"type": ["boolean", "null"]}
INSTANT = {"type": ["string", "null"], "format": "date-time"}
ITEM: dict[str, Any] = {
    "type": ["object", "null"],
    "properties": {
        "key": TEXT,
        "updatedAt": INSTANT,
        "site": {"type": ["object", "null"], "properties": {"name": TEXT}},
    },
}
SCHEMA = stream_schema(ITEM, ("key",))


def sampled_schema(records: Iterable[bytes]) -> dict[str, Any]:
    """Give the schema of a stream of which these records were sampled."""
    return stream_schema(with_custom_fields(ITEM, records), ("key",))


def texts(items: Any) -> dict[str, Any]:  # noqa: ANN401 - a schema
    return {"type": ["array", "null"], "items": items}


def sampled(*records: Mapping[str, Any] | bytes) -> dict[str, Any]:
    """Give the columns that records add."""
    raw = [record if isinstance(record, bytes) else json.dumps(record).encode() for record in records]
    properties = sampled_schema(raw)["properties"]
    return {name: column for name, column in properties.items() if name not in SCHEMA["properties"]}


# --- types -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "column"),
    [
        ([True, False, None], FLAG),
        ([1, 2], NUMBER),
        ([1, 2.5, None], NUMBER),
        (["a", None], TEXT),
        ([None], TEXT),
        ([True, 1], TEXT),
        ([1, "1"], TEXT),
        (["2025-01-02T03:04:05Z", "2025-01-02 03:04:05.123+02:00", None], INSTANT),
        (["2025-01-02T03:04:05Z", "soon"], TEXT),
        (["2025-01-02"], TEXT),
        (["2025-13-02T03:04:05Z"], TEXT),
        (["20250102T030405Z"], TEXT),
        ([{"a": 1}], TEXT),
        ([{"a": 1}, 2], TEXT),
        ([["a"], ["b", None]], texts(TEXT)),
        ([[1], [2.5], None], texts(NUMBER)),
        ([[True]], texts(FLAG)),
        ([["2025-01-02T03:04:05Z"]], texts(INSTANT)),
        ([[], None], texts(TEXT)),
        ([[1, "a"]], texts(TEXT)),
        ([[1], 2], TEXT),
        ([[{"a": 1}]], TEXT),
        ([[["a"]]], TEXT),
        ([[1], [[]]], TEXT),
    ],
)
def test_a_column_is_the_narrowest_that_takes_all_values(values: list[Any], column: dict[str, Any]) -> None:
    assert sampled(*({"key": "k", "colour": value} for value in values)) == {"colour": column}


@pytest.mark.parametrize("raw", [b"NaN", b"1e400", b'"\\ud800"', b'"\xff"', b"[" * 990 + b"]" * 990, b"9" * 5_000])
def test_what_is_hardly_json_is_sampled_too(raw: bytes) -> None:
    columns = sampled({"odd": 1, "colour": 1}, b'{"key":"k","odd":' + raw + b',"colour":1}')

    assert columns == {"odd": TEXT, "colour": NUMBER}


# --- names -----------------------------------------------------------------------------------------

LONG = "x" * 63


@pytest.mark.parametrize(
    "names",
    [
        ["Colour", "colour"],
        ["paint_colour", "paintColour"],
        ["paint colour", "paint-colour"],
        ["Key"],
        ["UPDATED_AT"],
        ["_site"],
        ["_Makini_Extra"],
        ["makiniConnection"],
        [LONG + "y"],
        ["ä" * 32],
        [LONG + "a", LONG + "b", LONG],
        ["tab\t"],
        ["nul\0"],
        ["\ud800"],
        [""],
        ["_sdc_batched_at"],
        ["_SDC_deleted_at"],
    ],
)
def test_names_that_could_not_stand_beside_the_others_are_no_columns(names: list[str]) -> None:
    record = {"key": "k", "fine": 1, **dict.fromkeys(names, "v")}

    assert sampled(record).keys() == {"fine"}


@pytest.mark.parametrize("name", [LONG, "ä" * 31, "x_plantCode", "Größe", "Cost Centre", "a.b", "2nd", "$"])
def test_other_names_are_columns_as_they_are(name: str) -> None:
    assert sampled({"key": "k", name: "v"}) == {name: TEXT}


def test_names_that_collide_over_several_records_are_no_columns() -> None:
    assert sampled({"key": "a", "Colour": 1}, {"key": "b", "colour": 2}) == {}


# --- the schema ------------------------------------------------------------------------------------


def test_custom_fields_stand_by_name_between_the_standard_columns_and_the_taps_own() -> None:
    records = [b'{"key":"k","zone":1,"_makini_extra":"kept","alpha":2,"site":{"new":1}}']
    schema = sampled_schema(records)

    assert list(schema["properties"]) == [
        "key",
        "updatedAt",
        "site",
        "alpha",
        "zone",
        "_makini_connection",
        "_makini_extra",
    ]
    assert {name: schema["properties"][name] for name in SCHEMA["properties"]} == SCHEMA["properties"]
    assert schema["type"] == "object"


def test_no_records_add_nothing_and_the_schema_given_stays_as_it_is() -> None:
    before = json.dumps(ITEM)

    assert with_custom_fields(ITEM, []) == ITEM
    assert sampled_schema([]) == SCHEMA
    assert sampled({"new": 1}) == {"new": NUMBER}
    assert json.dumps(ITEM) == before


storable = st.characters(exclude_categories=["Cs"], exclude_characters="\0")  # the rest no database takes
names = st.text(max_size=8) | st.sampled_from(["key", "Key", "colour", "Colour", "_colour", "x" * 70])
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(storable, max_size=8)
    | st.sampled_from(["2025-01-02T03:04:05Z", "2025-01-02T03:04:05.6789+02:00"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(storable, max_size=3), inner, max_size=3),
    max_leaves=6,
)
records = st.lists(st.dictionaries(names, values, max_size=6), max_size=5)


@given(records, st.randoms())
def test_the_order_of_records_does_not_matter(found: list[dict[str, Any]], random: Any) -> None:  # noqa: ANN401
    shuffled = found.copy()
    random.shuffle(shuffled)
    given_order = [json.dumps(record).encode() for record in found]
    another = [json.dumps(dict(sorted(record.items()))).encode() for record in shuffled]

    assert json.dumps(sampled_schema(given_order)) == json.dumps(sampled_schema(another))


@given(records)
@example([{"key": "k", "colour": [float("nan")]}])
def test_what_was_sampled_needs_no_extra(found: list[dict[str, Any]]) -> None:
    raw = [json.dumps({**record, "key": "k"}).encode() for record in found]
    schema = sampled_schema(raw)
    conformer = compile_conformer(schema, lambda _: True, connection=None)
    custom = schema["properties"].keys() - SCHEMA["properties"].keys()
    for each in raw:
        record = json.loads(conformer.record(each))
        Draft7Validator(schema).validate(record)
        assert {f"/{name}" for name in custom}.isdisjoint(json.loads(record["_makini_extra"] or "{}"))


@given(records)
def test_columns_differ_in_any_database(found: list[dict[str, Any]]) -> None:
    columns = sampled_schema([json.dumps(record).encode() for record in found])["properties"]
    alike = {"".join(char for char in name.lower() if char.isalnum()) for name in columns}

    assert len(alike) == len(columns)


# --- which records ---------------------------------------------------------------------------------


class Server:
    """Responds to requests for lists with two records, or refuses what it is told to."""

    def __init__(self, refuses: Callable[[Mapping[str, str]], Exception | None]) -> None:
        self.asked: list[dict[str, str]] = []
        self._refuses = refuses

    def get(self, _path: str, params: Mapping[str, str], read: Callable[[bytes], Any], *_: object, **__: object) -> Any:  # noqa: ANN401
        self.asked.append(dict(params))
        if error := self._refuses(params):
            raise error
        meta = {"current_page": 1, "last_page": 1, "total": 2}
        return read(json.dumps({"data": [{"key": "a"}, {"key": "b"}], "meta": meta}).encode())


def source(server: Server, *, key: str | None = "updatedAt", names: QueryParameters = V3) -> PageFetcher:
    endpoint = Endpoint("assets", "/api/eam/assets", {}, (), key, names)
    return PageFetcher(cast("Client", server), endpoint, PageSize(500))


@pytest.mark.parametrize(
    ("key", "names", "asked"),
    [
        ("updatedAt", V3, {"page": "1", "per_page": "7", "sort[updatedAt]": "1"}),
        (None, V3, {"page": "1", "per_page": "7"}),
        ("updatedAt", V3_UNSIZED, {"page": "1", "sort[updatedAt]": "1"}),
    ],
)
def test_the_newest_records_are_requested(key: str | None, names: QueryParameters, asked: dict[str, str]) -> None:
    server = Server(lambda _: None)
    page = newest_page(source(server, key=key, names=names), 7)

    assert server.asked == [asked]
    assert page.records == [b'{"key": "a"}', b'{"key": "b"}']


def test_a_server_that_refuses_the_order_gives_what_it_gives() -> None:
    server = Server(lambda params: RequestRefusedError("no sort", "") if "sort[updatedAt]" in params else None)

    assert len(newest_page(source(server), 7).records) == 2
    assert "sort[updatedAt]" not in server.asked[-1]


@pytest.mark.parametrize("error", [CredentialError("401", ""), EntityAbsentError("404", ""), MakiniError("409", "")])
def test_other_errors_reach_the_caller(error: MakiniError) -> None:
    server = Server(lambda _: error)
    with pytest.raises(type(error)):
        newest_page(source(server), 7)

    assert len(server.asked) == 1
