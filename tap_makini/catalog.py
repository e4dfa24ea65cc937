"""Check catalogs, and adapt them to the settings: people edit them, and they go out of date."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from singer_sdk.singerlib import Schema
from singer_sdk.singerlib.catalog import Metadata

from tap_makini.errors import NothingReadError
from tap_makini.identifiers import RAW_PREFIX, RECONCILED_KEYS, RECONCILIATIONS
from tap_makini.schema import CONNECTION_COLUMN, with_deletion_column

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from singer_sdk.singerlib import Catalog, CatalogEntry

    from tap_makini.streams import MakiniStream

_METHOD, _KEY = "replication-method", "table-key-properties"
_FIX = "Fix it, or discover the catalog again."

logger = logging.getLogger(__name__)


# --- the form of a catalog ---

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


def form_faults(catalog: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the form of a decoded catalog: a line for each fault, at most one for each stream."""
    streams = catalog.get("streams")
    if not isinstance(streams, list):
        return [f"Catalog: 'streams' must be an array. {_FIX}"]
    found = {place: fault for place, entry in enumerate(streams) if (fault := _form_fault(entry))}
    names = [entry["tap_stream_id"] for place, entry in enumerate(streams) if place not in found]
    lines = [f"Catalog, stream {_name_of(streams[place], place)}: {fault}" for place, fault in found.items()]
    repeated = ((name, count) for name, count in Counter(names).items() if count > 1)
    return lines + [f"Catalog, stream {name}: it has {count} entries. Keep one." for name, count in repeated]


def _form_fault(entry: Any) -> str | None:  # noqa: ANN401 - any JSON
    try:
        checked = msgspec.convert(entry, _Entry)
    except msgspec.ValidationError as error:
        what, _, path = str(error).replace("`", "'").partition(" - at '$.")
        path = path.rstrip("'")
        if path.startswith(_SOME_COLUMN):  # msgspec does not name the column
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


# --- what a catalog is read as ---


def with_choices(catalog: Mapping[str, Any]) -> dict[str, Any]:
    """Return a catalog in which the replication method and the key are those that the metadata name.

    Meltano and people edit the metadata, but the SDK reads the properties beside them, which discovery wrote. A key in
    the metadata counts where discovery found none.
    """
    return {**catalog, "streams": [_with_choices(entry) for entry in catalog.get("streams", [])]}


def _with_choices(entry: dict[str, Any]) -> dict[str, Any]:
    roots = [item["metadata"] for item in entry.get("metadata", []) if not item["breadcrumb"]]
    root = roots[0] if roots else {}
    chosen = {"replication_method": root.get(_METHOD)} if root.get(_METHOD) else {}
    if root.get(_KEY) and not entry.get("key_properties"):
        chosen["key_properties"] = root[_KEY]
    return {**entry, **chosen}


def adapt(catalog: Catalog, *, names_connections: bool, marks_deleted: bool) -> None:
    """Change a catalog in place so that it fits the settings, which may be newer.

    Args:
        catalog: The catalog.
        names_connections: Whether the connection's name belongs to each key, so that no connection overwrites the rows
            of another one. Streams without a key keep having none.
        marks_deleted: Whether records have the column `_sdc_deleted_at`.
    """
    for entry in catalog.streams:
        key = entry.key_properties or entry.metadata.root.table_key_properties
        if names_connections and key and CONNECTION_COLUMN not in key:
            _qualify(entry, [CONNECTION_COLUMN, *key])
        if marks_deleted:
            entry.schema = Schema.from_dict(with_deletion_column(entry.schema.to_dict()))


def _qualify(entry: CatalogEntry, key: list[str]) -> None:
    entry.key_properties = entry.metadata.root.table_key_properties = key
    schema = entry.schema.to_dict()
    schema.setdefault("properties", {})[CONNECTION_COLUMN] = {"type": "string"}
    entry.schema = Schema.from_dict(schema)
    entry.metadata["properties", CONNECTION_COLUMN] = Metadata(inclusion=Metadata.InclusionType.AUTOMATIC)


# --- whether a catalog fits what the API offers ---


