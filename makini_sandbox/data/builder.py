"""Builds the rows of an entity from the shape of its item type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from makini_sandbox.data.draft import Draft
from makini_sandbox.data.lines import (
    TOTALLED,
    line_drafts,
    price_line,
    total_order,
    total_stock,
)
from makini_sandbox.data.makers import Maker, maker_of
from makini_sandbox.data.quirks import add_quirks
from makini_sandbox.data.shapes import SHAPES
from makini_sandbox.data.world import ORDER_LINES, order_of_line
from makini_sandbox.entities import ENTITIES

if TYPE_CHECKING:
    from collections.abc import Callable

    from makini_sandbox.data.world import World

Row = dict[str, Any]
_LINE_FIELDS = frozenset({"lineItems", "lines"})
_FILLED = 0.2
_NESTED = 0.07


class Builder:
    """Makes the rows of one connection, each from its slug and number alone.

    Args:
        world: The facts of the connection.
        quirks: Whether some rows deviate from the schemas, as real ones do.
        work_order_materials: Item type that ``work-orders/materials`` answers with; the v3 spec
            declares ``WorkOrder``, the name says ``MaterialItem``.
    """

    def __init__(self, world: World, *, quirks: bool = True, work_order_materials: str = "MaterialItem") -> None:
        self._world = world
        self._quirks = quirks
        self._compiled: dict[str, Callable[[Draft], Row]] = {}
        self._shapes = {slug: entity.shape for slug, entity in ENTITIES.items()}
        self._shapes["work-orders/materials"] = work_order_materials

    def fields(self, slug: str) -> frozenset[str]:
        """Names of the fields that the item type of an entity has."""
        return frozenset(name for name, _, _ in shape_fields(self._shapes[slug]))

    def build(self, slug: str, number: int) -> Row:
        """The row of an entity with a number; a number beyond the entity's size is allowed."""
        if slug == ORDER_LINES:
            return self._order_line(number)
        return self.build_shape(self._shapes[slug], Draft(self._world, slug, number))

    def build_shape(self, shape: str, draft: Draft) -> Row:
        """A row of an item type, whatever list it stands in."""
        row = self._compile(shape)(draft)
        if self._quirks:
            add_quirks(row, draft)
        return row

    def _order_line(self, number: int) -> Row:
        draft = Draft(self._world, ORDER_LINES, number, anchor=order_of_line(number))
        line = self._compile("POLineItem")(draft)
        line["cost"] = line["lineTotalValue"]
        return {name: line[name] for name, _, _ in shape_fields("LineItem")}

    def _compile(self, shape: str) -> Callable[[Draft], Row]:
        if shape not in self._compiled:
            self._compiled[shape] = self._compiled_shape(shape)
        return self._compiled[shape]

    def _compiled_shape(self, shape: str) -> Callable[[Draft], Row]:
        fields = [(name, self._field(kind, rare)) for name, kind, rare in shape_fields(shape)]
        finish = _finisher(dict(fields))

        def build(draft: Draft) -> Row:
            row = {name: make(draft) for name, make in fields}
            if finish is not None:
                finish(row)
            return row

        return build

    def _field(self, kind: str, rare: bool) -> Maker:  # noqa: FBT001 - a parsed mark
        is_list = kind.startswith("[")
        make = self._list(kind[1:-1]) if is_list else self._single(kind)
        if not rare:
            return make
        if is_list:
            return lambda draft: make(draft) if draft.random() < _NESTED else []
        share = _NESTED if kind in SHAPES else _FILLED
        return lambda draft: make(draft) if draft.random() < share else None

    def _single(self, kind: str) -> Maker:
        if kind.startswith("@"):
            slug = kind[1:]
            return lambda draft: self._related(slug, draft)
        return self._compile(kind) if kind in SHAPES else maker_of(kind)

    def _list(self, kind: str) -> Maker:
        one = self._single(kind)
        if kind.endswith("LineItem"):
            return lambda draft: [one(line) for line in line_drafts(draft)]
        if kind.startswith("@"):
            return lambda draft: [row for row in [one(draft)] if row]
        return lambda draft: [one(draft)]

    def _related(self, slug: str, draft: Draft) -> Row | None:
        count = self._world.count(slug)
        return self.build(slug, draft.anchor % count) if count else None


def shape_fields(shape: str) -> list[tuple[str, str, bool]]:
    """Name, kind and rarity of each field of a shape."""
    parsed = []
    for word in SHAPES[shape].split():
        name, _, kind = word.partition(":")
        bare = name.removesuffix("?")
        parsed.append((bare, kind or bare, bare != name))
    return parsed


def _finisher(fields: dict[str, Maker]) -> Callable[[Row], None] | None:
    if "lineTotalValue" in fields:
        return price_line
    if TOTALLED in fields:
        return total_order
    if "lineItems" in fields and "total" in fields:
        return total_stock
    return None
