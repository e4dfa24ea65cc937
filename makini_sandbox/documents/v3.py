"""Write the OpenAPI 3.0 documents of the v3 API, one per product, as the vendor's exports are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from makini_sandbox.data.shapes import SHAPES
from makini_sandbox.documents.parts import fields_of, key_parameter, operation, query_parameters, reference
from makini_sandbox.entities import CHILD_LISTS, ENTITIES, ChildList, Entity

if TYPE_CHECKING:
    from makini_sandbox.documents.parts import Field, Holds

Node = dict[str, Any]
# The exports say so of both lists of materials of work orders, though their items are none.
_WORK_ORDERS = frozenset({"work-orders/materials", "work-orders/{key}/materials"})
# Named by the exports, but not described.
_UNDESCRIBED = frozenset({"Dimension"})
_TYPES: dict[Holds, str] = {
    "text": "string",
    "instant": "string",
    "number": "string",
    "integer": "string",
    "anything": "string",
    "flag": "boolean",
    "texts": "array",
}
"""The types that the exports declare for most fields, whose shape says nothing else."""


def v3_document(product: str, url: str) -> Node:
    """Return the document of a product.

    Args:
        product: `eam`, `erp` or `wms`.
        url: Address of the API.
    """
    paths: Node = {}
    for entity in ENTITIES.values():
        if product in entity.products:
            shape = "WorkOrder" if entity.slug in _WORK_ORDERS else entity.shape
            paths[f"/api/{product}/{entity.slug}"] = {"get": _list(entity, shape)}
            row = operation(entity.slug, [key_parameter("key")], reference(shape))
            paths[f"/api/{product}/{entity.slug}/{{key}}"] = {"get": row}
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


def _list(entity: Entity, shape: str) -> Node:
    parameters = query_parameters("filter", "page", "sort", *(["per_page"] if entity.sizes_pages else []))
    return operation(entity.slug, parameters, _envelope(shape))


def _items(child: ChildList) -> Node:
    schema = _envelope("WorkOrder") if child.slug in _WORK_ORDERS else {"type": "object"}
    parameters = [key_parameter("key"), *query_parameters("filter", "page", "sort")]
    return operation(child.parent, parameters, schema)


def _envelope(shape: str) -> Node:
    rows = {"type": "array", "items": reference(shape)}
    return {"type": "object", "properties": {"data": rows, "links": reference("Links"), "meta": reference("Meta")}}


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
    if shape in _UNDESCRIBED:
        return {"type": "object"}
    return {"type": "object", "properties": {field.name: _property(field) for field in fields_of(shape)}}


def _property(field: Field) -> Node:
    """Return the schema that the vendor declares, which never allows null and often declares numbers as texts."""
    if field.declared is None and field.shape:
        return {"type": "array", "items": reference(field.shape)} if field.is_list else reference(field.shape)
    kind = field.declared or _TYPES[field.holds]
    return {"type": kind, "items": {"type": "string"}} if kind == "array" else {"type": kind}
