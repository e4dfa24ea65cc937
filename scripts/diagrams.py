"""Draw the streams of each area, and what they refer to, as Mermaid diagrams."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from scripts.catalogs import FOLDER, selections
from scripts.references import columns, in_words, references, tables

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from scripts.references import Reference, Table

SALES = (
    *("products", "groups", "bom", "production_orders", "sales_orders", "fulfillments"),
    *("statuses_production_orders", "statuses_sales_orders", "statuses_fulfillments"),
)
"""The area that has no ready selection."""


def document(listed: Sequence[Table]) -> str:
    """Return the diagrams of all areas, each below its heading.

    Args:
        listed: All streams.
    """
    return "\n".join(f"## {heading}\n\n```mermaid\n{diagram(own, listed)}\n```\n" for heading, own in areas().items())


def shared() -> list[str]:
    """Name the streams that all areas refer to."""
    listed = yaml.safe_load((FOLDER / "selections.yml").read_text(encoding="utf-8"))
    return [*listed["x-master-data"], "currencies", "exchange_rates", "taxes"]


def areas() -> dict[str, list[str]]:
    """Return the streams of each diagram by its heading; those that all areas share have a diagram of their own."""
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
        own: Streams of the area. Others that they refer to are boxes with a key only. Those that all areas share have
            no box; they are named in the columns that refer to them.
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
    return "\n".join([f"    {table.stream} {{", *keys, *_foreign_keys(table, found), "    }"])


def _foreign_keys(table: Table, found: Iterable[Reference]) -> list[str]:
    """Return a line for each column that is a reference, or holds one."""
    comments: dict[str, list[str]] = {}
    for reference in found:
        column, _, inner = reference.path.partition(".")
        comments.setdefault(column.removesuffix("[]"), []).append(inner or reference.target)
    types = {column.path: in_words(column.schema).partition(" ")[0] for column in columns(table.schema)}
    return [f'        {types[column]} {column} FK "{", ".join(names)}"' for column, names in comments.items()]


def _relations(drawn: Iterable[Reference]) -> list[str]:
    """Return a line for each pair of streams, labeled with all columns that relate them."""
    labels: dict[tuple[str, str], list[str]] = {}
    for reference in drawn:
        labels.setdefault((reference.stream, reference.target), []).append(reference.path)
    return [f'    {one} {_arrow(paths)} {other} : "{", ".join(paths)}"' for (one, other), paths in labels.items()]


def _arrow(paths: Iterable[str]) -> str:
    refers_to_many = any("[]" in path or path.endswith("Keys") for path in paths)
    return "}o--o{" if refers_to_many else "}o--o|"
