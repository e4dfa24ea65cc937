"""Find out what a request under `/api` is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from makini_sandbox.entities import CHILD_LISTS, ENTITIES
from makini_sandbox.responses import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from makini_sandbox.behaviour import Behaviour
    from makini_sandbox.tokens import Connection

V4 = "v4"
_RAW_TABLES = "raw/tables"
_TABLES_PATH = "tables"
_ROWS_END = "/data"


@dataclass(frozen=True)
class Target:
    """What is requested.

    Attributes:
        kind: An entity's list, one of its rows, the items below one, the list of raw tables, or one raw table.
        slug: Its name in behaviors, faults and recorded requests.
        segment: Segment of the path after `/api`: a product, `v4` or `raw`.
        name: Key of the row or of the parent, or the raw table's name; empty for whole lists.
        parent: Slug of the parent, and the name of the list below it; empty for all other lists.
    """

    kind: Literal["list", "row", "items", "raw_tables", "raw_rows"]
    slug: str
    segment: str
    name: str = ""
    parent: tuple[str, str] = ("", "")

    @property
    def is_v4(self) -> bool:
        """Whether records are those of v4."""
        return self.segment == V4


@dataclass(frozen=True)
class ListRequest:
    """All that the response to a request for a list depends on.

    Attributes:
        target: The list.
        connection: The connection whose rows are requested.
        behaviour: The behavior towards the list.
        url: Address of the list, without parameters.
        parameters: Names and values of the parameters, as the v3 spec names them.
        absent: Whether the connected system lacks the list.
        fault: Kind of the fault that strikes, empty if none does.
        chance: Seed of what differs for each request.
    """

    target: Target
    connection: Connection
    behaviour: Behaviour
    url: str
    parameters: Sequence[tuple[str, str]]
    absent: bool
    fault: str
    chance: int


def target_of(segment: str, rest: str) -> Target:
    """Return what a path requests.

    Args:
        segment: The first segment after `/api`.
        rest: The path after it, decoded.

    Raises:
        Refusal: 404 if there is no such path.
    """
    target = _raw(rest) if segment == "raw" else _entity(segment, rest) or _items(segment, rest)
    if target is None:
        raise Refusal(404, "There is no such path.")
    return target


def _raw(rest: str) -> Target | None:
    if rest == _TABLES_PATH:
        return Target("raw_tables", _RAW_TABLES, "raw")
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
