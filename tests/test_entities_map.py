"""Tables and diagrams of references leave none out, and hold for what the sandbox serves."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from makini_sandbox import Behaviour, ManualClock, Sandbox
from scripts.catalogs import discovered
from scripts.diagrams import areas, diagram
from scripts.docs import PAGES, concluded_table, references_table, unknown_table
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
    tables,
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
REFERENCES_PAGE, DIAGRAMS_PAGE, STREAMS_PAGE = (
    (PAGES / f"{name}.md").read_text(encoding="utf-8") for name in ("entities", "diagrams", "streams")
)


# --- references ---


def test_every_key_column_refers_to_a_stream_or_is_said_not_to_be_known() -> None:
    mapped = {f"{reference.stream}.{reference.path}" for reference in REFERENCES}
    not_known = re.findall(r"^\| `(.+?)` \|", unknown_table(TABLES), re.MULTILINE)
    for place in {place for place in PLACES if is_reference(place)} - mapped:
        assert any(ending(place, {known}) for known in not_known), place
    assert {reference.target for reference in REFERENCES} <= STREAMS


def test_every_reference_is_in_the_row_of_its_stream() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", references_table(TABLES), re.MULTILINE))
    assert rows.keys() == {reference.stream for reference in REFERENCES}
    for stream, row in rows.items():
        own = [f"`{each.path}` → `{each.target}`" for each in REFERENCES if each.stream == stream]
        assert row.split(", ") == own


def test_every_conclusion_is_named_with_its_reason() -> None:
    for place, (stream, reason) in CONCLUDED.items():
        assert f"| `{place}` | `{stream}` | {reason} |" in concluded_table()


@pytest.mark.parametrize("known", [*CONCLUDED, *NOT_KNOWN])
def test_what_is_known_of_columns_is_about_columns_that_exist(known: str) -> None:
    assert any(ending(place, {known}) for place in PLACES)


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
def test_a_column_refers_to_the_stream_that_its_name_says(stream: str, path: str, wanted: str | None) -> None:
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
def test_a_diagram_is_in_the_language_of_mermaid(heading: str) -> None:
    drawing = DRAWINGS[heading] + "\n"
    assert re.fullmatch(rf"erDiagram\n(?:{BOX})+(?:{RELATION})*", drawing)
    boxes = [name for name, _ in re.findall(BOX, drawing)]
    pairs = re.findall(RELATION, drawing)
    assert len(set(boxes)) == len(boxes)
    assert len(set(pairs)) == len(pairs)
    assert {name for pair in pairs for name in pair} <= set(boxes)
    assert f"## {heading}\n\n```mermaid\n{drawing}```\n" in DIAGRAMS_PAGE


@pytest.mark.parametrize("heading", DRAWINGS)
def test_a_diagram_is_small_enough_to_read(heading: str) -> None:
    drawing = DRAWINGS[heading] + "\n"
    assert len(re.findall(BOX, drawing)) <= 30
    assert len(re.findall(RELATION, drawing)) <= 60


def test_every_stream_is_drawn() -> None:
    assert {name for drawing in DRAWINGS.values() for name, _ in re.findall(BOX, drawing + "\n")} == STREAMS


def test_every_reference_is_drawn_with_its_columns_name() -> None:
    everything = "\n".join(DRAWINGS.values())
    own = {stream for streams in areas().values() for stream in streams}
    drawn = [reference for reference in REFERENCES if reference.stream in own]
    assert drawn
    for reference in drawn:
        column, _, inner = reference.path.partition(".")
        name = inner or reference.target
        assert re.search(rf'{re.escape(column.removesuffix("[]"))} FK "[^"]*{re.escape(name)}', everything), reference


# --- text ---


def test_every_stream_links_to_the_schema_with_all_its_columns() -> None:
    entities = STREAMS_PAGE.partition("\n## Lines ")[0]
    rows = re.findall(r"^\| `(\w+)` \| .* \| \[\w+\]\((.+)\) \|$", entities, re.MULTILINE)
    assert [stream for stream, _ in rows] == sorted(STREAMS)
    for table, (_, link) in zip(TABLES, rows, strict=True):
        schema = json.loads((PAGES / link).read_text(encoding="utf-8"))
        assert schema["properties"].keys() == table.schema["properties"].keys()


def test_the_example_is_sql_over_columns_that_exist() -> None:
    (query,) = re.findall(r"```sql\n(.*?)```", REFERENCES_PAGE, re.DOTALL)
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
def test_a_type_is_named_in_words(schema: dict[str, Any], words: str) -> None:
    assert in_words(schema) == words


def test_a_new_stream_gets_a_row_and_its_unknown_references_are_named() -> None:
    text = {"type": ["string", "null"]}
    columns = {"key": text, "robotKey": text, "assetKey": text}
    added = [*TABLES, Table("assets__parts", ("key", "no"), {"properties": columns})]
    assert references_table(added).endswith("| `assets__parts` | `assetKey` → `assets` |")
    assert "| `assets__parts.robotKey` | no stream has this name |" in unknown_table(added)
    assert "    assets__parts {\n        text key PK\n        text no PK\n" in diagram(["assets__parts"], added)


# --- lines and child lists ---


KEYS_OF = {"lines": "The key of lines", "child list": "the key of child lists"}


def test_every_stream_that_is_discovered_is_listed_with_its_key() -> None:
    kinds = dict(re.findall(r"^\| `(\w+)` \| `\w+` \| (lines|child list) \|", STREAMS_PAGE, re.MULTILINE))
    text = " ".join(STREAMS_PAGE.split())
    for entry in discovered()["streams"]:
        keys = ", ".join(f"`{name}`" for name in entry["key_properties"])
        name, key = entry["tap_stream_id"], entry.get("replication_key")
        if "__" not in name:
            read = f"`{key}`" if key else "full table"
            assert re.search(rf"^\| `{name}` \| .* \| {keys} \| {read} \| ", STREAMS_PAGE, re.MULTILINE), name
        else:
            assert f"{KEYS_OF[kinds.pop(name)]} is {keys}" in text, name
            assert f"All are incremental by `{key}`." in text
    assert not kinds


def test_columns_of_child_lists_are_those_that_the_page_names() -> None:
    schemas = {entry["tap_stream_id"]: entry["schema"]["properties"].keys() for entry in discovered()["streams"]}
    listed = re.findall(r"^\| `(\w+)` \| `\w+` \| child list \| \[\w+\]\((.+)\) \|$", STREAMS_PAGE, re.MULTILINE)
    assert listed
    for stream, link in listed:
        schema = json.loads((PAGES / link).read_text(encoding="utf-8"))
        own = {name for name in schemas[stream] if not name.startswith("_makini_")}
        assert own == schema["properties"].keys()


def test_columns_of_lines_are_those_that_the_page_names() -> None:
    schemas = {entry["tap_stream_id"]: entry["schema"]["properties"] for entry in discovered()["streams"]}
    listed = re.findall(r"^\| `(\w+)` \| `(\w+)` \| lines \| items of `(\w+)` \|$", STREAMS_PAGE, re.MULTILINE)
    assert listed
    for stream, parent, array in listed:
        own = {name for name in schemas[stream] if not name.startswith("_makini_")}
        assert own == schemas[parent][array]["items"]["properties"].keys()
