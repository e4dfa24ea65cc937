"""The entities of Makini's v3 API: one row for each list endpoint, one stream for each row.

Slugs, products and query parameters are those of the v3 spec (its exports for EAM, ERP and WMS).

To add an entity, add a row to `ENTITIES` and, if its item type is new, `schemas/<item>.json`. The stream, its catalog
entry, its line tables and child lists, and what an OpenAPI document adds to it all follow from these two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_makini.endpoints import V3, V3_UNSIZED, Child, Endpoint, QueryParameters
from tap_makini.identifiers import CONNECTIONS, stream_name
from tap_makini.schema import load_item_schema

if TYPE_CHECKING:
    from collections.abc import Sequence

MATERIALS = "MaterialItem"
"""Item type of all child lists: most are declared as a bare object, and the one that is not lists materials."""


@dataclass(frozen=True, slots=True)
class Entity:
    """A list endpoint, offered under one or more products.

    Attributes:
        slug: Path below the product, as Makini spells it.
        products: Products that offer the slug, in the order `eam`, `erp`, `wms`.
        item: Item type of the records, which is the stem of their schema file.
        key: Primary key.
        replication_key: Property to read incrementally by, None for a full table.
        sizes_pages: Whether the v3 spec lists `per_page` for it.
        children: The lists of materials that each record has, by their name below its key.
    """

    slug: str
    products: tuple[str, ...]
    item: str
    key: tuple[str, ...] = ("key",)
    replication_key: str | None = "updatedAt"
    sizes_pages: bool = True
    children: tuple[str, ...] = ()

    @property
    def stream(self) -> str:
        """Name of the stream."""
        return stream_name(self.slug)

    def path(self, products: Sequence[str]) -> str | None:
        """Return the path of the endpoint on the API's host.

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
        """Return the endpoint under a connection's products, None if none of them offers it."""
        path = self.path(products)
        if path is None:
            return None
        return Endpoint(
            self.stream,
            path,
            load_item_schema(self.item),
            self.key,
            self.replication_key,
            V3 if self.sizes_pages else V3_UNSIZED,
            tuple(child_list(name, f"{path}/{{key}}/{name}") for name in self.children),
        )


def child_list(name: str, path: str, query_parameters: QueryParameters = V3_UNSIZED) -> Child:
    """Return a list of materials that each record has.

    Args:
        name: What Makini calls it.
        path: Its path, with `{key}` for the parent's key.
        query_parameters: Names of its query parameters.
    """
    return Child(name, path, load_item_schema(MATERIALS), ("key",), query_parameters)


PRODUCTS = ("eam", "erp", "wms")
EAM = ("eam",)
ERP = ("erp",)
WMS = ("wms",)
ERP_WMS = ("erp", "wms")

ENTITIES: tuple[Entity, ...] = (
    # Organization, people, places
    Entity("organizations", PRODUCTS, "Organization"),
    Entity("sites", PRODUCTS, "Site", sizes_pages=False),
    Entity("locations", PRODUCTS, "Location"),
    Entity("storerooms", PRODUCTS, "Storeroom"),
    Entity("accounts", PRODUCTS, "Account"),
    Entity("teams", PRODUCTS, "Team"),
    Entity("labors", PRODUCTS, "Labor"),
    Entity("users", PRODUCTS, "User"),
    Entity("companies", PRODUCTS, "Company"),
    Entity("vendors", PRODUCTS, "Vendor"),
    Entity("customers", PRODUCTS, "Customer"),
    Entity("projects", ERP, "Project"),
    # Units, money
    Entity("uom", PRODUCTS, "UnitOfMeasure", replication_key=None),
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
    # Declared as WorkOrder, but the child lists of the same name return the materials of a parent.
    Entity("work-orders/materials", EAM, MATERIALS, sizes_pages=False),
    Entity(
        "work-orders/custom-fields",
        EAM,
        "CustomField",
        key=("name",),
        replication_key=None,
        sizes_pages=False,
    ),
    Entity("documents", EAM, "Document"),
    # Procurement
    Entity("purchase-requisitions", ERP, "PurchaseRequisition"),
    Entity("rfq", ERP, "RequestForQuotation"),
    Entity("purchase-orders", PRODUCTS, "PurchaseOrder"),
    Entity("purchase-orders.line-items", PRODUCTS, "LineItem"),
    Entity("receiving", ERP, "Receiving"),
    Entity("receipts", ERP, "Receipt"),
    Entity("invoices", ERP, "Invoice"),
    Entity("return-orders", PRODUCTS, "ReturnOrder"),
    # Sales, production
    Entity("products", ERP_WMS, "Product"),
    Entity("groups", WMS, "ProductGroup"),
    Entity("bom", ERP, "BillOfMaterial"),
    Entity("production-orders", ERP, "ProductionOrder", children=("materials",)),
    Entity("sales-orders", ERP_WMS, "SalesOrder"),
    Entity("fulfillments", ERP_WMS, "Fulfillment"),
    # Warehouse
    Entity("materials", PRODUCTS, "Part", sizes_pages=False, children=("children",)),
    Entity("inventories", PRODUCTS, "Inventory"),
    Entity("stocks", PRODUCTS, "Stock"),
    Entity("stock-adjustments", WMS, "StockAdjustment"),
    Entity("stock-transfers", ERP_WMS, "StockTransfer"),
    Entity("shipment-orders", WMS, "ShipmentOrder"),
    # Statuses
    Entity("statuses/work-orders", EAM, "Status", sizes_pages=False),
    Entity("statuses/service-requests", EAM, "Status", sizes_pages=False),
    Entity("statuses/purchase-requisitions", ERP, "Status", sizes_pages=False),
    Entity("statuses/rfq", ERP, "Status", sizes_pages=False),
    Entity("statuses/purchase-orders", PRODUCTS, "Status", sizes_pages=False),
    Entity("statuses/receiving", ERP, "Status", sizes_pages=False),
    Entity("statuses/invoices", ERP, "Status", sizes_pages=False),
    Entity("statuses/return-orders", PRODUCTS, "Status", sizes_pages=False),
    Entity("statuses/projects", ERP, "Status", sizes_pages=False),
    Entity("statuses/production-orders", ERP, "Status", sizes_pages=False),
    Entity("statuses/sales-orders", ERP_WMS, "Status", sizes_pages=False),
    Entity("statuses/fulfillments", ERP_WMS, "Status", sizes_pages=False),
    Entity("statuses/stock-transfers", WMS, "Status", sizes_pages=False),
    Entity("statuses/shipment-orders", WMS, "Status", sizes_pages=False),
)

CONNECTION = Entity(CONNECTIONS, PRODUCTS, "Integration", key=("id",), replication_key=None, sizes_pages=False)
"""The connection itself: not a list, but what `GET /api/integrations/current` returns."""
