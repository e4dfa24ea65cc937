"""Show the progress of a run: a line that updates itself on a terminal, a log line each minute elsewhere."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from contextlib import suppress
from typing import IO, TYPE_CHECKING

from tap_makini.redaction import presentable
from tap_makini.sync.summary import Status

if TYPE_CHECKING:
    from types import TracebackType

    from tap_makini.sync.summary import Summary

logger = logging.getLogger(__name__)

_SECONDS_BETWEEN_UPDATES = 0.5
_SECONDS_BETWEEN_LOG_LINES = 60.0
_SECONDS_TO_END = 1.0  # a terminal that takes nothing must not hold the run
_CLEAR = "\r\x1b[K"
_USUAL_WIDTH = 80


class Progress:
    """Shows the progress of a run, while it reads and while it waits.

    Args:
        summary: The results so far.
        terminal: Where a person may be watching; standard error by default.
    """

    def __init__(self, summary: Summary, terminal: IO[str] | None = None) -> None:
        self._summary = summary
        self._terminal = terminal or sys.stderr
        self._is_watched = self._terminal.isatty()
        self._started = time.monotonic()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._show, name="progress", daemon=True)
        self._clearing = _ClearLine(self._terminal)

    def __enter__(self) -> None:
        """Start showing it."""
        if self._is_watched:
            for handler in logging.getLogger().handlers:
                handler.addFilter(self._clearing)
        self._thread.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop showing it."""
        self._ended.set()
        self._thread.join(_SECONDS_TO_END)
        if self._is_watched:
            self._terminal.write(_CLEAR)
            for handler in logging.getLogger().handlers:
                handler.removeFilter(self._clearing)

    def _show(self) -> None:
        pause = _SECONDS_BETWEEN_UPDATES if self._is_watched else _SECONDS_BETWEEN_LOG_LINES
        while not self._ended.wait(pause):
            line = presentable(describe(self._summary, time.monotonic() - self._started))
            if self._is_watched:
                self._terminal.write(f"{_CLEAR}{line[: _width(self._terminal) - 1]}")
                self._terminal.flush()
            else:
                logger.info("%s", line)


def _width(terminal: IO[str]) -> int:
    """Return the width of a line; one that wrapped could not be cleared."""
    with suppress(OSError, ValueError):
        return os.get_terminal_size(terminal.fileno()).columns or _USUAL_WIDTH
    return _USUAL_WIDTH


class _ClearLine(logging.Filter):
    """Clears the progress line before a log line is written in its place."""

    def __init__(self, terminal: IO[str]) -> None:
        super().__init__()
        self._terminal = terminal

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002 - the interface's
        """Clear, and let every record pass."""
        self._terminal.write(_CLEAR)
        return True


def describe(summary: Summary, seconds: float) -> str:
    """Describe the progress of a run.

    Args:
        summary: The results so far.
        seconds: How long it has been running.

    Returns:
        One line: streams, records, rate, the streams being read, and the time that they are likely to take.
    """
    running = [result for result in summary.with_status(Status.RUNNING) if result.expected is not None]
    ended = sum(result.has_ended for result in summary.results)
    rate = summary.records / seconds if seconds else 0.0
    parts = [f"{ended} of {len(summary.results)} streams", f"{summary.records:,} records", f"{rate:,.0f}/s"]
    left = 0
    for result in running:
        expected = max(result.expected or 0, result.records)
        left += expected - result.records
        parts.append(f"{result.name} {result.records / expected:.0%}" if expected else result.name)
    if left and rate >= 1:
        parts.append(f"{_clock(left / rate)} left for what is being read")
    return " · ".join(parts)


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
