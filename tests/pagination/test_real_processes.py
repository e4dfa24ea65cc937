"""The same promises, kept by the program: in a process of its own, by the machine's clock, with a real SIGKILL."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from cli.harness import PROGRAM

from makini_sandbox import Behaviour, ManualClock, Sandbox
from makini_sandbox.clock import system_clock
from pagination.disturbance import KINDS, Disturbance
from pagination.harness import SLUG, VENDORS, Replica, catalog

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from makini_sandbox import RecordedRequest

ROWS = 400


class Program:
    """The tap's command line, with its files.

    Args:
        folder: Where the files are.
        sandbox: The API.
        replica: What takes the output.
    """

    def __init__(self, folder: Path, sandbox: Sandbox, replica: Replica) -> None:
        self._folder = folder
        self._replica = replica
        settings = {"api_url": sandbox.url, "api_token": sandbox.token, "page_size": 20}
        self._arguments = [*PROGRAM]
        self._arguments += ["--config", self._write("config", settings), "--catalog", self._write("catalog", CATALOG)]

    def _write(self, name: str, content: object) -> str:
        path = self._folder / f"{name}.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        return str(path)

    def run(self, *, kill_after: int | None = None) -> None:
        """Run it once, from the last STATE; kill it when it has written a number of bytes."""
        arguments = [*self._arguments, "--state", self._write("state", self._replica.state)]
        with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            assert process.stdout is not None
            output = process.stdout.read(-1 if kill_after is None else kill_after)
            if kill_after is not None:
                process.kill()
            self._replica.receive(output)
        assert process.returncode == (0 if kill_after is None else -9)


CATALOG = catalog(VENDORS)


@pytest.fixture
def clock() -> ManualClock:
    """A clock that is the machine's when it is looked at."""
    return ManualClock(system_clock())


@pytest.fixture
def sandbox(clock: ManualClock, request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    behaviour = Behaviour(quirks=False, **request.param)
    with Sandbox(sizes={SLUG: ROWS}, behaviour=behaviour, clock=clock) as sandbox:
        yield sandbox


def keep_time(sandbox: Sandbox, _: RecordedRequest) -> None:
    assert isinstance(sandbox.clock, ManualClock)
    sandbox.clock.now = system_clock()


WAYS: list[dict[str, Any]] = [{}, {"filter": "day", "max_page_size": 15}, {"filter": "ignored", "order": "ignored"}]


@pytest.mark.parametrize("sandbox", WAYS, indirect=True, ids=["keyset", "day", "offset"])
def test_no_row_is_lost_while_rows_change(sandbox: Sandbox, clock: ManualClock, tmp_path: Path) -> None:
    replica = Replica()
    program = Program(tmp_path, sandbox, replica)
    disturbance = Disturbance(clock, KINDS)
    sandbox.on_request(keep_time)
    sandbox.on_request(disturbance)
    disturbance.start()

    program.run()
    disturbance.is_on = False
    program.run()

    assert not replica.lacks(sandbox)


@pytest.mark.parametrize("sandbox", WAYS[:1], indirect=True, ids=["keyset"])
def test_no_row_is_lost_by_sigkill(sandbox: Sandbox, tmp_path: Path) -> None:
    replica = Replica()
    program = Program(tmp_path, sandbox, replica)

    for _ in range(2):
        program.run(kill_after=30_000)
    program.run()

    assert not replica.lacks(sandbox)
    assert replica.received <= ROWS * 1.5
