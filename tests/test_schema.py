"""Schema files against a compact copy of the v3 spec's types, and what is made of them."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tap_makini.entities import CONNECTION, ENTITIES, Entity
from tap_makini.schema import SCHEMA_FOLDER, load_item_schema, stream_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

Schema = dict[str, Any]

DECLARED: dict[str, dict[str, str]] = json.loads(
    Path(__file__).with_name("data").joinpath("vendor_v3.json").read_bytes(),
)["items"]
FILES: dict[str, Schema] = {path.stem: json.loads(path.read_bytes()) for path in sorted(SCHEMA_FOLDER.glob("*.json"))}
FIELDS = [(item, field) for item in FILES for field in FILES[item]["properties"]]
FILE_KEYWORDS = {
    "type",
    "format",
    "properties",
    "items",
    "$ref",
    "x-vendor-type",
    "x-json-text",
    "description",
}

each_item = pytest.mark.parametrize("item", FILES)
each_declared_item = pytest.mark.parametrize("item", DECLARED)
each_entity = pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.slug)


def schema_of(entity: Entity) -> Schema:
    return stream_schema(load_item_schema(entity.item), entity.key)


def properties_of(item: str) -> dict[str, Schema]:
    properties: dict[str, Schema] = FILES[item]["properties"]
    return properties


def vendor_form(node: Schema) -> str:
    """Spell a property's own type as the spec's are in the vendor's facts."""
    if "$ref" in node:
        return f"->{Path(node['$ref']).stem}"
    kind: str = node["type"][0]
    if kind == "array" and "$ref" in node["items"]:
        return f"[{Path(node['items']['$ref']).stem}]"
    return f"{kind} {node['format']}" if "format" in node else kind


def nodes(schema: Schema, path: str = "") -> Iterator[tuple[str, Schema]]:
    """Yield every schema within one, itself included."""
    yield path, schema
    for name, child in schema.get("properties", {}).items():
        yield from nodes(child, f"{path}/{name}")
    if "items" in schema:
        yield from nodes(schema["items"], f"{path}/*")


def references(schema: Schema) -> set[str]:
    return {Path(node["$ref"]).stem for _, node in nodes(schema) if "$ref" in node}


# The files, against the vendor


def test_there_is_a_file_for_each_item_type_of_the_vendor() -> None:
    assert set(FILES) >= set(DECLARED)


def test_every_file_is_of_a_stream_or_nested_in_one() -> None:
    nested = set().union(*(references(schema) for schema in FILES.values()))

    assert set(FILES) == {entity.item for entity in (*ENTITIES, CONNECTION)} | nested


@each_declared_item
def test_fields_are_the_vendors_in_the_vendors_order(item: str) -> None:
    assert list(FILES[item]["properties"]) == list(DECLARED[item])


@each_declared_item
def test_types_are_the_vendors_or_marked_corrections(item: str) -> None:
    markers = {field: node.get("x-vendor-type") for field, node in properties_of(item).items()}
    corrected = {
        field: DECLARED[item][field] if vendor_form(node) != DECLARED[item][field] else None
        for field, node in properties_of(item).items()
    }

    assert markers == corrected


@each_item
def test_files_use_few_keywords_and_are_nullable(item: str) -> None:
    for path, node in nodes(FILES[item]):
        assert (path, set(node) - FILE_KEYWORDS) == (path, set())
        assert ("$ref" in node) != ("type" in node), path
        assert "$ref" in node or node["type"][1:] == ["null"], path


def test_only_strings_hold_json_text() -> None:
    columns = {
        f"{item}{path}": node["type"][0]
        for item, schema in FILES.items()
        for path, node in nodes(schema)
        if node.get("x-json-text")
    }

    assert columns == dict.fromkeys(
        (
            "Address/addressLines",
            "Contact/phones",
            "Contact/emails",
            "Part/dimensions",
            "Product/dimensions",
            "Site/properties",
            "Task/checkList/*",
        ),
        "string",
    )


# Corrections, by name


def test_a_name_has_one_type() -> None:
    forms: dict[str, set[str]] = defaultdict(set)
    for item, field in FIELDS:
        forms[field].add(vendor_form(properties_of(item)[field]))

    assert {field: kinds for field, kinds in forms.items() if len(kinds) > 1} == {
        "lineItems": {"[POLineItem]", "[InvoiceLineItem]", "[BOMLineItem]", "[StockLineItem]"},
        "shippingAddress": {"[Address]", "->Address"},
    }


def form_by_name(field: str) -> str | None:
    """Give the type that a field's name speaks of, None where it is silent."""
    if field.endswith(("At", "Date")) or field == "date":
        return "string date-time"
    if field == "key" or field.endswith("Key"):
        return "string"
    if field.endswith("Keys"):
        return "array"
    if field.startswith("is") and field[2].isupper():
        return "boolean"
    words = ("Quantity", "Value", "Level", "Time", "Cost", "Rate", "Percentage")
    return "number" if field.endswith(words) else None


@each_item
def test_types_are_what_the_names_say(item: str) -> None:
    named = {field: form for field in properties_of(item) if (form := form_by_name(field))}

    assert {field: vendor_form(properties_of(item)[field]) for field in named} == named


