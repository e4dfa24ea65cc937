"""Write `docs/entities.md`: every stream with its columns, and which column refers to which stream.

The v3 spec names references (`assetKey`, `assetKeys`) but says nowhere what they refer to. A name tells it mostly; what
was concluded from more than the name stands in `CONCLUDED`, what cannot be told in `NOT_KNOWN`, both with the reason.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from scripts.catalogs import FOLDER, selections
from tap_makini.entities import CONNECTIONS, ENTITIES
from tap_makini.schema import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

DOCUMENT = Path(__file__).parents[1] / "docs" / "entities.md"

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

SALES = (
    *("products", "groups", "bom", "production_orders", "sales_orders", "fulfillments"),
    *("statuses_production_orders", "statuses_sales_orders", "statuses_fulfillments"),
)
"""The area that has no ready selection."""


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


def tables() -> list[Table]:
    """Give the tap's streams in alphabetical order."""
    entities = sorted((*ENTITIES, CONNECTIONS), key=lambda entity: entity.stream)
    return [
        Table(entity.stream, entity.key, entity.replication_key, entity.products, SCHEMAS.fetch_schema(entity.item))
        for entity in entities
    ]


# --- columns ---


def columns(schema: Mapping[str, Any], prefix: str = "") -> Iterator[Column]:
    """Give the properties of an object schema, each followed by those within it."""
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


# --- references ---


def is_reference(name: str) -> bool:
    """Tell whether a property's name says that it holds keys of other records."""
    return name.endswith(("Key", "Keys"))


def target(stream: str, path: str, streams: Collection[str]) -> str | None:
    """Tell which stream a column refers to.

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
    """Give the longest end of a column's place (`stream.list[].name`) that is among those told, None if none is."""
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
    """Give what a name speaks of, in the singular: `user` for `userApproved`, `location` for `fromLocation`."""
    words = re.sub("([A-Z])", r"_\1", stem).lower().split("_")
    return "_".join(word for word in words if word not in _QUALIFIERS)


def _plural(word: str) -> str:
    if word in {"pm", "uom"}:
        return word
    if word.endswith("y"):
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith("x") else f"{word}s"


def references(listed: Iterable[Table]) -> list[Reference]:
    """Give what refers to what."""
    listed = list(listed)
    streams = {table.stream for table in listed}
    return [
        Reference(table.stream, column.path, found)
        for table in listed
        for column in columns(table.schema)
        if (found := target(table.stream, column.path, streams))
    ]


# --- diagrams ---


def shared() -> list[str]:
    """Name the streams that all areas refer to."""
    listed = yaml.safe_load((FOLDER / "selections.yml").read_text(encoding="utf-8"))
    return [*listed["x-master-data"], "currencies", "exchange_rates", "taxes"]


def areas() -> dict[str, list[str]]:
    """Give the streams of each diagram by its heading, those that are shared in one of their own."""
    ready, common = selections(), shared()
    grouped: dict[str, Sequence[str]] = {"Maintenance": ready["maintenance"], "Procurement": ready["procurement"]}
    grouped |= {"Sales and production": SALES, "Warehouse": ready["warehouse"]}
    own = {heading: sorted(set(streams).difference(common)) for heading, streams in grouped.items()}
    return {"Shared by all areas": sorted(common), **own}


def diagram(own: Collection[str], listed: Iterable[Table]) -> str:
    """Draw the streams of an area, and what they refer to.

    Args:
        own: Streams of the area. Others that they refer to are boxes with a key only; those that all
            areas share are no boxes, only named where they are referred to.
        listed: All streams.

    Returns:
        A Mermaid `erDiagram`.
    """
    by_name = {table.stream: table for table in listed}
    found = [reference for reference in references(by_name.values()) if reference.stream in own]
    elsewhere = set(shared()).difference(own)
    drawn = [each for each in found if each.target not in {each.stream, *elsewhere}]
    others = sorted({reference.target for reference in drawn}.difference(own))
    boxes = [_box(by_name[name], [each for each in found if each.stream == name]) for name in (*own, *others)]
    return "\n".join(["erDiagram", *boxes, *_relations(drawn)])


def _box(table: Table, found: Iterable[Reference]) -> str:
    keys = [f"        text {name} PK" for name in table.key]
    return "\n".join([f"    {table.stream} {{", *keys, *_foreign(table, found), "    }"])


def _foreign(table: Table, found: Iterable[Reference]) -> list[str]:
    """Give a row for each column of a table that refers, or that holds something that does."""
    comments: dict[str, list[str]] = {}
    for reference in found:
        column, _, inner = reference.path.partition(".")
        comments.setdefault(column.removesuffix("[]"), []).append(inner or reference.target)
    kinds = {column.path: in_words(column.schema).partition(" ")[0] for column in columns(table.schema)}
    return [f'        {kinds[column]} {column} FK "{", ".join(told)}"' for column, told in comments.items()]


