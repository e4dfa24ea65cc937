"""Read arrays within records as tables: one row for each object, without requests of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tap_makini.conform import record_key
from tap_makini.pagination.paginator import Row
from tap_makini.rawjson import REFUSED, NotJSONError, compact, items, members, text_json
from tap_makini.schema import DELETION_TIMES, PARENT_KEY_COLUMN, PARENT_UPDATE_COLUMN, POSITION_COLUMN
from tap_makini.sync.partition import Partition

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tap_makini.pagination.paginator import Batch, Outcome
    from tap_makini.rawjson import JSON
    from tap_makini.streams import LinesStream, ListStream
    from tap_makini.sync.partition import Delivery

_KEY, _UPDATED, _POSITION = (
    text_json(column) + b":" for column in (PARENT_KEY_COLUMN, PARENT_UPDATE_COLUMN, POSITION_COLUMN)
)
_ODD_ITEM = "value"
"""An item that is not an object becomes one with this property, so that it is in `_makini_extra` at least."""


class Parent:
    """A record to which others belong.

    Args:
        raw: Its JSON.
        stream: Its stream.

    Attributes:
        parts: Its members.
        is_deleted: Whether it says when it was deleted.
        key: Its key as JSON text, as in the column of the key.
    """

    def __init__(self, raw: bytes, stream: ListStream) -> None:
        self.parts: Mapping[str, JSON] = members(raw)
        (name,) = stream.endpoint.key
        self.key = record_key(self.parts, name, raw)
        self.is_deleted = any(bytes(self.parts.get(name, b"null")) != b"null" for name in DELETION_TIMES)
        updated_by = stream.endpoint.replication_key
        self._columns = [_KEY + self.key]
        if updated_by is not None:
            self._columns.append(_UPDATED + bytes(self.parts.get(updated_by, b"null")))

    def with_parent(self, record: bytes, position: int | None = None) -> bytes:
        """Add the columns that name the parent to a record, and its position if that is part of its key."""
        inner = record.strip()[1:-1].strip()
        columns = self._columns if position is None else [*self._columns, b"%b%d" % (_POSITION, position)]
        return b"{%b}" % b",".join([inner, *columns] if inner else columns)


class LinesPartition(Partition):
    """Takes an array out of each record of a list."""

    takes_each_row = False
    stream: LinesStream

    def take(self, rows: Sequence[Row], batch: Batch, outcome: Outcome) -> Iterator[Delivery]:
        """Take the lines of the rows of a batch."""
        parents = (Parent(row.raw, self.stream.parent) for row in rows)
        lines = [
            Row(parent.with_parent(item, position), None)
            for parent in parents
            for position, item in objects_in(parent.parts.get(self.stream.array, b"null"))
        ]
        yield from super().take(lines, batch, outcome)


def objects_in(array: JSON) -> Iterator[tuple[int, bytes]]:
    """Return the objects of an array, each with its position, from 0.

    Args:
        array: JSON that should be an array of objects. Sources also send texts that hold one, and single objects.

    Yields:
        Each object; an item that is not an object, as the value of one.
    """
    raw = bytes(array).strip()
    if raw.startswith(b'"'):
        raw = _json_in(raw)
    if raw == b"null":
        return
    for position, item in enumerate(items(raw) if raw.startswith(b"[") else [raw]):
        record = bytes(item).strip()
        if record != b"null":
            yield position, record if record.startswith(b"{") else b"{%b:%b}" % (text_json(_ODD_ITEM), record)


def _json_in(text: bytes) -> bytes:
    """Return the JSON that a text holds; the text itself if it holds none, and null if it is empty."""
    try:
        held = compact(msgspec.json.decode(text, type=str).strip().encode() or b"null")
    except (NotJSONError, *REFUSED):
        return text
    return held if held[:1] in b"[{n" else text
