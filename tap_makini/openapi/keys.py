"""What identifies the records of a list, and by what they are read incrementally.

v4 records carry `id`, `_createdAt`, `_updatedAt` and other standard fields with an underscore (v4 guide), v3 records
`key`, `createdAt` and `updatedAt` (v3 spec).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

UPDATE_TIMES = ("_updatedAt", "updatedAt")

_V4_MARKS = ("_idValue", "_updatedAt", "_displayValue")
_V4_KEYS, _V3_KEYS = ("id", "key", "name"), ("key", "id", "name")
_V4_TIMES, _V3_TIMES = ("_updatedAt", "_createdAt"), ("updatedAt", "createdAt")
_TEXT = {"type": ["string", "null"]}


def is_v4(properties: Container[str]) -> bool:
    """Say whether an item of these properties is of the v4 kind."""
    return any(mark in properties for mark in _V4_MARKS)


def key_of(properties: Container[str]) -> tuple[str, ...]:
    """Give the primary key, an empty one where none is recognised."""
    names = _V4_KEYS if is_v4(properties) else _V3_KEYS
    return next(((name,) for name in names if name in properties), ())


def replication_key_of(properties: Mapping[str, dict[str, Any]]) -> str | None:
    """Give the property to read incrementally by: an instant of update, else of creation, else None."""
    names = _V4_TIMES if is_v4(properties) else _V3_TIMES
    return next((name for name in names if properties.get(name, {}).get("format") == "date-time"), None)


def with_text_key(schema: dict[str, Any]) -> dict[str, Any]:
    """Make the key text, whatever the document declares: a key is only ever compared."""
    properties = schema["properties"]
    return {**schema, "properties": properties | dict.fromkeys(key_of(properties), _TEXT)}
