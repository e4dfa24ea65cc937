"""Work that the end of the process waits for: what a server has changed for good must not be lost on the way to disk.

A signal ends the process in two ways: a handler raises in the main thread, or a thread calls `os._exit`. So work is
shielded in two ways. In the main thread, where handlers run, the signals are kept until the work is done. And whoever
ends the process asks here first, since the work may be a worker's, which `os._exit` would end with all else.

No shield outlasts its time: a server that never answers must not make the process unkillable.
"""

from __future__ import annotations

import signal
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

STOPPING_SIGNALS = (signal.SIGTERM, signal.SIGINT)

_changed = threading.Condition()
_ends: dict[object, float] = {}
"""When each shield that is held is over, by `time.monotonic`."""


@contextmanager
def shielded(seconds: float) -> Iterator[None]:
    """Keep SIGTERM and SIGINT from ending the process within the context; they are acted on behind it.

    Args:
        seconds: How long the process may be kept from ending.
    """
    shield = object()
    with _kept_signals():
        with _changed:
            _ends[shield] = time.monotonic() + seconds
        try:
            yield
        finally:
            with _changed:
                del _ends[shield]
                _changed.notify_all()


def is_shielded() -> bool:
    """Return whether there is work that the end of the process must wait for; safe in a signal handler."""
    return _seconds_left() > 0


@contextmanager
def unshielded() -> Iterator[None]:
    """Wait until no work is shielded, and let none begin within the context, which is to end the process."""
    with _kept_signals(), _changed:
        while (seconds := _seconds_left()) > 0:
            _changed.wait(seconds)
        yield


def _seconds_left() -> float:
    # a copy, made at once: another thread may be changing it, and a signal handler takes no lock
    return max((*_ends.values(), 0.0)) - time.monotonic()


@contextmanager
def _kept_signals() -> Iterator[None]:
    """In the main thread, keep signals until the end of the context, and have them handled then."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    arrived: list[int] = []
    before = {number: signal.getsignal(number) for number in STOPPING_SIGNALS}
    try:
        for number in before:
            signal.signal(number, lambda number, _: arrived.append(number))
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)  # None: of a program that is not Python's
        if arrived:
            signal.raise_signal(arrived[0])
