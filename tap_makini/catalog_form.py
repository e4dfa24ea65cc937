"""The form of a Singer catalog. People and programs edit catalogs, so every fault is named before anything is read."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

_FIX = "Fix it, or discover the catalog again."
_Type = Literal["string", "number", "integer", "boolean", "object", "array", "null"]
_Method = Literal["FULL_TABLE", "INCREMENTAL"]
_SOME_COLUMN = "schema.properties[...]"
_Name = Annotated[str, msgspec.Meta(min_length=1)]


class _Metadata(msgspec.Struct, rename=lambda name: name.replace("_", "-")):
    selected: bool | None = None
    selected_by_default: bool | None = None
    inclusion: Literal["available", "automatic", "unsupported"] | None = None
    replication_key: str | None = None
    replication_method: _Method | None = None
    forced_replication_method: _Method | None = None
    table_key_properties: list[str] | None = None


class _Item(msgspec.Struct):
    breadcrumb: list[str]
    metadata: _Metadata


class _Column(msgspec.Struct, frozen=True, rename={"any_of": "anyOf", "one_of": "oneOf", "all_of": "allOf"}):
    type: _Type | list[_Type] | None = None
    properties: dict[str, _Column] | None = None
    items: _Column | None = None
    any_of: list[_Column] | None = None
    one_of: list[_Column] | None = None
    all_of: list[_Column] | None = None


class _Entry(msgspec.Struct):
    tap_stream_id: _Name
    stream: str | None = None
    key_properties: list[str] | None = None
    replication_key: str | None = None
    replication_method: _Method | None = None
    schema: _Column = _Column()
    metadata: list[_Item] = []


def faults(catalog: Mapping[str, Any]) -> list[str]:
    """List what is wrong with the form of a catalog, one line for each fault, at most one for each stream.

    Args:
        catalog: A decoded catalog.
    """
    streams = catalog.get("streams")
    if not isinstance(streams, list):
        return [f"Catalog: 'streams' must be an array. {_FIX}"]
    found = {place: fault for place, entry in enumerate(streams) if (fault := _fault_of(entry))}
    names = [entry["tap_stream_id"] for place, entry in enumerate(streams) if place not in found]
    lines = [f"Catalog, stream {_name_of(streams[place], place)}: {fault}" for place, fault in found.items()]
    repeated = ((name, count) for name, count in Counter(names).items() if count > 1)
    return lines + [f"Catalog, stream {name}: it has {count} entries. Keep one." for name, count in repeated]


def _fault_of(entry: Any) -> str | None:  # noqa: ANN401 - any JSON
    try:
        checked = msgspec.convert(entry, _Entry)
    except msgspec.ValidationError as error:
        what, _, path = str(error).replace("`", "'").partition(" - at '$.")
        path = path.rstrip("'")
        if path.startswith(_SOME_COLUMN):  # which one, msgspec does not say
            path = path.replace("[...]", f".{_first_bad_column(entry['schema']['properties'])}", 1)
        return f"{path}: {what}. {_FIX}" if path else f"{what}. {_FIX}"
    if checked.stream not in {None, "", checked.tap_stream_id}:
        return (
            f"'stream' is {checked.stream!r}, but must be the same as 'tap_stream_id'. To load into a table of another "
            "name, use '__alias__' in the setting stream_maps."
        )
    return None


def _first_bad_column(properties: Mapping[str, Any]) -> str:
    return next(name for name, column in properties.items() if not _is_column(column))


def _is_column(column: object) -> bool:
    try:
        msgspec.convert(column, _Column)
    except msgspec.ValidationError:
        return False
    return True


def _name_of(entry: object, place: int) -> object:
    name = entry.get("tap_stream_id") if isinstance(entry, dict) else None
    return name or f"number {place + 1}"
