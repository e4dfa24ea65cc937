from __future__ import annotations

import logging
from typing import Any

import pytest

from openapi.documents import TEXT, Node, columns, document, endpoints, get, responses

NUMBER = {"type": ["number", "null"]}
FLAG = {"type": ["boolean", "null"]}
INSTANT = {"type": ["string", "null"], "format": "date-time"}
STRING = {"type": "string"}
SITE = {"type": "object", "properties": {"name": STRING}}


def record(**properties: Any) -> Node:  # noqa: ANN401 - a schema
    return {"type": ["object", "null"], "properties": properties}


def array(items: Any) -> Node:  # noqa: ANN401 - a schema
    return {"type": ["array", "null"], "items": items}


@pytest.mark.parametrize(
    ("declared", "column"),
    [
        (STRING, TEXT),
        ({"type": "number"}, NUMBER),
        ({"type": "integer", "format": "int64"}, NUMBER),
        ({"type": "boolean"}, FLAG),
        ({"type": "string", "format": "date-time"}, INSTANT),
        ({"type": "string", "format": "date"}, INSTANT),
        ({"format": "date-time"}, INSTANT),
        ({"type": "string", "format": "uuid"}, TEXT),
        ({"type": "number", "format": "date"}, NUMBER),
        ({"type": "number", "nullable": True}, NUMBER),
        ({"type": ["number", "null"]}, NUMBER),
        ({"type": ["integer", "number"]}, NUMBER),
        ({"type": ["string", "number"]}, TEXT),
        ({"type": "null"}, TEXT),
        ({"type": []}, TEXT),
        ({"type": "file"}, TEXT),
        ({"type": {"a": 1}}, TEXT),
        ({"enum": ["a", "b", None]}, TEXT),
        ({"enum": [1, 2.5, None]}, NUMBER),
        ({"enum": [1, "a"]}, TEXT),
        ({"const": True}, FLAG),
        ({"type": "integer", "enum": ["1"]}, NUMBER),
        ({}, TEXT),
        (True, TEXT),
        (None, TEXT),
        ([1], TEXT),
        ({"description": "of something"}, TEXT),
        # objects
        (SITE, record(name=TEXT)),
        ({"properties": {"name": STRING}}, record(name=TEXT)),
        ({"type": "object"}, TEXT),
        ({"type": "object", "properties": {}}, TEXT),
        ({"type": "object", "properties": {"_sdc_x": STRING}}, TEXT),
        ({"type": "object", "additionalProperties": STRING}, TEXT),
        ({"additionalProperties": STRING}, TEXT),
        # arrays
        ({"type": "array", "items": STRING}, array(TEXT)),
        ({"items": {"type": "integer"}}, array(NUMBER)),
        ({"type": "array", "items": {"type": "string", "format": "date"}}, array(INSTANT)),
        ({"type": "array", "items": SITE}, array(record(name=TEXT))),
        ({"type": "array"}, TEXT),
        ({"type": "array", "items": {}}, TEXT),
        ({"type": "array", "items": {"type": "object"}}, TEXT),
        ({"type": "array", "items": {"type": ["string", "number"]}}, TEXT),
        ({"type": "array", "items": {"type": "array", "items": STRING}}, TEXT),
        # compositions
        ({"allOf": [SITE, {"properties": {"code": STRING}}]}, record(name=TEXT, code=TEXT)),
        ({"allOf": [SITE, {"properties": {"name": {"format": "date"}}}]}, record(name=INSTANT)),
        ({"allOf": [{"type": "object"}, SITE]}, record(name=TEXT)),
        ({"allOf": [SITE], "properties": {"code": STRING}}, record(code=TEXT, name=TEXT)),
        ({"allOf": [{"type": "number"}], "description": "x"}, NUMBER),
        ({"allOf": [{"items": {}}, {"items": STRING}]}, array(TEXT)),
        ({"allOf": [STRING, {"type": "number"}]}, TEXT),
        ({"allOf": []}, TEXT),
        ({"oneOf": [SITE, {"properties": {"code": STRING}}]}, record(name=TEXT, code=TEXT)),
        ({"oneOf": [SITE, {"properties": {"name": {"type": "number"}}}]}, record(name=TEXT)),
        ({"anyOf": [{"type": "null"}, {"type": "number"}]}, NUMBER),
        ({"anyOf": [{"type": "number"}, {"type": "null"}]}, NUMBER),
        ({"anyOf": [STRING, {"type": "number"}]}, TEXT),
        ({"anyOf": [STRING, {"type": "string", "format": "date"}]}, TEXT),
        ({"oneOf": [SITE, STRING]}, TEXT),
        ({"oneOf": [SITE, {"type": "array", "items": SITE}]}, TEXT),
        ({"oneOf": [{"type": "number"}, {}]}, TEXT),
        ({"oneOf": [{"items": STRING}, {"items": {"type": "number"}}]}, TEXT),
        ({"oneOf": [{"items": SITE}, {"items": SITE}]}, array(record(name=TEXT))),
        ({"oneOf": [{"additionalProperties": {"type": "number"}}, SITE]}, record(name=TEXT)),
        ({"oneOf": 5, "allOf": {}, "items": 5}, TEXT),
        # references
        ({"$ref": "#/components/schemas/Site"}, record(name=TEXT)),
        ({"$ref": "#/components/schemas/Site", "properties": {"code": STRING}}, record(code=TEXT, name=TEXT)),
        ({"$ref": "#/components/schemas/a~1b~0c%20d"}, NUMBER),
        ({"$ref": "#/components/schemas/Site/properties/name"}, TEXT),
        ({"anyOf": [{"$ref": "#/components/schemas/Site"}, {"type": "null"}]}, record(name=TEXT)),
        ({"$ref": "#/nowhere"}, TEXT),
        ({"oneOf": [{"$ref": "#/nowhere"}, SITE]}, record(name=TEXT)),
    ],
)
def test_declared_types_become_columns(declared: Any, column: Node) -> None:  # noqa: ANN401 - any JSON
    components = {"Site": SITE, "a/b~c d": {"type": "number"}}

    assert columns({"value": declared}, **components) == {"value": column}


