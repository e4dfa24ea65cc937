"""Entities that the connected system does not have."""

from __future__ import annotations

from typing import Literal

import pytest
from direct_sandbox import DirectSandbox

from makini_sandbox import Behaviour, Fault

from .harness import Files, held_keys

pytestmark = pytest.mark.usefixtures("_few_lists")

Status = Literal[403, 404, 501]


@pytest.mark.parametrize("status", [403, 404, 501])
def test_an_absent_entity_is_left_out_with_one_warning(files: Files, status: Status) -> None:
    behaviour = Behaviour(absent=frozenset({"assets"}), absent_answer=status)
    with DirectSandbox(rows=5, behaviour=behaviour) as sandbox:
        outcome = files.read(sandbox, "accounts", "assets", "work_orders")
        assert outcome.keys("work_orders") == held_keys(sandbox, "work-orders")
    assert outcome.code == 0
    [warning] = outcome.logged("WARNING")
    assert warning.startswith("Stream assets is left out, since the connection does not offer it")
    assert str(status) in warning
    assert not outcome.of("SCHEMA", "assets")


def test_an_empty_entity_is_not_an_absent_one(files: Files) -> None:
    behaviour = Behaviour(absent=frozenset({"assets"}), absent_answer="empty")
    with DirectSandbox(rows=5, behaviour=behaviour) as sandbox:
        outcome = files.read(sandbox, "assets")
    assert outcome.code == 0
    assert not outcome.logged("WARNING")
    assert len(outcome.of("SCHEMA", "assets")) == 1
    assert not outcome.of("RECORD")


def test_nothing_but_absent_entities_is_a_wrong_setting(files: Files) -> None:
    with DirectSandbox(rows=5, behaviour=Behaviour(absent=frozenset({"assets", "work-orders"}))) as sandbox:
        outcome = files.read(sandbox, "assets", "work_orders")
    assert outcome.code == 1
    assert not outcome.of("SCHEMA")
    assert outcome.last_line.startswith("No selected stream is offered by this connection: check the settings")


@pytest.mark.parametrize("status", [403, 404, 501])
def test_an_entity_that_is_removed_while_it_is_read_fails(files: Files, status: int) -> None:
    going = Fault("status", slug="assets", nth=4, times=None, status=status)
    with DirectSandbox(sizes={"assets": 25}, rows=5, behaviour=Behaviour(faults=[going])) as sandbox:
        outcome = files.read(sandbox, "assets", "work_orders", settings={"page_size": 10})
        assert outcome.keys("work_orders") == held_keys(sandbox, "work-orders")
    assert outcome.code == 3
    assert outcome.last_line.startswith("Incomplete: assets: the entity was removed while it was read")


@pytest.mark.parametrize("status", [403, 404, 501])
@pytest.mark.parametrize("stream", ["assets", "uom"], ids=["incremental", "full table"])
def test_an_entity_that_was_read_before_and_is_no_longer_offered_fails(
    files: Files, stream: str, status: Status
) -> None:
    with DirectSandbox(rows=5) as sandbox:
        state = files.read(sandbox, stream, "work_orders").state
        sandbox.behaviour.merge({"absent": stream, "absent_answer": status})
        outcome = files.read(sandbox, stream, "work_orders", state=state)
    assert outcome.code == 3
    assert outcome.last_line.startswith(f"Incomplete: {stream}: the connection no longer offers it")
    assert str(status) in outcome.last_line
    assert outcome.state["bookmarks"][stream] == state["bookmarks"][stream]


def test_an_entity_that_was_always_empty_may_go(files: Files) -> None:
    with DirectSandbox(rows=5, behaviour=Behaviour(absent=frozenset({"assets"}), absent_answer="empty")) as sandbox:
        state = files.read(sandbox, "assets", "work_orders").state
        sandbox.behaviour.absent_answer = 403
        outcome = files.read(sandbox, "assets", "work_orders", state=state)
    assert outcome.code == 0


def test_a_token_that_expires_fails_what_is_left(files: Files) -> None:
    expiring = Fault("expire_token", slug="assets", nth=4)
    with DirectSandbox(sizes={"assets": 25}, rows=5, behaviour=Behaviour(faults=[expiring])) as sandbox:
        outcome = files.read(sandbox, "accounts", "assets", "work_orders", settings={"page_size": 10})
        assert outcome.keys("accounts") == held_keys(sandbox, "accounts")
    assert outcome.code == 3
    assert outcome.last_line.startswith("Incomplete: assets, work_orders: the server answered 401")
    assert "Check the setting api_token" in outcome.last_line
    assert outcome.state["bookmarks"].keys() >= {"accounts", "assets"}
