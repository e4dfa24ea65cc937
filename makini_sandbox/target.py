"""What a path under ``/api`` is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from makini_sandbox.children import CHILD_LISTS
from makini_sandbox.entities import ENTITIES
from makini_sandbox.refusal import Refusal

V4 = "v4"
RAW_TABLES = "raw/tables"
_TABLES_PATH = "tables"
_ROWS_END = "/data"


@dataclass(frozen=True)
class Target:
    """What is asked for.

    Attributes:
        kind: An entity's list, one of its rows, the items under one, the list of raw tables, or one.
        slug: By which behaviours, faults and recorded requests know it.
        segment: Segment of the path after ``/api``: a product, ``v4`` or ``raw``.
        name: Key of the row or of the parent, or the raw table's name; empty for whole lists.
        parent: Slug of the parent, and the list under it; empty for all but such lists.
    """

    kind: Literal["list", "row", "items", "raw_tables", "raw_rows"]
    slug: str
    segment: str
    name: str = ""
    parent: tuple[str, str] = ("", "")

    @property
    def is_v4(self) -> bool:
        """Whether rows are of the v4 kind."""
        return self.segment == V4


def target_of(segment: str, rest: str) -> Target:
    """What a path asks for.

    Args:
        segment: The first segment after ``/api``.
        rest: What follows it, decoded.

    Raises:
        Refusal: 404 where there is no such path.
    """
    target = _raw(rest) if segment == "raw" else _entity(segment, rest) or _items(segment, rest)
    if target is None:
        raise Refusal(404, "There is no such path.")
    return target


def _raw(rest: str) -> Target | None:
    if rest == _TABLES_PATH:
        return Target("raw_tables", RAW_TABLES, "raw")
    start = f"{_TABLES_PATH}/"
    if not (rest.startswith(start) and rest.endswith(_ROWS_END)):
        return None
    table = rest[len(start) : -len(_ROWS_END)]
    return Target("raw_rows", f"raw/{table}", "raw", table) if table else None


def _entity(segment: str, rest: str) -> Target | None:
    if _offers(segment, rest):
        return Target("list", rest, segment)
    slug, _, key = rest.rpartition("/")
    return Target("row", slug, segment, key) if _offers(segment, slug) else None


def _offers(segment: str, slug: str) -> bool:
    entity = ENTITIES.get(slug)
    return entity is not None and (segment == V4 or segment in entity.products)


def _items(segment: str, rest: str) -> Target | None:
    for child in CHILD_LISTS:
        key = child.parent_key(rest)
        if key is not None and segment in child.products:
            return Target("items", child.slug, segment, key, (child.parent, child.name))
    return None
