"""Being told to stop, by SIGTERM or SIGINT.

The SDK exits with 0 and writes STATE from inside the signal handler, into the middle of a RECORD if one is being
written. Here the line is finished first.

Python runs a handler in the main thread, once that comes back to its own code. A signal that arrives just before the
main thread begins to wait, or in another thread, would be heeded only when the wait is over, and some waits are long. A
thread hears of signals at once and wakes the main thread. It also sees to it that a reader that has stopped reading
cannot hold the process: it ends all the same before an orchestrator would lose its patience.

Work that defers signals comes first (see `tap_makini.signals`): nothing here ends the process before it is done.
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

_PATIENCE_SECONDS = 1.5
_SECONDS_TO_HEED = 0.1
_SIGNAL_EXIT = 128
_WAKING = signal.SIGURG  # it ends a wait, and nothing else uses it


class Interrupted(SystemExit):
    """The process was told to stop; it exits with 128 and the signal's number, as shells have it.

    Args:
        exit_code: What to exit with.
    """

    def __init__(self, exit_code: int) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code


class Interruption:
    """Handles the signals that ask to stop.

    Args:
        writer: What must not be cut off within a line.

    Attributes:
        exit_code: What to exit with, once told to stop.
    """

    def __init__(self, writer: LineWriter) -> None:
        self._writer = writer
        self.exit_code: int | None = None

    def handle(self, signum: int) -> None:
        """Stop; a second signal ends the process at once, unless there is work that defers signals.

        Nothing is locked here, nor a thread begun: the main thread may be within either.

        Raises:
            Interrupted: No line is being written.
        """
        if self.exit_code is not None:
            if is_deferring():
                return  # the end that the first signal began comes soon after
            os._exit(self.exit_code)
        self.exit_code = _SIGNAL_EXIT + signum
        self._writer.make_room()
        if self._writer.is_writing:
            self._writer.stop_with = Interrupted(self.exit_code)
        else:
            raise Interrupted(self.exit_code)

    @contextmanager
    def prompt(self) -> Iterator[None]:
        """Have a signal heeded at once, and the process end soon after it.

        Without effect in a program that runs the tap in another thread than its main one: its signals are its own.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        heard, told = os.pipe()
        os.set_blocking(told, False)
        threading.Thread(target=self._listen, args=(heard,), name="interruption", daemon=True).start()
        told_before = signal.set_wakeup_fd(told, warn_on_full_buffer=False)
        waking_before = signal.signal(_WAKING, lambda *_: None)
        try:
            yield
        finally:
            if self.exit_code is None:  # else there is an end still to be seen to
                signal.set_wakeup_fd(told_before)
                signal.signal(_WAKING, waking_before)
                os.close(told)

    def _listen(self, heard: int) -> None:
        while arrived := os.read(heard, 1):
            [signum] = arrived
            if signum in STOPPING_SIGNALS:
                self._see_to_the_end(signum)
        os.close(heard)

    def _see_to_the_end(self, signum: int) -> NoReturn:
        main_thread = threading.main_thread().ident
        end = time.monotonic() + _PATIENCE_SECONDS
        while (now := time.monotonic()) < end:
            time.sleep(_SECONDS_TO_HEED)
            if is_deferring():
                end = now + _PATIENCE_SECONDS  # the main thread may be the one that does the work
            elif self.exit_code is None and main_thread is not None:
                signal.pthread_kill(main_thread, _WAKING)
        with after_deferral():
            os._exit(_SIGNAL_EXIT + signum)
