"""No record is lost where many share one `updatedAt`, on a database that orders such rows differently for each page.

A run that exits with 0 has written every row. A run that cannot tell exits with 3, says what it knows, and leaves the
bookmark where the next run finds the rest.

For runs by hand: `TAP_UNDER_TEST` is the path of another `tap-makini`; `TIES=20000,100000` reads ties of these sizes in
place of the cases below; pytest's `--log-cli-level=INFO` shows what each run missed and how many requests it made.
"""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from itertools import product
from typing import TYPE_CHECKING, Any, get_args

import psycopg
import pytest
from cli.harness import Outcome, clean_environment

from targets.postgres import SUPERUSER
from targets.programs import selecting
from targets.work_orders_api import Manners, WorkOrdersAPI, serving
from targets.work_orders_table import Index, Version, WorkOrdersTable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from targets.postgres import Postgres

logger = logging.getLogger(__name__)

STREAM = "work_orders"
PROGRAM = [os.environ["TAP_UNDER_TEST"]] if "TAP_UNDER_TEST" in os.environ else [sys.executable, "-m", "tap_makini"]
PATIENCE_SECONDS = 250
MOST_RUNS = 6  # one, and five more for what it could not be sure of
NOON = datetime(2025, 6, 1, 12, tzinfo=timezone.utc)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
BETWEEN_TIES = 3 * SECOND  # more than the second by which a run reads back from its bookmark
BEFORE, AFTER = 300, 200  # rows, of an instant each


