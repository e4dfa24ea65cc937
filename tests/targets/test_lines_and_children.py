"""Lines and child lists beside their parents: what is joined in the database is what the source holds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from targets.databases import DuckDB, MeltanoPostgres, PipelinewisePostgres, SQLite
from targets.programs import last_state, read_messages, selecting

if TYPE_CHECKING:
    from pathlib import Path

    from makini_sandbox import Sandbox
    from targets.conftest import MakeLoader
    from targets.loader import Loader

ORDERS, LINES = "purchase_orders", "purchase_orders__line_items"
WORK, TASKS, MATERIALS = "work_orders", "work_orders__tasks", "work_orders__materials"


class Item(NamedTuple):
    """What a parent has in some place."""

    parent: str
    key: str


@pytest.mark.parametrize("kind", [MeltanoPostgres, PipelinewisePostgres, DuckDB, SQLite])
def test_current_lines_and_children_are_those_of_their_parents_present_version(
    kind: type[Loader], make_loader: MakeLoader, sandbox: Sandbox, tmp_path: Path
) -> None:
    loader = make_loader(kind)
    config = {"api_url": sandbox.url, "api_token": sandbox.token, "lookback_minutes": 0}
    catalog = selecting((ORDERS, LINES, WORK, TASKS, MATERIALS))
    first = read_messages(tmp_path, config, catalog=catalog)
    loader.load(first)
    assert_current(loader, sandbox)

    sandbox.clock.advance(3600)  # type: ignore[attr-defined] # the fixture's clock is moved by hand
    lose_lines(sandbox)
    second = read_messages(tmp_path, config, catalog=catalog, state=last_state(first))
    assert len(second) < len(first) // 2
    loader.load(second)
    assert_current(loader, sandbox)


def lose_lines(sandbox: Sandbox) -> None:
    """Take all lines from one order, and one line, the first, from another."""
    held = sorted((nested(row["lineItems"]), row["key"]) for row in sandbox.store.rows("purchase-orders"))
    several = [(json.loads(lines), key) for lines, key in held if len(json.loads(lines)) > 1]
    (_, bereft), (lines, shortened) = several[:2]
    sandbox.store.update("purchase-orders", bereft, lineItems=[])
    sandbox.store.update("purchase-orders", shortened, lineItems=lines[1:])


def assert_current(loader: Loader, sandbox: Sandbox) -> None:
    orders, work = sandbox.store.rows("purchase-orders"), sandbox.store.rows("work-orders")
    assert current(loader, ORDERS, LINES) == items(orders, "lineItems")
    assert current(loader, WORK, TASKS) == items(work, "tasks")
    children = {row["key"]: sandbox.store.children("work-orders", row["key"], "materials") for row in work}
    assert current(loader, WORK, MATERIALS) == sorted(
        Item(parent, child["key"]) for parent, found in children.items() for child in found
    )


def current(loader: Loader, parents: str, parts: str) -> list[Item]:
    """Join a table with the present version of its parents."""
    key, updated = loader.column("key"), loader.column("updatedAt")
    versions = {row[key]: row[updated] for row in loader.raw_rows(parents)}
    whose, when = loader.column("_makini_parent_key"), loader.column("_makini_parent_updated_at")
    return sorted(Item(row[whose], row[key]) for row in loader.raw_rows(parts) if versions[row[whose]] == row[when])


def items(rows: list[dict[str, Any]], array: str) -> list[Item]:
    return sorted(Item(row["key"], item["key"]) for row in rows for item in json.loads(nested(row[array])))


def nested(value: Any) -> str:  # noqa: ANN401 - a list, or the text of one
    return value if isinstance(value, str) else json.dumps(value or [])
