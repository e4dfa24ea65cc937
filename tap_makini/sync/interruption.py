"""Stop a sync on SIGTERM or SIGINT.

The SDK exits with 0, and writes STATE from within the signal handler, in the middle of a RECORD if one is being
written. Here the line is completed first.

Python runs a handler in the main thread, when that returns to Python code. A signal that arrives just before the main
thread starts to wait, or in another thread, would take effect only when the wait is over, and some waits are long. So a
listening thread learns of signals at once and wakes the main thread. It also ends the process when a reader that has
stopped reading blocks it, before an orchestrator kills it.

Work that defers signals comes first (see `tap_makini.signals`): nothing here ends the process before that is done.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

from tap_makini.signals import STOPPING_SIGNALS, after_deferral, is_deferring

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_makini.sync.writer import LineWriter

_GRACE_SECONDS = 1.5
_SECONDS_BETWEEN_WAKINGS = 0.1
_SECONDS_OF_REPETITION = 5.0
_SIGNAL_EXIT = 128
_WAKING = signal.SIGURG  # it interrupts a wait, and nothing else uses it


class Interrupted(SystemExit):
    """A signal asked the process to stop.

    Args:
        exit_code: The exit code: 128 plus the number of the signal, as in shells.
    """

    def __init__(self, exit_code: int) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code


class Interruption:
    """Handles the signals that ask to stop.

    Args:
        writer: Writes the lines that must be completed.

    Attributes:
        exit_code: The exit code of the process; None unless a signal has asked to stop.
    """

    def __init__(self, writer: LineWriter) -> None:
        self._writer = writer
        self._first_at = 0.0
        self.exit_code: int | None = None

    def handle(self, signum: int) -> None:
        """Stop after the line that is being written.

        A second signal within a few seconds changes nothing: a terminal sends SIGINT to Meltano and the tap alike, and
        Meltano forwards its own. A later one ends the process at once, unless there is work that defers signals.

        Nothing is locked here, nor a thread started: the main thread may be within either.

        Raises:
            Interrupted: No line is being written.
        """
        if self.exit_code is not None:
            if is_deferring() or time.monotonic() - self._first_at < _SECONDS_OF_REPETITION:
                return
            os._exit(self.exit_code)
        self._first_at = time.monotonic()
        self.exit_code = _SIGNAL_EXIT + signum
        self._writer.make_room()
        if self._writer.is_writing:
            self._writer.stop(Interrupted(self.exit_code))
        else:
            raise Interrupted(self.exit_code)

    @contextmanager
    def prompt(self) -> Iterator[None]:
        """Have signals take effect at once, and the process end soon after one.

        Has no effect outside of the main thread: the signals belong to the program that runs the tap there.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        threading.Thread(target=self._listen, args=(reader,), name="interruption", daemon=True).start()
        previous_writer = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        previous_handler = signal.signal(_WAKING, lambda *_: None)
        try:
            yield
        finally:
            if self.exit_code is None:  # else the process is about to end
                signal.set_wakeup_fd(previous_writer)
                signal.signal(_WAKING, previous_handler)
                os.close(writer)

    def _listen(self, reader: int) -> None:
        while arrived := os.read(reader, 1):
            [signum] = arrived
            if signum in STOPPING_SIGNALS:
                self._ensure_end(signum)
        os.close(reader)

    def _ensure_end(self, signum: int) -> NoReturn:
        main_thread = threading.main_thread().ident
        end = time.monotonic() + _GRACE_SECONDS
        while (now := time.monotonic()) < end:
            time.sleep(_SECONDS_BETWEEN_WAKINGS)
            if is_deferring():
                end = now + _GRACE_SECONDS  # the main thread may be the one that does the work
            elif self.exit_code is None and main_thread is not None:
                signal.pthread_kill(main_thread, _WAKING)
        with after_deferral():
            os._exit(_SIGNAL_EXIT + signum)
