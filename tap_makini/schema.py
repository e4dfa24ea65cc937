"""Build the JSON schema of a stream from one file for each item type.

A file in `schemas/` describes an item type of the v3 spec by its data, since the types in the spec come from a code
generator. Files share nested types by `{"$ref": "Address.json"}` and use two markers, which never leave the tap:

- `x-vendor-type`: the type that the v3 spec declares, on each property that is corrected. `[Task]` stands for a list of
  tasks, `->Address` for one address.
- `x-json-text`: a string column for values of no fixed type. What is not text there becomes JSON text.

Everything in the files is nullable. The spec declares all of it non-null, but that is the default of its generator, not
a promise. Only the key of a stream is made non-null, here.

Dates of all names (`orderDate`, `dueDate`, `date`) are `date-time`. Every timestamp in the v3 samples has a time of
day, which a `date` column could not hold, while a plain date is a timestamp too (midnight UTC). So no column has to
reject a value.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

CONNECTION_COLUMN = "_makini_connection"
EXTRA_COLUMN = "_makini_extra"
DELETION_COLUMN = "_sdc_deleted_at"
"""The name by which SDK targets know rows to delete."""
ADDED_COLUMNS = (CONNECTION_COLUMN, EXTRA_COLUMN, DELETION_COLUMN)
"""What the tap adds to a stream's own columns."""
UPDATE_TIMES = ("updatedAt", "_updatedAt")
CREATION_TIMES = ("createdAt", "_createdAt")
DELETION_TIMES = ("deletedAt", "_deletedAt")
"""What v3 and v4 records call the time at which they were deleted."""
PARENT_KEY_COLUMN = "_makini_parent_key"
PARENT_UPDATE_COLUMN = "_makini_parent_updated_at"
POSITION_COLUMN = "_makini_position"

SCHEMA_FOLDER = Path(__file__).with_name("schemas")

_Schema = dict[str, Any]
TEXT: _Schema = {"type": ["string", "null"]}
DATE_TIME: _Schema = {"type": ["string", "null"], "format": "date-time"}

_SCALAR_KEYWORDS = ("type", "format")


def load_item_schema(item: str, folder: Path = SCHEMA_FOLDER) -> _Schema:
    """Return the schema of an item, with references resolved and without markers.

    Args:
        item: Item type (`WorkOrder`), which is the stem of its file.
        folder: Where the files are.

    Returns:
        A nullable object schema of `type`, `format`, `properties` and `items` only.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: Files refer to each other in a circle.
    """
    return _referenced(folder / f"{item}.json", ())


def _referenced(path: Path, trail: tuple[Path, ...]) -> _Schema:
    if path in trail:
        circle = " -> ".join(each.name for each in (*trail, path))
        msg = f"schema files refer to each other in a circle: {circle}"
        raise ValueError(msg)
    return _resolved(_read(path), (*trail, path))


@cache
def _read(path: Path) -> _Schema:
    schema: _Schema = json.loads(path.read_bytes())
    return schema


def _resolved(node: Mapping[str, Any], trail: tuple[Path, ...]) -> _Schema:
    if "$ref" in node:
        return _referenced(trail[-1].with_name(node["$ref"]), trail)
    schema = {keyword: node[keyword] for keyword in _SCALAR_KEYWORDS if keyword in node}
    if "properties" in node:
        schema["properties"] = {name: _resolved(child, trail) for name, child in node["properties"].items()}
    if "items" in node:
        schema["items"] = _resolved(node["items"], trail)
    return schema


def stream_schema(schema: _Schema, key_properties: Sequence[str] = ()) -> _Schema:
    """Return the schema of a stream, a new one at each call.

    Args:
        schema: The schema of an item. It is not changed, since other streams have the same item.
        key_properties: The stream's primary key, possibly with the tap's own columns in it.

    Returns:
        A non-null object schema, ending with the columns `_makini_connection` (text) and `_makini_extra` (JSON text).
        Everything but the key is nullable.

    Raises:
        KeyError: The item has no property of a key's name.
    """
    # takes a tenth of the time of deepcopy, for each stream of discovery
    columns = {**schema["properties"], CONNECTION_COLUMN: TEXT, EXTRA_COLUMN: TEXT}
    properties = msgspec.json.decode(msgspec.json.encode(columns))
    for name in key_properties:
        properties[name]["type"] = _non_null(properties[name]["type"])
    return {"type": "object", "properties": properties}


def deletion_time(properties: Collection[str]) -> str | None:
    """Return the property that says when a record was deleted, if there is one."""
    return next((name for name in DELETION_TIMES if name in properties), None)


def with_deletion_column(schema: _Schema) -> _Schema:
    """Add `_sdc_deleted_at` to a stream's schema, if its records say when they were deleted."""
    properties = schema["properties"]
    if deletion_time(properties) is None:
        return schema
    return {**schema, "properties": {**properties, DELETION_COLUMN: DATE_TIME}}


def _non_null(types: str | Sequence[str]) -> str | list[str]:
    if isinstance(types, str):
        return types
    rest = [name for name in types if name != "null"]
    return rest[0] if len(rest) == 1 else rest


def of_parent(schema: _Schema, *, has_position: bool, is_dated: bool) -> _Schema:
    """Return the schema of an item with the columns that describe its parent.

    Args:
        schema: The item's.
        has_position: Whether items are distinguished by their place in the parent's list.
        is_dated: Whether the parent has the time of its last update.

    Returns:
        A new schema, which starts with the parent's key and ends with the time of the parent's update.
    """
    properties: _Schema = {PARENT_KEY_COLUMN: TEXT}
    if has_position:
        properties[POSITION_COLUMN] = {"type": ["integer", "null"]}
    properties |= schema["properties"]
    if is_dated:
        properties[PARENT_UPDATE_COLUMN] = DATE_TIME
    return {**schema, "properties": properties}
