"""OpenAPI 3.0 documents of the v3 API, one a product, as the vendor's exports are."""

from __future__ import annotations

from typing import Any

from makini_sandbox.children import CHILD_LISTS, ChildList
from makini_sandbox.data.shapes import SHAPES
from makini_sandbox.documents.kinds import fields_of
from makini_sandbox.documents.parts import answer, key_parameter, operation, query_parameters
from makini_sandbox.documents.vendor_types import UNDESCRIBED, vendor_schema
from makini_sandbox.entities import ENTITIES, Entity

Node = dict[str, Any]
_UNSIZED = frozenset({"sites", "materials", "work-orders/custom-fields", "work-orders/materials"})
# The exports say so of both lists of materials of work orders, though their items are none.
_WORK_ORDERS = frozenset({"work-orders/materials", "work-orders/{key}/materials"})


def v3_document(product: str, url: str) -> Node:
    """The document of a product.

    Args:
        product: ``eam``, ``erp`` or ``wms``.
        url: Address of the API.
    """
    entities = [entity for entity in ENTITIES.values() if product in entity.products]
    paths: Node = {}
    for entity in entities:
        paths[f"/api/{product}/{entity.slug}"] = {"get": _list(entity)}
        paths[f"/api/{product}/{entity.slug}/{{key}}"] = {"get": _row(entity)}
    for child in CHILD_LISTS:
        if product in child.products:
            paths[f"/api/{product}/{child.slug}"] = {"get": _items(child)}
    return {
        "openapi": "3.0.0",
        "info": {"title": f"Sandbox {product.upper()}", "version": "3.0"},
        "servers": [{"url": url}],
        "paths": paths,
        "components": {"schemas": _schemas(), "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
    }


def _list(entity: Entity) -> Node:
    sized = entity.slug not in _UNSIZED and not entity.slug.startswith("statuses/")
    parameters = query_parameters("filter", "page", "sort", *(["per_page"] if sized else []))
    return operation(entity.slug, parameters, answer(_envelope(_declared_shape(entity))))


def _row(entity: Entity) -> Node:
    return operation(entity.slug, [key_parameter("key")], answer(_reference(_declared_shape(entity))))


def _items(child: ChildList) -> Node:
    schema = _envelope("WorkOrder") if child.slug in _WORK_ORDERS else {"type": "object"}
    parameters = [key_parameter("key"), *query_parameters("filter", "page", "sort")]
    return operation(child.parent, parameters, answer(schema))


def _declared_shape(entity: Entity) -> str:
    return "WorkOrder" if entity.slug in _WORK_ORDERS else entity.shape


def _envelope(shape: str) -> Node:
    rows = {"type": "array", "items": _reference(shape)}
    return {
        "type": "object",
        "properties": {"data": rows, "links": _reference("Links"), "meta": _reference("Meta")},
    }


def _reference(name: str) -> Node:
    return {"$ref": f"#/components/schemas/{name}"}


def _schemas() -> Node:
    texts = {name: {"type": "string"} for name in ("first", "last", "prev", "next")}
    counts = ("current_page", "from", "last_page", "per_page", "to", "total")
    numbers = {name: {"type": "integer"} for name in counts}
    return {
        "Links": {"type": "object", "properties": texts},
        "Meta": {"type": "object", "properties": {**numbers, "path": {"type": "string"}}},
        **{shape: _schema(shape) for shape in SHAPES},
    }


def _schema(shape: str) -> Node:
    if shape in UNDESCRIBED:
        return {"type": "object"}
    return {"type": "object", "properties": {one.name: vendor_schema(shape, one) for one in fields_of(shape)}}
