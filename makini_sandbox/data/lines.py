"""Lines of orders, and what an order owes to them: totals that add up to the cent."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from makini_sandbox.data.draft import Draft
from makini_sandbox.data.world import ORDER_LINES, line_count, lines_before

if TYPE_CHECKING:
    from collections.abc import Iterator

_CENT = Decimal("0.01")
_TAX = Decimal("0.2")
TOTALLED = "totalNetValue"


def line_drafts(order: Draft) -> Iterator[Draft]:
    """A draft for each line of an order; those of purchase orders are the rows of their own list."""
    slug = ORDER_LINES if order.slug == "purchase-orders" else f"{order.slug}/lines"
    first = lines_before(order.number)
    for number in range(first, first + line_count(order.number)):
        yield Draft(order.world, slug, number, anchor=order.anchor)


def price_line(line: dict[str, Any]) -> None:
    """Set a line's net total (price by quantity, less the discount) and the tax on it."""
    total = (line["price"] * line["quantity"] - line["discount"]).quantize(_CENT)
    line["lineTotalValue"] = total
    line["lineTaxValue"] = (total * _TAX).quantize(_CENT)


def total_order(order: dict[str, Any]) -> None:
    """Set an order's totals to the sums over its lines."""
    net = sum((line["lineTotalValue"] for line in order["lineItems"]), Decimal(0))
    tax = sum((line["lineTaxValue"] for line in order["lineItems"]), Decimal(0))
    totals = {"totalNetValue": net, "totalTaxValue": tax, "totalGrossValue": net + tax}
    order.update({name: value for name, value in totals.items() if name in order})


def total_stock(adjustment: dict[str, Any]) -> None:
    """Set a stock adjustment's total to the sum of its lines' quantities."""
    adjustment["total"] = sum(line["quantity"] for line in adjustment["lineItems"])
