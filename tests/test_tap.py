"""The tap within another Python program."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

import pytest
from direct_sandbox import DirectSandbox

from makini_sandbox import Behaviour, Sandbox
from tap_makini.errors import NothingReadError
from tap_makini.tap import TapMakini

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with DirectSandbox(rows=3, behaviour=Behaviour(quirks=False)) as server:
        yield server


@pytest.fixture
def tap(sandbox: Sandbox) -> TapMakini:
    return TapMakini(config={"api_url": sandbox.url, "api_token": sandbox.token, "products": ["wms"]})


def messages_in(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_sync_writes_to_what_has_replaced_standard_output(tap: TapMakini, sandbox: Sandbox) -> None:
    with redirect_stdout(io.StringIO()) as output:
        tap.sync_all()
    messages = messages_in(output.getvalue())
    sites = [message for message in messages if message.get("stream") == "sites" and "record" in message]
    assert {message["record"]["key"] for message in sites} == set(sandbox.store.keys("sites"))
    assert messages[-1]["type"] == "STATE"


def test_a_dry_run_reads_the_given_streams_only(tap: TapMakini, capsys: pytest.CaptureFixture[str]) -> None:
    assert tap.run_sync_dry_run(streams=[tap.streams["sites"], tap.streams["stocks"]])
    assert {message.get("stream") for message in messages_in(capsys.readouterr().out)} == {"sites", "stocks", None}


def test_the_connection_test_prints_the_table_of_the_command_line(
    tap: TapMakini, capsys: pytest.CaptureFixture[str]
) -> None:
    assert tap.run_connection_test()
    heading, *rows = capsys.readouterr().out.splitlines()
    assert heading.split() == ["stream", "offered", "records", "newest", "update"]
    assert {row.split()[0] for row in rows} >= {"sites", "stocks"}


def test_a_state_is_copied(tap: TapMakini) -> None:
    given = {"bookmarks": {"sites": {"replication_key": "updatedAt"}}}
    tap.load_state(given)
    assert tap.state == given
    tap.state["bookmarks"]["sites"].clear()
    assert given["bookmarks"]["sites"]


@pytest.mark.parametrize("state", [{"bookmarks": []}, {"value": {}}, []])
def test_a_state_of_another_form_is_refused(tap: TapMakini, state: Any) -> None:  # noqa: ANN401 - any JSON
    with pytest.raises(NothingReadError, match=r"^State: not valid"):
        tap.load_state(state)
