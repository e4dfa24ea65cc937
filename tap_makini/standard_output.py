"""Write to standard output, and say why where that fails."""

from __future__ import annotations

import io
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO, cast

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed import ReadableBuffer

DESCRIPTOR = 1
"""The file descriptor of standard output."""


class OutputError(Exception):
    """Standard output could not be written. The message is the reason."""


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
    except OSError as error:
        raise _output_error(error) from error


def write_text(stream: TextIO, data: bytes) -> None:
    """Write lines in UTF-8 to a text stream, and flush it.

    Raises:
        ReaderGoneError: It is a pipe that nobody reads any more.
        OutputError: It could not be written.
    """
    buffer = getattr(stream, "buffer", None)
    try:
        if buffer is None:
            stream.write(data.decode())
        else:  # messages are in UTF-8, whatever the encoding of the stream is
            stream.flush()
            buffer.write(data)
        stream.flush()
    except OSError as error:
        raise _output_error(error) from error


def _output_error(error: OSError) -> OutputError:
    kind = ReaderGoneError if isinstance(error, BrokenPipeError) else OutputError
    return kind(error.strerror or str(error))


def replacement() -> TextIO | None:
    """Return what a program that embeds the tap has put in the place of `sys.stdout`; None if nothing."""
    stream = cast("TextIO | None", sys.stdout)
    try:
        return None if stream is None or stream.fileno() == DESCRIPTOR else stream
    except (OSError, ValueError):  # it is no file at all
        return stream


@contextmanager
def printing() -> Iterator[None]:
    """Have `print` raise OutputError at once, or when this ends.

    Python would show a traceback, or report it only when the interpreter ends. Characters that the encoding of standard
    output lacks are printed as escapes.

    Raises:
        OutputError: Standard output is closed, or could not be written.
    """
    usual = sys.stdout
    if cast("TextIO | None", usual) is None:  # the next file to be opened would get its descriptor, and the records
        raise OutputError("it is closed")
    try:
        descriptor = usual.fileno()
    except (OSError, ValueError):  # an embedding program has replaced it
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
