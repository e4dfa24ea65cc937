"""Write Singer messages to standard output as whole lines, and a STATE only for what has been written.

The writer uses the file descriptor itself. A write that a signal interrupts then returns how far it got, so that the
line can be completed. A buffered stream does not tell, and the next line would start within the incomplete one. Where a
program that embeds the tap has replaced `sys.stdout`, messages go there.
"""

from __future__ import annotations

import fcntl
import io
import os
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TextIO, cast

from singer_sdk.singerlib.encoding.base import GenericSingerWriter
from singer_sdk.singerlib.json import serialize_json
from singer_sdk.singerlib.messages import Message

from tap_makini.rawjson import text_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from _typeshed import ReadableBuffer

_STANDARD_OUTPUT = 1
_CHUNK = 1 << 13  # what a slow reader has to take before a signal takes effect
_LARGEST_PIPE = 1 << 20  # that Linux grants to anybody
_SMALL_STATE = 1 << 13
_NEWLINE = b"\n"


class OutputError(Exception):
    """Standard output could not be written. The message is the reason."""


class ReaderGoneError(OutputError):
    """Nobody reads standard output any more."""


class LineWriter(GenericSingerWriter[bytes, Message]):
    """Writes Singer messages.

    Args:
        descriptor: The file descriptor to write to; by default that of standard output, or what has replaced it.

    Attributes:
        is_writing: Whether a line is being written, so that an interruption has to wait for its end.
        stop_with: What `stop` has been given, until it is raised.
    """

    def __init__(self, descriptor: int | None = None) -> None:
        self._may_be_replaced = descriptor is None
        self._descriptor = _STANDARD_OUTPUT if descriptor is None else descriptor
        self._stdout: TextIO | None = None
        self._replacement: TextIO | None = None
        self._last_state = b""
        self._bytes_since_state = 0
        self.is_writing = False
        self.stop_with: BaseException | None = None

    def serialize_message(self, message: Message) -> bytes:
        """Return a message as one line of JSON."""
        return serialize_json(message.to_dict()).encode() + _NEWLINE

    def write_message(self, message: Message) -> None:
        """Write one message."""
        self.write_lines([self.format_message(message)])

    def write_state(self, state: Mapping[str, Any], *, may_wait: bool = False, force: bool = False) -> None:
        """Write a STATE, unless the last one was the same and nothing has been written since.

        Some targets forget a STATE when a RECORD follows it, so the same one is needed again. A state of thousands of
        bookmarks is not written for each page, since it would soon outweigh the records.

        Args:
            state: Its value.
            may_wait: Whether to skip a large state if few records followed the last one.
            force: Whether to write it in any case.
        """
        size = len(self._last_state)
        outweighs_records = size > _SMALL_STATE and self._bytes_since_state < size
        if not state or (may_wait and outweighs_records):
            return
        line = text_json({"type": "STATE", "value": state}) + _NEWLINE
        if force or line != self._last_state or self._bytes_since_state:
            self.write_lines([line])
            self._last_state = line
            self._bytes_since_state = 0

    def write_lines(self, lines: Iterable[bytes]) -> None:
        """Write lines, all of them or up to the end of one.

        Args:
            lines: Each with its newline.

        Raises:
            BaseException: `stop_with`; nothing after the last whole line has been written.
            OutputError: They could not be written, or nobody reads any more.
        """
        data = b"".join(lines)
        self._bytes_since_state += len(data)
        if self._may_be_replaced and sys.stdout is not self._stdout:
            self._stdout, self._replacement = sys.stdout, _replacement()
        self.is_writing = True
        try:
            if self._replacement is not None:
                self._write_replacement(self._replacement, data)
            elif (written := self._write(data, 0, len(data))) < len(data):
                self._finish_line(data, written)
        except OSError as error:
            raise _output_error(error) from error
        finally:
            self.is_writing = False
        if self.stop_with is not None:
            stop_with, self.stop_with = self.stop_with, None
            raise stop_with

    def stop(self, error: BaseException) -> None:
        """Raise an error at the end of the line that is being written; safe in a signal handler."""
        self.stop_with = error

    def make_room(self) -> None:
        """Enlarge a full pipe for the rest of a line and a STATE, though its reader is slow or has stopped.

        Only Linux can do that. Elsewhere an interruption has to wait for the reader.
        """
        with suppress(OSError, AttributeError):
            fcntl.fcntl(self._descriptor, fcntl.F_SETPIPE_SZ, _LARGEST_PIPE)

    def _write(self, data: bytes, start: int, end: int) -> int:
        while start < end and self.stop_with is None:
            start += os.write(self._descriptor, data[start : min(start + _CHUNK, end)])
        return start

    def _finish_line(self, data: bytes, at: int) -> None:
        while at and not data.startswith(_NEWLINE, at - 1):
            at += os.write(self._descriptor, data[at : data.index(_NEWLINE, at) + 1])

    def _write_replacement(self, stream: TextIO, data: bytes) -> None:
        if self.stop_with is not None:
            return
        buffer = getattr(stream, "buffer", None)
        if buffer is None:
            stream.write(data.decode())
        else:  # messages are in UTF-8, whatever the encoding of the stream is
            stream.flush()
            buffer.write(data)
        stream.flush()


def _output_error(error: OSError) -> OutputError:
    kind = ReaderGoneError if isinstance(error, BrokenPipeError) else OutputError
    return kind(error.strerror or str(error))


def _replacement() -> TextIO | None:
    """Return what a program that embeds the tap has put in the place of `sys.stdout`; None if nothing."""
    stream = cast("TextIO | None", sys.stdout)
    try:
        return None if stream is None or stream.fileno() == _STANDARD_OUTPUT else stream
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
        if self._has_failed:
            return len(bytes(data))
        try:
            return os.write(self._descriptor, data)
        except OSError as error:
            self._has_failed = True
            raise _output_error(error) from error
