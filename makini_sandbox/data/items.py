"""The items under one parent: none to four, made from nothing but the parent's key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from makini_sandbox.children import CHILD_SHAPE, ChildList
from makini_sandbox.data.draft import Draft
from makini_sandbox.data.world import World, hash_key

if TYPE_CHECKING:
    from makini_sandbox.data.builder import Builder

MOST_ITEMS = 4
_NUMBERS = 10**6


def child_items(builder: Builder, world: World, child: ChildList, key: str) -> list[dict[str, Any]]:
    """The items of a parent, the same at every call.

    Args:
        builder: Makes the rows.
        world: The facts of the connection.
        child: The list.
        key: Key of the parent.
    """
    source = f"{world.connection}/{child.parent}/{key}/{child.name}"
    chance = int(hash_key(source)[:15], 16)
    return [
        _item(builder, Draft(world, child.slug, chance % _NUMBERS + index), child, key, hash_key(f"{source}/{index}"))
        for index in range(chance % (MOST_ITEMS + 1))
    ]


def _item(builder: Builder, draft: Draft, child: ChildList, parent: str, key: str) -> dict[str, Any]:
    row = builder.build_shape(CHILD_SHAPE, draft)
    # Numbers of two parents may overlap; keys must not.
    row.update({"key": key, child.parent_field: parent})
    return row
