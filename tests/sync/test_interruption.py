"""What the handler of signals does, without a process that gets one."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from tap_makini.sync import interruption
from tap_makini.sync.interruption import Interrupted, Interruption
from tap_makini.sync.writer import LineWriter

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE_SECONDS = 10


class Exited(BaseException):
    """The process would have ended."""


class Clock:
    """Shows a time that a test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


def exit_at_once(code: int) -> None:
    raise Exited(code)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(interruption, "time", clock)
    monkeypatch.setattr("tap_makini.sync.interruption.os._exit", exit_at_once)
    return clock


def test_a_second_signal_within_seconds_changes_nothing(clock: Clock) -> None:
    stopping = Interruption(LineWriter())
    with pytest.raises(Interrupted) as stop:
        stopping.handle(signal.SIGINT)
    clock.now += 4.9
    stopping.handle(signal.SIGTERM)
    assert stopping.exit_code == stop.value.exit_code == 128 + signal.SIGINT


def test_a_later_second_signal_ends_the_process_at_once(clock: Clock) -> None:
    stopping = Interruption(LineWriter())
    with pytest.raises(Interrupted):
        stopping.handle(signal.SIGTERM)
    clock.now += 5.1
    with pytest.raises(Exited, match=str(128 + signal.SIGTERM)):
        stopping.handle(signal.SIGINT)


def test_while_a_line_is_written_the_writer_is_asked_to_stop(clock: Clock) -> None:
    writer = LineWriter()
    writer.is_writing = True
    stopping = Interruption(writer)
    stopping.handle(signal.SIGTERM)
    stopping.handle(signal.SIGTERM)
    assert isinstance(writer.stop_with, Interrupted)
    assert clock.now == 100.0


def test_a_signal_is_handled_while_a_thread_is_being_started(tmp_path: Path) -> None:
    """The main thread, in which the signal is handled, then holds a lock that each start of a thread needs."""
    is_held, interrupted = threading.Event(), threading.Event()

    def handle(interruption: Interruption) -> None:
        is_held.wait()
        with suppress(Interrupted):
            interruption.handle(signal.SIGTERM)
        interrupted.set()

    with (tmp_path / "output").open("wb") as output:
        interruption = Interruption(LineWriter(output.fileno()))
        threading.Thread(target=handle, args=(interruption,), daemon=True).start()
        with threading._active_limbo_lock:  # type: ignore[attr-defined] # noqa: SLF001 - the lock in question
            is_held.set()
            assert interrupted.wait(PATIENCE_SECONDS)
    assert interruption.exit_code == 128 + signal.SIGTERM


def test_a_run_in_another_thread_leaves_signals_alone(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGURG)
    seen: list[object] = []

    def run_it() -> None:
        with (tmp_path / "output").open("wb") as output, Interruption(LineWriter(output.fileno())).prompt():
            seen.append(signal.getsignal(signal.SIGURG))

    thread = threading.Thread(target=run_it)
    thread.start()
    thread.join()
    assert seen == [before]


def open_descriptors() -> set[int]:
    return {number for number in range(1000) if is_open(number)}


def is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def test_a_run_leaves_signals_as_they_were(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGURG)
    before_it = open_descriptors()
    with (tmp_path / "output").open("wb") as output, Interruption(LineWriter(output.fileno())).prompt():
        assert signal.getsignal(signal.SIGURG) != before
    assert signal.getsignal(signal.SIGURG) == before
    assert signal.set_wakeup_fd(-1) == -1
    for listening in [thread for thread in threading.enumerate() if thread.name == "interruption"]:
        listening.join(PATIENCE_SECONDS)
    assert open_descriptors() == before_it