def _relations(drawn: Iterable[Reference]) -> list[str]:
    """Give a line for each pair of streams, labelled with all columns that make it."""
    labels: dict[tuple[str, str], list[str]] = {}
    for reference in drawn:
        labels.setdefault((reference.stream, reference.target), []).append(reference.path)
    return [f'    {one} {_arrow(paths)} {other} : "{", ".join(paths)}"' for (one, other), paths in labels.items()]


def _arrow(paths: Iterable[str]) -> str:
    refers_to_many = any("[]" in path or path.endswith("Keys") for path in paths)
    return "}o--o{" if refers_to_many else "}o--o|"


# --- the document ---

_INTRODUCTION = """\
# Entities: what refers to what

Written by `make docs` from the streams and their schemas.

## How to join

- A column `…Key` holds the key of a record, `…Keys` a list of keys. The tables below say of which stream.
- **With several connections join on `_makini_connection` too**: each key begins with it. Every table has it, and
  `connections` has a row for each.
- Use outer joins. The record may be deleted, or one that the source does not share, or its stream is not selected.
- Lines, tasks and the like are lists of objects within their record: `lineItems[].materialKey` is the `materialKey`
  of each item of `lineItems`. Unnest the list, then join. What a list becomes in a database depends on the target:
  see [Targets](targets.md).
- A row with `deletedAt` was deleted at the source. Leave it out if you count what is there.
- What the tap adds to every stream is in no table below: see [Streams](../README.md#streams).

Work orders that are not completed, with their asset and status:

```sql
SELECT work_orders.title, assets.name AS asset, statuses_work_orders.name AS status
FROM work_orders
LEFT JOIN assets
  ON assets._makini_connection = work_orders._makini_connection
  AND assets.key = work_orders."assetKey"
LEFT JOIN statuses_work_orders
  ON statuses_work_orders._makini_connection = work_orders._makini_connection
  AND statuses_work_orders.key = work_orders."statusKey"
WHERE work_orders."completedAt" IS NULL AND work_orders."deletedAt" IS NULL
```

Some targets spell columns otherwise, `assetkey` for one.
"""
_DIAGRAMS = """\
## Areas

A box shows the key of a stream and its columns that refer: with the stream, or with the names within a list or an
object. Lines to the streams of the first diagram are drawn there only, and none from a stream to itself.
"""
_CERTAINTY = """\
## How sure this is

The API names its references but does not say what they refer to. Most names leave no doubt: `assetKey`,
`fromLocationKey`, `userApprovedKey`. `parentKey` is taken to refer to the stream itself, `statusKey` to the statuses
of the stream, that of a line to the statuses of what it stands in: `receiving` has no other column for those it has.
"""


def document(listed: Sequence[Table]) -> str:
    """Give the whole text.

    Args:
        listed: The streams, in the order of their sections.
    """
    streams = {table.stream for table in listed}
    drawings = [_fenced(heading, diagram(own, listed)) for heading, own in areas().items()]
    sections = [_section(table, streams) for table in listed]
    parts = [_INTRODUCTION, _DIAGRAMS, *drawings, _CERTAINTY, _concluded(), _not_known(), "## Streams\n", *sections]
    return "\n".join(parts)


def _fenced(heading: str, drawing: str) -> str:
    return f"### {heading}\n\n```mermaid\n{drawing}\n```\n"


def _concluded() -> str:
    rows = [(f"`{place}`", f"`{stream}`", reason) for place, (stream, reason) in CONCLUDED.items()]
    return "These were concluded from more than the name:\n\n" + _markdown(("column", "refers to", "because"), rows)


def _not_known() -> str:
    rows = [(f"`{place}`", reason) for place, reason in NOT_KNOWN.items()]
    return "Of these it is not known:\n\n" + _markdown(("column", "what can be said"), rows)


def _section(table: Table, streams: Collection[str]) -> str:
    rows = [
        (f"`{column.path}`", in_words(column.schema), _refers_to(table.stream, column, streams))
        for column in columns(table.schema)
    ]
    return f"### {table.stream}\n\n{_reading(table)}\n\n" + _markdown(("column", "type", "refers to"), rows)


def _reading(table: Table) -> str:
    keys = ", ".join(f"`{name}`" for name in table.key)
    reading = f"incremental by `{table.replication_key}`" if table.replication_key else "read whole"
    return f"Key {keys}, {reading}, products {', '.join(table.products)}."


def _refers_to(stream: str, column: Column, streams: Collection[str]) -> str:
    found = target(stream, column.path, streams)
    if found:
        return f"[`{found}`](#{found})"
    return "not known" if is_reference(column.name) else ""


def _markdown(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"