@pytest.mark.parametrize("name", ["createdAt", "_deletedAt", "synced_at", "orderDate", "date"])
@pytest.mark.parametrize(
    "declared", [STRING, {}, {"type": "object"}, {"type": ["string", "null"]}, {"oneOf": [STRING]}]
)
def test_a_text_whose_name_says_so_is_a_date_time(name: str, declared: Node) -> None:
    assert columns({name: declared}) == {name: INSTANT}


@pytest.mark.parametrize(
    ("name", "declared", "column"),
    [
        ("At", STRING, TEXT),
        ("format", STRING, TEXT),
        ("update", STRING, TEXT),
        ("dates", STRING, TEXT),
        ("createdAt", {"type": "integer"}, NUMBER),
        ("isDate", {"type": "boolean"}, FLAG),
        ("createdAt", {"type": ["string", "integer"]}, TEXT),
        ("dueDate", SITE, record(name=TEXT)),
        ("dueDate", {"type": "array", "items": STRING}, array(TEXT)),
        ("dueDate", {"$ref": "#/nowhere"}, TEXT),
    ],
)
def test_a_name_alone_does_not_make_a_date_time_of_other_columns(name: str, declared: Node, column: Node) -> None:
    assert columns({name: declared}) == {name: column}


@pytest.mark.parametrize(
    "name",
    ["", "x" * 64, "é" * 32, "_sdc_batched_at", "_SDC_x", "_makini_extra", "_makini_connection", "a\x00", "a\nb"],
)
def test_properties_whose_names_no_column_can_have_are_left_out(name: str) -> None:
    properties = {name: STRING, "x" * 63: STRING, "site": {"properties": {name: STRING, "ok": STRING}}}

    assert columns(properties) == {"x" * 63: TEXT, "site": record(ok=TEXT)}


def test_of_names_that_differ_by_case_the_first_stays() -> None:
    properties = {"code": STRING, "Code": {"type": "number"}, "a": {"properties": {"X": STRING, "x": {}}}}

    assert columns(properties) == {"code": TEXT, "a": record(X=TEXT)}


# --- recursion, depth, size ------------------------------------------------------------------------


