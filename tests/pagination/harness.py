"""Runs the tap against the sandbox, with a replica that takes what a target would take."""

from __future__ import annotations

import json
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast
from unittest.mock import patch

from direct_sandbox import DirectSandbox
from few_lists import few_lists
from jsonschema import Draft7Validator

from tap_makini.sync.writer import LineWriter
from tap_makini.tap import TapMakini
from tap_makini.timestamps import parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

    from typing_extensions import Self

    from makini_sandbox import Behaviour, ManualClock, Sandbox

SLUG = "vendors"
NOON = datetime(2024, 3, 1, 12, tzinfo=timezone.utc)

Content: TypeAlias = "tuple[datetime | None, str]"
"""Of a row, what tells one version of it from another: its instant and its name."""


class KilledError(BaseException):
    """The process is gone: nothing in the tap can handle it, as with SIGKILL."""


class MortalWriter(LineWriter):
    """Writes a number of bytes, and then the process is gone."""

    def __init__(self, descriptor: int, bytes_to_live: int) -> None:
        super().__init__(descriptor)
        self._bytes_to_live = bytes_to_live

    def _write(self, data: bytes, start: int, end: int) -> int:
        written = super()._write(data, start, min(end, start + self._bytes_to_live))
        self._bytes_to_live -= written - start
        if not self._bytes_to_live:
            raise KilledError
        return written


@dataclass
class Replica:
    """What a target holds: the last record of each key, and the last STATE.

    Attributes:
        rows: The content of each row by its key.
        state: The value of the last STATE.
        received: How many records have come.
        activations: How often older rows were to be dropped.
        is_strict: Whether each record is held against its schema, which takes long.
    """

    rows: dict[str, Content] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)
    received: int = 0
    activations: int = 0
    is_strict: bool = False

    def receive(self, output: bytes) -> None:
        """Take in a run's output; a last line that has no end never arrived."""
        schemas: dict[str, dict[str, Any]] = {}
        for line in output.split(b"\n")[:-1]:
            message = json.loads(line)
            if message["type"] == "SCHEMA":
                schemas[message["stream"]] = message
            elif message["type"] == "RECORD":
                self._upsert(message["record"], schemas[message["stream"]])
            elif message["type"] == "STATE":
                self.state = message["value"]
            elif message["type"] == "ACTIVATE_VERSION":
                self.activations += 1

    def _upsert(self, record: dict[str, Any], schema: dict[str, Any]) -> None:
        if self.is_strict:
            Draft7Validator(schema["schema"]).validate(record)
        self.rows["/".join(record[name] for name in schema["key_properties"])] = content(record)
        self.received += 1

    def lacks(self, sandbox: Sandbox, slug: str = SLUG) -> dict[str, str]:
        """Say which of the source's rows are missing or stale here."""
        source = {row["key"]: content(row) for row in sandbox.store.rows(slug)}
        return {
            key: "missing" if key not in self.rows else f"{self.rows[key]} is not {wanted}"
            for key, wanted in source.items()
            if self.rows.get(key) != wanted
        }


def content(row: Mapping[str, Any]) -> Content:
    return parse_timestamp(row.get("updatedAt")), str(row.get("name"))


class Selection(NamedTuple):
    """What to read.

    Attributes:
        streams: The streams.
        is_full_table: Whether all of them are to be read anew at each run.
    """

    streams: frozenset[str]
    is_full_table: bool = False


VENDORS = Selection(frozenset({SLUG}))


@dataclass(frozen=True)
class Run:
    """What a run came to.

    Attributes:
        records: How many records it wrote.
        requests: How many requests for lists it made.
        size: How many bytes it wrote.
        was_killed: Whether it was killed before its end.
    """

    records: int
    requests: int
    size: int
    was_killed: bool


def run(
    sandbox: Sandbox,
    replica: Replica,
    settings: Mapping[str, object],
    selection: Selection = VENDORS,
    kill_at: int | None = None,
) -> Run:
    """Run the tap once, from the replica's state.

    Args:
        sandbox: The source.
        replica: The target.
        settings: Settings beside the sandbox's address.
        selection: What to read.
        kill_at: How many bytes to write before the process is gone.
    """
    requests_before, received_before = len(sandbox.requests), replica.received
    was_killed = False
    with tempfile.TemporaryFile() as file, same_time(sandbox), few_lists(selection.streams):
        writer = LineWriter(file.fileno()) if kill_at is None else MortalWriter(file.fileno(), kill_at)
        tap = TapMakini(
            config={"api_url": sandbox.url, "api_token": sandbox.token, "max_parallel": 1, **settings},
            catalog=catalog(selection),
            state=replica.state or None,
            message_writer=writer,
        )
        try:
            tap.sync_all()
        except KilledError:
            was_killed = True
        file.seek(0)
        output = file.read()
    assert was_killed or output.endswith(b"\n")
    replica.receive(output)
    requests = sum(request.slug is not None for request in sandbox.requests[requests_before:])
    return Run(replica.received - received_before, requests, len(output), was_killed)


def same_time(sandbox: Sandbox) -> ExitStack:
    """Have the tap's clock show what the sandbox's does, so that a run starts when its rows say it did."""

    class SandboxTime(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cast("Self", sandbox.clock().astimezone(tz))

    stack = ExitStack()
    for module in ("sync.state", "sync.partition", "http.client"):
        stack.enter_context(patch(f"tap_makini.{module}.datetime", SandboxTime))
    return stack


@lru_cache
def catalog(selection: Selection) -> dict[str, Any]:
    """Make the catalog that has these streams selected, and no others."""
    entries = TapMakini(config={"api_token": "none"}).catalog_dict["streams"]
    chosen = [entry for entry in entries if entry["stream"] in selection.streams]
    for entry in chosen:
        root = next(each for each in entry["metadata"] if not each["breadcrumb"])
        root["metadata"]["selected"] = True
        if selection.is_full_table:
            root["metadata"]["replication-method"] = "FULL_TABLE"
    return {"streams": chosen}


def source(rows: int, behaviour: Behaviour, clock: ManualClock) -> Sandbox:
    """Make a source whose rows are plain, so that each can be compared with what arrives of it."""
    behaviour.quirks = False
    return DirectSandbox(sizes={SLUG: rows}, behaviour=behaviour, clock=clock)
