"""The types that the vendor's v3 exports declare, which are a generator's and often not those of the data.

Every field is declared without null; numbers mostly as texts. What follows no rule is listed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from makini_sandbox.documents.kinds import Field, Holds

_USUAL: dict[Holds, str] = {
    "text": "string",
    "instant": "string",
    "number": "string",
    "integer": "string",
    "anything": "string",
    "flag": "boolean",
    "texts": "array",
}
_UNUSUAL = {
    "string": """
        Location.contact Labor.organizationKeys User.isActive Customer.addresses
        Customer.billingAddress Part.vendorKeys Asset.accountKeys Counter.assetKeys
        WorkTrigger.recurring PreventiveMaintenance.assetTemplateKeys Currency.isBase
        Currency.isActive Product.isbn RequestForQuotation.documentKeys
        PurchaseRequisition.documentKeys StockTransfer.shipmentRequired Fulfillment.lineItems
    """,
    "object": """
        Stock.quantity Stock.reorderQuantity Stock.minLevel Stock.maxLevel POLineItem.quantity
        POLineItem.receivedQuantity POLineItem.price POLineItem.discount POLineItem.lineTaxValue
        POLineItem.lineTotalValue PurchaseOrder.orderDate LineItem.uomKey LineItem.lineTotalValue
        LineItem.lineTaxValue MaterialItem.quantity MaterialItem.requiredQuantity Part.cost
        Counter.lastReading WorkTrigger.uomKey Work.estimatedTime Work.registeredTime Work.startedAt
        Work.finishedAt Work.createdAt Work.updatedAt Work.deletedAt ReturnOrder.orderDate
        ReturnOrder.dueAt ReturnOrder.approvedAt ReturnOrder.completedAt ReturnOrder.totalNetValue
        ReturnOrder.totalTaxValue ReturnOrder.totalGrossValue ReturnOrder.createdAt
        ReturnOrder.updatedAt Product.quantity SalesLineItem.quantity InvoiceLineItem.quantity
        BOMLineItem.quantity StockAdjustment.total
    """,
    "array": "SupplyOption.partNumber SupplyOption.price SupplyOption.uomKey PreventiveMaintenance.documents",
    "integer": "Inventory.quantity Inventory.unitCost",
}
_DECLARED = {name: kind for kind, names in _UNUSUAL.items() for name in names.split()}
# Named by the exports, but not described.
UNDESCRIBED = frozenset({"Dimension"})


def vendor_schema(shape: str, field: Field) -> dict[str, Any]:
    """The schema that the vendor declares for a field of an item type."""
    declared = _DECLARED.get(f"{shape}.{field.name}")
    if declared is None and field.shape:
        reference = {"$ref": f"#/components/schemas/{field.shape}"}
        return {"type": "array", "items": reference} if field.is_list else reference
    kind = declared or _USUAL[field.holds]
    return {"type": kind, "items": {"type": "string"}} if kind == "array" else {"type": kind}
