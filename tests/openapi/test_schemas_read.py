from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from openapi.documents import Node, answers, columns, document, endpoints, get
from tap_makini.openapi import DocumentError

if TYPE_CHECKING:
    from pathlib import Path

TEXT = {"type": ["string", "null"]}
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
def test_columns(tmp_path: Path, declared: Any, column: Node) -> None:  # noqa: ANN401 - any JSON
    components = {"Site": SITE, "a/b~c d": {"type": "number"}}

    assert columns(tmp_path, {"value": declared}, **components) == {"value": column}


@pytest.mark.parametrize("name", ["createdAt", "_deletedAt", "synced_at", "orderDate", "date"])
@pytest.mark.parametrize(
    "declared", [STRING, {}, {"type": "object"}, {"type": ["string", "null"]}, {"oneOf": [STRING]}]
)
def test_instants_by_name(tmp_path: Path, name: str, declared: Node) -> None:
    assert columns(tmp_path, {name: declared}) == {name: INSTANT}


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
        ("dueDate", {"type": "object", "additionalProperties": STRING}, TEXT),
        ("dueDate", {"type": "array", "items": STRING}, array(TEXT)),
        ("dueDate", {"$ref": "#/nowhere"}, TEXT),
    ],
)
def test_what_a_name_does_not_make_an_instant(tmp_path: Path, name: str, declared: Node, column: Node) -> None:
    assert columns(tmp_path, {name: declared}) == {name: column}


@pytest.mark.parametrize(
    "name",
    ["", "x" * 64, "é" * 32, "_sdc_batched_at", "_SDC_x", "_makini_extra", "_makini_connection", "a\x00", "a\nb"],
)
def test_names_that_no_column_can_have(tmp_path: Path, name: str) -> None:
    properties = {name: STRING, "x" * 63: STRING, "site": {"properties": {name: STRING, "ok": STRING}}}

    assert columns(tmp_path, properties) == {"x" * 63: TEXT, "site": record(ok=TEXT)}


def test_of_names_that_differ_by_case_the_first_stays(tmp_path: Path) -> None:
    properties = {"code": STRING, "Code": {"type": "number"}, "a": {"properties": {"X": STRING, "x": {}}}}

    assert columns(tmp_path, properties) == {"code": TEXT, "a": record(X=TEXT)}


# --- recursion, depth, size ------------------------------------------------------------------------


def ref(name: str) -> Node:
    return {"$ref": f"#/components/schemas/{name}"}


def test_what_comes_again_below_itself_is_text(tmp_path: Path) -> None:
    asset = {
        "properties": {
            "name": STRING,
            "parent": {"oneOf": [ref("Asset"), {"type": "null"}]},
            "owner": {"allOf": [ref("Asset")], "description": "x"},
            "parts": {"type": "array", "items": ref("Asset")},
        }
    }

    assert columns(tmp_path, {"asset": ref("Asset")}, Asset=asset) == {
        "asset": record(name=TEXT, parent=TEXT, owner=TEXT, parts=TEXT)
    }


def test_circles_through_several_schemas(tmp_path: Path) -> None:
    egg, hen = {"properties": {"of": ref("Hen")}}, {"properties": {"from": ref("Egg"), "name": STRING}}

    assert columns(tmp_path, {"egg": ref("Egg")}, Egg=egg, Hen=hen) == {
        "egg": record(of=record(**{"from": TEXT, "name": TEXT}))
    }