def ref(name: str) -> Node:
    return {"$ref": f"#/components/schemas/{name}"}


def test_what_comes_again_below_itself_is_text() -> None:
    asset = {
        "properties": {
            "name": STRING,
            "parent": {"oneOf": [ref("Asset"), {"type": "null"}]},
            "owner": {"allOf": [ref("Asset")], "description": "x"},
            "parts": {"type": "array", "items": ref("Asset")},
        }
    }

    assert columns({"asset": ref("Asset")}, Asset=asset) == {
        "asset": record(name=TEXT, parent=TEXT, owner=TEXT, parts=TEXT)
    }


def test_circles_through_several_schemas_end() -> None:
    egg, hen = {"properties": {"of": ref("Hen")}}, {"properties": {"from": ref("Egg"), "name": STRING}}

    assert columns({"egg": ref("Egg")}, Egg=egg, Hen=hen) == {"egg": record(of=record(**{"from": TEXT, "name": TEXT}))}


def test_a_base_may_come_again_beside_itself() -> None:
    car = {"allOf": [ref("Base"), {"properties": {"engine": ref("Base"), "wheel": ref("Base")}}]}

    assert columns({"car": ref("Car")}, Base=SITE, Car=car) == {
        "car": record(name=TEXT, engine=record(name=TEXT), wheel=record(name=TEXT))
    }


@pytest.mark.parametrize(
    "looped",
    [
        {"allOf": [ref("Loop"), SITE]},
        {"oneOf": [ref("Loop"), SITE]},
        {"$ref": "#/components/schemas/Loop", "properties": {"name": STRING}},
        {"allOf": [{"anyOf": [{"allOf": [ref("Loop")]}, SITE]}]},
    ],
)
def test_a_composition_that_leads_back_to_itself_adds_nothing(looped: Node) -> None:
    assert columns({"x": ref("Loop")}, Loop=looped) == {"x": record(name=TEXT)}


def test_what_is_nothing_but_itself_is_text() -> None:
    assert columns({"x": ref("A")}, A=ref("B"), B=ref("A")) == {"x": TEXT}


def nested(levels: int) -> Node:
    """An object around others, so many in all."""
    node: Node = {"properties": {"leaf": STRING}}
    for _ in range(levels - 1):
        node = {"properties": {"part": node}}
    return node


def depth(column: Node) -> int:
    return 1 + max(map(depth, column.get("properties", {}).values()), default=0)


@pytest.mark.parametrize(("levels", "read"), [(1, 3), (5, 7), (6, 7), (9, 7)])
def test_six_levels_are_read(levels: int, read: int) -> None:
    item = columns({"part": nested(levels)})

    assert depth({"properties": item}) == read


def wide(count: int, part: Node) -> Node:
    return {"properties": {f"p{number}": part for number in range(count)}}


def wide_record(count: int) -> Node:
    return record(**{f"p{number}": TEXT for number in range(count)})


def size(column: Node) -> int:
    """Count the properties in a column."""
    properties = column.get("properties") or column.get("items", {}).get("properties", {})
    return sum(1 + size(part) for part in properties.values())


def test_a_schema_is_read_level_by_level_until_the_table_is_full() -> None:
    item = columns({"first": wide(30, wide(30, wide(30, STRING))), "list": array(wide(500, STRING)), "last": SITE})

    assert item["first"]["properties"]["p0"]["properties"]["p0"] == wide_record(30)
    assert item["first"]["properties"]["p29"]["properties"]["p29"] == TEXT
    assert item["last"] == record(name=TEXT)
    assert len(item["list"]["items"]["properties"]) == 500
    assert 1470 < size({"properties": item}) <= 1500


def test_an_object_that_does_not_fit_into_the_table_is_text() -> None:
    item = columns({"large": wide(1498, STRING), "list": {"items": wide(1497, STRING)}, "small": SITE})

    assert item == {"large": TEXT, "list": {"type": ["array", "null"], "items": wide_record(1497)}, "small": TEXT}


def test_of_too_many_properties_the_first_stay() -> None:
    item = columns(wide(2000, STRING)["properties"])

    assert list(item) == [f"p{number}" for number in range(1500)]