@pytest.mark.parametrize("pair", [pair for pair in FIELDS if pair[1].endswith("Keys")], ids="/".join)
def test_lists_of_keys_hold_strings(pair: tuple[str, str]) -> None:
    item, field = pair

    assert properties_of(item)[field]["items"] == {"type": ["string", "null"]}


@pytest.mark.parametrize(
    ("item", "field", "form"),
    [
        ("Counter", "lastReading", "number"),
        ("CounterReading", "reading", "number"),
        ("Customer", "addresses", "[Address]"),
        ("Customer", "billingAddress", "->Address"),
        ("Fulfillment", "lineItems", "[StockLineItem]"),
        ("Inventory", "quantity", "number"),
        ("Location", "contact", "->Contact"),
        ("PreventiveMaintenance", "documents", "[Document]"),
        ("Project", "budget", "number"),
        ("Site", "lat", "number"),
        ("Site", "lng", "number"),
        ("Stock", "reorderPoint", "number"),
        ("StockAdjustment", "total", "number"),
        ("StockTransfer", "shipmentRequired", "boolean"),
        ("SupplyOption", "partNumber", "string"),
        ("SupplyOption", "price", "number"),
        ("WorkOrder", "materialCount", "number"),
        ("WorkTrigger", "recurring", "boolean"),
    ],
)
def test_some_corrections_are_explained_by_no_name(item: str, field: str, form: str) -> None:
    assert vendor_form(properties_of(item)[field]) == form


# The schemas of streams


@each_entity
def test_emitted_keywords_are_those_that_every_target_takes(entity: Entity) -> None:
    for path, node in nodes(schema_of(entity)):
        assert (path, set(node) - {"type", "format", "properties", "items"}) == (path, set())
        assert (path, "object" in node["type"]) == (path, "properties" in node)
        assert (path, "array" in node["type"]) == (path, "items" in node)
        assert node.get("format") in {None, "date-time"}, path


@each_entity
def test_only_root_and_key_are_not_nullable(entity: Entity) -> None:
    required = {path: node["type"] for path, node in nodes(schema_of(entity)) if "null" not in node["type"]}

    assert required == {"": "object"} | {f"/{name}": "string" for name in entity.key}


@each_entity
def test_a_replication_key_is_a_date_time(entity: Entity) -> None:
    properties = schema_of(entity)["properties"]

    if entity.replication_key is None:
        assert {"createdAt", "updatedAt"}.isdisjoint(properties)
    else:
        assert properties[entity.replication_key]["format"] == "date-time"
        assert entity.replication_key == "updatedAt" or "updatedAt" not in properties


@each_entity
def test_columns_stay_apart_in_any_database(entity: Entity) -> None:
    for path, node in nodes(schema_of(entity)):
        names = list(node.get("properties", {}))
        assert (path, len({name.lower()[:63] for name in names})) == (path, len(names))


@each_entity
def test_columns_are_the_items_and_the_taps(entity: Entity) -> None:
    properties = schema_of(entity)["properties"]

    assert list(properties) == [*properties_of(entity.item), "_makini_connection", "_makini_extra"]
    assert properties["_makini_connection"] == {"type": ["string", "null"]}
    assert properties["_makini_extra"] == {"type": ["string", "null"]}


def test_nested_types_are_written_out() -> None:
    drawings = stream_schema(load_item_schema("Part"))["properties"]["drawings"]

    assert drawings["items"]["properties"]["documents"]["items"]["properties"]["createdAt"] == {
        "type": ["string", "null"],
        "format": "date-time",
    }


def test_an_item_is_keyed_only_at_the_root() -> None:
    documents = stream_schema(load_item_schema("WorkOrder"), ("key",))["properties"]["documents"]

    assert documents["items"]["properties"]["key"] == {"type": ["string", "null"]}


def test_the_taps_own_columns_may_be_in_the_key() -> None:
    schema = stream_schema(load_item_schema("Asset"), ("_makini_connection", "key"))

    assert schema["properties"]["_makini_connection"] == {"type": "string"}
    assert schema["properties"]["key"] == {"type": "string"}


def test_streams_of_one_item_share_nothing() -> None:
    first = stream_schema(load_item_schema("WorkOrder"), ("key",))
    for _, node in list(nodes(first)):
        node.clear()

    second = stream_schema(load_item_schema("WorkOrder"))

    assert second["properties"]["key"] == {"type": ["string", "null"]}
    assert second["properties"]["tasks"]["items"]["properties"]["title"]


def test_an_unknown_item_type_is_an_error() -> None:
    with pytest.raises(FileNotFoundError, match="Gadget"):
        load_item_schema("Gadget")


def test_an_unknown_key_property_is_an_error() -> None:
    item = load_item_schema("CustomField")
    with pytest.raises(KeyError, match="serial"):
        stream_schema(item, ("serial",))


def test_a_circle_of_references_is_an_error(tmp_path: Path) -> None:
    for item, other in (("Egg", "Hen"), ("Hen", "Egg")):
        schema = {"type": ["object", "null"], "properties": {"of": {"$ref": f"{other}.json"}}}
        (tmp_path / f"{item}.json").write_text(json.dumps(schema))

    with pytest.raises(ValueError, match=r"Egg\.json -> Hen\.json -> Egg\.json"):
        load_item_schema("Egg", tmp_path)
