"""The one writer: whole lines on standard output, and a STATE for nothing but what has been written.

It writes to the file descriptor itself. A write that a signal cuts short then returns how far it came, so the line at
that place can be finished; a buffered stream would not tell, and would glue the next line into the half-written one.
"""

from __future__ import annotations

import fcntl
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from singer_sdk.singerlib.encoding.base import GenericSingerWriter
from singer_sdk.singerlib.json import serialize_json
from singer_sdk.singerlib.messages import Message, StateMessage

from tap_makini.rawjson import text_json
from tap_makini.standard_output import write

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_CHUNK = 1 << 13  # what a slow reader has to take before a signal is heeded
_LARGEST_PIPE = 1 << 20  # that Linux grants to anybody
_SMALL_STATE = 1 << 13
_NEWLINE = b"\n"


class LineWriter(GenericSingerWriter[bytes, Message]):
    """Writes Singer messages to a file descriptor.

    Args:
        descriptor: Where to write; standard output by default.

    Attributes:
        is_writing: Whether lines are being written just now, so that an interruption has to wait for the end of one.
        stop_with: Set from a signal handler, to be raised at the end of the line that is being written.
    """

    def __init__(self, descriptor: int = 1) -> None:
        self._descriptor = descriptor
        self._last_state: bytes | None = None
        self._bytes_since_state = 0
        self.is_writing = False
        self.stop_with: BaseException | None = None

    def serialize_message(self, message: Message) -> bytes:
        """Write a message as one line of JSON."""
        return serialize_json(message.to_dict()).encode() + _NEWLINE

    def write_message(self, message: Message) -> None:
        """Write one message."""
        self.write_lines([self.format_message(message)])

    def write_state(self, state: Mapping[str, Any], *, may_wait: bool = False, anew: bool = False) -> None:
        """Write a STATE, unless the last one said the same and nothing has been written since.

        Some targets forget a STATE as soon as a RECORD follows it, so the same one is needed again.

        A state of thousands of bookmarks is not written for each page: it would soon outweigh the records.

        Args:
            state: Its value.
            may_wait: Whether one of the next will do as well, should this one be large.
            anew: Whether to write it in any case.
        """
        if not state or (may_wait and self._state_outweighs_records()):
            return
        line = text_json(StateMessage(value=dict(state)).to_dict()) + _NEWLINE
        if anew or line != self._last_state or self._bytes_since_state:
            self.write_lines([line])
            self._last_state = line
            self._bytes_since_state = 0

    def _state_outweighs_records(self) -> bool:
        size = len(self._last_state or b"")
        return size > _SMALL_STATE and self._bytes_since_state < size

    def write_lines(self, lines: Iterable[bytes]) -> None:
        """Write lines, all of them or up to a line's end.

        Args:
            lines: Each with its newline.

        Raises:
            BaseException: `stop_with`; what follows the last whole line has not been written.
            OutputError: They could not be written, or nobody reads any more.
        """
        data = b"".join(lines)
        self._bytes_since_state += len(data)
        self.is_writing = True
        try:
            self._finish_line(data, self._write(data, 0, len(data)))
        finally:
            self.is_writing = False
        if self.stop_with is not None:
            stop_with, self.stop_with = self.stop_with, None
            raise stop_with

    def make_room(self) -> None:
        """Let a pipe that is full take the rest of a line and a STATE, though its reader is slow or has stopped.

        Only Linux can; elsewhere an interruption has to wait for the reader.
        """
        with suppress(OSError, AttributeError):
            fcntl.fcntl(self._descriptor, fcntl.F_SETPIPE_SZ, _LARGEST_PIPE)

    def _write(self, data: bytes, start: int, end: int) -> int:
        while start < end and self.stop_with is None:
            start += write(self._descriptor, data[start : min(start + _CHUNK, end)])
        return start

    def _finish_line(self, data: bytes, at: int) -> None:
        while at and not data.startswith(_NEWLINE, at - 1):
            at += write(self._descriptor, data[at : data.index(_NEWLINE, at) + 1])
