"""Which column refers to which stream.

The v3 spec names references (`assetKey`, `assetKeys`) but says nowhere what they refer to. A name tells it mostly; what
was concluded from more than the name stands in `CONCLUDED`, what cannot be told in `NOT_KNOWN`, both with the reason.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

CONCLUDED = {
    "poKey": ("purchase_orders", "PO is short for purchase order"),
    "poLineItemKey": ("purchase_orders_line_items", "PO is short for purchase order"),
    "assetDowntimeKey": ("assets_downtime", "the stream spells it otherwise"),
    "assemblyKey": ("materials", "`materials.isAssembly` says which of them are one"),
    "rateBaseKey": ("uom", "`uom.rate` can only count in another unit"),
    "documents[].key": ("documents", "the v3 spec has one item type for both"),
    "inventory.key": ("inventories", "the v3 spec has one item type for both"),
    "purchase_orders.lineItems[].key": ("purchase_orders_line_items", "the only way from such a line to its order"),
    "purchase_orders_line_items.statusKey": ("statuses_purchase_orders", "lines have the statuses of their order"),
}
"""Streams that columns refer to, with the reason, by the end of the column's place (`stream.list[].name`)."""

NOT_KNOWN = {
    "entityKeys": "the records that a document belongs to, which may be of several streams",
    "requesterKey": "a user, perhaps, but `userRequestedKey` stands beside it",
    "tasks[].parentKey": "another task of the list, or the record that has the list",
    "pm.statusKey": "the API lists no statuses for it",
    "receipts.lineItems[].statusKey": "the API lists no statuses for them",
}
"""Why it cannot be told what columns refer to, by the end of the column's place."""


class Table(NamedTuple):
    """What the document tells of a stream.

    Attributes:
        stream: Its name.
        key: Its primary key, without the connection.
        replication_key: Property to read incrementally by, None for a full table.
        products: Products that offer it.
        schema: JSON schema of its records, without the tap's own columns.
    """

    stream: str
    key: Sequence[str]
    replication_key: str | None
    products: Sequence[str]
    schema: Mapping[str, Any]


class Column(NamedTuple):
    """A property, however deep.

    Attributes:
        path: Where it is in a record, `lineItems[].materialKey` for one.
        schema: Its JSON schema.
    """

    path: str
    schema: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Its own name."""
        return self.path.rpartition(".")[2]


class Reference(NamedTuple):
    """That a column holds keys of a stream."""

    stream: str
    path: str
    target: str


def columns(schema: Mapping[str, Any], prefix: str = "") -> Iterator[Column]:
    """Return the properties of an object schema, each followed by those within it."""
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


def ending(place: str, told: Collection[str]) -> str | None:
    """Return the longest end of a column's place (`stream.list[].name`) that is among those told, None if none is."""
    parts = place.split(".")
    return next((end for start in range(len(parts)) if (end := ".".join(parts[start:])) in told), None)


def _named(stream: str, path: str, streams: Collection[str]) -> str | None:
    name = path.rpartition(".")[2]
    if not is_reference(name):
        return None
    if path in {"parentKey", "parentKeys"}:
        return stream
    stem = name.removesuffix("s").removesuffix("Key")
    # of a line too: `statuses_receiving` could be the statuses of nothing but the lines of `receiving`
    wanted = f"statuses_{stream}" if stem == "status" else _plural(_thing(stem))
    return wanted if wanted in streams else None


_QUALIFIERS = frozenset({"from", "to", "base", "make", "cost", "approved", "requested", "manager", "assigned"})


def _thing(stem: str) -> str:
    """Return what a name speaks of, in the singular: `user` for `userApproved`, `location` for `fromLocation`."""
    words = re.sub("([A-Z])", r"_\1", stem).lower().split("_")
    return "_".join(word for word in words if word not in _QUALIFIERS)


def _plural(word: str) -> str:
    if word in {"pm", "uom"}:
        return word
    if word.endswith("y"):
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith("x") else f"{word}s"


def references(listed: Iterable[Table]) -> list[Reference]:
    """Return what refers to what."""
    listed = list(listed)
    streams = {table.stream for table in listed}
    return [
        Reference(table.stream, column.path, found)
        for table in listed
        for column in columns(table.schema)
        if (found := target(table.stream, column.path, streams))
    ]
