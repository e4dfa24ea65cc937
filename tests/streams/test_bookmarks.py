"""Lines and child lists go on from bookmarks of their own, and nothing is missing after a run that was killed."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import pytest
from pagination.harness import NOON

from makini_sandbox import Behaviour, ManualClock
from makini_sandbox.clock import isoformat
from tap_makini.timestamps import parse_timestamp

from .harness import (
    LINES,
    MATERIALS,
    MATERIALS_SLUG,
    ORDERS,
    ORDERS_SLUG,
    PARENT_UPDATE,
    WORK,
    WORK_SLUG,
    Tables,
    held_lines,
    held_materials,
    read,
    source,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from makini_sandbox import Sandbox

    from .harness import Row

ROWS = 12
PAGED: dict[str, Any] = {"page_size": 5, "lookback_minutes": 0}
ALL = (ORDERS, LINES, WORK, MATERIALS)


@contextmanager
def dated_source() -> Iterator[Sandbox]:
    """Serve rows that were updated one a day."""
    with source(ROWS) as server:
        for slug in (ORDERS_SLUG, WORK_SLUG):
            for number, key in enumerate(sorted(server.store.keys(slug))):
                server.store.update(slug, key, updatedAt=isoformat(NOON - timedelta(days=ROWS - number)))
        yield server


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with dated_source() as server:
        yield server


@cache
def size_of_all(filter_: str, order: str) -> int:
    """Return the number of bytes that a whole run writes."""
    with dated_source() as server:
        server.behaviour.merge({"filter": filter_, "order": order})
        return read(server, Tables(), *ALL, **PAGED).size


def clock_of(sandbox: Sandbox) -> ManualClock:
    return cast("ManualClock", sandbox.clock)


def change(sandbox: Sandbox, slug: str, count: int) -> set[str]:
    """Change records an hour later, and let another hour pass."""
    clock_of(sandbox).advance(3_600)
    keys = sandbox.store.touch(slug, count)
    clock_of(sandbox).advance(3_600)
    return set(keys)


def updates(rows: list[Row]) -> list[Any]:
    return [parse_timestamp(row[PARENT_UPDATE]) for row in rows]


def assert_whole(tables: Tables, sandbox: Sandbox) -> None:
    """Check that nothing is missing that the source has now."""
    assert tables.rows[LINES].keys() >= held_lines(sandbox).keys()
    assert tables.rows[MATERIALS].keys() >= held_materials(sandbox)
    for slug, parent, child in ((ORDERS_SLUG, ORDERS, LINES), (WORK_SLUG, WORK, MATERIALS)):
        now = {row["key"]: row["updatedAt"] for row in sandbox.store.rows(slug)}
        assert {row["key"]: row["updatedAt"] for row in tables.of(parent)} == now
        assert all(row[PARENT_UPDATE] == now[row["_makini_parent_key"]] for row in tables.of(child))


def test_the_next_run_requests_what_has_changed(sandbox: Sandbox) -> None:
    tables = Tables()
    read(sandbox, tables, *ALL)
    changed = change(sandbox, WORK_SLUG, 3)
    run = read(sandbox, tables, *ALL, lookback_minutes=0)

    # the one at the bookmark included
    assert run.requests[MATERIALS_SLUG] == len(changed) + 1
    assert changed <= {row["key"] for row in run.records(WORK)}
    assert_whole(tables, sandbox)


def test_the_look_back_reaches_to_the_children(sandbox: Sandbox) -> None:
    tables = Tables()
    read(sandbox, tables, WORK, MATERIALS)
    run = read(sandbox, tables, WORK, MATERIALS, lookback_minutes=5 * 24 * 60)
    assert run.requests[MATERIALS_SLUG] == len(run.records(WORK)) == 6


@pytest.mark.parametrize(("parent", "child"), [(ORDERS, LINES), (WORK, MATERIALS)])
def test_what_is_newly_selected_comes_whole_and_its_parents_do_not_again(
    sandbox: Sandbox, parent: str, child: str
) -> None:
    tables, fresh = Tables(), Tables()
    read(sandbox, tables, parent)
    later = read(sandbox, tables, parent, child, lookback_minutes=0)
    read(sandbox, fresh, child)

    assert len(later.records(parent)) == 1
    assert tables.rows[child] == fresh.rows[child]
    assert tables.bookmark(child) == fresh.bookmark(child) == tables.bookmark(parent)


def test_a_parent_that_is_newly_selected_comes_whole_and_its_children_do_not_again(sandbox: Sandbox) -> None:
    tables = Tables()
    read(sandbox, tables, MATERIALS)
    later = read(sandbox, tables, WORK, MATERIALS, lookback_minutes=0)
    assert len(later.records(WORK)) == ROWS
    assert later.requests[MATERIALS_SLUG] == 1


def test_the_start_date_holds_for_both(sandbox: Sandbox) -> None:
    start = NOON - timedelta(days=5)
    run = read(sandbox, Tables(), *ALL, start_date=isoformat(start))
    assert len(run.records(WORK)) == run.requests[MATERIALS_SLUG] <= 6
    assert min(updates(run.records(LINES) + run.records(MATERIALS))) >= start - timedelta(seconds=1)


@pytest.mark.parametrize("full", [(), (LINES, MATERIALS), (ORDERS, WORK), ALL], ids=repr)
def test_full_tables_are_read_whole_each_time(sandbox: Sandbox, full: tuple[str, ...]) -> None:
    tables = Tables()
    settings: dict[str, Any] = {"emit_activate_version_messages": True, "lookback_minutes": 0}
    for number in range(2):
        run = read(sandbox, tables, *ALL, full=full, **settings)
        is_whole = {stream: number == 0 or bool({stream, stream.partition("__")[0]} & set(full)) for stream in ALL}
        assert {stream: len(run.records(stream)) > ROWS / 2 for stream in ALL} == is_whole
        assert run.requests[MATERIALS_SLUG] == (ROWS if is_whole[MATERIALS] else 1)
    assert {*tables.activated} == {stream for stream in ALL if {stream, stream.partition("__")[0]} & set(full)}
    bookmarks = {stream: set(entry) for stream, entry in tables.state["bookmarks"].items()}
    assert {stream for stream, names in bookmarks.items() if names == {"delivered"}} == {*tables.activated}
    assert bookmarks.keys() == set(ALL)
    assert_whole(tables, sandbox)


@pytest.mark.parametrize("moment", [0.01, 0.2, 0.4, 0.65, 0.95])
@pytest.mark.parametrize(("filter_", "order"), [("second", "honoured"), ("ignored", "shuffled")])
def test_nothing_is_missing_after_a_kill(sandbox: Sandbox, filter_: str, order: str, moment: float) -> None:
    sandbox.behaviour.merge({"filter": filter_, "order": order})
    tables = Tables()
    kill_at = int(size_of_all(filter_, order) * moment)
    assert read(sandbox, tables, *ALL, kill_at=kill_at, **PAGED).was_killed
    assert_not_ahead(tables, sandbox)
    change(sandbox, WORK_SLUG, 4)
    change(sandbox, ORDERS_SLUG, 4)
    read(sandbox, tables, *ALL, **PAGED)
    assert_whole(tables, sandbox)


@pytest.mark.parametrize("moment", [0.3, 0.9])
def test_nothing_is_missing_after_a_kill_of_what_was_newly_selected(sandbox: Sandbox, moment: float) -> None:
    tables, fresh = Tables(), Tables()
    read(sandbox, tables, ORDERS, WORK, **PAGED)
    size = read(sandbox, fresh, LINES, MATERIALS, **PAGED).size
    assert read(sandbox, tables, *ALL, kill_at=int(size * moment), **PAGED).was_killed
    assert_not_ahead(tables, sandbox)
    assert "progress" not in tables.bookmark(ORDERS) | tables.bookmark(WORK)
    rest = read(sandbox, tables, *ALL, **PAGED)
    assert_whole(tables, sandbox)
    assert len(rest.records(ORDERS)) == len(rest.records(WORK)) == 1


@pytest.mark.parametrize(
    ("filter_", "order"),
    [
        *((filter_, "honoured") for filter_ in ("second", "exclusive", "day", "ignored", "refused")),
        *((filter_, order) for filter_ in ("second", "ignored") for order in ("ignored", "newest_first")),
        ("refused", "ignored"),
    ],
)
def test_the_way_of_reading_does_not_matter(sandbox: Sandbox, filter_: str, order: str) -> None:
    sandbox.behaviour.merge({"filter": filter_, "order": order})
    tables = Tables()
    for _ in range(2):
        read(sandbox, tables, *ALL, **PAGED)
        change(sandbox, WORK_SLUG, 2)
        change(sandbox, ORDERS_SLUG, 2)
    read(sandbox, tables, *ALL, **PAGED)
    assert_whole(tables, sandbox)


def test_parents_without_a_date_bring_their_children_each_time() -> None:
    tables = Tables()
    with source(12, Behaviour(undated_rows=50)) as sandbox:
        read(sandbox, tables, *ALL)
        read(sandbox, tables, *ALL)
        assert tables.rows[LINES].keys() == held_lines(sandbox).keys()
        assert tables.rows[MATERIALS].keys() == held_materials(sandbox)
    assert None in {row[PARENT_UPDATE] for row in tables.of(MATERIALS)}


def assert_not_ahead(tables: Tables, sandbox: Sandbox) -> None:
    """Check that all that a bookmark counts as written is there."""
    for child, slug, held in (
        (LINES, ORDERS_SLUG, held_lines(sandbox).keys()),
        (MATERIALS, WORK_SLUG, held_materials(sandbox)),
    ):
        bookmark = tables.state.get("bookmarks", {}).get(child, {})
        reached = parse_timestamp(bookmark.get("progress", {}).get("reached") or bookmark.get("replication_key_value"))
        before = {row["key"] for row in sandbox.store.rows(slug) if reached and instant_of(row) < reached}
        assert {key for key in held if key[0] in before} <= tables.rows.get(child, {}).keys()


def instant_of(row: Row) -> Any:  # noqa: ANN401 - all rows of this module have one
    return parse_timestamp(row["updatedAt"])
