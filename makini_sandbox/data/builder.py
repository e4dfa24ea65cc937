"""Build the rows of an entity from the fields of its item type."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from makini_sandbox.data.draft import Draft
from makini_sandbox.data.shapes import SHAPES, ShapeField, fields_of
from makini_sandbox.data.values import maker_of
from makini_sandbox.data.vocabulary import CITIES
from makini_sandbox.data.world import ORDER_LINES, World, hash_key, line_count, lines_before, order_of_line
from makini_sandbox.entities import CHILD_SHAPE, ENTITIES, ChildList

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from makini_sandbox.data.values import Maker

Row = dict[str, Any]

# Shares of the rows in which a rare field is filled, a rare object or list is, and the row has a quirk of each kind.
_FILLED, _NESTED, _QUIRK = 0.2, 0.07, 0.03
_MOST_ITEMS = 4
_ITEM_NUMBERS = 10**6
_LINE_FIELDS = frozenset({"lineItems", "lines"})
_CENT = Decimal("0.01")
_TAX = Decimal("0.2")


class Builder:
    """Makes the rows of one connection, each from its slug and number alone.

    Args:
        world: The facts of the connection.
        quirks: Whether some rows deviate from the schemas, as real ones do.
        work_order_materials: Item type of `work-orders/materials`; the v3 spec declares `WorkOrder`, the name says
            `MaterialItem`.

    Attributes:
        world: The facts of the connection.
    """

    def __init__(self, world: World, *, quirks: bool = True, work_order_materials: str = "MaterialItem") -> None:
        self.world = world
        self._quirks = quirks
        self._makers: dict[str, Callable[[Draft], Row]] = {}
        self._shapes = {slug: entity.shape for slug, entity in ENTITIES.items()}
        self._shapes["work-orders/materials"] = work_order_materials

    def fields(self, slug: str) -> frozenset[str]:
        """Return the names of the fields of an entity's item type."""
        return frozenset(field.name for field in fields_of(self._shapes[slug]))

    def build(self, slug: str, number: int) -> Row:
        """Return the row of an entity with a number, which may be beyond the entity's size."""
        if slug == ORDER_LINES:
            return self._order_line(number)
        return self._build(self._shapes[slug], Draft(self.world, slug, number))

    def children(self, child: ChildList, parent: str) -> list[Row]:
        """Return the none to four items below a row, which follow from its key alone.

        Args:
            child: The list.
            parent: Key of the row.
        """
        source = f"{self.world.connection}/{child.parent}/{parent}/{child.name}"
        chance = int(hash_key(source)[:15], 16)
        items = []
        for number in range(chance % (_MOST_ITEMS + 1)):
            item = self._build(CHILD_SHAPE, Draft(self.world, child.slug, chance % _ITEM_NUMBERS + number))
            # Numbers of two parents may overlap; keys must not.
            item.update({"key": hash_key(f"{source}/{number}"), child.parent_field: parent})
            items.append(item)
        return items

    def _build(self, shape: str, draft: Draft) -> Row:
        row = self._maker(shape)(draft)
        if self._quirks:
            _add_quirk(row, draft)
        return row

    def _order_line(self, number: int) -> Row:
        draft = Draft(self.world, ORDER_LINES, number, anchor=order_of_line(number))
        line = self._maker("POLineItem")(draft)
        line["cost"] = line["lineTotalValue"]
        return {field.name: line[field.name] for field in fields_of(self._shapes[ORDER_LINES])}

    def _maker(self, shape: str) -> Callable[[Draft], Row]:
        if shape not in self._makers:
            self._makers[shape] = self._compile(shape)
        return self._makers[shape]

    def _compile(self, shape: str) -> Callable[[Draft], Row]:
        makers = {field.name: self._field(field) for field in fields_of(shape)}
        total = _totaling(makers.keys())

        def make(draft: Draft) -> Row:
            row = {name: make(draft) for name, make in makers.items()}
            if total is not None:
                total(row)
            return row

        return make

    def _field(self, field: ShapeField) -> Maker:
        make = self._list(field.word) if field.is_list else self._single(field.word)
        if not field.is_rare:
            return make
        if field.is_list:
            return lambda draft: make(draft) if draft.random() < _NESTED else []
        share = _NESTED if field.word in SHAPES else _FILLED
        return lambda draft: make(draft) if draft.random() < share else None

    def _single(self, word: str) -> Maker:
        if word.startswith("@"):
            return lambda draft: self._related(word[1:], draft)
        return self._maker(word) if word in SHAPES else maker_of(word)

    def _list(self, word: str) -> Maker:
        make = self._single(word)
        if word.endswith("LineItem"):
            return lambda draft: [make(line) for line in _line_drafts(draft)]
        if word.startswith("@"):
            return lambda draft: [row for row in [make(draft)] if row]
        return lambda draft: [make(draft)]

    def _related(self, slug: str, draft: Draft) -> Row | None:
        count = self.world.count(slug)
        return self.build(slug, draft.anchor % count) if count else None


