"""Discover and read raw tables within this process; the log is for the tests that run the program."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, Any

from cli.harness import Outcome

from tap_makini.errors import StreamsFailedError
from tap_makini.sync.writer import LineWriter
from tap_makini.tap import TapMakini

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from makini_sandbox import Sandbox

STREAM = "raw_T"
TEXT = {"type": ["string", "null"]}


def settings_of(sandbox: Sandbox, **settings: object) -> dict[str, Any]:
    """Return the settings to read a sandbox: all its connections if it has several, one request at a time."""
    connections = sandbox.connections.values()
    named = [{"name": connection.name, "api_token": connection.token} for connection in connections]
    whose = {"api_token": sandbox.token} if len(named) == 1 else {"connections": named}
    return {"api_url": sandbox.url, "max_parallel": 1, "max_wait_seconds": 0, **whose, **settings}


def discovered(sandbox: Sandbox, **settings: object) -> dict[str, Any]:
    """Discover."""
    return TapMakini(config=settings_of(sandbox, **settings)).catalog_dict


def raw_streams(catalog: dict[str, Any]) -> list[str]:
    """Return the raw streams of a catalog."""
    return [entry["stream"] for entry in catalog["streams"] if entry["stream"].startswith("raw_")]


def selecting(catalog: dict[str, Any], streams: Iterable[str]) -> dict[str, Any]:
    """Return a catalog of these streams, all selected."""
    entries = {entry["stream"]: entry for entry in catalog["streams"]}
    for name in streams:
        [root] = [item["metadata"] for item in entries[name]["metadata"] if not item["breadcrumb"]]
        root["selected"] = True
    return {"streams": [entries[name] for name in streams]}


def raw_catalog(*columns: str, key: Sequence[str] = (), stream: str = STREAM) -> dict[str, Any]:
    """Return a catalog of a raw table, with columns of text."""
    root = {"selected": True, "table-key-properties": list(key)}
    return {
        "streams": [
            {
                "tap_stream_id": stream,
                "stream": stream,
                "schema": {"type": "object", "properties": dict.fromkeys(columns, TEXT)},
                "key_properties": [],  # as discovery leaves it
                "metadata": [{"breadcrumb": [], "metadata": root}],
            }
        ]
    }


def read(sandbox: Sandbox, catalog: dict[str, Any], state: dict[str, Any] | None = None, **settings: object) -> Outcome:
    """Run the tap once.

    Returns:
        What it wrote; as its errors, its error message.
    """
    return run(settings_of(sandbox, **settings), catalog, state)


def run(config: dict[str, Any], catalog: dict[str, Any] | None = None, state: dict[str, Any] | None = None) -> Outcome:
    """Run the tap once; without a catalog, for all that is selected by default."""
    with tempfile.TemporaryFile() as file:
        tap = TapMakini(config=config, catalog=catalog, state=state, message_writer=LineWriter(file.fileno()))
        code, errors = 0, ""
        try:
            tap.sync_all()
        except StreamsFailedError as error:
            code, errors = 3, str(error)
        file.seek(0)
        return Outcome(code, file.read().decode(), errors)
