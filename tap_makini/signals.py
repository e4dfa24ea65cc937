"""Delay the end of the process until critical work is done, such as writing a new pair of tokens to disk.

A signal ends the process in two ways: a handler raises in the main thread, or a thread calls `os._exit`. So there are
two safeguards. In the main thread, where handlers run, signals are deferred until the work is done. And whoever ends
the process asks here first, since the work may be done by another thread, which `os._exit` would end as well.

Each deferral is limited in time: a server that never responds must not make the process unkillable.
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
_deadlines: dict[object, float] = {}
"""When each deferral that is in effect ends at the latest, by `time.monotonic`."""


@contextmanager
def deferred_signals(seconds: float) -> Iterator[None]:
    """Keep SIGTERM and SIGINT from ending the process within the context; they are handled after it.

    Args:
        seconds: For how long at most.
    """
    deferral = object()
    with _deferred_in_main_thread():
        with _changed:
            _deadlines[deferral] = time.monotonic() + seconds
        try:
            yield
        finally:
            with _changed:
                del _deadlines[deferral]
                _changed.notify_all()


def is_deferring() -> bool:
    """Return whether there is work that the end of the process must wait for; safe in a signal handler."""
    return _seconds_left() > 0


@contextmanager
def after_deferral() -> Iterator[None]:
    """Wait until nothing defers signals, and allow no new deferral within the context, which is to end the process."""
    with _deferred_in_main_thread(), _changed:
        while (seconds := _seconds_left()) > 0:
            _changed.wait(seconds)
        yield


def _seconds_left() -> float:
    # a copy, made at once: another thread may be changing it, and a signal handler takes no lock
    return max((*_deadlines.values(), 0.0)) - time.monotonic()


@contextmanager
def _deferred_in_main_thread() -> Iterator[None]:
    """In the main thread, hold signals back until the end of the context, and have them handled then."""
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
            signal.signal(number, handler or signal.SIG_DFL)  # None: set from outside Python
        if arrived:
            signal.raise_signal(arrived[0])
