"""Write Singer messages as whole lines, and a STATE only for what has been written.

The writer uses the file descriptor itself. A write that a signal interrupts then returns how far it got, so that the
line can be completed. A buffered stream does not tell, and the next line would start within the incomplete one. Where a
program that embeds the tap has replaced `sys.stdout`, messages go there.
"""

from __future__ import annotations

import fcntl
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from singer_sdk.singerlib.encoding.base import GenericSingerWriter
from singer_sdk.singerlib.json import serialize_json
from singer_sdk.singerlib.messages import Message, StateMessage

from tap_makini.rawjson import text_json
from tap_makini.standard_output import DESCRIPTOR, replacement, write, write_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_CHUNK = 1 << 13  # what a slow reader has to take before a signal takes effect
_LARGEST_PIPE = 1 << 20  # that Linux grants to anybody
_SMALL_STATE = 1 << 13
_NEWLINE = b"\n"


class LineWriter(GenericSingerWriter[bytes, Message]):
    """Writes Singer messages.

    Args:
        descriptor: The file descriptor to write to; by default that of standard output, or what has replaced it.

    Attributes:
        is_writing: Whether a line is being written, so that an interruption has to wait for its end.
        stop_with: Set by a signal handler, to be raised at the end of the line that is being written.
    """

    def __init__(self, descriptor: int | None = None) -> None:
        self._may_be_replaced = descriptor is None
        self._descriptor = DESCRIPTOR if descriptor is None else descriptor
        self._last_state: bytes | None = None
        self._bytes_since_state = 0
        self.is_writing = False
        self.stop_with: BaseException | None = None

    def serialize_message(self, message: Message) -> bytes:
        """Return a message as one line of JSON."""
        return serialize_json(message.to_dict()).encode() + _NEWLINE

    def write_message(self, message: Message) -> None:
        """Write one message."""
        self.write_lines([self.format_message(message)])

    def write_state(self, state: Mapping[str, Any], *, may_wait: bool = False, anew: bool = False) -> None:
        """Write a STATE, unless the last one was the same and nothing has been written since.

        Some targets forget a STATE when a RECORD follows it, so the same one is needed again. A state of thousands of
        bookmarks is not written for each page, since it would soon outweigh the records.

        Args:
            state: Its value.
            may_wait: Whether a later one will do as well if this one is large.
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
        """Write lines, all of them or up to the end of one.

        Args:
            lines: Each with its newline.

        Raises:
            BaseException: `stop_with`; nothing after the last whole line has been written.
            OutputError: They could not be written, or nobody reads any more.
        """
        data = b"".join(lines)
        self._bytes_since_state += len(data)
        self.is_writing = True
        try:
            stream = replacement() if self._may_be_replaced else None
            if stream is None:
                self._finish_line(data, self._write(data, 0, len(data)))
            elif self.stop_with is None:
                write_text(stream, data)
        finally:
            self.is_writing = False
        if self.stop_with is not None:
            stop_with, self.stop_with = self.stop_with, None
            raise stop_with

    def make_room(self) -> None:
        """Enlarge a full pipe for the rest of a line and a STATE, though its reader is slow or has stopped.

        Only Linux can do that. Elsewhere an interruption has to wait for the reader.
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
