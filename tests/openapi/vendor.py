"""The vendor's v3 documents, built from the compact copy of their facts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from openapi.documents import Node, document, envelope, query, responses

FACTS: dict[str, dict[str, Any]] = json.loads(Path(__file__).parents[1].joinpath("data", "vendor_v3.json").read_bytes())
_CHILDREN = {
    "eam": [
        "materials/{key}/children",
        "assets/{key}/materials",
        "asset-templates/{key}/materials",
        "pm/{key}/materials",
        "work-orders/{key}/materials",
    ],
    "erp": ["production-orders/{key}/materials", "materials/{key}/children"],
    "wms": ["materials/{key}/children"],
}


def vendor_document(product: str, *, nests_lists: bool = False) -> Node:
    """Build the document of a product; the one for several products declares lists of lists."""
    entities = {slug: entity for slug, entity in FACTS["entities"].items() if product in entity["products"]}
    paths = {f"/api/{product}/{slug}": _list(entity, nests_lists=nests_lists) for slug, entity in entities.items()}
    paths |= {f"/api/{product}/{slug}/{{key}}": _record(entity["item"]) for slug, entity in entities.items()}
    paths |= {f"/api/{product}/{path}": _child(path) for path in _CHILDREN[product]}
    schemas = {name: _item(fields) for name, fields in FACTS["items"].items()}
    return document(paths, servers=[{"url": "https://api.makini.io"}], components={"schemas": schemas})


def _list(entity: Node, *, nests_lists: bool) -> Node:
    names = ["filter", "page", "sort", *(["per_page"] if entity["per_page"] else [])]
    item = _ref(entity["item"])
    data = envelope({"type": "array", "items": item} if nests_lists else item)
    return {"get": {"parameters": query(*names), "responses": responses(data)}}


def _record(item: str) -> Node:
    key = {"name": "key", "in": "path", "required": True, "schema": {"type": "string"}}
    return {"get": {"parameters": [key], "responses": responses(_ref(item))}}


def _child(path: str) -> Node:
    schema = envelope(_ref("WorkOrder")) if path.startswith("work-orders/") else {"type": "object"}
    return {"get": {"parameters": query("filter", "page", "sort"), "responses": responses(schema)}}


def _item(fields: Node) -> Node:
    return {"type": "object", "properties": {name: _declared(form) for name, form in fields.items()}}


def _declared(form: str) -> Node:
    if form.startswith("["):
        return {"type": "array", "items": _ref(form.strip("[]"))}
    if form.startswith("->"):
        return _ref(form.removeprefix("->"))
    return {"type": "array", "items": {"type": "string"}} if form == "array" else {"type": form}


def _ref(item: str) -> Node:
    return {"$ref": f"#/components/schemas/{item}"}
