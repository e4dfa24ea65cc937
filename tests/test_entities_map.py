"""The map of entities is up to date, leaves no reference out, and holds for what the sandbox serves."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from makini_sandbox import Behaviour, ManualClock, Sandbox
from scripts.catalogs import discovered
from scripts.entities_map import DOCUMENT, areas, diagram, document, tables
from scripts.references import (
    CONCLUDED,
    NOT_KNOWN,
    Reference,
    Table,
    columns,
    ending,
    in_words,
    is_reference,
    references,
    target,
)
from tap_makini.entities import ENTITIES

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLES = tables()
STREAMS = {table.stream for table in TABLES}
REFERENCES = references(TABLES)
PLACES = [f"{table.stream}.{column.path}" for table in TABLES for column in columns(table.schema)]
SLUGS = {entity.stream: entity.slug for entity in ENTITIES}
WRITTEN = document(TABLES)


# --- references ---


def test_every_key_column_refers_to_a_stream_or_is_said_not_to_be_known() -> None:
    mapped = {f"{reference.stream}.{reference.path}" for reference in REFERENCES}
    not_known = WRITTEN.partition("Of these it is not known:")[2].partition("\n## ")[0]
    for place in {place for place in PLACES if is_reference(place)} - mapped:
        assert any(ending(place, {told}) for told in re.findall(r"^\| `(.+?)` \|", not_known, re.MULTILINE)), place
    assert {reference.target for reference in REFERENCES} <= STREAMS


@pytest.mark.parametrize("told", [*CONCLUDED, *NOT_KNOWN])
def test_what_is_told_of_columns_is_of_columns_that_exist(told: str) -> None:
    assert any(ending(place, {told}) for place in PLACES)


@pytest.mark.parametrize(
    ("stream", "path", "wanted"),
    [
        ("work_orders", "assetKey", "assets"),
        ("users", "locationKeys", "locations"),
        ("work_orders", "parentKey", "work_orders"),
        ("materials", "parentKeys", "materials"),
        ("work_orders", "statusKey", "statuses_work_orders"),
        ("receiving", "lineItems[].statusKey", "statuses_receiving"),
        ("purchase_orders", "lineItems[].key", "purchase_orders_line_items"),
        ("rfq", "lineItems[].key", None),
        ("labors", "costUomKey", "uom"),
        ("stock_transfers", "fromStoreroomKey", "storerooms"),
        ("work_orders", "userApprovedKey", "users"),
        ("work_orders", "assetDowntimeKey", "assets_downtime"),
        ("work_orders", "resources[].poLineItemKey", "purchase_orders_line_items"),
        ("companies", "currencyKey", "currencies"),
        ("products", "taxKeys", "taxes"),
        ("materials", "drawings[].documents[].key", "documents"),
        ("pm", "statusKey", None),
        ("work_orders", "tasks[].parentKey", None),
        ("work_orders", "key", None),
        ("work_orders", "title", None),
    ],
)
def test_target(stream: str, path: str, wanted: str | None) -> None:
    assert target(stream, path, STREAMS) == wanted


@pytest.mark.parametrize("path", ["robotKey", "vendorContactKey", "assetRobotKeys", "lineItems[].parentKey", "Key"])
def test_a_new_name_is_not_guessed(path: str) -> None:
    assert target("work_orders", path, STREAMS) is None


@pytest.fixture(scope="module")
def rows() -> dict[str, list[dict[str, Any]]]:
    clock = ManualClock(datetime(2026, 3, 1, 12, tzinfo=timezone.utc))
    store = Sandbox(rows=150, behaviour=Behaviour(quirks=False), clock=clock).store
    return {stream: store.rows(slug) for stream, slug in SLUGS.items()}


@pytest.mark.parametrize("reference", REFERENCES, ids=lambda reference: f"{reference.stream}.{reference.path}")
def test_what_the_sandbox_serves_joins(reference: Reference, rows: dict[str, list[dict[str, Any]]]) -> None:
    assert held(rows, reference) <= {row["key"] for row in rows[reference.target]}


def test_the_sandbox_serves_something_to_join(rows: dict[str, list[dict[str, Any]]]) -> None:
    empty = [reference for reference in REFERENCES if not held(rows, reference)]
    assert len(empty) < len(REFERENCES) / 10, empty


def held(rows: dict[str, list[dict[str, Any]]], reference: Reference) -> set[str]:
    return {value for row in rows[reference.stream] for value in values(row, reference.path)}


def values(node: Any, path: str) -> Iterator[str]:  # noqa: ANN401 - any part of a record
    """Give the texts at a column's path, those in lists one by one."""
    if isinstance(node, list):
        for item in node:
            yield from values(item, path)
    elif path and node is not None:
        name, _, rest = path.partition(".")
        yield from values(node[name.removesuffix("[]")], rest)
    elif node is not None:
        yield node


# --- diagrams ---

DRAWINGS = {heading: diagram(own, TABLES) for heading, own in areas().items()}
BOX = r'    (\w+) \{\n((?:        (?:text|list|object) [A-Za-z]\w* (?:PK|FK "[\w\[\]., ]+")\n)+)    \}\n'
RELATION = r'    (\w+) \}o--o[|{] (\w+) : "[\w\[\]., ]+"\n'