def check_catalog(catalog: Catalog | None, streams: Mapping[str, MakiniStream]) -> None:
    """Warn of selections that have no effect.

    Args:
        catalog: The user's; None for none.
        streams: The streams that are offered, with that catalog applied.

    Raises:
        NothingReadError: Selected streams have keys that the API does not know, so that each record would be a new
            one in each run, or keys that their own columns do not hold.
    """
    for name, entry in (catalog or {}).items():
        if entry.metadata.root.selected and name not in streams:
            logger.warning("Catalog, stream %s: selected, but %s.", name, _why_unknown(name))
    reconciling = [streams[name] for name in (RECONCILED_KEYS, RECONCILIATIONS) if name in streams]
    if not all(stream.selected for stream in reconciling):
        logger.warning(
            "Setting reconcile_days: it has no effect, because the catalog does not select %s and %s. "
            "Discover the catalog again, and select both.",
            RECONCILED_KEYS,
            RECONCILIATIONS,
        )
    selected = [stream for stream in streams.values() if stream.selected]
    for stream in selected:
        if stream.is_read_by_an_older_key:
            logger.warning(
                "Catalog, stream %s: the replication key is %s, but records have %s, so changes are missed. "
                "Discover the catalog again.",
                stream.name,
                stream.replication_key,
                stream.own_replication_key,
            )
    _refuse_foreign_keys(selected)
    if found := [fault for stream in selected for fault in (*_key_faults(stream), *_replication_key_faults(stream))]:
        raise NothingReadError(*found)


def _key_faults(stream: MakiniStream) -> Iterator[str]:
    """Yield why records would lack their key: a target then fails, or takes every record for a new one."""
    columns = stream.effective_schema.get("properties", {})
    for name in stream.primary_keys:
        if name not in columns:
            yield (
                f"Catalog, stream {stream.name}: the key property '{name}' is not a column of its schema. "
                "Restore the column, or correct key_properties."
            )
        elif not stream.mask["properties", name]:
            yield (
                f"Catalog, stream {stream.name}: the key property '{name}' is not selected. "
                "Set the 'inclusion' of the column to 'automatic' in the metadata."
            )


def _replication_key_faults(stream: MakiniStream) -> Iterator[str]:
    """Yield why a stream cannot be read incrementally by the key that the catalog names."""
    name = stream.filter_key
    if name is None:
        return
    columns = {**stream.effective_schema.get("properties", {}), **stream.schema["properties"]}
    remedy = "Correct replication_key, or set the replication method to FULL_TABLE."
    if name not in columns:
        yield f"Catalog, stream {stream.name}: the replication key '{name}' is not a column of its schema. {remedy}"
    elif columns[name].get("format") != "date-time":
        yield f"Catalog, stream {stream.name}: the replication key '{name}' is not a date-time. {remedy}"


def _refuse_foreign_keys(streams: Iterable[MakiniStream]) -> None:
    foreign = [stream for stream in streams if _has_foreign_key(stream)]
    if not foreign:
        return
    first = foreign[0]
    others = f" (and {len(foreign) - 1} more)" if len(foreign) > 1 else ""
    raise NothingReadError(
        f"Catalog, stream {first.name}{others}: the catalog belongs to another API. There the key is "
        f"{_listed(first.primary_keys)}, here it is {_listed(first.own_key)}. Discover it with the settings of this "
        "run, openapi_file above all, and load into new tables."
    )


def _has_foreign_key(stream: MakiniStream) -> bool:
    """Return whether the catalog does not know the stream's own key, nor the API the catalog's."""
    own, given = set(stream.own_key), set(stream.primary_keys) - {CONNECTION_COLUMN}
    is_own_known = own <= stream.effective_schema.get("properties", {}).keys()
    return bool(own and given) and not is_own_known and not given <= stream.schema["properties"].keys()


def _listed(key: Iterable[str]) -> str:
    return ", ".join(name for name in key if name != CONNECTION_COLUMN)


def _why_unknown(stream: str) -> str:
    if stream.startswith(RAW_PREFIX):
        return "the setting raw_tables is empty"
    if stream in {RECONCILED_KEYS, RECONCILIATIONS}:
        return "the setting reconcile_days is not set"
    return "the settings products and openapi_file offer no such stream"
