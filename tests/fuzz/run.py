"""Runs the tap as a program through a scenario, and judges what is in the target at the end."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.harness import PROGRAM

from fuzz import verdict as judge
from fuzz.output import Output
from fuzz.scenario import Run
from fuzz.server import TOKEN, Api, Response, Server
from fuzz.store import KINDS, Clock, Table, chance
from fuzz.table import Target
from fuzz.verdict import DEPENDENTS, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fuzz.scenario import Kill, Scenario

COMMAND = shlex.split(os.environ.get("TAP_COMMAND", "")) or PROGRAM
QUIET = Run()

_WALL_SECONDS = 120
_EXIT_CODES = {0, 1, 3}
_EXIT_CODES_WHEN_STOPPED = {"SIGKILL": {-9}, "SIGTERM": {143, -15}, "pipe": {141}}
"""A shell sees 143 for both: the signal may come after the last line, when nothing handles it any more."""


@dataclass
class _Process:
    """A run of the program, and what its requests set off.

    Attributes:
        plan: What happens meanwhile.
        number: The run's number.
        popen: The process, once it is there.
        requests: How many requests it has made.
        was_stopped: Whether it was stopped as planned.
        failure: Why it was stopped though that was not planned.
    """

    plan: Run
    number: int
    popen: subprocess.Popen[bytes] | None = None
    requests: int = 0
    was_stopped: bool = False
    failure: str = ""

    @property
    def exit_codes(self) -> set[int]:
        """The exit codes that it may end with."""
        is_stopped = self.was_stopped and self.plan.kill is not None
        return _EXIT_CODES | (_EXIT_CODES_WHEN_STOPPED[self.plan.kill.way] if is_stopped and self.plan.kill else set())

    def stop(self, kill: Kill) -> None:
        """Stop it as planned."""
        assert self.popen is not None
        self.was_stopped = True
        if kill.way == "pipe":
            assert self.popen.stdout is not None
            self.popen.stdout.close()
        else:
            with suppress(ProcessLookupError):
                self.popen.send_signal(getattr(signal, kill.way))

    def give_up(self, failure: str) -> None:
        """Stop it because it does not end."""
        self.failure = failure
        if self.popen is not None:
            self.popen.kill()


class Play:
    """One scenario, from its first row to its verdict.

    Args:
        scenario: The scenario.
        folder: Where files may be written.
    """

    def __init__(self, scenario: Scenario, folder: Path) -> None:
        self._scenario = scenario
        self._folder = folder
        self._clock = Clock(scenario.behavior.skew, scenario.fraction)
        self._tables = {stream: Table(KINDS[stream], self._clock) for stream in scenario.streams}
        paths = {f"/api/eam/{table.kind.slug}": table for table in self._tables.values()}
        self._api = Api(paths, scenario.behavior, scenario.seed)
        self._target = Target()
        self._verdict = Verdict()
        self._process = _Process(QUIET, 0)
        self._catalog = self._write("catalog", catalog(scenario))
        self._errors = ""

    def to_the_end(self) -> Verdict:
        """Play it."""
        scenario = self._scenario
        for table in self._tables.values():
            random = chance(scenario.seed, "fill", table.kind.stream)
            scenario.shape.fill(table, scenario.effective_page, random)
            if scenario.bookmarked:
                self._bookmark(table)
        with Server(self._respond, scenario.behavior.skew) as server:
            code, was_whole = 0, True
            for number, plan in enumerate(scenario.runs, 1):
                self._mutate(plan.changes_before, chance(scenario.seed, number, "before"))
                code, was_whole = self._run(server.url, plan, number)
            for table in self._tables.values():
                table.catch_up()
            if code or not was_whole:  # what a resumed read leaves to its successor is no loss
                self._run(server.url, QUIET, -1)
            self._target.state.pop("reconciled", None)  # as the documentation says to have it done again
            code, _ = self._run(server.url, QUIET, 0)
        self._judge(code)
        return self._verdict

    def _bookmark(self, table: Table) -> None:
        latest = min(datetime.now(timezone.utc), self._clock.now()) - timedelta(seconds=5)
        past = sorted(row.at for row in table.rows.values() if row.at is not None and row.at <= latest)
        if past:
            random = chance(self._scenario.seed, "bookmark", table.kind.stream)
            self._target.preload(table, random.choice(past), random)

    def _mutate(self, count: int, random: Any) -> None:  # noqa: ANN401 - the module hides its source of chance
        scenario = self._scenario
        for _ in range(count):
            table = self._tables[random.choice(scenario.streams)]
            size = random.randint(1, max(2 * scenario.effective_page, 1))
            table.mutate(random.choice(scenario.changes), random, size, scenario.oldest)

    def _respond(self, target: str) -> Response | None:
        """Respond to a request, after what it sets off."""
        process, plan = self._process, self._process.plan
        process.requests += 1
        most = self._most_requests()  # of a list that may have grown meanwhile
        if process.requests > most:
            process.give_up(f"endless: more than {most} requests")
            return None
        random = chance(self._scenario.seed, process.number, process.requests, "noise")
        if process.requests <= plan.noisy_requests and random.random() < plan.noise:
            self._mutate(random.randint(1, 3), random)
        if plan.kill is not None and plan.kill.requests == process.requests:
            process.stop(plan.kill)
            if plan.kill.way == "SIGKILL":
                return None
        response = self._api.respond(target)
        self._verdict.log.append(f"  {process.requests} {target} -> {response.status}, {response.rows} rows")
        return response

    def _run(self, url: str, plan: Run, number: int) -> tuple[int, bool]:
        """Run the program once, and commit what it writes.

        Returns:
            Its exit code, and whether all that it wrote was committed.
        """
        if self._scenario.mode == "activate":
            time.sleep(1 - time.time() % 1)  # a version of a table is a second, so each run needs one of its own
        alive = {stream: table.keys_in_all_copies() for stream, table in self._tables.items()}
        self._verdict.log.append(f"run {number}: {plan}, from {json.dumps(self._target.state)}")
        self._process = process = _Process(plan, number)
        raw, self._errors = self._program(url, process)
        assert process.popen is not None
        code = process.popen.returncode
        output = Output(raw, may_be_cut=process.was_stopped or bool(process.failure))
        self._check(process, output, code)
        is_whole = code in _EXIT_CODES and not plan.loses_tail
        random = chance(self._scenario.seed, number, "commit")
        if is_whole:
            self._target.commit(output.messages)
        else:
            self._target.commit_part(output.messages, random)
            alive = {stream: set() for stream in alive}  # an activation may be committed without what follows
        self._verdict.log.append(f"  exit code {code}, {len(output.messages)} messages")
        self._verdict.log += [f"  {line}" for line in self._errors.splitlines() if "| INFO" not in line]
        activated = {message["stream"] for message in output.messages if message["type"] == "ACTIVATE_VERSION"}
        reconciled = {
            message["record"]["stream"]
            for message in output.messages
            if message["type"] == "RECORD" and message["stream"] == "reconciliations"
        }
        self._verdict.failures += judge.dropped(self._tables, self._target, activated, alive)
        self._verdict.failures += judge.buried(self._tables, self._target, reconciled, alive)
        return code, is_whole

    def _most_requests(self) -> int:
        """Return a number of requests that no reader needs."""
        scenario = self._scenario
        pages = sum(len(table.rows) // scenario.effective_page + 2 for table in self._tables.values())
        children = sum(len(table.rows) for table in self._tables.values()) if scenario.mode == "children" else 0
        return 50 * (pages + children) + 300

    def _program(self, url: str, process: _Process) -> tuple[bytes, str]:
        """Run the program, and return what it wrote to standard output and to standard error."""
        files = ["--config", self._write("config", {"api_url": url, **settings(self._scenario)})]
        files += ["--catalog", self._catalog]
        if self._target.state:
            files += ["--state", self._write("state", self._target.state)]
        raw: list[bytes] = []
        with (self._folder / "stderr").open("w+b") as errors:
            process.popen = subprocess.Popen(
                [*COMMAND, *files], stdout=subprocess.PIPE, stderr=errors, env=_environment()
            )
            watchdog = threading.Timer(_WALL_SECONDS, process.give_up, [f"hung: no end within {_WALL_SECONDS} s"])
            watchdog.start()
            for line in _lines(process.popen):
                raw.append(line)
                if process.plan.kill is not None and process.plan.kill.lines == len(raw):
                    process.stop(process.plan.kill)
            process.popen.wait()
            watchdog.cancel()
            errors.seek(0)
            return b"".join(raw), errors.read().decode(errors="replace")

    def _write(self, name: str, content: object) -> str:
        path = self._folder / f"{name}.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        return str(path)

    def _check(self, process: _Process, output: Output, code: int) -> None:
        failures = self._verdict.failures
        if process.failure:
            failures.append(process.failure)
        elif code not in process.exit_codes:
            failures.append(f"exit code: {code} of run {process.number}")
        if "Traceback" in self._errors:
            failures.append(f"traceback: {self._errors[self._errors.index('Traceback') :][-300:]}")
        failures.extend(f"output: {problem}" for problem in output.problems[:3])

    def _judge(self, code: int) -> None:
        """Compare the target with the store after the quiet run."""
        scenario, verdict, tables = self._scenario, self._verdict, self._tables
        is_honest = scenario.behavior.is_honest
        reported = [line for line in self._errors.splitlines() if "| ERROR" in line or "| CRITICAL" in line]
        held_back = dict(self._held_back())
        for stream, rows in judge.lacks(scenario, tables, self._target).items():
            if not code:
                # Read again for ever, and never complete: it is not lost for good, but nothing is reported.
                kind = "unsaid" if stream.partition("__")[0] in held_back else "lost"
                verdict.failures.append(f"{kind}: {stream} lacks {judge.shorten(rows)}")
            elif not any(stream in line for line in reported):
                verdict.failures.append(
                    f"silent: {stream} is not named by exit code {code}, but lacks {judge.shorten(rows)}"
                )
        if code:
            reason = reported[-1].rpartition("|")[2].strip() if reported else "nothing was said"
            (verdict.failures if is_honest else verdict.notes).append(f"cautious: exit code {code}: {reason}")
            return
        verdict.notes += [f"held back: {stream}: {why}" for stream, why in held_back.items()]
        if scenario.mode == "activate":
            (verdict.failures if is_honest else verdict.notes).extend(judge.left_over(tables, self._target))
        if scenario.mode == "reconcile":
            (verdict.failures if is_honest else verdict.notes).extend(judge.unburied(tables, self._target))

    def _held_back(self) -> Iterator[tuple[str, str]]:
        """Say where the bookmark lags after a quiet run."""
        for stream, table in self._tables.items():
            now = min(datetime.now(timezone.utc), self._clock.now()) - timedelta(seconds=60)
            past = [row.at for row in table.rows.values() if row.at is not None and row.at < now]
            bookmark = self._target.bookmark(stream)
            is_expected = table.kind.replication_key and not self._scenario.full_table and past
            if is_expected and (bookmark is None or bookmark < max(past) - timedelta(seconds=2)):
                yield stream, f"the bookmark is {bookmark}, the latest row of {max(past)}"


def _lines(popen: subprocess.Popen[bytes]) -> Iterator[bytes]:
    """Yield what a process writes, until it ends or the pipe is closed from this side."""
    assert popen.stdout is not None
    while not popen.stdout.closed and (line := popen.stdout.readline()):
        yield line
    popen.stdout.close()


def settings(scenario: Scenario) -> dict[str, object]:
    """Return the settings of a scenario."""
    said: dict[str, object] = {
        "api_token": TOKEN,
        "products": ["eam"],
        "page_size": scenario.page_size,
        "lookback_minutes": scenario.lookback_minutes,
        "max_parallel": scenario.max_parallel,
        "max_wait_seconds": 2,
    }
    if scenario.mode == "activate":
        said["emit_activate_version_messages"] = True
    if scenario.mode == "reconcile":
        said["reconcile_days"] = 1
    return said


def _environment() -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("TAP_MAKINI_")}
    return {**own, "NO_PROXY": "127.0.0.1"}


@lru_cache
def _discovered(*, reconciles: bool) -> str:
    said = {"api_token": TOKEN, "products": ["eam"], **({"reconcile_days": 1} if reconciles else {})}
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "config.json")
        config.write_text(json.dumps(said), encoding="utf-8")
        arguments = [*COMMAND, "--config", str(config), "--discover"]
        return subprocess.run(arguments, capture_output=True, check=True, text=True, env=_environment()).stdout


def catalog(scenario: Scenario) -> dict[str, Any]:
    """Return the catalog that has the streams of a scenario selected, and no others."""
    mode = scenario.mode
    wanted = {*scenario.streams, DEPENDENTS.get(mode)}
    if mode == "reconcile":
        wanted |= {"reconciled_keys", "reconciliations"}
    entries = json.loads(_discovered(reconciles=mode == "reconcile"))["streams"]
    chosen = [entry for entry in entries if entry["tap_stream_id"] in wanted]
    for entry in chosen:
        root = next(each["metadata"] for each in entry["metadata"] if not each["breadcrumb"])
        root["selected"] = True
        if scenario.full_table:
            root["replication-method"] = "FULL_TABLE"
    return {"streams": chosen}


def play(scenario: Scenario) -> Verdict:
    """Play a scenario in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        return Play(scenario, Path(folder)).to_the_end()