def test_of_too_many_properties_the_key_and_the_times_stay_too() -> None:
    late = {"id": STRING, "_updatedAt": STRING, "_deletedAt": STRING}
    item = {"properties": {**wide(2000, STRING)["properties"], **late}}

    (endpoint,) = endpoints(document({"/x": get(item)})).values()

    assert list(endpoint.schema["properties"]) == [*(f"p{number}" for number in range(1497)), *late]
    assert (endpoint.key, endpoint.replication_key) == (("id",), "_updatedAt")


@pytest.mark.parametrize("choice", ["oneOf", "anyOf"])
def test_an_item_of_very_many_choices_is_a_list_all_the_same(choice: str) -> None:
    part = {choice: [ref("Part"), {"type": "null"}]}

    item = columns({"key": STRING, **wide(5000, part)["properties"]}, Part=wide(5, STRING))

    assert len(item) == 1500


@pytest.mark.parametrize("form", ["after", "beside"])
@pytest.mark.parametrize(
    ("base", "is_list"),
    [({"data": {}}, True), ({"data": {"type": "array"}}, True), ({"meta": {}}, True), ({"data": SITE}, False)],
)
def test_an_envelope_extends_its_base(base: Node, form: str, *, is_list: bool) -> None:
    own = {"properties": {"data": {"type": "array", "items": SITE}}}
    response = {"allOf": [ref("Base"), own]} if form == "after" else {"allOf": [ref("Base")], **own}
    paths = {"/x": {"get": {"responses": responses(response)}}, "/ok": get()}

    read = endpoints(document(paths, components={"schemas": {"Base": {"type": "object", "properties": base}}}))

    assert {name: endpoint.schema["properties"] for name, endpoint in read.items() if name == "x"} == (
        {"x": {"name": TEXT}} if is_list else {}
    )


def test_what_an_explosion_of_compositions_lists_is_no_list() -> None:
    layers = {f"L{n}": {"allOf": [ref(f"L{n + 1}")] * 10} for n in range(12)}
    content = document(
        {"/x": get({"properties": {"ok": STRING}}), "/y": get(ref("L0"))},
        components={"schemas": {**layers, "L12": SITE}},
    )

    assert list(endpoints(content)) == ["x"]


def test_an_explosion_below_a_list_leaves_the_rest() -> None:
    layers = {f"L{n}": wide(20, ref(f"L{n + 1}")) for n in range(12)}

    item = columns({"big": ref("L0"), "ok": STRING}, **layers)

    assert item["ok"] == TEXT


def warnings_in(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


def test_each_reference_that_leads_nowhere_is_named_once(caplog: pytest.LogCaptureFixture) -> None:
    missing = {"$ref": "#/components/schemas/Dimension"}
    parts = {"properties": {"dimensions": missing, "boxes": {"type": "array", "items": missing}}}
    read = get({"properties": {"key": STRING, "other": {"$ref": "other.json#/a"}, "odd": {"$ref": ["x"]}}})
    paths = {"/a": get(parts), "/b": get(parts), "/d": read, "/e": {"$ref": "#/components/pathItems/E"}}

    offered = endpoints(document(paths))

    assert list(offered) == ["a", "b", "d"]
    assert offered["a"].schema["properties"] == {"dimensions": TEXT, "boxes": TEXT}
    consequence = "What it describes is loaded as JSON text or left out. Affected:"
    assert sorted(warnings_in(caplog)) == [
        f"0.json: # (not text) is not defined. {consequence} d.",
        f"0.json: #/components/pathItems/E is not defined. {consequence} /e.",
        f"0.json: #/components/schemas/Dimension is not defined. {consequence} a, b.",
        (
            f"0.json: other.json#/a is in another file, which is not read. {consequence} d. "
            "Bundle the document into one file."
        ),
    ]


def test_of_many_references_that_lead_nowhere_some_are_named(caplog: pytest.LogCaptureFixture) -> None:
    columns({f"p{number}": {"$ref": f"#/{number}"} for number in range(12)})

    warnings = warnings_in(caplog)
    assert len(warnings) == 11
    assert warnings[-1] == "0.json: 2 more references are not defined."
