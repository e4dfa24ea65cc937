"""Names and messages from outside that hold control characters, terminal commands, line breaks and half surrogates."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from makini_sandbox import Behaviour, Fault, Sandbox
from makini_sandbox.tokens import CLIENT_ID, CLIENT_SECRET

from .harness import Files, run

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("_few_lists")

FORGED = "2026-01-01 00:00:00,000 | ERROR    | tap-makini                     | forged"
HOSTILE = f"red\x1b[31m\n{FORGED}\r\u202e\u2066\x9b\u200b\ud800"
SHOWN = rf"red\x1b[31m\n{FORGED}\r\u202e\u2066\x9b\u200b\ud800"
NAMES = [f"{HOSTILE}{number}" for number in range(2)]
TOKENS = ["token-one-of-two", "token-two-of-two"]
UNSEEMLY = {*map(chr, range(32)), *map(chr, range(0x7F, 0xA0))} - {"\n"} | {*"\u202e\u2066\u200b\ud800"}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(rows=3, connections=dict.fromkeys(TOKENS, "any")) as server:
        for connection in server.connections.values():
            row = {"key": "a", "updatedAt": "2025-01-02T03:04:05Z", HOSTILE: HOSTILE}
            connection.store.insert_raw("assets", json.dumps(row).encode())
        yield server


def settings(sandbox: Sandbox) -> dict[str, Any]:
    named = [{"name": name, "api_token": token} for token, name in zip(TOKENS, NAMES, strict=True)]
    return {"api_url": sandbox.url, "connections": named, "max_wait_seconds": 0}


def assert_seemly(text: str) -> None:
    assert not UNSEEMLY & set(text)
    assert not [line for line in text.splitlines() if line.startswith(FORGED)]
    assert "Exception" not in text


@pytest.mark.parametrize("formatter", ["singer_sdk.logging.ConsoleFormatter", "singer_sdk.logging.StructuredFormatter"])
def test_a_run_logs_names_as_escapes_and_writes_them_as_they_are(
    files: Files, sandbox: Sandbox, formatter: str
) -> None:
    handler = {"class": "logging.StreamHandler", "formatter": "own"}
    logging = {"version": 1, "formatters": {"own": {"()": formatter}}, "handlers": {"own": handler}}
    root = {"root": {"handlers": ["own"]}, "disable_existing_loggers": False}
    sandbox.behaviour.faults = [Fault("status", slug="sites", status=418, times=None)]
    state = {"bookmarks": {f"assets {HOSTILE}": {"of": HOSTILE}}}
    outcome = run(
        *("--config", files.write("config.json", settings(sandbox))),
        *("--catalog", files.selection("assets", "sites"), "--state", files.write("state.json", state)),
        environment={"SINGER_SDK_LOG_CONFIG": str(files.write("logging.yaml", {**logging, **root}))},
    )

    assert outcome.code == 3
    assert_seemly(outcome.errors)
    assert SHOWN in outcome.errors or json.dumps(SHOWN)[1:-1] in outcome.errors
    records = [message["record"] for message in outcome.of("RECORD", "assets")]
    assert {record["_makini_connection"] for record in records} == set(NAMES)
    assert [json.loads(record["_makini_extra"] or "{}").get(f"/{HOSTILE}") for record in records].count(HOSTILE) == 2
    assert outcome.state["bookmarks"][f"assets {HOSTILE}"] == {"of": HOSTILE}
    assert json.dumps(NAMES[0])[1:-1] in outcome.output


def test_the_connection_test_shows_names_as_escapes(files: Files, sandbox: Sandbox) -> None:
    outcome = run("--config", files.write("config.json", settings(sandbox)), "--test")

    assert outcome.code == 0
    assert_seemly(outcome.output + outcome.errors)
    assert rf"Connection {SHOWN}0" in outcome.output.splitlines()


def test_what_the_admin_api_says_is_shown_as_escapes(files: Files) -> None:
    status = HOSTILE.replace("\ud800", "")  # which no server that is a Python program can send
    names = [name.replace("\ud800", "") for name in NAMES]
    behaviour = Behaviour(connection_statuses={names[1]: status})
    with Sandbox(rows=3, connections=dict(zip(TOKENS, names, strict=True)), behaviour=behaviour) as server:
        config = {"api_url": server.url, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        outcome = run("--config", files.write("config.json", config), "--catalog", files.selection("assets"))

    assert outcome.code == 0
    assert_seemly(outcome.errors)
    assert SHOWN.replace(r"\ud800", "") in outcome.errors
