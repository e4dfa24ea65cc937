"""What people put around a tap beside Meltano: shell pipes, and files that hold what a tap or an orchestrator wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from makini_sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli.harness import Files

STATE = {"bookmarks": {"accounts": {"replication_key": "updatedAt", "replication_key_value": "2025-01-01T00:00:00Z"}}}
NO_STATES: dict[str, dict[str, Any]] = {
    "a whole STATE message": {"type": "STATE", "value": STATE},
    "as Meltano keeps it": {"singer_state": STATE},
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(rows=3) as server:
        yield server


@pytest.mark.parametrize("wrapped", NO_STATES.values(), ids=NO_STATES)
def test_what_is_no_state_is_not_taken_for_an_empty_one(
    files: Files, sandbox: Sandbox, wrapped: dict[str, Any]
) -> None:
    outcome = files.read(sandbox, "accounts", state=wrapped)
    assert outcome.code == 1
    assert "bookmarks" in outcome.last_line
    assert outcome.messages == []


def test_a_state_is_the_last_word_of_a_run_that_moves_no_bookmark(files: Files, sandbox: Sandbox) -> None:
    """Targets of the first generation forget a STATE as soon as a RECORD follows it, and then say none at all."""
    first = files.read(sandbox, "accounts", "uom")
    assert first.messages[-1]["type"] == "STATE"
    again = files.read(sandbox, "accounts", "uom", state=first.state)
    assert again.of("RECORD")
    assert again.messages[-1]["type"] == "STATE"
    assert again.state["bookmarks"] == first.state["bookmarks"]
