"""A signal to stop, at every kind of moment."""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import termios
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from forks import forking

from makini_sandbox import Behaviour, Fault, Sandbox
from tap_makini.timestamps import parse_timestamp

from .harness import PROGRAM, Files, clean_environment, run

if TYPE_CHECKING:
    from collections.abc import Iterator

LONG_TEXT = "x" * 20_000
DEAF = forking(str(Path(__file__).with_name("deaf.py")))
PIPE_SIZE = 1 << 16
PATIENCE_SECONDS = 10
PIPES_CAN_GROW = pytest.mark.skipif(not hasattr(fcntl, "F_SETPIPE_SZ"), reason="the last line cannot leave a full pipe")
BOTH_SIGNALS = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["TERM", "INT"])


class Running:
    """A run of the program whose output is read bit by bit.

    Attributes:
        process: The program.
        output: What has been read of its output.
    """

    def __init__(self, arguments: list[str]) -> None:
        self._end, theirs = os.pipe()
        self.output = b""
        self.process = subprocess.Popen(
            [*PROGRAM, *arguments], env=clean_environment({}), stdout=theirs, stderr=subprocess.PIPE
        )
        os.close(theirs)

    def take(self, count: int) -> None:
        """Read a number of bytes."""
        while count and (chunk := os.read(self._end, min(count, 4096))):
            self.output += chunk
            count -= len(chunk)

    def take_until(self, text: bytes) -> None:
        """Read until a text has come."""
        while text not in self.output and (chunk := os.read(self._end, 4096)):
            self.output += chunk
        assert text in self.output

    def let_the_pipe_fill(self) -> None:
        """Wait until the program is held up, since nobody reads."""
        waiting = bytearray(4)
        while int.from_bytes(waiting, sys.byteorder) < PIPE_SIZE * 3 // 4:
            assert self.process.poll() is None
            select.select([], [], [], 0.01)
            fcntl.ioctl(self._end, termios.FIONREAD, waiting)

    def hear(self, text: str) -> None:
        """Read the log until a text has come."""
        assert self.process.stderr is not None
        assert any(text.encode() in line for line in self.process.stderr)

    def stop_reading(self) -> None:
        """Close the end of the pipe that is read from."""
        os.close(self._end)
        self._end = -1

    def wait(self) -> int:
        """Wait for the program's end, without reading."""
        return self.process.wait(PATIENCE_SECONDS)

    def drain(self) -> None:
        """Read what is left of the output."""
        while chunk := os.read(self._end, 1 << 20):
            self.output += chunk

    def close(self) -> str:
        """End what still runs, and give what is left of the log."""
        self.process.kill()
        _, errors = self.process.communicate()
        if self._end >= 0:
            os.close(self._end)
        return errors.decode()

    def assert_ends_with_a_state(self, sandbox: Sandbox, slug: str) -> None:
        """Check that each line is a message, and the last one a STATE that covers no row which has not come."""
        *lines, rest = self.output.split(b"\n")
        assert rest == b""
        *messages, state = map(json.loads, lines)
        assert state["type"] == "STATE"
        came = {message["record"]["key"] for message in messages if message["type"] == "RECORD"}
        progress = state["value"].get("bookmarks", {}).get(slug, {}).get("progress", {})
        if reached := parse_timestamp(progress.get("reached")):
            instants = {row["key"]: parse_timestamp(row["updatedAt"]) for row in sandbox.store.rows(slug)}
            assert {key for key, instant in instants.items() if instant and instant < reached} <= came


@contextmanager
def running(files: Files, sandbox: Sandbox, stream: str, **settings: object) -> Iterator[Running]:
    config = {"api_url": sandbox.url, "api_token": sandbox.token, "page_size": 100, **settings}
    arguments = ["--config", files.write("config.json", config), "--catalog", files.selection(stream)]
    started = Running([str(argument) for argument in arguments])
    try:
        yield started
    finally:
        log = started.close()
        assert "Traceback" not in log, log


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(sizes={"accounts": 9_000, "assets": 1}, rows=5, behaviour=Behaviour(quirks=False)) as server:
        for _ in range(400):
            server.store.insert("assets", name=LONG_TEXT)
        yield server


