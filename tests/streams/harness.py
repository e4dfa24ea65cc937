"""Read lines and child lists within this process, into tables as a target has them."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from direct_sandbox import DirectSandbox
from few_lists import few_lists
from jsonschema import Draft7Validator
from pagination.harness import NOON, KilledError, MortalWriter, same_time

from makini_sandbox import Behaviour, ManualClock, Sandbox
from tap_makini.errors import NothingReadError, StreamsFailedError
from tap_makini.sync.writer import LineWriter
from tap_makini.tap import TapMakini

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ORDERS, ORDERS_SLUG = "purchase_orders", "purchase-orders"
LINES = "purchase_orders__line_items"
WORK, WORK_SLUG = "work_orders", "work-orders"
MATERIALS, MATERIALS_SLUG = "work_orders__materials", "work-orders/{key}/materials"
PARENT_KEY, PARENT_UPDATE, POSITION = "_makini_parent_key", "_makini_parent_updated_at", "_makini_position"

Row: TypeAlias = "dict[str, Any]"
RowKey: TypeAlias = "tuple[Any, ...]"


@dataclass
class Tables:
    """What a target has.

    Attributes:
        rows: The last record of each key, by table.
        state: The value of the last STATE.
        activated: The tables whose older rows were to be dropped, in order.
    """

    rows: dict[str, dict[RowKey, Row]] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)
    activated: list[str] = field(default_factory=list)

    def of(self, stream: str) -> list[Row]:
        """Return the rows of a table in the order in which they came."""
        return list(self.rows.get(stream, {}).values())

    def bookmark(self, stream: str) -> dict[str, Any]:
        """Return a stream's bookmark."""
        bookmark: dict[str, Any] = self.state["bookmarks"][stream]
        return bookmark

    def receive(self, output: bytes) -> list[dict[str, Any]]:
        """Load a run's output, each record validated against its schema; a last line without an end never arrived."""
        messages = [json.loads(line) for line in output.split(b"\n")[:-1]]
        schemas: dict[str, tuple[str, list[str]]] = {}
        for message in messages:
            stream = message.get("stream", "")
            if message["type"] == "SCHEMA":
                schemas[stream] = json.dumps(message["schema"]), message["key_properties"]
                self.rows.setdefault(stream, {})
            elif message["type"] == "RECORD":
                schema, key = schemas[stream]
                _validate(schema, json.dumps(message["record"]))
                self.rows[stream][tuple(message["record"][name] for name in key)] = message["record"]
            elif message["type"] == "STATE":
                self.state = message["value"]
            elif message["type"] == "ACTIVATE_VERSION":
                self.activated.append(stream)
        return messages


class Read(NamedTuple):
    """The result of a run.

    Attributes:
        messages: All that it wrote.
        requests: The number of requests for each list, by slug.
        size: How many bytes it wrote.
        failure: Its error message; None if all went well.
        was_killed: Whether it was killed before its end.
    """

    messages: list[dict[str, Any]]
    requests: Counter[str]
    size: int
    failure: str | None
    was_killed: bool

    def records(self, stream: str) -> list[Row]:
        """Return a stream's records in order."""
        return [each["record"] for each in self.messages if each["type"] == "RECORD" and each["stream"] == stream]


def read(
    sandbox: Sandbox,
    tables: Tables,
    *streams: str,
    kill_at: int | None = None,
    full: Iterable[str] = (),
    deselected: Iterable[tuple[str, str]] = (),
    **settings: object,
) -> Read:
    """Run the tap once, from the tables' state, one request at a time unless the settings say otherwise.

    Args:
        sandbox: The source.
        tables: The target.
        streams: What to read.
        kill_at: How many bytes to write before the process is gone.
        full: The streams that are read as FULL_TABLE; they need not be selected.
        deselected: The columns to leave out, each after its stream.
        settings: Settings beside the sandbox's address.
    """
    before, failure, was_killed = len(sandbox.requests), None, False
    with tempfile.TemporaryFile() as file, same_time(sandbox), few_lists({ORDERS, WORK}):
        tap = TapMakini(
            config={"api_url": sandbox.url, "api_token": sandbox.token, "max_parallel": 1, **settings},
            catalog=_catalog(streams, set(full), set(deselected)),
            state=tables.state or None,
            message_writer=LineWriter(file.fileno()) if kill_at is None else MortalWriter(file.fileno(), kill_at),
        )
        try:
            tap.sync_all()
        except KilledError:
            was_killed = True
        except (StreamsFailedError, NothingReadError) as error:
            failure = str(error)
        file.seek(0)
        output = file.read()
    requests = Counter(request.slug for request in sandbox.requests[before:] if request.slug is not None)
    return Read(tables.receive(output), requests, len(output), failure, was_killed)


def _catalog(streams: tuple[str, ...], full: set[str], deselected: set[tuple[str, str]]) -> dict[str, Any]:
    chosen = [json.loads(entry) for name, entry in _entries().items() if name in {*streams, *full}]
    for entry in chosen:
        name = entry["stream"]
        for item in entry["metadata"]:
            if not item["breadcrumb"]:
                item["metadata"]["selected"] = name in streams
                if name in full:
                    item["metadata"]["replication-method"] = "FULL_TABLE"
            elif (name, item["breadcrumb"][-1]) in deselected:
                item["metadata"]["selected"] = False
    return {"streams": chosen}


@cache
def _validate(schema: str, record: str) -> None:
    """Validate a record, once for all runs that write the same one."""
    _validator(schema).validate(json.loads(record))


@lru_cache
def _validator(schema: str) -> Draft7Validator:
    return Draft7Validator(json.loads(schema))


@lru_cache
def _entries() -> Mapping[str, str]:
    with few_lists({ORDERS, WORK}):
        entries = TapMakini(config={"api_token": "none"}).catalog_dict["streams"]
    return {entry["stream"]: json.dumps(entry) for entry in entries}


def source(
    rows: int, behaviour: Behaviour | None = None, *, quirks: bool = False, kind: type[Sandbox] = DirectSandbox
) -> Sandbox:
    """Make a source of orders with lines and of work orders with materials, whose clock stands still."""
    behaviour = behaviour or Behaviour()
    behaviour.quirks = quirks
    return kind(sizes={ORDERS_SLUG: rows, WORK_SLUG: rows}, behaviour=behaviour, clock=ManualClock(NOON))


def held_materials(sandbox: Sandbox) -> set[RowKey]:
    """Return the keys of parent and item of all materials."""
    store = sandbox.store
    return {(key, item["key"]) for key in store.keys(WORK_SLUG) for item in store.children(WORK_SLUG, key, "materials")}


def held_lines(sandbox: Sandbox) -> dict[RowKey, Any]:
    """Return all lines by the key of their order and their place in it."""
    return {
        (order["key"], position): line
        for order in sandbox.store.rows(ORDERS_SLUG)
        for position, line in enumerate(order["lineItems"] or [])
    }
