"""Loaded rows can be joined, and have the values of the source."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tap_makini.timestamps import parse_timestamp

from .harness import (
    LINES,
    MATERIALS,
    MATERIALS_SLUG,
    ORDERS,
    ORDERS_SLUG,
    PARENT_KEY,
    PARENT_UPDATE,
    POSITION,
    WORK,
    WORK_SLUG,
    Tables,
    held_lines,
    read,
    source,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from makini_sandbox import Sandbox

ROWS = 20
SOME: dict[str, Any] = {"key": "l1", "quantity": "12.50", "custom": {"a": [1]}}


@pytest.fixture(scope="module")
def odd() -> Iterator[Sandbox]:
    """A source whose rows have custom fields, amounts as text and lists as text."""
    with source(ROWS, quirks=True) as sandbox:
        yield sandbox


@pytest.mark.parametrize(("parent", "child"), [(ORDERS, LINES), (WORK, MATERIALS)])
def test_each_row_joins_the_version_of_its_parent_that_it_is_of(odd: Sandbox, parent: str, child: str) -> None:
    tables = Tables()
    read(odd, tables, parent, child)

    updates = {row["key"]: row["updatedAt"] for row in tables.of(parent)}
    assert len(updates) == ROWS
    assert len(tables.of(child)) > ROWS / 2
    assert all(row[PARENT_UPDATE] == updates[row[PARENT_KEY]] for row in tables.of(child))


def test_lines_are_the_nested_arrays_value_by_value() -> None:
    tables = Tables()
    with source(ROWS) as sandbox:
        read(sandbox, tables, ORDERS, LINES)
        wanted = held_lines(sandbox)
    assert tables.rows[LINES].keys() == wanted.keys()
    for key, line in tables.rows[LINES].items():
        assert line[POSITION] == key[1]
        assert {name: plain(line[name]) for name in wanted[key]} == {n: plain(v) for n, v in wanted[key].items()}


def test_lines_are_what_the_parents_own_column_holds(odd: Sandbox) -> None:
    tables = Tables()
    read(odd, tables, ORDERS, LINES)

    for order in tables.of(ORDERS):
        lines = [row for row in tables.of(LINES) if row[PARENT_KEY] == order["key"]]
        nested = order["lineItems"] or []
        assert [{name: row[name] for name in each} for row, each in zip(lines, nested, strict=True)] == nested


def test_lines_replace_a_column_that_is_deselected(odd: Sandbox) -> None:
    tables, both = Tables(), Tables()
    read(odd, both, ORDERS, LINES)
    read(odd, tables, ORDERS, LINES, deselected=[(ORDERS, "lineItems")])

    assert all("lineItems" not in order for order in tables.of(ORDERS))
    assert tables.rows[LINES] == both.rows[LINES]


@pytest.mark.parametrize(
    ("sent", "lines"),
    [
        ([], []),
        ("[]", []),
        ("", []),
        (" null ", []),
        (None, []),
        ([None], []),
        ([SOME, SOME], [SOME, SOME]),
        (json.dumps([SOME]), [SOME]),
        (SOME, [SOME]),
        (json.dumps(SOME), [SOME]),
        ([1, "a", [2], None], [{"value": 1}, {"value": "a"}, {"value": [2]}]),
        ("none", [{"value": "none"}]),
        (7, [{"value": 7}]),
        ([{}], [{}]),
    ],
    ids=repr,
)
def test_values_that_are_not_arrays_lose_nothing(sent: object, lines: list[dict[str, Any]]) -> None:
    tables = Tables()
    with source(1) as sandbox:
        sandbox.store.update(ORDERS_SLUG, sandbox.store.keys(ORDERS_SLUG)[0], lineItems=sent)
        run = read(sandbox, tables, ORDERS, LINES)
    assert run.failure is None
    assert [loaded(row, line) for row, line in zip(tables.of(LINES), lines, strict=True)] == lines
    assert [row[POSITION] for row in tables.of(LINES)] == list(range(len(lines)))


@pytest.mark.parametrize("key", ["A/1", "a b", "50%", "%2F", "?x=1", "#1", "größe", "a&b=c", "+1", "...", ".x"])
def test_parents_whose_keys_are_odd_have_children(key: str) -> None:
    tables = Tables()
    with source(1) as sandbox:
        sandbox.store.insert(WORK_SLUG, key=key)
        sandbox.store.set_children(WORK_SLUG, key, "materials", [{"key": "m1"}])
        read(sandbox, tables, MATERIALS)
    assert (key, "m1") in tables.rows[MATERIALS]


def test_items_that_share_a_key_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    with source(3) as sandbox:
        first, second, third = sandbox.store.keys(WORK_SLUG)
        sandbox.store.set_children(WORK_SLUG, first, "materials", [{"key": "m"}, {"key": "m", "name": "other"}])
        sandbox.store.set_children(WORK_SLUG, second, "materials", [{"key": 7}, {"key": "7"}])
        sandbox.store.set_children(WORK_SLUG, third, "materials", [{"key": "m"}, {"key": "n"}])
        read(sandbox, Tables(), MATERIALS)
    [warning] = [each.message for each in caplog.records if "the same key" in each.message]
    assert f"{MATERIALS}: several items have the same key in some lists (2)" in warning


@pytest.mark.parametrize("key", ["", ".", "..", "../x", "a/../../x"])
def test_no_key_leads_to_another_list(key: str, caplog: pytest.LogCaptureFixture) -> None:
    tables = Tables()
    with source(1) as sandbox:
        sandbox.store.insert_raw(WORK_SLUG, b'{"key":"%b","updatedAt":"2024-01-01T00:00:00Z"}' % key.encode())
        run = read(sandbox, tables, WORK, MATERIALS)
    assert run.failure is None
    assert run.requests == {WORK_SLUG: 1, MATERIALS_SLUG: 1}
    assert len(tables.of(WORK)) == 2
    assert not [row for row in tables.of(MATERIALS) if row[PARENT_KEY] == key]
    [warning] = [each.message for each in caplog.records if each.levelname == "WARNING" and MATERIALS in each.message]
    assert repr(key) in warning


def test_records_that_already_have_such_columns_do_not_name_another_parent() -> None:
    tables = Tables()
    liar = {"key": "l1", PARENT_KEY: 7, PARENT_UPDATE: "never", POSITION: 9}
    with source(1) as sandbox:
        [key] = sandbox.store.keys(ORDERS_SLUG)
        sandbox.store.update(ORDERS_SLUG, key, lineItems=[liar])
        read(sandbox, tables, LINES)
    assert tables.rows[LINES].keys() == {(key, 0)}


def plain(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return a value that is the same for each way to write a time or an amount."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return Decimal(str(value))
    return (isinstance(value, str) and parse_timestamp(value)) or value


def loaded(row: Mapping[str, Any], line: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that a row has of the members of a line, amounts as the text in which they came."""
    extra = json.loads(row["_makini_extra"] or "{}")
    values = {name: row.get(name, extra.get(f"/{name}")) for name in line}
    return {name: f"{value:.2f}" if isinstance(value, float) else value for name, value in values.items()}
