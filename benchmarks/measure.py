"""Run a program to its end and measure its cost, by the operating system's own accounting."""

from __future__ import annotations

import os
import subprocess
import time
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_RECORD = b'"RECORD"'
_CHUNK = 1 << 16  # the capacity of a pipe
_KIB_PER_MIB = 1024


class Run(NamedTuple):
    """The cost of one run of a program.

    Attributes:
        wall: Seconds from its start to its end.
        cpu: Seconds of processor time, user and system.
        peak: Mebibytes of memory at the most.
        first_record: Seconds until the first RECORD message; None where it writes none.
        records: How many it has written.
    """

    wall: float
    cpu: float
    peak: float
    first_record: float | None
    records: int


class ProgramFailedError(Exception):
    """Raised when a program ends with an exit code other than 0."""


def run(command: Sequence[str], environment: Mapping[str, str]) -> Run:
    """Run a program, and read and discard its output through a pipe.

    Raises:
        ProgramFailedError: With the end of what it said.
    """
    with TemporaryFile() as said:
        start = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603 - the commands are this package's own
            command, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=said
        )
        first_record, records = _drain(process, start)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise ProgramFailedError(f"{command}: {said.read()[-1000:].decode(errors='replace')}")
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / _KIB_PER_MIB, first_record, records)


def _drain(process: subprocess.Popen[bytes], start: float) -> tuple[float | None, int]:
    """Read to the end; returns the seconds until the first RECORD and the number of them."""
    first_record, records, rest = None, 0, b""
    with cast("IO[bytes]", process.stdout) as output:
        while chunk := os.read(output.fileno(), _CHUNK):
            records += (rest + chunk).count(_RECORD)
            rest = chunk[1 - len(_RECORD) :]  # too short to contain the mark, so none is counted twice
            if records and first_record is None:
                first_record = time.perf_counter() - start
    return first_record, records