@BOTH_SIGNALS
def test_a_signal_with_a_fast_reader_leaves_a_state_at_the_end(
    files: Files, sandbox: Sandbox, number: signal.Signals
) -> None:
    with running(files, sandbox, "accounts") as run:
        run.take(2_000_000)
        run.process.send_signal(number)
        run.drain()
        assert run.wait() == 128 + number
        run.assert_ends_with_a_state(sandbox, "accounts")


@PIPES_CAN_GROW
@pytest.mark.parametrize("taken", range(1_000, 2_000_000, 399_700))
def test_a_signal_with_a_slow_reader_of_long_lines_leaves_a_state_at_the_end(
    files: Files, sandbox: Sandbox, taken: int
) -> None:
    with running(files, sandbox, "assets") as run:
        run.take(taken)
        run.let_the_pipe_fill()
        run.process.send_signal(signal.SIGTERM)
        run.take(8_000)
        assert run.wait() == 128 + signal.SIGTERM
        run.drain()
        run.assert_ends_with_a_state(sandbox, "assets")


@PIPES_CAN_GROW
@BOTH_SIGNALS
@pytest.mark.parametrize("stream", ["accounts", "assets"])
def test_a_signal_with_a_reader_that_has_stopped_leaves_a_state_at_the_end(
    files: Files, sandbox: Sandbox, stream: str, number: signal.Signals
) -> None:
    with running(files, sandbox, stream) as run:
        run.take(500_000)
        run.let_the_pipe_fill()
        run.process.send_signal(number)
        assert run.wait() == 128 + number
        run.drain()
        run.assert_ends_with_a_state(sandbox, stream)


@BOTH_SIGNALS
def test_a_signal_ends_a_long_wait(files: Files, number: signal.Signals) -> None:
    busy = Fault("status", slug="accounts", status=429, retry_after=600, nth=4)
    with (
        Sandbox(sizes={"accounts": 300}, behaviour=Behaviour(faults=[busy])) as server,
        running(files, server, "accounts") as run,
    ):
        run.hear("before requesting /api/eam/accounts again")
        run.take_until(b'"STATE"')
        run.process.send_signal(number)
        assert run.wait() == 128 + number
        run.drain()
        run.assert_ends_with_a_state(server, "accounts")


@BOTH_SIGNALS
def test_a_signal_ends_the_wait_for_a_response(files: Files, number: signal.Signals) -> None:
    silent = Fault("timeout", slug="accounts", nth=4, times=None)
    with (
        Sandbox(sizes={"accounts": 300}, behaviour=Behaviour(faults=[silent])) as server,
        running(files, server, "accounts") as run,
    ):
        run.take_until(b'"STATE"')
        run.process.send_signal(number)
        assert run.wait() == 128 + number
        run.drain()
        run.assert_ends_with_a_state(server, "accounts")


@BOTH_SIGNALS
def test_a_signal_that_does_not_wake_the_main_thread_is_seen_all_the_same(files: Files, number: signal.Signals) -> None:
    with Sandbox(sizes={"accounts": 50, "assets": 1}) as server:
        config = {"api_url": server.url, "api_token": server.token, "max_parallel": 2, "page_size": 10}
        catalog = files.selection("accounts", "assets")
        deaf = [*DEAF, str(int(number))]
        outcome = run("--config", files.write("config.json", config), "--catalog", catalog, program=deaf)
    assert outcome.code == 128 + number
    assert outcome.messages[-1]["type"] == "STATE"
    assert "progress" in outcome.state["bookmarks"]["accounts"]


@PIPES_CAN_GROW
def test_a_second_signal_soon_after_the_first_does_not_cost_the_state(files: Files, sandbox: Sandbox) -> None:
    """A terminal sends SIGINT to Meltano and the tap alike, and Meltano forwards its own."""
    with running(files, sandbox, "assets") as run:
        run.take(500_000)
        run.let_the_pipe_fill()
        run.process.send_signal(signal.SIGINT)
        run.take(8_000)
        run.process.send_signal(signal.SIGTERM)
        assert run.wait() == 128 + signal.SIGINT
        run.drain()
        run.assert_ends_with_a_state(sandbox, "assets")


def test_a_target_that_has_gone_ends_the_run_quietly(files: Files, sandbox: Sandbox) -> None:
    with running(files, sandbox, "accounts") as run:
        run.take(500_000)
        run.stop_reading()
        assert run.wait() == 128 + signal.SIGPIPE
        assert run.process.stderr is not None
        assert b"ERROR" not in run.process.stderr.read()
