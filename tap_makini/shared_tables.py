"""Catalogs for tables that several connections share, whether or not they were discovered so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from singer_sdk.singerlib import Schema
from singer_sdk.singerlib.catalog import Metadata

from tap_makini.schema import CONNECTION_COLUMN

if TYPE_CHECKING:
    from singer_sdk.singerlib import Catalog, CatalogEntry


def qualify_keys(catalog: Catalog) -> None:
    """Have the connection's name belong to each key: what one customer has must not replace what another one has.

    Args:
        catalog: Changed in place; streams without a key keep having none.
    """
    for entry in catalog.streams:
        key = entry.key_properties or entry.metadata.root.table_key_properties
        if key and CONNECTION_COLUMN not in key:
            _qualify(entry, [CONNECTION_COLUMN, *key])


def _qualify(entry: CatalogEntry, key: list[str]) -> None:
    entry.key_properties = entry.metadata.root.table_key_properties = key
    schema = entry.schema.to_dict()
    schema.setdefault("properties", {})[CONNECTION_COLUMN] = {"type": "string"}
    entry.schema = Schema.from_dict(schema)
    entry.metadata["properties", CONNECTION_COLUMN] = Metadata(inclusion=Metadata.InclusionType.AUTOMATIC)
