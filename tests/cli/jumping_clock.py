"""A clock that jumps ahead wherever the tap would wait before it repeats a request."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace
from typing import TYPE_CHECKING
from unittest import mock

import backoff._sync

from tap_makini.http import client, rate_limiter

if TYPE_CHECKING:
    from collections.abc import Iterator


class JumpingClock:
    """Show the time, and skip what would be slept.

    Attributes:
        waits: Seconds of each wait before a repetition.
    """

    def __init__(self) -> None:
        self.waits: list[float] = []
        self._ahead = 0.0

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.skip(seconds)

    def skip(self, seconds: float) -> None:
        self._ahead += seconds

    def monotonic(self) -> float:
        return time.monotonic() + self._ahead


class JumpingCondition(threading.Condition):
    """Does not wait where it would wait for a time to come."""

    def __init__(self, clock: JumpingClock) -> None:
        super().__init__()
        self._clock = clock

    def wait(self, timeout: float | None = None) -> bool:
        if timeout is None:
            return super().wait()
        self._clock.skip(timeout)
        return super().wait(0)


@contextmanager
def jumping_clock() -> Iterator[JumpingClock]:
    """Put such a clock in place of the real one."""
    clock = JumpingClock()
    replacement = SimpleNamespace(monotonic=clock.monotonic, time=time.time)
    with (
        mock.patch.object(backoff._sync, "time", clock),  # noqa: SLF001
        mock.patch.object(client, "time", replacement),
        mock.patch.object(rate_limiter, "time", replacement),
        mock.patch.object(rate_limiter, "threading", SimpleNamespace(Condition=partial(JumpingCondition, clock))),
    ):
        yield clock
