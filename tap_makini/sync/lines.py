"""The output of arrays within records: one row for each object in them, at no request more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tap_makini.conform import record_key
from tap_makini.rawjson import REFUSED, NotJSONError, compact, items, members, text_json
from tap_makini.schema import DELETION_TIMES, PARENT_KEY_COLUMN, PARENT_UPDATE_COLUMN, POSITION_COLUMN
from tap_makini.sync.partition import Delivery, Partition

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from tap_makini.connections.connection import Connection
    from tap_makini.pagination.rows import Row
    from tap_makini.rawjson import JSON
    from tap_makini.streams import LinesStream, ListStream

_KEY, _UPDATED, _POSITION = (
    text_json(column) + b":" for column in (PARENT_KEY_COLUMN, PARENT_UPDATE_COLUMN, POSITION_COLUMN)
)
_ODD_ITEM = "value"
"""What is no object becomes one with this property, so that it is in `_makini_extra` at least."""


class Parent:
    """A record to which others belong.

    Args:
        raw: Its JSON.
        stream: Its stream.

    Attributes:
        parts: Its members.
        is_deleted: Whether it says when it was deleted.
        key: Its key as JSON text, as the key's column holds it.
    """

    def __init__(self, raw: bytes, stream: ListStream) -> None:
        self.parts: Mapping[str, JSON] = members(raw)
        (name,) = stream.endpoint.key
        self.key = record_key(self.parts, name, raw)
        self.is_deleted = any(bytes(self.parts.get(name, b"null")) != b"null" for name in DELETION_TIMES)
        updated_by = stream.endpoint.replication_key
        self._marks = [_KEY + self.key]
        if updated_by is not None:
            self._marks.append(_UPDATED + bytes(self.parts.get(updated_by, b"null")))

    def marked(self, record: bytes, position: int | None = None) -> bytes:
        """Add to a record what tells whose it is, and where it stands if that tells it from others."""
        inner = record.strip()[1:-1].strip()
        marks = self._marks if position is None else [*self._marks, b"%b%d" % (_POSITION, position)]
        return b"{%b}" % b",".join([inner, *marks] if inner else marks)


class LinesPartition(Partition):
    """Takes an array out of each record.

    Args:
        stream: Whose lines.
        connection: Where the records come from.
        version: Of the table.
    """

    takes_each_row = False

    def __init__(self, stream: LinesStream, connection: Connection, version: int | None) -> None:
        super().__init__(stream, connection, version)
        self._array = stream.array
        self._parent = stream.parent

    def _deliveries(self, rows: list[Row], extracted: datetime) -> Iterator[Delivery]:
        lines = self._record_lines.of(self._records(rows), extracted)
        yield Delivery(self, lines, len(lines))

    def _records(self, rows: Iterable[Row]) -> Iterator[bytes]:
        for row in rows:
            parent = Parent(row.raw, self._parent)
            for position, item in objects_in(parent.parts.get(self._array, b"null")):
                yield parent.marked(item, position)


def objects_in(array: JSON) -> Iterator[tuple[int, bytes]]:
    """Give the objects of an array, each with its place in it, from 0.

    Args:
        array: JSON that should be an array of objects. Sources send texts that hold one, and single objects, too.

    Yields:
        Each object; what is none, as the value of one.
    """
    raw = bytes(array).strip()
    if raw.startswith(b'"'):
        raw = _held(raw)
    if raw == b"null":
        return
    for position, item in enumerate(items(raw) if raw.startswith(b"[") else [raw]):
        record = bytes(item).strip()
        if record != b"null":
            yield position, record if record.startswith(b"{") else b"{%b:%b}" % (text_json(_ODD_ITEM), record)


def _held(text: bytes) -> bytes:
    """Give the JSON that a text holds, or the text itself where it holds none; an empty one holds nothing."""
    try:
        held = compact(msgspec.json.decode(text, type=str).strip().encode() or b"null")
    except (NotJSONError, *REFUSED):
        return text
    return held if held[:1] in b"[{n" else text
