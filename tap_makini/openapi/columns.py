"""From the shape of an item to the schema of its columns, of `type`, `format`, `properties` and `items` only."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tap_makini.identifiers import LONGEST_NAME
from tap_makini.openapi.keys import STANDARD_NAMES
from tap_makini.openapi.shape import Kind, Shape

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

_Schema = dict[str, Any]

_OWN_PREFIXES = ("_sdc_", "_makini_")
_INSTANT_NAME = re.compile(r".+(At|_at|Date)|date", re.DOTALL)
_TYPES = {Kind.NUMBER: "number", Kind.BOOLEAN: "boolean"}


def item_schema(shape: Shape) -> _Schema:
    """Give the schema of an item.

    Args:
        shape: The shape of an object.

    Returns:
        A nullable object schema. All in it is nullable too: that a document declares otherwise is its generator's
        default and no promise.
    """
    return {"type": ["object", "null"], "properties": _columns(shape.properties)}


def size(schema: _Schema) -> int:
    """Count the properties in a schema, nested ones included."""
    properties = schema.get("properties") or schema.get("items", {}).get("properties", {})
    return sum(1 + size(column) for column in properties.values())


def first_columns(schema: _Schema, most: int, indispensable: Collection[str]) -> _Schema:
    """Leave out what is behind the first columns of an item, nested ones counted; it lands in `_makini_extra`."""
    columns: _Schema = schema["properties"]
    count = sum(1 + size(columns[name]) for name in indispensable)
    kept = set(indispensable)
    for name in columns:
        count += 0 if name in indispensable else 1 + size(columns[name])
        if count > most:
            break
        kept.add(name)
    return {**schema, "properties": {name: column for name, column in columns.items() if name in kept}}


def _columns(properties: Mapping[str, Shape]) -> _Schema:
    return {name: _column(shape, name) for name, shape in _usable(properties)}


def _usable(properties: Mapping[str, Shape]) -> Iterator[tuple[str, Shape]]:
    """Leave out what no table can hold; its values land in `_makini_extra`.

    Of names that differ in case alone, one stays: a standard one or else the first.
    """
    standard = {name.lower(): name for name in STANDARD_NAMES if name in properties}
    taken = set[str]()
    for name, shape in properties.items():
        if _is_usable(name) and name.lower() not in taken and standard.get(name.lower(), name) == name:
            taken.add(name.lower())
            yield name, shape


def _is_usable(name: str) -> bool:
    is_free = not name.lower().startswith(_OWN_PREFIXES)
    return is_free and name.isprintable() and 0 < len(name.encode()) <= LONGEST_NAME


def _column(shape: Shape, name: str = "") -> _Schema:
    if _is_instant(shape, name):
        return {"type": ["string", "null"], "format": "date-time"}
    if shape.kind is Kind.OBJECT and (columns := _columns(shape.properties)):
        return {"type": ["object", "null"], "properties": columns}
    if shape.kind is Kind.ARRAY and shape.items and _is_typed(item := _column(shape.items), shape.items):
        return {"type": ["array", "null"], "items": item}
    return {"type": [_TYPES.get(shape.kind, "string"), "null"]}


def _is_instant(shape: Shape, name: str) -> bool:
    """Tell instants by format or, as v3's export declares them text or bare objects, by name."""
    is_silent = shape.kind in {Kind.STRING, Kind.ANY} or (shape.kind is Kind.OBJECT and not shape.properties)
    return shape.kind is Kind.INSTANT or (is_silent and _INSTANT_NAME.fullmatch(name) is not None)


def _is_typed(item: _Schema, shape: Shape) -> bool:
    """Say whether the items of an array are more than JSON text."""
    return item["type"][0] != "string" or shape.kind in {Kind.STRING, Kind.INSTANT}
