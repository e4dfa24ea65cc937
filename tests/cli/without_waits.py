"""A clock that jumps ahead wherever the tap would wait before it repeats a request; as a program, the tap under it."""

from __future__ import annotations

import time
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING
from unittest import mock

import backoff._sync

from tap_makini.http import rate_limiter

if TYPE_CHECKING:
    from collections.abc import Iterator


class JumpingClock:
    """Tells the time, and what has been slept without sleeping.

    Attributes:
        waits: Seconds of each wait.
    """

    def __init__(self) -> None:
        self.waits: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    def monotonic(self) -> float:
        return time.monotonic() + sum(self.waits)


@contextmanager
def jumping_clock() -> Iterator[JumpingClock]:
    """Put such a clock in place of the real one."""
    clock = JumpingClock()
    told = SimpleNamespace(monotonic=clock.monotonic, time=time.time)
    with (
        mock.patch.object(backoff._sync, "time", clock),  # noqa: SLF001
        mock.patch.object(rate_limiter, "time", told),
    ):
        yield clock


if __name__ == "__main__":
    from tap_makini.tap import TapMakini

    with jumping_clock():
        TapMakini.cli()
