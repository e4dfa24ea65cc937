"""Whether a catalog fits what the API offers: it may be older than settings and documents, or of another API."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from tap_makini.errors import NothingReadError
from tap_makini.identifiers import RAW_PREFIX
from tap_makini.schema import CONNECTION_COLUMN
from tap_makini.streams.reconciled import KEYS, RECONCILIATIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from singer_sdk.singerlib import Catalog

    from tap_makini.streams import MakiniStream

_METHOD, _KEY = "replication-method", "table-key-properties"

logger = logging.getLogger(__name__)


def with_choices(catalog: Mapping[str, Any]) -> dict[str, Any]:
    """Have each stream read by the method, and loaded by the key, that its metadata names.

    Meltano and people write the metadata; the SDK takes what is beside them, which discovery has put there. A key
    counts where discovery has found none.

    Args:
        catalog: A decoded catalog.
    """
    return {**catalog, "streams": [_with_choices(entry) for entry in catalog.get("streams", [])]}


def _with_choices(entry: dict[str, Any]) -> dict[str, Any]:
    roots = [item["metadata"] for item in entry.get("metadata", []) if not item["breadcrumb"]]
    root = roots[0] if roots else {}
    chosen = {"replication_method": root.get(_METHOD)} if root.get(_METHOD) else {}
    if root.get(_KEY) and not entry.get("key_properties"):
        chosen["key_properties"] = root[_KEY]
    return {**entry, **chosen}


def check_catalog(catalog: Catalog | None, streams: Mapping[str, MakiniStream]) -> None:
    """Warn of what is selected in vain.

    Args:
        catalog: What the user gives; None for none.
        streams: What is offered, with that catalog applied.

    Raises:
        NothingReadError: Selected streams have keys that the API does not know, so that each record would come with a
            new one, or keys that their own columns do not hold.
    """
    for name, entry in (catalog or {}).items():
        if entry.metadata.root.selected and name not in streams:
            logger.warning("The catalog selects %s, but %s.", name, _why_unknown(name))
    reconciling = [streams[name] for name in (KEYS, RECONCILIATIONS) if name in streams]
    if not all(stream.selected for stream in reconciling):
        logger.warning(
            "The setting reconcile_days has no effect, since the catalog does not select %s and %s: "
            "discover it anew, and select both.",
            KEYS,
            RECONCILIATIONS,
        )
    for stream in streams.values():
        if stream.selected and stream.is_read_by_an_older_key:
            logger.warning(
                "The catalog has %s read by %s, though records have %s: changes are not seen; discover anew.",
                stream.name,
                stream.replication_key,
                stream.own_replication_key,
            )
    selected = [stream for stream in streams.values() if stream.selected]
    _refuse_foreign_keys(selected)
    if found := [fault for stream in selected for fault in (*_key_faults(stream), *_replication_key_faults(stream))]:
        raise NothingReadError(*found)


def _key_faults(stream: MakiniStream) -> Iterator[str]:
    """Say why records would come without their key: a target then fails, or takes every record for a new one."""
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
    """Say why a stream cannot be read incrementally by the key that the catalog names."""
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
        f"The catalog is of another API than the one to be read: there, the key of {first.name}{others} is "
        f"{_spoken(first.primary_keys)}, here it is {_spoken(first.own_key)}. Discover it with the settings of this "
        "run, above all openapi_file, and load into new tables."
    )


def _has_foreign_key(stream: MakiniStream) -> bool:
    """Whether the catalog knows nothing of the stream's own key, and the API nothing of the catalog's."""
    own, given = set(stream.own_key), set(stream.primary_keys) - {CONNECTION_COLUMN}
    is_own_known = own <= stream.effective_schema.get("properties", {}).keys()
    return bool(own and given) and not is_own_known and not given <= stream.schema["properties"].keys()


def _spoken(key: Iterable[str]) -> str:
    return ", ".join(name for name in key if name != CONNECTION_COLUMN)


def _why_unknown(stream: str) -> str:
    if stream.startswith(RAW_PREFIX):
        return "the setting raw_tables is empty"
    if stream in {KEYS, RECONCILIATIONS}:
        return "the setting reconcile_days is not set"
    return "the settings products and openapi_file offer no such stream"
