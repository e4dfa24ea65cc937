"""The entities of Makini's v3 API: one row for each list endpoint, one stream for each row.

Slugs, products and query parameters are those of the v3 spec (its exports for EAM, ERP and WMS).
A new entity is a row here and, where its item type is new, a file in `schemas/`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_makini.endpoints import Child, Endpoint
from tap_makini.query_parameters import V3, V3_UNSIZED
from tap_makini.schema import SCHEMAS

if TYPE_CHECKING:
    from collections.abc import Sequence

_STREAM_NAME = str.maketrans("-/.", "___")
_CHILD = "MaterialItem"
"""Most child lists are declared as a bare object; by their names and by the one that is not, they are materials."""


@dataclass(frozen=True, slots=True)
class Entity:
    """A list endpoint, offered under one or more products.

    Attributes:
        slug: Path below the product, as the vendor spells it.
        products: Products that offer the slug, in the order `eam`, `erp`, `wms`.
        item: Item type of the records, which is the stem of their schema file.
        key: Primary key.
        replication_key: Property to read incrementally by, None for a full table.
        sizes_pages: Whether the v3 spec lists `per_page` for it.
        filters: Whether the v3 spec describes filtering and sorting for it.
        children: The lists of materials that each record has, by their place below its key.
    """

    slug: str
    products: tuple[str, ...]
    item: str
    key: tuple[str, ...] = ("key",)
    replication_key: str | None = "updatedAt"
    sizes_pages: bool = True
    filters: bool = True
    children: tuple[str, ...] = ()

    @property
    def stream(self) -> str:
        """Name of the stream."""
        return self.slug.translate(_STREAM_NAME)

    def path(self, products: Sequence[str]) -> str | None:
        """Give the path of the endpoint on the API's host.

        Args:
            products: Products of a connection, the preferred one first.

        Returns:
            The path under the first of `products` that offers the entity, None if none does.
        """
        for product in products:
            if product in self.products:
                return f"/api/{product}/{self.slug}"
        return None

    def endpoint(self, products: Sequence[str]) -> Endpoint | None:
        """Describe the endpoint for a connection's products; None if none of them offers it."""
        path = self.path(products)
        if path is None:
            return None
        materials = SCHEMAS.fetch_schema(_CHILD) if self.children else {}
        return Endpoint(
            self.stream,
            path,
            SCHEMAS.fetch_schema(self.item),
            self.key,
            self.replication_key,
            V3 if self.sizes_pages else V3_UNSIZED,
            tuple(Child(name, f"{path}/{{key}}/{name}", materials, ("key",)) for name in self.children),
        )


def _statuses(of: str, products: tuple[str, ...]) -> Entity:
    return Entity(f"statuses/{of}", products, "Status", sizes_pages=False, filters=False)


ALL = ("eam", "erp", "wms")
EAM = ("eam",)
ERP = ("erp",)
WMS = ("wms",)
ERP_WMS = ("erp", "wms")

ENTITIES: tuple[Entity, ...] = (
    # Organization, people, places
    Entity("organizations", ALL, "Organization"),
    Entity("sites", ALL, "Site", sizes_pages=False, filters=False),
    Entity("locations", ALL, "Location"),
    Entity("storerooms", ALL, "Storeroom"),
    Entity("accounts", ALL, "Account"),
    Entity("teams", ALL, "Team"),
    Entity("labors", ALL, "Labor"),
    Entity("users", ALL, "User"),
    Entity("companies", ALL, "Company"),
    Entity("vendors", ALL, "Vendor"),
    Entity("customers", ALL, "Customer"),
    Entity("projects", ERP, "Project"),
    # Units, money
    Entity("uom", ALL, "UnitOfMeasure", replication_key=None),
    Entity("currencies", ERP_WMS, "Currency"),
    Entity("exchange-rates", ERP, "ExchangeRate", replication_key="createdAt"),
    Entity("taxes", ERP, "Tax"),
    # Maintenance
    Entity("assets", EAM, "Asset", children=("materials",)),
    Entity("assets-downtime", EAM, "AssetDowntime"),
    Entity("asset-templates", EAM, "Model", children=("materials",)),
    Entity("meters", EAM, "Counter"),
    Entity("meter-readings", EAM, "CounterReading", replication_key="createdAt"),
    Entity("pm", EAM, "PreventiveMaintenance", children=("materials",)),
    Entity("service-requests", EAM, "ServiceRequest"),
    Entity("work-orders", EAM, "WorkOrder", children=("materials",)),
    # Declared as WorkOrder, but the child lists of the same name give the materials of a parent.
    Entity("work-orders/materials", EAM, "MaterialItem", sizes_pages=False, filters=False),
    Entity(
        "work-orders/custom-fields",
        EAM,
        "CustomField",
        key=("name",),
        replication_key=None,
        sizes_pages=False,
        filters=False,
    ),
    Entity("documents", EAM, "Document"),
    # Procurement
    Entity("purchase-requisitions", ERP, "PurchaseRequisition"),
    Entity("rfq", ERP, "RequestForQuotation"),
    Entity("purchase-orders", ALL, "PurchaseOrder"),
    Entity("purchase-orders.line-items", ALL, "LineItem"),
    Entity("receiving", ERP, "Receiving"),
    Entity("receipts", ERP, "Receipt"),
    Entity("invoices", ERP, "Invoice"),
    Entity("return-orders", ALL, "ReturnOrder"),
    # Sales, production
    Entity("products", ERP_WMS, "Product"),
    Entity("groups", WMS, "ProductGroup"),
    Entity("bom", ERP, "BillOfMaterial"),
    Entity("production-orders", ERP, "ProductionOrder", children=("materials",)),
    Entity("sales-orders", ERP_WMS, "SalesOrder"),
    Entity("fulfillments", ERP_WMS, "Fulfillment"),
    # Warehouse
    Entity("materials", ALL, "Part", sizes_pages=False, filters=False, children=("children",)),
    Entity("inventories", ALL, "Inventory"),
    Entity("stocks", ALL, "Stock"),
    Entity("stock-adjustments", WMS, "StockAdjustment"),
    Entity("stock-transfers", ERP_WMS, "StockTransfer"),
    Entity("shipment-orders", WMS, "ShipmentOrder"),
    # Statuses
    _statuses("work-orders", EAM),
    _statuses("service-requests", EAM),
    _statuses("purchase-requisitions", ERP),
    _statuses("rfq", ERP),
    _statuses("purchase-orders", ALL),
    _statuses("receiving", ERP),
    _statuses("invoices", ERP),
    _statuses("return-orders", ALL),
    _statuses("projects", ERP),
    _statuses("production-orders", ERP),
    _statuses("sales-orders", ERP_WMS),
    _statuses("fulfillments", ERP_WMS),
    _statuses("stock-transfers", WMS),
    _statuses("shipment-orders", WMS),
)

CONNECTIONS = Entity(
    "connections", ALL, "Integration", key=("id",), replication_key=None, sizes_pages=False, filters=False
)
"""The connection itself: no list, but what `GET /api/integrations/current` says of it."""
