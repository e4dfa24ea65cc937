"""Derive a stream's columns, primary key and replication key from the shape of an item.

v4 records carry `id`, `_createdAt`, `_updatedAt` and other standard fields with an underscore (v4 guide), v3 records
`key`, `createdAt` and `updatedAt` (v3 spec).
"""

from __future__ import annotations

import re
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from tap_makini.identifiers import column_names
from tap_makini.openapi.schemas import Kind, Shape
from tap_makini.schema import CREATION_TIMES, DATE_TIME, DELETION_TIMES, TEXT, UPDATE_TIMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_Schema = dict[str, Any]

_MOST_LEVELS = 6
_MOST_COLUMNS = 1_500
"""Properties of a schema, nested ones included; a PostgreSQL table takes 1,600 columns."""
_V4_MARKS = ("_idValue", "_displayValue", "_createdAt", "_updatedAt", "_deletedAt", "_implements")
_KEYS = ("id", "key")
STANDARD_NAMES = frozenset({*_KEYS, *UPDATE_TIMES, *CREATION_TIMES, *DELETION_TIMES})
_OF_UPDATES = re.compile("updat|modif|changed", re.IGNORECASE)
_DATE_TIME_NAME = re.compile(r".+(At|_at|Date)|date", re.DOTALL)
_TYPES: Mapping[Kind, _Schema] = {
    Kind.NUMBER: {"type": ["number", "null"]},
    Kind.BOOLEAN: {"type": ["boolean", "null"]},
}
_TYPES_OF_ITEMS = (Kind.STRING, Kind.DATE_TIME, Kind.NUMBER, Kind.BOOLEAN)


def is_v4(properties: Iterable[str]) -> bool:
    """Return whether an item with these properties is a v4 record."""
    return not set(properties).isdisjoint(_V4_MARKS)


def item_schema(item: Shape) -> _Schema:
    """Return the schema of an item.

    Objects are read level by level, until the table is full or six levels are read: what is deeper, or wider than the
    columns that are left, is JSON text. Of an item that is wider than a table, the first columns stay, with key and
    times; the rest is loaded in `_makini_extra`.

    Args:
        item: The shape of an object.

    Returns:
        A nullable object schema of `type`, `format`, `properties` and `items` only. Everything in it is nullable too:
        that a document declares otherwise is its generator's default, not a promise.
    """
    names = _first_names(item)
    left = _MOST_COLUMNS - len(names)
    properties, nested = _columns(item, names, 1)
    waiting = deque(nested)
    while waiting:
        objects = waiting.popleft()
        names = column_names(objects.shape.properties, STANDARD_NAMES)
        if objects.level <= _MOST_LEVELS and 0 < len(names) <= left:
            left -= len(names)
            columns, nested = _columns(objects.shape, names, objects.level)
            objects.fill(columns)
            waiting += nested
    return {"type": ["object", "null"], "properties": properties}


def with_text_key(schema: _Schema, key: Iterable[str]) -> _Schema:
    """Make the key text, whatever the document declares: a key is only ever compared."""
    return {**schema, "properties": schema["properties"] | dict.fromkeys(key, TEXT)}


def key_of(properties: Iterable[str]) -> tuple[str, ...]:
    """Return the primary key; an empty one if there is none that Makini's documents name."""
    names = set(properties)
    return next(((name,) for name in _KEYS if name in names), ())


def replication_key_of(properties: Mapping[str, _Schema]) -> str | None:
    """Return the property to read incrementally by: the time of update or, if records have none, of creation.

    Returns:
        None if there is neither, if it is not a date-time, or if the time of update has another name: by the time of
        creation no update would be seen.
    """
    place = 1 if is_v4(properties) else 0
    updated, created = UPDATE_TIMES[place], CREATION_TIMES[place]
    name = updated if updated in properties or any(map(_OF_UPDATES.search, properties)) else created
    return name if properties.get(name, {}).get("format") == "date-time" else None


def _first_names(item: Shape) -> list[str]:
    usable = column_names(item.properties, STANDARD_NAMES)
    standard = {name for name in usable if name in STANDARD_NAMES}
    others = (name for name in usable if name not in standard)
    kept = standard.union(islice(others, _MOST_COLUMNS - len(standard)))
    return [name for name in usable if name in kept]


class _Objects(NamedTuple):
    """A column of objects whose own columns are not read yet."""

    columns: _Schema
    name: str
    shape: Shape
    level: int
    are_in_array: bool

    def fill(self, properties: _Schema) -> None:
        """Replace the column, which is JSON text so far, by one of objects with these properties."""
        record = {"type": ["object", "null"], "properties": properties}
        self.columns[self.name] = {"type": ["array", "null"], "items": record} if self.are_in_array else record


def _columns(shape: Shape, names: Iterable[str], level: int) -> tuple[_Schema, list[_Objects]]:
    """Return the columns of an object on this level, and which of them hold objects themselves."""
    columns, nested = _Schema(), list[_Objects]()
    for name in names:
        part = shape.properties[name]()
        columns[name] = _scalar(part, name)
        item = part.items() if part.items else None
        if item and item.kind in _TYPES_OF_ITEMS:
            columns[name] = {"type": ["array", "null"], "items": _scalar(item)}
        else:
            nested.append(_Objects(columns, name, item or part, level + 1, are_in_array=item is not None))
    return columns, nested


def _scalar(shape: Shape, name: str = "") -> _Schema:
    if _is_date_time(shape, name):
        return DATE_TIME
    return _TYPES.get(shape.kind, TEXT)


def _is_date_time(shape: Shape, name: str) -> bool:
    """Return whether it is a date-time by format or, as v3's export declares them text or bare objects, by name."""
    says_little = shape.kind in {Kind.STRING, Kind.ANY} or (shape.kind is Kind.OBJECT and not shape.properties)
    return shape.kind is Kind.DATE_TIME or (says_little and _DATE_TIME_NAME.fullmatch(name) is not None)
