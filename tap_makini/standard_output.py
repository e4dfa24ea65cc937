"""Standard output that says what is wrong with it when it cannot be written."""

from __future__ import annotations

import io
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from _typeshed import ReadableBuffer


class OutputError(Exception):
    """Standard output could not be written. The message says why."""


class ReaderGoneError(OutputError):
    """Nobody reads standard output any more."""


def write(descriptor: int, data: bytes) -> int:
    """Write as much to a file descriptor as it takes at once.

    Returns:
        How many bytes it took.

    Raises:
        ReaderGoneError: It is a pipe that nobody reads any more.
        OutputError: It takes nothing.
    """
    try:
        return os.write(descriptor, data)
    except BrokenPipeError as error:
        raise ReaderGoneError(error.strerror) from error
    except OSError as error:
        raise OutputError(error.strerror) from error


@contextmanager
def printing() -> Iterator[None]:
    """Have `print` raise OutputError at once, or when this ends.

    Python would tell of it with a traceback, or only when the interpreter ends. What the encoding of standard output
    does not have is printed as an escape.

    Raises:
        OutputError: Standard output is closed, or could not be written.
    """
    usual = sys.stdout
    if cast("TextIO | None", usual) is None:  # what is opened later would get its descriptor, and be sent the records
        raise OutputError("it is closed")
    try:
        descriptor = usual.fileno()
    except (OSError, ValueError):  # it has been replaced by somebody who wants to see what is printed
        yield
        return
    usual.flush()
    buffer = io.BufferedWriter(_Descriptor(descriptor))
    sys.stdout = io.TextIOWrapper(buffer, usual.encoding, "backslashreplace", line_buffering=usual.isatty())
    try:
        yield
    finally:
        sys.stdout, printed = usual, sys.stdout
        printed.flush()


class _Descriptor(io.RawIOBase):
    """Writes to a file descriptor; after a failure, takes everything and writes nothing."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._has_failed = False

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)

    def writable(self) -> bool:
        return True

    def write(self, data: ReadableBuffer, /) -> int:
        data = bytes(data)
        try:
            return len(data) if self._has_failed else write(self._descriptor, data)
        except OutputError:
            self._has_failed = True
            raise
