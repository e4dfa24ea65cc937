"""Builders of OpenAPI documents, the vendor's among them, and the reading of them without files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tap_makini.openapi import read_documents
from tap_makini.openapi.location import Location

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_makini.endpoints import Endpoint, Offer

Node = dict[str, Any]
ALL = ("eam", "erp", "wms")
TEXT: Node = {"type": ["string", "null"]}
THING: Node = {"type": "object", "properties": {"key": {"type": "string"}, "updatedAt": {"type": "string"}}}
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


def envelope(item: Any) -> Node:  # noqa: ANN401 - any JSON
    return {"type": "object", "properties": {"data": {"type": "array", "items": item}, "meta": {"type": "object"}}}


def responses(schema: Any, status: str = "200", media: str = "application/json") -> Node:  # noqa: ANN401 - any JSON
    return {status: {"description": "", "content": {media: {"schema": schema}}}}


def get(item: Any = THING, **more: Any) -> Node:  # noqa: ANN401 - any JSON
    """A path item with a GET that lists items."""
    return {"get": {"responses": responses(envelope(item)), **more}}


def query(*names: str) -> list[Node]:
    return [{"name": name, "in": "query", "schema": {}} for name in names]


def document(paths: Mapping[str, Any], **more: Any) -> Node:  # noqa: ANN401 - any JSON
    return {"openapi": "3.0.3", "info": {"title": "", "version": "1"}, "paths": dict(paths), **more}


def read_bytes(*contents: bytes, products: Sequence[str] = ALL) -> Offer:
    """Read documents, called `0.json` and so on."""
    by_name = {f"{number}.json": content for number, content in enumerate(contents)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Location, "fetch", lambda self, *_: by_name[self.text])
        return read_documents([*by_name], products, user_agent="tests")


def offer(*documents: Any, products: Sequence[str] = ALL) -> Offer:  # noqa: ANN401 - any JSON
    """Read documents."""
    return read_bytes(*(json.dumps(content).encode() for content in documents), products=products)


def endpoints(*documents: Any, products: Sequence[str] = ALL) -> dict[str, Endpoint]:  # noqa: ANN401 - any JSON
    """Read documents; endpoints by stream."""
    return {endpoint.stream: endpoint for endpoint in offer(*documents, products=products).endpoints}


def columns(properties: Mapping[str, Any], **components: Any) -> Node:  # noqa: ANN401 - any JSON
    """Return the columns of a list `gadgets` whose items have these properties."""
    item = {"type": "object", "properties": dict(properties)}
    content = document({"/api/eam/gadgets": get(item)}, components={"schemas": components})
    read: Node = endpoints(content)["gadgets"].schema["properties"]
    return read


# --- the vendor's v3 documents, from the compact copy of their facts ---------------------------------


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
