"""Run a command with the sandbox, as if the sandbox were not there."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

from makini_sandbox.documents.served import V4_PATH

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

_NOT_EXECUTABLE = 126
_NOT_FOUND = 127
_BY_SIGNAL = 128


def run_command(command: Sequence[str], url: str, token: str) -> int:
    """Run a command with the sandbox's address in its environment.

    The command has a session of its own, so that an interrupt from the terminal reaches it once: SIGINT is passed on to
    all its processes, as a terminal does, SIGTERM to the command alone.

    Args:
        command: Program and arguments.
        url: Becomes `TAP_MAKINI_API_URL`, and `MAKINI_SANDBOX_OPENAPI` with the path of the v4 document.
        token: Becomes `TAP_MAKINI_API_TOKEN`.

    Returns:
        Its exit code as in a shell: 128 and the signal's number if a signal ended it, 127 if there is no such program,
        126 if it cannot be run.
    """
    own = {
        "TAP_MAKINI_API_URL": url,
        "TAP_MAKINI_API_TOKEN": token,
        "MAKINI_SANDBOX_OPENAPI": url + V4_PATH,
    }
    relay = _SignalRelay()
    try:
        # The command is the user's own.
        process = subprocess.Popen(command, env={**os.environ, **own}, start_new_session=True)  # noqa: S603
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        return _NOT_FOUND if isinstance(error, FileNotFoundError) else _NOT_EXECUTABLE
    with process:
        relay.attach(process)
        code = process.wait()
    return code if code >= 0 else _BY_SIGNAL - code


class _SignalRelay:
    """Passes signals on to a process, those that came before there was one included."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._waiting: list[int] = []
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._receive)

    def attach(self, process: subprocess.Popen[bytes]) -> None:
        """Pass signals on to this process from now on."""
        self._process = process
        for number in self._waiting:
            self._pass_on(process, number)

    def _receive(self, number: int, _: FrameType | None) -> None:
        if self._process is None:
            self._waiting.append(number)
        else:
            self._pass_on(self._process, number)

    @staticmethod
    def _pass_on(process: subprocess.Popen[bytes], number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            if number == signal.SIGINT:
                os.killpg(process.pid, number)
            else:
                process.send_signal(number)
