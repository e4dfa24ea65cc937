"""Reads into a database of sqlite3, as a target that upserts would, and asks it what the documents say to ask."""

from __future__ import annotations

import json
import re
import sqlite3
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from direct_sandbox import DirectSandbox
from few_lists import few_lists
from streams.raw_harness import discovered, read, selecting

from makini_sandbox import Behaviour, ManualClock, Sandbox
from tap_makini.timestamps import format_timestamp, parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cli.harness import Outcome
    from typing_extensions import Self

STREAM = "vendors"
KEYS, RECONCILIATIONS = RECONCILING = ("reconciled_keys", "reconciliations")
DAILY: dict[str, Any] = {"reconcile_days": 1, "lookback_minutes": 0, "page_size": 10}
NOON = datetime(2024, 3, 1, 12, tzinfo=timezone.utc)
"""When the sources stand: all of their data are of earlier days."""
MORNING = "2024-03-01T06:00:00Z"
_DOCS = Path(__file__).parents[2] / "docs"
_LONG_AGO = "2020-01-01T00:00:00.000000Z"
_EXTRACTED = "_sdc_extracted_at"


def source(sizes: dict[str, int], connections: dict[str, str] | None = None, **behaviour: Any) -> Sandbox:  # noqa: ANN401 - knobs
    """Make a source."""
    knobs = Behaviour(quirks=False, **behaviour)
    return DirectSandbox(sizes=sizes, connections=connections, behaviour=knobs, clock=ManualClock(NOON))


def document(name: str) -> str:
    """Return a document's text."""
    return (_DOCS / name).read_text(encoding="utf-8")


def queries(name: str) -> list[str]:
    """Return the SQL of a document."""
    return re.findall(r"```sql\n(.*?)```", document(name), re.DOTALL)


class Database:
    """What a target holds that adds the time of extraction.

    Args:
        sandbox: Where it is loaded from.

    Attributes:
        state: What the last run left.
        requests: The lists that the last run requested, by slug.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self.state: Any = None
        self.requests: list[str] = []
        self._sandbox = sandbox
        self._tables = sqlite3.connect(":memory:")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._tables.close()

    def load(self, *streams: str, full: Iterable[str] = (), **settings: object) -> Outcome:
        """Run the tap from the last state on, and take in what it sends.

        Args:
            streams: What to read.
            full: The streams of which all is read each time.
            settings: Beside whose data to read.
        """
        before = len(self._sandbox.requests)
        with few_lists({name.partition("__")[0] for name in streams}):
            catalog = selecting(discovered(self._sandbox, **settings), streams)
            for entry in catalog["streams"]:
                if entry["stream"] in full:
                    entry["replication_method"] = "FULL_TABLE"
            outcome = read(self._sandbox, catalog, self.state, **settings)
        self.requests = [each.slug for each in self._sandbox.requests[before:] if each.slug is not None]
        self._take(outcome)
        return outcome

    def make_due(self) -> None:
        """Have the state say that all reconciliations were long ago."""
        for times in self.state["reconciled"].values():
            times.update(dict.fromkeys(times, _LONG_AGO))

    def _take(self, outcome: Outcome) -> None:
        for message in outcome.messages:
            stream = message.get("stream", "")
            if message["type"] == "SCHEMA":
                self._create(stream, message["schema"]["properties"], message["key_properties"])
            elif message["type"] == "RECORD":
                extracted = parse_timestamp(message["time_extracted"])
                assert extracted is not None
                self._upsert(stream, {**message["record"], _EXTRACTED: format_timestamp(extracted)})
            elif message["type"] == "STATE":
                self.state = message["value"]

    def _create(self, stream: str, columns: Iterable[str], key: Iterable[str]) -> None:
        self._tables.execute(
            f"CREATE TABLE IF NOT EXISTS {stream} ({_names([*columns, _EXTRACTED])}, PRIMARY KEY ({_names(key)}))"
        )

    def _upsert(self, stream: str, record: dict[str, Any]) -> None:
        values = [json.dumps(value) if isinstance(value, (dict, list)) else value for value in record.values()]
        places = ", ".join("?" * len(values))
        self._tables.execute(f"INSERT OR REPLACE INTO {stream} ({_names(record)}) VALUES ({places})", values)  # noqa: S608 - the tap's own names

    def ask(self, query: str) -> set[tuple[Any, ...]]:
        """Ask the database."""
        return set(self._tables.execute(query))


def _names(columns: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)
