"""The 61 list endpoints of the v3 API, as the double offers them.

Slugs, products and item types are those of the v3 spec. The table is the sandbox's own: a double
that shared the tap's table could not show a fault in it.
"""

from __future__ import annotations

from dataclasses import dataclass

EAM = frozenset({"eam"})
ERP = frozenset({"erp"})
WMS = frozenset({"wms"})
TRADE = ERP | WMS
ALL = EAM | ERP | WMS
PRODUCTS = ("eam", "erp", "wms")


@dataclass(frozen=True)
class Entity:
    """One list endpoint.

    Attributes:
        slug: The path after the product, as in ``statuses/work-orders``.
        products: The products that offer it.
        shape: The name of its item type in ``makini_sandbox.data.shapes``.
        most: The most rows it ever holds (master data stay few); None follows the size asked for.
        fixed: True where it holds ``most`` rows whatever the size asked for.
    """

    slug: str
    products: frozenset[str]
    shape: str
    most: int | None = None
    fixed: bool = False


def _statuses(scope: str, products: frozenset[str]) -> Entity:
    return Entity(f"statuses/{scope}", products, "Status", 6, fixed=True)


_TABLE = (
    # master data shared by the products
    Entity("organizations", ALL, "Organization", 4),
    Entity("sites", ALL, "Site", 12),
    Entity("locations", ALL, "Location", 60),
    Entity("storerooms", ALL, "Storeroom", 24),
    Entity("accounts", ALL, "Account", 40),
    Entity("teams", ALL, "Team", 20),
    Entity("labors", ALL, "Labor", 200),
    Entity("users", ALL, "User", 100),
    Entity("uom", ALL, "UnitOfMeasure", 12, fixed=True),
    Entity("companies", ALL, "Company", 60),
    Entity("vendors", ALL, "Vendor", 80),
    Entity("customers", ALL, "Customer", 80),
    Entity("stocks", ALL, "Stock"),
    Entity("materials", ALL, "Part"),
    Entity("inventories", ALL, "Inventory"),
    # maintenance
    Entity("assets", EAM, "Asset"),
    Entity("assets-downtime", EAM, "AssetDowntime"),
    Entity("asset-templates", EAM, "Model", 60),
    Entity("meters", EAM, "Counter"),
    Entity("meter-readings", EAM, "CounterReading"),
    Entity("pm", EAM, "PreventiveMaintenance"),
    Entity("work-orders", EAM, "WorkOrder"),
    Entity("work-orders/custom-fields", EAM, "CustomField", 5, fixed=True),
    Entity("work-orders/materials", EAM, "MaterialItem"),
    Entity("service-requests", EAM, "ServiceRequest"),
    Entity("documents", EAM, "Document"),
    # procurement
    Entity("purchase-orders", ALL, "PurchaseOrder"),
    Entity("purchase-orders.line-items", ALL, "LineItem"),
    Entity("return-orders", ALL, "ReturnOrder"),
    Entity("invoices", ERP, "Invoice"),
    Entity("receipts", ERP, "Receipt"),
    Entity("receiving", ERP, "Receiving"),
    Entity("rfq", ERP, "RequestForQuotation"),
    Entity("purchase-requisitions", ERP, "PurchaseRequisition"),
    Entity("taxes", ERP, "Tax", 6, fixed=True),
    Entity("currencies", TRADE, "Currency", 8, fixed=True),
    Entity("exchange-rates", ERP, "ExchangeRate"),
    # sales and production
    Entity("products", TRADE, "Product"),
    Entity("sales-orders", TRADE, "SalesOrder"),
    Entity("projects", ERP, "Project"),
    Entity("bom", ERP, "BillOfMaterial"),
    Entity("production-orders", ERP, "ProductionOrder"),
    # warehouse
    Entity("stock-transfers", TRADE, "StockTransfer"),
    Entity("fulfillments", TRADE, "Fulfillment"),
    Entity("groups", WMS, "ProductGroup", 20),
    Entity("stock-adjustments", WMS, "StockAdjustment"),
    Entity("shipment-orders", WMS, "ShipmentOrder"),
    # statuses
    _statuses("work-orders", EAM),
    _statuses("service-requests", EAM),
    _statuses("purchase-orders", ALL),
    _statuses("return-orders", ALL),
    _statuses("purchase-requisitions", ERP),
    _statuses("projects", ERP),
    _statuses("invoices", ERP),
    _statuses("production-orders", ERP),
    _statuses("rfq", ERP),
    _statuses("receiving", ERP),
    _statuses("sales-orders", TRADE),
    _statuses("fulfillments", TRADE),
    _statuses("stock-transfers", WMS),
    _statuses("shipment-orders", WMS),
)

ENTITIES = {entity.slug: entity for entity in _TABLE}