@pytest.mark.parametrize("heading", DRAWINGS)
def test_diagram_is_in_the_language_of_mermaid(heading: str) -> None:
    drawing = DRAWINGS[heading] + "\n"
    assert re.fullmatch(rf"erDiagram\n(?:{BOX})+(?:{RELATION})*", drawing)
    boxes = [name for name, _ in re.findall(BOX, drawing)]
    pairs = re.findall(RELATION, drawing)
    assert len(set(boxes)) == len(boxes)
    assert len(set(pairs)) == len(pairs)
    assert {name for pair in pairs for name in pair} <= set(boxes)
    assert f"```mermaid\n{drawing}```" in WRITTEN


@pytest.mark.parametrize("heading", DRAWINGS)
def test_diagram_can_be_read(heading: str) -> None:
    assert len(re.findall(BOX, DRAWINGS[heading])) <= 30
    assert len(re.findall(RELATION, DRAWINGS[heading] + "\n")) <= 60


def test_every_stream_is_drawn() -> None:
    assert {name for drawing in DRAWINGS.values() for name, _ in re.findall(BOX, drawing)} == STREAMS


def test_every_reference_is_drawn_with_its_columns_name() -> None:
    everything = "\n".join(DRAWINGS.values())
    own = {stream for streams in areas().values() for stream in streams}
    drawn = [reference for reference in REFERENCES if reference.stream in own]
    assert drawn
    for reference in drawn:
        column, _, inner = reference.path.partition(".")
        told = inner or reference.target
        assert re.search(rf'{re.escape(column.removesuffix("[]"))} FK "[^"]*{re.escape(told)}', everything), reference


# --- text ---


def test_every_stream_has_a_section_with_all_its_columns() -> None:
    sections = re.split(r"^### ", WRITTEN.partition("## Streams\n")[2], flags=re.MULTILINE)[1:]
    assert [section.partition("\n")[0] for section in sections] == sorted(STREAMS)
    for table, section in zip(TABLES, sections, strict=True):
        assert re.findall(r"^\| `(.+?)` \|", section, re.MULTILINE) == [each.path for each in columns(table.schema)]


def test_links_lead_somewhere() -> None:
    places = re.findall(r"\]\((.+?)\)", WRITTEN)
    assert places
    headings = set(re.findall(r"^### (\w+)$", WRITTEN, re.MULTILINE))
    for file, _, anchor in (place.partition("#") for place in places):
        assert (DOCUMENT.parent / file).exists() if file else anchor in headings


def test_example_is_sql_over_columns_that_exist() -> None:
    (query,) = re.findall(r"```sql\n(.*?)```", WRITTEN, re.DOTALL)
    with closing(sqlite3.connect(":memory:")) as database:
        for table in TABLES:
            names = ["_makini_connection", *table.schema["properties"]]
            database.execute(f"CREATE TABLE {table.stream} ({', '.join(map('[{}]'.format, names))})")
        database.execute(query)


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": ["string", "null"]}, "text"),
        ({"type": "string"}, "text"),
        ({"type": ["string", "null"], "format": "date-time"}, "date-time"),
        ({"type": ["number", "null"]}, "number"),
        ({"type": ["integer", "null"]}, "whole number"),
        ({"type": ["boolean", "null"]}, "flag"),
        ({"type": ["object", "null"], "properties": {}}, "object"),
        ({"type": ["array", "null"], "items": {"type": ["string", "null"]}}, "list of texts"),
        ({"type": ["array", "null"], "items": {"type": ["object", "null"]}}, "list of objects"),
    ],
)
def test_in_words(schema: dict[str, Any], words: str) -> None:
    assert in_words(schema) == words


def test_a_new_stream_gets_a_section_and_its_unknown_references_are_named() -> None:
    text = {"type": ["string", "null"]}
    columns = {"key": text, "robotKey": text, "assetKey": text}
    lines = Table("assets__parts", ("key", "no"), None, ("eam",), {"properties": columns})
    added = document([*TABLES, lines])
    assert "### assets__parts\n\nKey `key`, `no`, read whole, products eam.\n" in added
    assert added.endswith("| `assetKey` | text | [`assets`](#assets) |\n")
    assert "| `assets__parts.robotKey` | the name is that of no stream |" in added


# --- lines and child lists ---


def test_every_stream_that_is_discovered_is_told_of_with_its_key() -> None:
    for entry in discovered()["streams"]:
        keys = ", ".join(f"`{name}`" for name in entry["key_properties"])
        name = entry["tap_stream_id"]
        row = (
            rf"\| `{name}` \| .* \| {keys} \| `{entry['replication_key']}` \|"
            if "__" in name
            else f"### {name}\n\nKey {keys}"
        )
        assert re.search(row, WRITTEN), name


def test_columns_of_child_lists_are_those_that_are_said() -> None:
    schemas = {entry["tap_stream_id"]: entry["schema"]["properties"].keys() for entry in discovered()["streams"]}
    told = re.findall(r"\| `(\w+)` \| child list of .* those of \[`(\w+)`\]", WRITTEN)
    assert told
    for stream, same in told:
        assert {name for name in schemas[stream] if not name.startswith("_makini_parent")} == schemas[same]


def test_columns_of_lines_are_those_that_are_said() -> None:
    schemas = {entry["tap_stream_id"]: entry["schema"]["properties"] for entry in discovered()["streams"]}
    told = re.findall(r"\| `(\w+)` \| lines of \[`(\w+)`\].* `(\w+)\[\]` there", WRITTEN)
    assert told
    for stream, parent, array in told:
        own = {name for name in schemas[stream] if not name.startswith("_makini_")}
        assert own == schemas[parent][array]["items"]["properties"].keys()
