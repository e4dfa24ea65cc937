"""A child list that fails does not fail others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from makini_sandbox import Behaviour, Fault, Sandbox

from .harness import (
    LINES,
    MATERIALS,
    MATERIALS_SLUG,
    ORDERS,
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

    from .harness import Row

ROWS = 24
MOST_REFUSED, MOST_NOT_FOUND = 20, 200
IMPATIENT: dict[str, Any] = {"max_wait_seconds": 0, "page_size": 7}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with source(ROWS, kind=Sandbox) as server:
        yield server


def is_deleted(row: Row) -> bool:
    return row["deletedAt"] is not None


def warnings(caplog: pytest.LogCaptureFixture, text: str) -> list[str]:
    return [each.message for each in caplog.records if each.levelname == "WARNING" and text in each.message]


@pytest.mark.parametrize("kind", ["status", "reset", "truncated_json", "html_200", "data_null", "data_missing"])
def test_a_child_list_that_fails_ends_by_itself_and_the_next_run_goes_on(sandbox: Sandbox, kind: Any) -> None:  # noqa: ANN401 - a literal
    tables = Tables()
    sandbox.behaviour.faults = [Fault(kind, slug=MATERIALS_SLUG, nth=18, times=None)]
    broken = read(sandbox, tables, ORDERS, LINES, WORK, MATERIALS, **IMPATIENT)

    assert broken.failure is not None
    assert MATERIALS in broken.failure
    assert broken.requests[MATERIALS_SLUG] == 18
    assert len(tables.of(WORK)) == len(tables.of(ORDERS)) == ROWS
    assert tables.rows[LINES].keys() == held_lines(sandbox).keys()
    assert "progress" not in tables.bookmark(WORK)
    assert tables.bookmark(MATERIALS).keys() == {"replication_key", "progress"}

    sandbox.behaviour.faults = []
    rest = read(sandbox, tables, ORDERS, LINES, WORK, MATERIALS, lookback_minutes=0, **IMPATIENT)
    assert rest.failure is None
    assert tables.rows[MATERIALS].keys() == held_materials(sandbox)
    assert rest.requests[MATERIALS_SLUG] <= ROWS - IMPATIENT["page_size"]
    assert len(rest.records(WORK)) == 1


def test_parents_that_no_stream_needs_any_more_are_not_read(sandbox: Sandbox) -> None:
    sandbox.behaviour.faults = [Fault("status", slug=MATERIALS_SLUG, times=None)]
    run = read(sandbox, Tables(), MATERIALS, **IMPATIENT)
    assert run.failure is not None
    assert run.requests == {WORK_SLUG: 1, MATERIALS_SLUG: 1}


def test_a_parent_that_fails_leaves_its_children_where_they_are(sandbox: Sandbox) -> None:
    tables = Tables()
    sandbox.behaviour.faults = [Fault("status", slug=WORK_SLUG, nth=3, times=None)]
    broken = read(sandbox, tables, WORK, MATERIALS, **IMPATIENT)
    assert broken.failure is not None
    assert WORK in broken.failure
    assert MATERIALS in broken.failure

    sandbox.behaviour.faults = []
    read(sandbox, tables, WORK, MATERIALS)
    assert tables.rows[MATERIALS].keys() == held_materials(sandbox)


def test_a_parent_that_was_removed_meanwhile_has_no_child_list(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    removed: list[str] = []

    def remove(server: Sandbox, request: Any) -> None:  # noqa: ANN401 - a recorded request
        if request.slug == MATERIALS_SLUG and not removed:
            removed.append(request.path.split("/")[-2])
            server.store.remove(WORK_SLUG, removed[0])

    caplog.set_level("INFO", logger="tap_makini.sync.child_lists")
    sandbox.on_request(remove)
    tables = Tables()
    run = read(sandbox, tables, WORK, MATERIALS)
    assert run.failure is None
    assert tables.rows[MATERIALS].keys() == held_materials(sandbox)
    assert "progress" not in tables.bookmark(MATERIALS)
    assert f"{MATERIALS}: some parents have no such list (1)" in caplog.text
    assert not warnings(caplog, MATERIALS)


@pytest.mark.parametrize(("rows", "status"), [(3, 404), (7, 404), (210, 404), (7, 403), (7, 501), (30, 403), (30, 501)])
def test_a_list_that_no_parent_has_is_left_out_and_comes_once_it_is_offered(
    caplog: pytest.LogCaptureFixture,
    rows: int,
    status: Any,  # noqa: ANN401 - a literal
) -> None:
    tables = Tables()
    behaviour = Behaviour(absent=frozenset({MATERIALS_SLUG}), absent_answer=status)
    with source(rows, behaviour) as sandbox:
        for _ in range(2 if rows < MOST_NOT_FOUND else 1):
            caplog.clear()
            run = read(sandbox, tables, WORK, MATERIALS, page_size=7)
            assert run.failure is None
            most = MOST_NOT_FOUND if status == 404 else MOST_REFUSED
            assert min(rows, most) <= run.requests[MATERIALS_SLUG] <= most + sum(map(is_deleted, tables.of(WORK)))
            [warning] = warnings(caplog, MATERIALS)
            assert f"{status}" in warning
        assert len(tables.of(WORK)) == rows
        assert tables.of(MATERIALS) == []

        behaviour.absent = frozenset()
        read(sandbox, tables, WORK, MATERIALS)
        assert tables.rows[MATERIALS].keys() == held_materials(sandbox)


def test_many_parents_that_are_gone_at_first_hide_no_others(sandbox: Sandbox) -> None:
    tables = Tables()
    sandbox.behaviour.faults = [Fault("status", slug=MATERIALS_SLUG, status=404, times=ROWS - 3)]
    run = read(sandbox, tables, MATERIALS, page_size=7)
    assert run.failure is None
    assert run.requests[MATERIALS_SLUG] == ROWS
    assert len({key for key, _ in tables.rows[MATERIALS]}) > 0
    assert "replication_key_value" in tables.bookmark(MATERIALS)


def test_deleted_parents_without_lists_hide_no_others(sandbox: Sandbox) -> None:
    """Nor do they prove that no parent has a list, when they are all that is new."""
    tables = Tables()
    keys = sandbox.store.keys(WORK_SLUG)
    read(sandbox, tables, WORK, MATERIALS, lookback_minutes=0)
    for key in keys[:21]:
        sandbox.store.delete(WORK_SLUG, key)
    sandbox.store.update(WORK_SLUG, keys[22])
    sandbox.store.set_children(WORK_SLUG, keys[22], "materials", [{"key": "new"}])
    sandbox.behaviour.faults = [Fault("status", slug=MATERIALS_SLUG, status=404, times=21)]
    run = read(sandbox, tables, WORK, MATERIALS, lookback_minutes=0, page_size=7)
    assert run.failure is None
    assert run.records(MATERIALS)[-1]["key"] == "new"
    assert tables.bookmark(MATERIALS)["replication_key_value"] == tables.bookmark(WORK)["replication_key_value"]


def test_nothing_but_a_list_that_no_parent_has_is_a_wrong_setting(sandbox: Sandbox) -> None:
    sandbox.behaviour.absent = frozenset({MATERIALS_SLUG})
    assert "No selected stream is offered" in str(read(sandbox, Tables(), MATERIALS).failure)


def test_a_token_that_is_revoked_meanwhile_ends_all_at_once(sandbox: Sandbox) -> None:
    tables = Tables()
    sandbox.behaviour.faults = [Fault("expire_token", slug=MATERIALS_SLUG, nth=9)]
    run = read(sandbox, tables, ORDERS, WORK, MATERIALS, page_size=7)
    assert "401" in str(run.failure)
    assert run.requests[MATERIALS_SLUG] <= 10

    sandbox.behaviour.faults = []
    read(sandbox, tables, ORDERS, WORK, MATERIALS)
    assert tables.rows[MATERIALS].keys() == held_materials(sandbox)


def test_lists_that_change_while_they_are_read_hold_the_bookmark(sandbox: Sandbox) -> None:
    """A list without counts is read until it is the same twice; one that never is, is read again by the next run."""
    sandbox.behaviour.merge({"child_answer": "list", "child_page_size": 2})
    restless = sandbox.store.keys(WORK_SLUG)[0]
    number = iter(range(10_000))

    def stir(server: Sandbox, request: Any) -> None:  # noqa: ANN401 - a recorded request
        if request.path.split("/")[-2] == restless and request.query["page"] == "1":
            items = [{"key": f"i{next(number)}"} for _ in range(3)]
            server.store.set_children(WORK_SLUG, restless, "materials", items)

    sandbox.on_request(stir)
    tables = Tables()
    run = read(sandbox, tables, WORK, MATERIALS, emit_activate_version_messages=True, full=[MATERIALS])
    assert run.failure is None
    assert tables.activated == []
    read(sandbox, tables, WORK, MATERIALS)
    assert "replication_key_value" not in tables.bookmark(MATERIALS)
    assert "replication_key_value" in tables.bookmark(WORK)


@pytest.mark.parametrize("status", [403, 501])
def test_a_list_that_is_refused_for_some_parents_fails_and_hides_nothing(sandbox: Sandbox, status: int) -> None:
    """Only a 404 says that a parent is gone; any other refusal may end, and what it hid is read then."""
    tables = Tables()
    sandbox.behaviour.faults = [Fault("status", slug=MATERIALS_SLUG, status=status, times=2)]
    run = read(sandbox, tables, WORK, MATERIALS, page_size=7)
    assert "the lists of some parents are refused" in str(run.failure)
    assert len(tables.of(WORK)) == ROWS

    assert read(sandbox, tables, WORK, MATERIALS).failure is None
    assert tables.rows[MATERIALS].keys() == held_materials(sandbox)


@pytest.mark.parametrize("status", [404, 410, 403, 501])
def test_lists_that_are_all_gone_after_they_were_read_hold_the_bookmark(sandbox: Sandbox, status: int) -> None:
    tables = Tables()
    read(sandbox, tables, WORK, MATERIALS)
    before = tables.bookmark(MATERIALS)
    sandbox.behaviour.faults = [Fault("status", slug=MATERIALS_SLUG, status=status, times=None)]
    gone = read(sandbox, tables, WORK, MATERIALS)

    assert gone.failure is not None
    assert f"{MATERIALS}: the connection no longer offers it" in gone.failure
    assert tables.bookmark(MATERIALS) == before
