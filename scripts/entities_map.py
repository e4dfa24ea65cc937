"""Write `docs/entities.md`: every stream with its columns, and which column refers to which stream."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from scripts.catalogs import FOLDER, selections
from scripts.dependents_map import dependents_table
from scripts.references import (
    CONCLUDED,
    NOT_KNOWN,
    Column,
    Reference,
    Table,
    columns,
    ending,
    in_words,
    is_reference,
    references,
    target,
)
from tap_makini.entities import CONNECTIONS, ENTITIES
from tap_makini.schema import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

DOCUMENT = Path(__file__).parents[1] / "docs" / "entities.md"

SALES = (
    *("products", "groups", "bom", "production_orders", "sales_orders", "fulfillments"),
    *("statuses_production_orders", "statuses_sales_orders", "statuses_fulfillments"),
)
"""The area that has no ready selection."""


def tables() -> list[Table]:
    """Return the tap's streams in alphabetical order."""
    entities = sorted((*ENTITIES, CONNECTIONS), key=lambda entity: entity.stream)
    return [
        Table(entity.stream, entity.key, entity.replication_key, entity.products, SCHEMAS.fetch_schema(entity.item))
        for entity in entities
    ]


# --- diagrams ---


def shared() -> list[str]:
    """Name the streams that all areas refer to."""
    listed = yaml.safe_load((FOLDER / "selections.yml").read_text(encoding="utf-8"))
    return [*listed["x-master-data"], "currencies", "exchange_rates", "taxes"]


def areas() -> dict[str, list[str]]:
    """Return the streams of each diagram by its heading, those that are shared in one of their own."""
    ready, common = selections(), shared()
    grouped: dict[str, Sequence[str]] = {
        "Maintenance": ready["maintenance"],
        "Procurement": [*ready["procurement"], "statuses_projects"],
        "Sales and production": SALES,
        "Warehouse": ready["warehouse"],
    }
    own = {heading: sorted(set(streams).difference(common)) for heading, streams in grouped.items()}
    others = {table.stream for table in tables()}.difference(common, *own.values())
    return {"Shared by all areas": sorted(common), **own, **({"Other": sorted(others)} if others else {})}


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
    """Return a row for each column of a table that refers, or that holds something that does."""
    comments: dict[str, list[str]] = {}
    for reference in found:
        column, _, inner = reference.path.partition(".")
        comments.setdefault(column.removesuffix("[]"), []).append(inner or reference.target)
    kinds = {column.path: in_words(column.schema).partition(" ")[0] for column in columns(table.schema)}
    return [f'        {kinds[column]} {column} FK "{", ".join(told)}"' for column, told in comments.items()]


def _relations(drawn: Iterable[Reference]) -> list[str]:
    """Return a line for each pair of streams, labelled with all columns that make it."""
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
object. Lines to the streams of the first diagram are drawn there only, and none from a stream to itself. Streams of
lines and child lists are not drawn: each of their rows belongs to one record of the parent.
"""
_CERTAINTY = """\
## How sure this is

The API names its references but does not say what they refer to. Most names leave no doubt: `assetKey`,
`fromLocationKey`, `userApprovedKey`. `parentKey` is taken to refer to the stream itself, `statusKey` to the statuses
of the stream, that of a line to the statuses of what it stands in: `receiving` has no other column for those it has.
"""
_DEPENDENTS = """\
## Lines and child lists

Off by default: see [Lines and children](lines-and-children.md). The products of the parent offer them.
`_makini_parent_key` refers to the parent, `_makini_parent_updated_at` is the time of its version, `_makini_position`
the place of a line, from 0; the other columns, and what they refer to, are those named here.

"""


def document(listed: Sequence[Table]) -> str:
    """Return the whole text.

    Args:
        listed: The streams, in the order of their sections.
    """
    streams = {table.stream for table in listed}
    drawings = [_fenced(heading, diagram(own, listed)) for heading, own in areas().items()]
    sections = [_section(table, streams) for table in listed]
    certainty = [_CERTAINTY, _concluded(), _not_known(listed)]
    dependents = _DEPENDENTS + dependents_table()
    return "\n".join([_INTRODUCTION, _DIAGRAMS, *drawings, *certainty, dependents, "## Streams\n", *sections])


def _fenced(heading: str, drawing: str) -> str:
    return f"### {heading}\n\n```mermaid\n{drawing}\n```\n"


def _concluded() -> str:
    rows = [(f"`{place}`", _link(stream), reason) for place, (stream, reason) in CONCLUDED.items()]
    return "These were concluded from more than the name:\n\n" + _markdown(("column", "refers to", "because"), rows)


def _not_known(listed: Sequence[Table]) -> str:
    streams = {table.stream for table in listed}
    unnamed = [
        (f"`{place}`", "the name is that of no stream")
        for table in listed
        for column in columns(table.schema)
        if is_reference(column.name)
        and not target(table.stream, column.path, streams)
        and not ending(place := f"{table.stream}.{column.path}", NOT_KNOWN)
    ]
    rows = [*((f"`{place}`", reason) for place, reason in NOT_KNOWN.items()), *unnamed]
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
        return _link(found)
    return "not known" if is_reference(column.name) else ""


def _link(stream: str) -> str:
    return f"[`{stream}`](#{stream})"


def _markdown(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"