@dataclass(frozen=True)
class Case:
    """A table with ties, and how it is served.

    Attributes:
        ties: How many rows there are of each of several instants in a row.
        page: The page size that the tap is told to ask for.
        index: What the table has an index on.
        manners: What the API does with parameters.
        work_mem: The memory of one sort.
        scattered: Whether rows are stored in another order than that of time.
        changed: Whether the ties are rows that change after a first load, which else has them.
    """

    ties: tuple[int, ...]
    page: int = 100
    index: Index | None = None
    manners: Manners = Manners()  # noqa: RUF009 - it is frozen
    work_mem: str = "4MB"
    scattered: bool = True
    changed: bool = False

    def __str__(self) -> str:
        """Name the ties and what is unusual."""
        usual = Case(self.ties).facts
        words = [f"{name}:{value}".replace(", ", "+") for name, value in self.facts.items() if value != usual[name]]
        return "-".join(["+".join(map(str, self.ties)), *words])

    @property
    def facts(self) -> dict[str, object]:
        """Everything that makes up the case but the ties."""
        facts = {**vars(self), **vars(self.manners)}
        return {name: value for name, value in facts.items() if name not in {"ties", "manners"}}

    @property
    def is_provable(self) -> bool:
        """Whether the API gives all rows a fixed order, so that a run has no excuse."""
        return self.manners.gteq == self.manners.order == self.manners.key_order == "honored"

    @property
    def most_requests(self) -> int:
        """How many requests a run may make: about 25 for each page of ties."""
        size = min(self.page, self.manners.largest_page)
        tie_pages = sum(-(-count // size) for count in self.ties)
        return 25 * tie_pages + 5 * -(-(BEFORE + AFTER) // size) + 10


CASES = [
    Case((200,)),
    Case((200,), index="updated_at, key"),
    Case((200,), 500),
    Case((1000,)),
    Case((1000,), index="updated_at"),
    Case((1000,), index="updated_at, key"),
    Case((1000,), 500),
    Case((5000,)),
    Case((5000,), 500),
    Case((5000,), 500, index="updated_at"),
    Case((5000,), 500, index="updated_at, key"),
    Case((20_000,), 500),
    # what the API does with parameters
    Case((1000,), manners=Manners(key_order="honored")),
    Case((1000,), manners=Manners(key_order="refused")),
    Case((1000,), manners=Manners(key_order="replaces")),
    Case((1000,), manners=Manners(lt="ignored", key_order="honored")),
    Case((1000,), manners=Manners(lt="ignored")),
    Case((1000,), manners=Manners(lt="refused")),
    Case((1000,), manners=Manners(gteq="ignored", lt="ignored"), index="updated_at"),
    Case((1000,), manners=Manners(gteq="refused", lt="refused")),
    Case((1000,), manners=Manners(order="ignored")),
    Case((1000,), manners=Manners(gteq="ignored", lt="ignored", order="ignored")),
    Case((1000,), 500, manners=Manners(largest_page=100)),
    Case((1000,), manners=Manners(per_page="ignored", largest_page=100)),
    Case((1000,), manners=Manners(per_page="refused", largest_page=100, lt="ignored")),
    Case((1000,), manners=Manners(per_page="ignored", largest_page=100, gteq="ignored", lt="ignored")),
    # how rows are stored and sorted
    Case((1000,), scattered=False),
    Case((5000,), 500, work_mem="64kB"),
    Case((150,) * 8),
    Case((700,) * 3),
    Case((700,) * 3, index="updated_at, key"),
    Case((1200, 5, 1200), 500, index="updated_at, key"),
    # rows that change after a first load; where the filter is ignored, all rows come each time
    Case((1500,), changed=True),
    Case((1500,), 500, index="updated_at", changed=True),
    Case((1500,), manners=Manners(key_order="honored"), changed=True),
    Case((1500,), manners=Manners(gteq="ignored", lt="ignored", key_order="honored"), changed=True),
    Case((1500,), manners=Manners(gteq="ignored", lt="ignored"), changed=True),
    Case((700, 700), index="updated_at", changed=True),
    Case((500, 500), 50, index="updated_at", changed=True),
]
if "TIES" in os.environ:
    sizes = [int(text) for text in os.environ["TIES"].split(",")]
    CASES = [Case((ties,), *rest) for ties, *rest in product(sizes, (100, 500), (None, *get_args(Index)))]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_no_row_of_a_tie_is_lost(case: Case, server: Postgres, tmp_path: Path) -> None:
    with served(case, server, tmp_path.name) as api:
        tap = Tap(api, tmp_path, case.page)
        fill(case, tap)
        for _ in range(MOST_RUNS):
            outcome = tap.run()
            code, missing, log = outcome.code, len(tap.missing), outcome.errors
            assert code in ({0} if case.is_provable else {0, 3}), f"{tap}\n{log}"
            assert not (missing and code == 0), f"{missing} rows are missing, but the exit code is 0:\n{tap}"
            assert tap.early_state is None, f"{tap.early_state}\n{tap}"
            assert code == 0 or reports_tie(case, log), f"{tap}\n{log}"
            assert len(api.queries) <= case.most_requests, f"More than {case.most_requests} requests:\n{tap}"
            if not missing:
                return
        pytest.fail(f"{missing} rows are missing after {MOST_RUNS} runs:\n{tap}")


@contextmanager
def served(case: Case, server: Postgres, database: str) -> Iterator[WorkOrdersAPI]:
    """Serve an empty table."""
    server.make_database(database)
    address = f"host=127.0.0.1 port={server.port} user={SUPERUSER} dbname={database}"
    with (
        psycopg.connect(address, autocommit=True, prepare_threshold=None) as connection,
        serving(WorkOrdersTable(connection, case.index, case.work_mem), case.manners) as api,
    ):
        yield api


def fill(case: Case, tap: Tap) -> None:
    """Fill the table; where the ties are changes, have all rows read before they happen."""
    table = tap.api.table
    table.add(BEFORE, NOON - 4 * BEFORE * MINUTE, MINUTE)
    if case.changed:
        table.add(sum(case.ties) + AFTER, NOON - 2 * BEFORE * MINUTE, SECOND)
    else:
        add_ties(case, table)
        table.add(AFTER, NOON + MINUTE, MINUTE)
    if case.scattered:
        table.scatter()
    table.analyze()
    if case.changed:
        first = tap.run()
        assert first.code == 0, f"{tap}\n{first.errors}"
        assert not tap.missing, tap
        change_to_ties(case, table)
        table.analyze()


def add_ties(case: Case, table: WorkOrdersTable) -> None:
    for number, count in enumerate(case.ties):
        table.add(count, NOON + number * BETWEEN_TIES)


def change_to_ties(case: Case, table: WorkOrdersTable) -> None:
    """Change the rows of all ties to the instant of the last one, then fewer and fewer to earlier ones."""
    for number in reversed(range(len(case.ties))):
        table.change(sum(case.ties[: number + 1]), NOON + number * BETWEEN_TIES)


@dataclass
class Tap:
    """Runs the tap, each time from the state that it left, and holds what it wrote against what the database holds.

    Attributes:
        api: What it reads.
        folder: For the files that it is given.
        page: The page size that it is told to ask for.
        written: Everything that it has written.
        state: Where the next run goes on.
        early_state: How a STATE of the last run was ahead of the rows: a run that is killed there loses some.
        runs: What came of each run.
    """

    api: WorkOrdersAPI
    folder: Path
    page: int
    written: set[Version] = field(default_factory=set)
    state: Any = None
    early_state: str | None = None
    runs: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return "\n".join(self.runs)

    @property
    def missing(self) -> set[Version]:
        """What the database holds and the tap has not written."""
        return self.api.table.versions() - self.written

    def run(self) -> Outcome:
        """Run it once."""
        self.api.queries.clear()
        self.early_state = None
        started = time.monotonic()
        outcome = self._outcome()
        seconds = time.monotonic() - started
        self._take(outcome)
        self.runs.append(
            f"Run {len(self.runs) + 1}: exit code {outcome.code}, {len(self.missing)} rows missing,"
            f" {len(self.api.queries)} requests, {seconds:.1f} s, bookmark {bookmark(self.state)}"
        )
        logger.info("%s", self.runs[-1])
        return outcome

    def _take(self, outcome: Outcome) -> None:
        missing = self.missing
        for message in outcome.messages:
            if message["type"] == "RECORD":
                record = message["record"]
                version = Version(instant_of(record["updatedAt"]), record["key"])
                self.written.add(version)
                missing.discard(version)
            elif message["type"] == "STATE":
                self.state = message["value"]
                reached = bookmark(self.state)
                first = min(missing).instant if missing else None
                if reached and first and reached > first and self.early_state is None:
                    self.early_state = f"A STATE of {reached} is ahead of {len(missing)} rows from {first} on"

    def _outcome(self) -> Outcome:
        config = {
            "api_url": self.api.url,
            "api_token": "any",
            "lookback_minutes": 0,
            "max_parallel": 1,
            "page_size": self.page,
        }
        command = list(PROGRAM)
        for option, content in (("config", config), ("catalog", selecting([STREAM])), ("state", self.state)):
            if content is not None:
                path = self.folder / f"{option}.json"
                path.write_text(json.dumps(content))
                command += [f"--{option}", str(path)]
        done = subprocess.run(
            command,
            capture_output=True,
            check=False,
            encoding="utf-8",
            env=clean_environment({}),
            timeout=PATIENCE_SECONDS,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Outcome(done.returncode, done.stdout, done.stderr)


def reports_tie(case: Case, log: str) -> bool:
    """Say whether a line of the log names the stream, the instant, and how many of how many rows came.

    The instant can be known only where the API honors filter and order.
    """
    needs_instant = case.manners.gteq == case.manners.order == "honored"
    for line in log.splitlines():
        message = line.rpartition(" | ")[2]
        instant = re.search(r"2025-06-01T12:00:\d\d", message)
        numbers = re.findall(r"\b\d[\d,]*\b", re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z?", "", message))
        if STREAM in message and len(numbers) > 1 and (instant or not needs_instant):
            return True
    return False


def bookmark(state: Any) -> datetime | None:  # noqa: ANN401 - decoded JSON
    """Return the instant from which a run with this state reads; None for everything."""
    entry = state.get("bookmarks", {}).get(STREAM, {})
    value = entry.get("progress", {}).get("reached") or entry.get("replication_key_value")
    return None if value is None else instant_of(value)


def instant_of(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
