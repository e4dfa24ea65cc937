"""What identifies the records of a list, and by what they are read incrementally.

v4 records carry `id`, `_createdAt`, `_updatedAt` and other standard fields with an underscore (v4 guide), v3 records
`key`, `createdAt` and `updatedAt` (v3 spec).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tap_makini.entities import ENTITIES
from tap_makini.openapi.names import without_dashes
from tap_makini.schema import CREATION_TIMES, DELETION_TIMES, UPDATE_TIMES

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Iterable, Mapping

_V4_MARKS = ("_idValue", "_displayValue", "_createdAt", "_updatedAt", "_deletedAt", "_implements")
_KEYS, _V3_KEYS = ("id", "key"), ("key", "id")
_V3_TIMES, _V4_TIMES = zip(UPDATE_TIMES, CREATION_TIMES, strict=True)
STANDARD_NAMES = frozenset({*_V3_KEYS, *_V3_TIMES, *_V4_TIMES, *DELETION_TIMES})
_BUILT_IN_KEYS = {entity.stream: entity.key for entity in ENTITIES}
_BUILT_IN_CHILDREN = {f"{entity.stream}__{child}" for entity in ENTITIES for child in entity.children}
_UPDATE_TIME = re.compile(r"(last)?(updated?|modified|modification|changed?)((at|on)?(date|time|timestamp)?|dateutc)")
_TEXT = {"type": ["string", "null"]}


def is_v4(properties: Container[str]) -> bool:
    """Say whether an item of these properties is of the v4 kind."""
    return any(mark in properties for mark in _V4_MARKS)


def is_built_in(stream: str) -> bool:
    """Say whether the v3 spec has a list of this name."""
    return stream in _BUILT_IN_KEYS


def key_of(properties: Collection[str], v3_stream: str) -> tuple[str, ...]:
    """Give the primary key, an empty one where none is recognised.

    Args:
        properties: Of an item.
        v3_stream: What the v3 spec's stream would be called; empty for lists of other APIs. Where records have both,
            `key` is the key of the lists of the v3 spec, and `id` that of all others.
    """
    is_of_spec = v3_stream in _BUILT_IN_KEYS or v3_stream in _BUILT_IN_CHILDREN
    names = _V3_KEYS if is_of_spec and not is_v4(properties) else _KEYS
    found = next(((name,) for name in names if name in properties), ())
    built_in = _BUILT_IN_KEYS.get(v3_stream, ())
    return found or (built_in if set(built_in) <= set(properties) else ())


def replication_key_of(properties: Mapping[str, dict[str, Any]]) -> str | None:
    """Give the property to read incrementally by: the time of update or, where records have none, of creation.

    Returns:
        None where there is neither, or where it is no instant, or called otherwise: by the time of creation no update
        would be seen.
    """
    updated, created = _V4_TIMES if is_v4(properties) else _V3_TIMES
    name = updated if updated in properties or any(map(_is_update_time, properties)) else created
    return name if properties.get(name, {}).get("format") == "date-time" else None


def _is_update_time(name: str) -> bool:
    return _UPDATE_TIME.fullmatch(without_dashes(name)) is not None


def standard_names(properties: Iterable[str]) -> list[str]:
    """Give those properties that say which record it is and when it changed."""
    return [name for name in properties if name in STANDARD_NAMES]


def with_text_key(schema: dict[str, Any], v3_stream: str) -> dict[str, Any]:
    """Make the key text, whatever the document declares: a key is only ever compared."""
    properties = schema["properties"]
    return {**schema, "properties": properties | dict.fromkeys(key_of(properties, v3_stream), _TEXT)}
