from __future__ import annotations

import io
import logging
import os
import sys
import threading
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from tap_makini.sync import progress
from tap_makini.sync.progress import Progress, describe
from tap_makini.sync.summary import Result, Status, Summary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CLEAR = "\r\x1b[K"


def result(
    stream: str, status: Status, records: int = 0, expected: int | None = None, connection: str | None = None
) -> Result:
    return Result(stream, connection, status=status, records=records, expected=expected)


def write_records(results: list[Result], count: int) -> None:
    """Put the result after so many more records in the place of the first one."""
    results[0] = replace(results[0], records=results[0].records + count)


# --- one line --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("results", "seconds", "line"),
    [
        ([], 0.0, "0 of 0 streams · 0 records · 0/s"),
        ([result("assets", Status.WAITING)], 10.0, "0 of 1 streams · 0 records · 0/s"),
        (
            [
                result("a", Status.COMPLETE, 2_000),
                result("b", Status.ABSENT),
                result("c", Status.FAILED, 1_000),
                result("d", Status.DROPPED),
                result("e", Status.WAITING),
            ],
            2.0,
            "4 of 5 streams · 3,000 records · 1,500/s",
        ),
        (
            [result("assets", Status.RUNNING, 250, 1_000), result("sites", Status.RUNNING, 50, 100, "acme")],
            3.0,
            "0 of 2 streams · 300 records · 100/s · assets 25% · acme/sites 50% · 0:08 left for what is being read",
        ),
        ([result("assets", Status.RUNNING, 500)], 1.0, "0 of 1 streams · 500 records · 500/s"),
        ([result("assets", Status.RUNNING, 0, 0)], 1.0, "0 of 1 streams · 0 records · 0/s · assets"),
        ([result("assets", Status.RUNNING, 0, 10)], 5.0, "0 of 1 streams · 0 records · 0/s · assets 0%"),
        (
            [result("assets", Status.RUNNING, 1_200, 1_000)],
            1.0,
            "0 of 1 streams · 1,200 records · 1,200/s · assets 100%",
        ),
        (
            [result("assets", Status.RUNNING, 100, 732_700)],
            1.0,
            "0 of 1 streams · 100 records · 100/s · assets 0% · 2:02:06 left for what is being read",
        ),
    ],
    ids=["nothing", "waiting", "ended", "running", "uncounted", "empty", "no rate", "more than counted", "long"],
)
def test_progress_is_described_in_one_line(results: list[Result], seconds: float, line: str) -> None:
    assert describe(Summary(results), seconds) == line


# --- showing it ---------------------------------------------------------------------------------------


class Clock:
    """Time that passes only by waiting, and is up after a number of waits.

    Attributes:
        pauses: How long each wait was.
        at_pause: Called at the end of each wait.
    """

    def __init__(self) -> None:
        self.now = 1_000.0
        self.pauses: list[float] = []
        self.waits = 3
        self.at_pause: Callable[[], object] = lambda: None

    def monotonic(self) -> float:
        return self.now

    def wait(self, seconds: float) -> bool:
        if len(self.pauses) == self.waits:
            return True
        self.now += seconds
        self.pauses.append(seconds)
        self.at_pause()
        return False

    def set(self) -> None:
        self.waits = len(self.pauses)


class Inline:
    """A thread that does all its work when it starts."""

    def __init__(self, target: Callable[[], None], **_: object) -> None:
        self._target = target

    def start(self) -> None:
        self._target()

    def join(self, timeout: float) -> None:
        assert timeout > 0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progress, "threading", SimpleNamespace(Thread=Inline, Event=lambda: clock))
    monkeypatch.setattr(progress, "time", clock)
    return clock


class Terminal(io.StringIO):
    """Somewhere a person watches."""

    def isatty(self) -> bool:
        return True


def lines(terminal: Terminal) -> list[str]:
    return terminal.getvalue().split(CLEAR)


