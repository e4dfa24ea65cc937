"""What the documents say to ask a database gives what they say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from streams.raw_harness import discovered

from tap_makini.entities import ENTITIES
from tap_makini.schema import load_item_schema

from .reconciling import DAILY, MORNING, RECONCILING, STREAM, Database, document, queries, source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from makini_sandbox import Sandbox

ALL = (STREAM, *RECONCILING)
NOT_MARKED, VANISHED, VANISHED_OF_SEVERAL, VANISHED_BETWEEN = queries("deletes.md")
[CURRENT] = queries("lines-and-children.md")
ORDERS_SLUG, ORDERS, LINES = "purchase-orders", "purchase_orders", "purchase_orders__line_items"
KEY_OF_LINES = ("_makini_parent_key", "_makini_position")


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with source({STREAM: 30, ORDERS_SLUG: 10}) as served:
        yield served


def test_the_query_leaves_out_records_with_a_deletion_time(sandbox: Sandbox) -> None:
    for key in sandbox.store.keys(STREAM):
        sandbox.store.update(STREAM, key, deletedAt=None)
    marked, *others = sandbox.store.keys(STREAM)
    sandbox.store.update(STREAM, marked, deletedAt=MORNING)
    with Database(sandbox) as database:
        database.load(STREAM)
        assert {key for (key,) in database.ask(NOT_MARKED.replace("*", "key"))} == {*others}


def test_the_document_names_the_item_types_without_a_deletion_time() -> None:
    without = {
        (entity.item, entity.stream)
        for entity in ENTITIES
        if "deletedAt" not in load_item_schema(entity.item)["properties"]
    }
    assert set(re.findall(r"^\| `([A-Z]\w+)` \| `(\w+)` \|$", document("deletes.md"), re.MULTILINE)) == without


def test_the_query_finds_deleted_records(sandbox: Sandbox) -> None:
    with Database(sandbox) as database:
        database.load(*ALL, **DAILY)
        assert database.ask(VANISHED) == database.ask(VANISHED_BETWEEN) == set()
        gone = sandbox.store.keys(STREAM)[3:6]
        for key in gone:
            sandbox.store.remove(STREAM, key)
        between = sandbox.store.insert(STREAM, updatedAt=MORNING)
        database.load(*ALL, **DAILY)
        assert database.ask(VANISHED) == database.ask(VANISHED_BETWEEN) == set()
        sandbox.store.remove(STREAM, between)
        database.make_due()
        database.load(*ALL, **DAILY)
        assert database.ask(VANISHED) == {(STREAM, key) for key in gone}
        assert database.ask(VANISHED_BETWEEN) == {(key,) for key in (*gone, between)}


def test_the_query_finds_deleted_records_of_each_connection() -> None:
    connections = {"t-a": "acme", "t-b": "bolt"}
    with source({STREAM: 15}, connections) as sandbox:
        acme, bolt = sandbox.connections.values()
        with Database(sandbox) as database:
            database.load(*ALL, **DAILY)
            gone = acme.store.keys(STREAM)[0]
            acme.store.remove(STREAM, gone)
            assert set(database.state["reconciled"][STREAM]) == {"acme", "bolt"}
            database.make_due()
            database.load(*ALL, **DAILY)
            assert database.ask(VANISHED_OF_SEVERAL) == {("acme", STREAM, gone)}
            other = bolt.store.keys(STREAM)[1]
            bolt.store.remove(STREAM, other)
            database.load(*ALL, **DAILY)
            database.state["reconciled"][STREAM].pop("bolt")
            database.load(*ALL, **DAILY)
            assert database.ask(VANISHED_OF_SEVERAL) == {("acme", STREAM, gone), ("bolt", STREAM, other)}


def lines_at(sandbox: Sandbox) -> set[tuple[str, int]]:
    """Return the key of the order and the position of each line."""
    return {
        (order["key"], place) for order in sandbox.store.rows(ORDERS_SLUG) for place in range(len(order["lineItems"]))
    }


def current(database: Database) -> set[tuple[str, int]]:
    return database.ask(CURRENT.replace("line.*", "line._makini_parent_key, line._makini_position"))


def test_the_query_finds_the_current_lines(sandbox: Sandbox) -> None:
    store = sandbox.store
    some_lines = next(row["lineItems"] for row in store.rows(ORDERS_SLUG) if len(row["lineItems"]) > 1)
    for key in store.keys(ORDERS_SLUG):
        store.update(ORDERS_SLUG, key, lineItems=some_lines)
    with Database(sandbox) as database:
        database.load(ORDERS, LINES)
        assert current(database) == lines_at(sandbox)
        shorter, emptied, undated, *_ = store.keys(ORDERS_SLUG)
        store.update(ORDERS_SLUG, shorter, lineItems=some_lines[1:], updatedAt=MORNING)
        store.update(ORDERS_SLUG, emptied, lineItems=[], updatedAt=MORNING)
        database.load(ORDERS, LINES)
        assert current(database) == lines_at(sandbox)
        assert len(database.ask(f"SELECT * FROM {LINES}")) == len(store.keys(ORDERS_SLUG)) * len(some_lines)  # noqa: S608
    store.update(ORDERS_SLUG, undated, updatedAt=None)
    with Database(sandbox) as database:
        database.load(ORDERS, LINES)
        assert current(database) == lines_at(sandbox)


def test_a_line_removed_without_an_update_looks_current_until_a_full_read(sandbox: Sandbox) -> None:
    store = sandbox.store
    order = next(row for row in store.rows(ORDERS_SLUG) if row["lineItems"])
    with Database(sandbox) as database:
        database.load(ORDERS, LINES)
        before = lines_at(sandbox)
        store.update(ORDERS_SLUG, order["key"], lineItems=[], updatedAt=order["updatedAt"])
        database.load(ORDERS, LINES)
        assert current(database) == before != lines_at(sandbox)
        outcome = database.load(ORDERS, LINES, full=[LINES], emit_activate_version_messages=True)
    came = {tuple(row["record"][name] for name in KEY_OF_LINES) for row in outcome.of("RECORD", LINES)}
    assert came == lines_at(sandbox)
    assert outcome.of("ACTIVATE_VERSION", LINES)
    assert not outcome.of("ACTIVATE_VERSION", ORDERS)


def test_the_document_names_every_stream_of_lines_and_child_lists(sandbox: Sandbox) -> None:
    text = document("streams.md")
    names = [entry["stream"] for entry in discovered(sandbox)["streams"] if "__" in entry["stream"]]
    assert names
    assert [name for name in names if f"| `{name}` |" not in text] == []
