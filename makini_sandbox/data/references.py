"""Which entity a ``…Key`` field refers to, and which of its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from makini_sandbox.entities import ENTITIES

if TYPE_CHECKING:
    from collections.abc import Callable

    from makini_sandbox.data.draft import Draft

_ANY = {
    "account": "accounts",
    "assembly": "materials",
    "assetTemplate": "asset-templates",
    "company": "companies",
    "costUom": "uom",
    "customer": "customers",
    "document": "documents",
    "fromLocation": "locations",
    "fromStoreroom": "storerooms",
    "group": "groups",
    "labor": "labors",
    "laborAssigned": "labors",
    "makeCompany": "companies",
    "material": "materials",
    "product": "products",
    "productionOrder": "production-orders",
    "project": "projects",
    "rateBase": "uom",
    "requester": "users",
    "salesOrder": "sales-orders",
    "shipmentOrder": "shipment-orders",
    "stockTransfer": "stock-transfers",
    "tax": "taxes",
    "team": "teams",
    "toLocation": "locations",
    "toStoreroom": "storerooms",
    "user": "users",
    "userApproved": "users",
    "userManager": "users",
    "userRequested": "users",
}
_OWN = {
    "asset": "assets",
    "entity": "assets",
    "location": "locations",
    "organization": "organizations",
    "site": "sites",
    "storeroom": "storerooms",
}
_RELATED = {
    "assetDowntime": "assets-downtime",
    "meter": "meters",
    "pm": "pm",
    "serviceRequest": "service-requests",
    "uom": "uom",
    "workOrder": "work-orders",
}
_OF_ORDER = {"currency": "currencies", "po": "purchase-orders", "vendor": "vendors"}
_ORDER_STATUSES = "statuses/purchase-orders"
_STATUS_SCOPES = {"pm": "work-orders", "purchase-orders.line-items": "purchase-orders"}


def reference(name: str) -> Callable[[Draft], str | None]:
    """What gives the key that a field of this name refers to."""
    stem = name.removesuffix("Key")
    if stem in _OWN:
        slug = _OWN[stem]
        return lambda draft: draft.own(slug)
    if stem in _RELATED:
        slug = _RELATED[stem]
        return lambda draft: draft.related(slug)
    if stem in _OF_ORDER:
        slug = _OF_ORDER[stem]
        return lambda draft: draft.of_order(slug)
    slug = _ANY[stem]
    return lambda draft: draft.reference(slug)


def references(name: str) -> Callable[[Draft], list[str]]:
    """What gives the keys that a field of this plural name refers to: one, or none."""
    one = parent_key if name == "parentKeys" else reference(name.removesuffix("s"))

    def make(draft: Draft) -> list[str]:
        key = one(draft)
        return [] if key is None else [key]

    return make


def parent_key(draft: Draft) -> str | None:
    """An earlier row of the same entity, so that no row is its own ancestor."""
    return draft.world.key(draft.slug, draft.below(draft.number)) if draft.number else None


def status_key(draft: Draft) -> str:
    """The status of the row, of those for its entity; a line has those of what it stands in."""
    scope = draft.slug.removesuffix("/lines")
    slug = f"statuses/{_STATUS_SCOPES.get(scope, scope)}"
    # Receipts and the like have no statuses of their own, but their lines do have one.
    return draft.world.key(slug if slug in ENTITIES else _ORDER_STATUSES, draft.status)
