"""The list endpoints of the v3 API that the sandbox offers, one row each.

Slugs, products and item types are those of the v3 spec. The table is the sandbox's own: a double that shared the tap's
table could not show an error in it.

To add an entity, add a row to `ENTITIES` and, if its item type is new, the type to `makini_sandbox.data.shapes`.
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
        slug: The path after the product, as in `statuses/work-orders`.
        products: The products that offer it.
        shape: The name of its item type in `makini_sandbox.data.shapes`.
        most: The most rows it ever has, since master data stay few; None if it has as many as requested.
        fixed: Whether it has `most` rows, whatever number is requested.
        sizes_pages: Whether the v3 spec declares `per_page` for it.
    """

    slug: str
    products: frozenset[str]
    shape: str
    most: int | None = None
    fixed: bool = False
    sizes_pages: bool = True


def _statuses(scope: str, products: frozenset[str]) -> Entity:
    return Entity(f"statuses/{scope}", products, "Status", 6, fixed=True, sizes_pages=False)


_TABLE = (
    # Master data shared by the products
    Entity("organizations", ALL, "Organization", 4),
    Entity("sites", ALL, "Site", 12, sizes_pages=False),
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
    Entity("materials", ALL, "Part", sizes_pages=False),
    Entity("inventories", ALL, "Inventory"),
    # Maintenance
    Entity("assets", EAM, "Asset"),
    Entity("assets-downtime", EAM, "AssetDowntime"),
    Entity("asset-templates", EAM, "Model", 60),
    Entity("meters", EAM, "Counter"),
    Entity("meter-readings", EAM, "CounterReading"),
    Entity("pm", EAM, "PreventiveMaintenance"),
    Entity("work-orders", EAM, "WorkOrder"),
    Entity("work-orders/custom-fields", EAM, "CustomField", 5, fixed=True, sizes_pages=False),
    Entity("work-orders/materials", EAM, "MaterialItem", sizes_pages=False),
    Entity("service-requests", EAM, "ServiceRequest"),
    Entity("documents", EAM, "Document"),
    # Procurement
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
    # Sales and production
    Entity("products", TRADE, "Product"),
    Entity("sales-orders", TRADE, "SalesOrder"),
    Entity("projects", ERP, "Project"),
    Entity("bom", ERP, "BillOfMaterial"),
    Entity("production-orders", ERP, "ProductionOrder"),
    # Warehouse
    Entity("stock-transfers", TRADE, "StockTransfer"),
    Entity("fulfillments", TRADE, "Fulfillment"),
    Entity("groups", WMS, "ProductGroup", 20),
    Entity("stock-adjustments", WMS, "StockAdjustment"),
    Entity("shipment-orders", WMS, "ShipmentOrder"),
    # Statuses
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


@dataclass(frozen=True)
class ChildList:
    """A list below each row of an entity. All of them hold materials, though the spec declares a bare object.

    Attributes:
        parent: Slug of the entity.
        name: Last segment of the path.
        products: The products that offer it.
        parent_field: The field of an item that holds the parent's key.
    """

    parent: str
    name: str
    products: frozenset[str]
    parent_field: str

    @property
    def slug(self) -> str:
        """Its name in behaviors, faults and recorded requests: `work-orders/{key}/materials`."""
        return f"{self.parent}/{{key}}/{self.name}"

    def parent_key(self, path: str) -> str | None:
        """Return the parent's key in a path after the product, None if the path is not that of such a list.

        Args:
            path: Decoded, as in `work-orders/5f2c/materials`.
        """
        start, end = f"{self.parent}/", f"/{self.name}"
        if not (path.startswith(start) and path.endswith(end)):
            return None
        return path[len(start) : -len(end)] or None


CHILD_SHAPE = "MaterialItem"
CHILD_LISTS = (
    ChildList("materials", "children", ALL, "assemblyKey"),
    ChildList("assets", "materials", EAM, "assetKey"),
    ChildList("asset-templates", "materials", EAM, "assetTemplateKey"),
    ChildList("pm", "materials", EAM, "pmKey"),
    ChildList("work-orders", "materials", EAM, "workOrderKey"),
    ChildList("production-orders", "materials", ERP, "productionOrderKey"),
)