# --- lines, and totals that add up to the cent ---


def _line_drafts(order: Draft) -> Iterator[Draft]:
    """Yield a draft for each line of an order; those of purchase orders are the rows of their own list."""
    slug = ORDER_LINES if order.slug == "purchase-orders" else f"{order.slug}/lines"
    first = lines_before(order.number)
    for number in range(first, first + line_count(order.number)):
        yield Draft(order.world, slug, number, anchor=order.anchor)


def _totaling(fields: Collection[str]) -> Callable[[Row], None] | None:
    if "lineTotalValue" in fields:
        return _price_line
    if "lineItems" in fields and "totalNetValue" in fields:
        return _total_order
    return _total_stock if "lineItems" in fields and "total" in fields else None


def _price_line(line: Row) -> None:
    """Set a line's net total (price by quantity, less the discount) and the tax on it."""
    total = (line["price"] * line["quantity"] - line["discount"]).quantize(_CENT)
    line["lineTotalValue"] = total
    line["lineTaxValue"] = (total * _TAX).quantize(_CENT)


def _total_order(order: Row) -> None:
    """Set an order's totals to the sums over its lines."""
    net = sum((line["lineTotalValue"] for line in order["lineItems"]), Decimal(0))
    tax = sum((line["lineTaxValue"] for line in order["lineItems"]), Decimal(0))
    totals = {"totalNetValue": net, "totalTaxValue": tax, "totalGrossValue": net + tax}
    order.update({name: value for name, value in totals.items() if name in order})


def _total_stock(adjustment: Row) -> None:
    """Set a stock adjustment's total to the sum of its lines' quantities."""
    adjustment["total"] = sum(line["quantity"] for line in adjustment["lineItems"])


# --- what real records do though no schema says so ---


def _add_quirk(row: Row, draft: Draft) -> None:
    """Give 3 % of the rows custom fields, 3 % amounts as text, 3 % lists as `"[]"` or null."""
    chance = draft.random()
    if chance < _QUIRK:
        row.update(_custom_fields(draft))
    elif chance < 2 * _QUIRK:
        _write_amounts_as_text(row)
    elif chance < 3 * _QUIRK:
        empty = draft.pick(("[]", None))
        row.update({name: empty for name, value in row.items() if name not in _LINE_FIELDS and value == []})


def _custom_fields(draft: Draft) -> Row:
    return {
        "x_plantCode": f"P{draft.below(90) + 10}",
        "riskScore": Decimal(draft.below(1000)).scaleb(-1),
        "lockoutRequired": draft.random() < 0.5,  # noqa: PLR2004 - an even chance
        "permit": {"number": draft.below(10_000), "issuedBy": {"name": draft.pick(CITIES)}},
        "costCentres": [{"code": "C1", "share": Decimal("0.5")}, None],
    }


def _write_amounts_as_text(row: Row) -> None:
    for name, value in row.items():
        if isinstance(value, Decimal):
            row[name] = str(value)
        elif name in _LINE_FIELDS:
            for line in value:
                _write_amounts_as_text(line)
