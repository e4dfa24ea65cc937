"""Being told to stop, by SIGTERM or SIGINT.

The SDK exits with 0 and writes STATE from inside the signal handler, into the middle of a RECORD if one is being
written. Here the line is finished first. A reader that has stopped reading cannot hold the process: it ends all the
same before an orchestrator would lose its patience.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tap_makini.running.writer import LineWriter

_PATIENCE_SECONDS = 1.5
_SIGNAL_EXIT = 128


class Interrupted(SystemExit):
    """The process was told to stop; it exits with 128 and the signal's number, as shells have it."""


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
        """Stop; a second signal ends the process at once.

        Raises:
            Interrupted: No line is being written.
        """
        if self.exit_code is not None:
            os._exit(self.exit_code)
        self.exit_code = _SIGNAL_EXIT + signum
        self._writer.make_room()
        last_resort = threading.Timer(_PATIENCE_SECONDS, os._exit, (self.exit_code,))
        last_resort.daemon = True
        last_resort.start()
        if self._writer.is_writing:
            self._writer.stop_with = Interrupted(self.exit_code)
        else:
            raise Interrupted(self.exit_code)