def test_a_base_may_come_again_beside_itself(tmp_path: Path) -> None:
    car = {"allOf": [ref("Base"), {"properties": {"engine": ref("Base"), "wheel": ref("Base")}}]}

    assert columns(tmp_path, {"car": ref("Car")}, Base=SITE, Car=car) == {
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
def test_a_composition_that_leads_back_to_itself_adds_nothing(tmp_path: Path, looped: Node) -> None:
    assert columns(tmp_path, {"x": ref("Loop")}, Loop=looped) == {"x": record(name=TEXT)}


def test_what_is_nothing_but_itself_is_text(tmp_path: Path) -> None:
    assert columns(tmp_path, {"x": ref("A")}, A=ref("B"), B=ref("A")) == {"x": TEXT}


def nested(levels: int) -> Node:
    """An object around others, so many in all."""
    node: Node = {"properties": {"leaf": STRING}}
    for _ in range(levels - 1):
        node = {"properties": {"part": node}}
    return node


def depth(column: Node) -> int:
    return 1 + max(map(depth, column.get("properties", {}).values()), default=0)


@pytest.mark.parametrize(("levels", "read"), [(1, 3), (5, 7), (6, 7), (9, 7)])
def test_six_levels_are_read(tmp_path: Path, levels: int, read: int) -> None:
    item = columns(tmp_path, {"part": nested(levels)})

    assert depth({"properties": item}) == read


def wide(count: int, part: Node) -> Node:
    return {"properties": {f"p{number}": part for number in range(count)}}


def test_a_large_schema_is_read_with_fewer_levels(tmp_path: Path) -> None:
    item = columns(tmp_path, {"x": wide(30, wide(30, wide(30, STRING)))})

    assert item["x"]["properties"]["p0"]["properties"]["p0"] == TEXT


def test_of_too_many_properties_the_first_stay(tmp_path: Path) -> None:
    item = columns(tmp_path, wide(2000, STRING)["properties"])

    assert list(item) == [f"p{number}" for number in range(1500)]


def test_of_too_many_properties_the_key_and_the_times_stay_too(tmp_path: Path) -> None:
    late = {"id": STRING, "_updatedAt": STRING, "_deletedAt": STRING}
    item = {"properties": {**wide(2000, STRING)["properties"], **late}}

    (endpoint,) = endpoints(tmp_path, document({"/x": get(item)})).values()

    assert list(endpoint.schema["properties"]) == [*(f"p{number}" for number in range(1497)), *late]
    assert (endpoint.key, endpoint.replication_key) == (("id",), "_updatedAt")


@pytest.mark.parametrize("choice", ["oneOf", "anyOf"])
def test_an_item_of_very_many_choices_is_a_list_all_the_same(tmp_path: Path, choice: str) -> None:
    part = {choice: [ref("Part"), {"type": "null"}]}

    item = columns(tmp_path, {"key": STRING, **wide(5000, part)["properties"]}, Part=wide(5, STRING))

    assert len(item) == 1500


@pytest.mark.parametrize(
    "base",
    [
        {"type": "object", "properties": {"data": {"type": "object"}}},
        {"type": "object", "properties": {"data": {}}},
        {"type": "object", "properties": {"data": {"type": "array", "items": {"type": "object"}}}},
        {"type": "object", "properties": {"data": SITE}},
        {"type": "object", "properties": {"data": {"type": "string"}}},
    ],
)
@pytest.mark.parametrize("form", ["behind", "beside"])
def test_an_envelope_that_overrides_its_base(tmp_path: Path, base: Node, form: str) -> None:
    own = {"properties": {"data": {"type": "array", "items": SITE}}}
    answer = {"allOf": [ref("Base"), own]} if form == "behind" else {"allOf": [ref("Base")], **own}
    content = document({"/x": {"get": {"responses": answers(answer)}}}, components={"schemas": {"Base": base}})

    (endpoint,) = endpoints(tmp_path, content).values()

    assert endpoint.schema["properties"] == {"name": TEXT}


def test_what_an_explosion_of_compositions_lists_is_no_list(tmp_path: Path) -> None:
    layers = {f"L{n}": {"allOf": [ref(f"L{n + 1}")] * 10} for n in range(12)}
    content = document(
        {"/x": get({"properties": {"ok": STRING}}), "/y": get(ref("L0"))},
        components={"schemas": {**layers, "L12": SITE}},
    )

    assert list(endpoints(tmp_path, content)) == ["x"]


def test_an_explosion_below_a_list_leaves_the_rest(tmp_path: Path) -> None:
    layers = {f"L{n}": wide(20, ref(f"L{n + 1}")) for n in range(12)}

    item = columns(tmp_path, {"big": ref("L0"), "ok": STRING}, **layers)

    assert item["ok"] == TEXT


def test_each_reference_that_leads_nowhere_is_named_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Makini's exports have one, to `Dimension`: there is nothing that a user could do about it."""
    missing = {"$ref": "#/components/schemas/Dimension"}
    parts = {"properties": {"dimensions": missing, "boxes": {"type": "array", "items": missing}}}
    read = get({"properties": {"key": STRING, "other": {"$ref": "other.json#/a"}, "odd": {"$ref": ["x"]}}})
    paths = {"/a": get(parts), "/b": get(parts), "/b/{id}/c": get(parts), "/d": read, "/e": missing}

    offered = endpoints(tmp_path, document(paths))

    assert list(offered) == ["a", "b", "d"]
    assert offered["a"].schema["properties"] == {"dimensions": TEXT, "boxes": TEXT}
    label = f"{tmp_path / '0.json'}:"
    assert sorted(caplog.messages) == [
        f"{label} refers to # (not text), which it does not define. Affected streams: d.",
        f"{label} refers to #/components/schemas/Dimension, which it does not define. Affected streams: a, b, b__c.",
        (
            f"{label} refers to other.json#/a, which is in another file and is not read. Affected streams: d. "
            "Bundle the document into one file."
        ),
    ]


def test_a_path_that_leads_nowhere_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(DocumentError):
        endpoints(tmp_path, document({"/a": {"$ref": "#/components/pathItems/A"}, "/b": {}}))

    [message] = caplog.messages
    assert message.endswith("refers to #/components/pathItems/A, which it does not define. Affected paths: /a.")


def test_of_many_references_that_lead_nowhere_some_are_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    columns(tmp_path, {f"p{number}": {"$ref": f"#/{number}"} for number in range(12)})

    assert len(caplog.messages) == 11
    assert caplog.messages[-1].endswith("0.json: 2 more references lead nowhere.")
