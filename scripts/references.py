"""Find out which column refers to which stream.

The v3 spec names references (`assetKey`, `assetKeys`) but does not say what they refer to. Most names say it. Where a
conclusion needs more than the name, it is in `CONCLUDED`; where none is possible, the column is in `NOT_KNOWN`. Both
give the reason.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from tap_makini.entities import CONNECTION, ENTITIES
from tap_makini.schema import load_item_schema

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

CONCLUDED = {
    "poKey": ("purchase_orders", "PO is short for purchase order"),
    "poLineItemKey": ("purchase_orders_line_items", "PO is short for purchase order"),
    "assetDowntimeKey": ("assets_downtime", "the stream's name is spelled differently"),
    "assemblyKey": ("materials", "`materials.isAssembly` marks assemblies"),
    "rateBaseKey": ("uom", "`uom.rate` can only count in another unit"),
    "documents[].key": ("documents", "the v3 spec has one item type for both"),
    "inventory.key": ("inventories", "the v3 spec has one item type for both"),
    "purchase_orders.lineItems[].key": ("purchase_orders_line_items", "nothing else relates such a line to its order"),
    "purchase_orders_line_items.statusKey": ("statuses_purchase_orders", "lines have the statuses of their order"),
}
"""Streams that columns refer to, with the reason, by the end of the column's place (`stream.list[].name`)."""

NOT_KNOWN = {
    "entityKeys": "the records that a document belongs to, which may be of several streams",
    "requesterKey": "perhaps a user, but there is `userRequestedKey` as well",
    "tasks[].parentKey": "another task of the list, or the record that has the list",
    "pm.statusKey": "the API has no list of statuses for it",
    "receipts.lineItems[].statusKey": "the API has no list of statuses for them",
}
"""Why it is not known what columns refer to, by the end of the column's place."""


class Table(NamedTuple):
    """A stream.

    Attributes:
        stream: Its name.
        key: Its primary key, without the connection.
        schema: JSON schema of its records, without the tap's own columns.
    """

    stream: str
    key: Sequence[str]
    schema: Mapping[str, Any]


class Column(NamedTuple):
    """A property, at any depth.

    Attributes:
        path: Where it is in a record, for example `lineItems[].materialKey`.
        schema: Its JSON schema.
    """

    path: str
    schema: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Its own name."""
        return self.path.rpartition(".")[2]


class Reference(NamedTuple):
    """A column that holds keys of a stream."""

    stream: str
    path: str
    target: str


def tables() -> list[Table]:
    """Return the built-in streams in alphabetical order."""
    entities = sorted((*ENTITIES, CONNECTION), key=lambda entity: entity.stream)
    return [Table(entity.stream, entity.key, load_item_schema(entity.item)) for entity in entities]


def columns(schema: Mapping[str, Any], prefix: str = "") -> Iterator[Column]:
    """Yield the properties of an object schema, each followed by those within it."""
    for name, declared in schema["properties"].items():
        yield Column(prefix + name, declared)
        yield from _within(declared, prefix + name)


def _within(schema: Mapping[str, Any], path: str) -> Iterator[Column]:
    if "properties" in schema:
        yield from columns(schema, f"{path}.")
    if "items" in schema:
        yield from _within(schema["items"], f"{path}[]")


_WORDS = {"string": "text", "boolean": "flag", "integer": "whole number"}


def in_words(schema: Mapping[str, Any]) -> str:
    """Name the type of a column."""
    types = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    (kind,) = set(types) - {"null"}
    if kind == "array":
        return f"list of {in_words(schema['items'])}s"
    return str(schema.get("format") or _WORDS.get(kind, kind))


def is_reference(name: str) -> bool:
    """Return whether a property's name says that it holds keys of other records."""
    return name.endswith(("Key", "Keys"))


def target(stream: str, path: str, streams: Collection[str]) -> str | None:
    """Return which stream a column refers to.

    Args:
        stream: The stream that has the column.
        path: Where the column is in a record.
        streams: Names of all streams.

    Returns:
        The stream's name, None if the column refers to none or it is not known to which.
    """
    place = f"{stream}.{path}"
    if ending(place, NOT_KNOWN):
        return None
    concluded = ending(place, CONCLUDED)
    return CONCLUDED[concluded][0] if concluded else _named(stream, path, streams)


def ending(place: str, known: Collection[str]) -> str | None:
    """Return the longest end of a column's place (`stream.list[].name`) that is known, None if none is."""
    parts = place.split(".")
    return next((end for start in range(len(parts)) if (end := ".".join(parts[start:])) in known), None)


def _named(stream: str, path: str, streams: Collection[str]) -> str | None:
    name = path.rpartition(".")[2]
    if not is_reference(name):
        return None
    if path in {"parentKey", "parentKeys"}:
        return stream
    stem = name.removesuffix("s").removesuffix("Key")
    # in lines, too: `statuses_receiving` can only be the statuses of the lines of `receiving`
    wanted = f"statuses_{stream}" if stem == "status" else _plural(_noun(stem))
    return wanted if wanted in streams else None


_QUALIFIERS = frozenset({"from", "to", "base", "make", "cost", "approved", "requested", "manager", "assigned"})


def _noun(stem: str) -> str:
    """Return the noun of a name, in the singular: `user` for `userApproved`, `location` for `fromLocation`."""
    words = re.sub("([A-Z])", r"_\1", stem).lower().split("_")
    return "_".join(word for word in words if word not in _QUALIFIERS)


def _plural(word: str) -> str:
    if word in {"pm", "uom"}:
        return word
    if word.endswith("y"):
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith("x") else f"{word}s"


def references(listed: Iterable[Table]) -> list[Reference]:
    """Return all references between streams."""
    listed = list(listed)
    streams = {table.stream for table in listed}
    return [
        Reference(table.stream, column.path, found)
        for table in listed
        for column in columns(table.schema)
        if (found := target(table.stream, column.path, streams))
    ]


def unknown(listed: Iterable[Table]) -> dict[str, str]:
    """Return why it is not known what columns refer to, by the column's place or its end."""
    listed = list(listed)
    streams = {table.stream for table in listed}
    places = (
        f"{table.stream}.{column.path}"
        for table in listed
        for column in columns(table.schema)
        if is_reference(column.name) and not target(table.stream, column.path, streams)
    )
    unnamed = (place for place in places if not ending(place, NOT_KNOWN))
    return {**NOT_KNOWN, **dict.fromkeys(unnamed, "no stream has this name")}