def test_without_a_terminal_progress_is_logged_each_minute(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    results = [result("assets", Status.RUNNING, 60, 1_000)]
    clock.at_pause = lambda: write_records(results, 60)
    output = io.StringIO()
    with caplog.at_level(logging.INFO), Progress(Summary(results), output):
        pass

    assert clock.pauses == [60.0, 60.0, 60.0]
    assert [record.levelname for record in caplog.records] == ["INFO"] * 3
    assert [message[:47] for message in caplog.messages] == [
        "0 of 1 streams · 120 records · 2/s · assets 12%",
        "0 of 1 streams · 180 records · 2/s · assets 18%",
        "0 of 1 streams · 240 records · 1/s · assets 24%",
    ]
    assert output.getvalue() == ""


def test_a_terminal_shows_a_line_that_updates_itself_and_no_log(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    results = [result("assets", Status.RUNNING)]
    clock.at_pause = lambda: write_records(results, 1)
    terminal = Terminal()
    with caplog.at_level(logging.INFO), Progress(Summary(results), terminal):
        pass

    assert max(clock.pauses) < 1
    assert [line[:26] for line in lines(terminal)] == ["", *(f"0 of 1 streams · {n} records" for n in (1, 2, 3)), ""]
    assert "\n" not in terminal.getvalue()
    assert not caplog.messages


def test_names_send_no_commands_to_the_terminal(clock: Clock) -> None:
    clock.waits = 1
    terminal = Terminal()
    hostile = result("as\x1b[2J\nsets\ud800\u202e", Status.RUNNING, 2, 2)
    with Progress(Summary([hostile]), terminal):
        pass

    assert lines(terminal)[1].endswith(r" · as\x1b[2J\nsets\ud800\u202e 100%")


@pytest.mark.parametrize("columns", [0, 40, 200])
def test_a_line_does_not_run_over_into_the_next(clock: Clock, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    clock.waits = 1
    monkeypatch.setattr(os, "get_terminal_size", lambda _: SimpleNamespace(columns=columns))
    results = [result("purchase_orders_line_items", Status.RUNNING, 1, 9, f"acme{n}") for n in range(9)]
    terminal = Terminal()
    monkeypatch.setattr(terminal, "fileno", lambda: 2)
    with Progress(Summary(results), terminal):
        pass

    line = lines(terminal)[1]
    assert len(line) == (columns or 80) - 1
    assert describe(Summary(results), 0.5).startswith(line)


def test_a_terminal_of_unknown_size_has_80_columns(clock: Clock) -> None:
    clock.waits = 1
    results = [result("purchase_orders_line_items", Status.RUNNING, 1, 9, f"acme{n}") for n in range(9)]
    terminal = Terminal()
    with Progress(Summary(results), terminal):
        pass

    assert len(lines(terminal)[1]) == 79


@pytest.fixture
def handler() -> Iterator[logging.StreamHandler[Terminal]]:
    handler = logging.StreamHandler(Terminal())
    root = logging.getLogger()
    root.addHandler(handler)
    yield handler
    root.removeHandler(handler)


@pytest.mark.usefixtures("clock")
def test_the_progress_line_is_cleared_before_a_log_line_and_at_the_end(
    handler: logging.StreamHandler[Terminal],
) -> None:
    terminal = handler.stream
    log = logging.getLogger("some.module")
    with Progress(Summary([result("assets", Status.RUNNING)]), terminal):
        log.warning("failure")
    log.warning("later")

    while_running, afterwards = terminal.getvalue().split("failure\n")
    assert while_running.endswith(CLEAR)
    assert afterwards.endswith(f"{CLEAR}later\n")
    assert not handler.filters


@pytest.mark.usefixtures("clock")
def test_without_a_terminal_nothing_is_cleared(handler: logging.StreamHandler[Terminal]) -> None:
    with Progress(Summary([]), io.StringIO()):
        assert not handler.filters
        logging.getLogger("some.module").warning("failure")

    assert "failure\n" in handler.stream.getvalue()
    assert CLEAR not in handler.stream.getvalue()


def test_an_error_ends_the_progress_line(clock: Clock, handler: logging.StreamHandler[Terminal]) -> None:
    def fail() -> None:
        with Progress(Summary([]), handler.stream):
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert clock.wait(1)
    assert handler.stream.getvalue().endswith(CLEAR)
    assert not handler.filters


def test_progress_is_shown_by_a_thread_that_ends_with_the_run() -> None:
    with Progress(Summary([]), io.StringIO()):
        assert [thread.daemon for thread in threading.enumerate() if thread.name == "progress"] == [True]
    assert "progress" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.usefixtures("clock")
def test_progress_goes_to_the_current_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with Progress(Summary([])):
        pass

    assert "0 of 0 streams" in terminal.getvalue()
