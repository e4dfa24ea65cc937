"""A target drops what it has of a table only when all of the new version has come."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from makini_sandbox import Behaviour, Fault, Sandbox

if TYPE_CHECKING:
    from .harness import Files

pytestmark = pytest.mark.usefixtures("_few_lists")

SIZES = {"uom": 25, "accounts": 5}
SETTINGS = {"page_size": 10, "emit_activate_version_messages": True}


def test_a_version_is_activated_after_its_last_record(files: Files) -> None:
    with Sandbox(sizes=SIZES) as sandbox:
        outcome = files.read(sandbox, "uom", "accounts", settings=SETTINGS)
        rows = sandbox.store.count("uom")
    assert outcome.code == 0
    assert [message["stream"] for message in outcome.of("ACTIVATE_VERSION")] == ["uom"]
    of_stream = [message for message in outcome.messages if message.get("stream") == "uom"]
    assert [message["type"] for message in of_stream] == ["SCHEMA", *["RECORD"] * rows, "ACTIVATE_VERSION"]
    assert len({message["version"] for message in of_stream[1:]}) == 1


def test_no_version_is_activated_when_the_read_broke_off(files: Files) -> None:
    broken = Fault("status", slug="uom", nth=5, times=None, status=418)
    with Sandbox(sizes=SIZES, behaviour=Behaviour(faults=[broken], max_page_size=3)) as sandbox:
        outcome = files.read(sandbox, "uom", "accounts", settings=SETTINGS)
    assert outcome.code == 3
    assert outcome.of("RECORD", "uom")
    assert not outcome.of("ACTIVATE_VERSION")


def test_no_version_is_sent_unasked(files: Files) -> None:
    with Sandbox(sizes=SIZES) as sandbox:
        outcome = files.read(sandbox, "uom")
    assert outcome.of("RECORD", "uom")
    assert all("version" not in message for message in outcome.of("RECORD"))
    assert not outcome.of("ACTIVATE_VERSION")
