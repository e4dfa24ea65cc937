"""The OpenAPI 3.1 document of the v4 API, as the double has it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from makini_sandbox.documents.parts import answer, key_parameter, operation, page_parameters, query_parameters
from makini_sandbox.documents.v4_schemas import reference, v4_schemas

if TYPE_CHECKING:
    from collections.abc import Mapping

    from makini_sandbox.paging import Paging

Node = dict[str, Any]
_WRITABLE = frozenset({"work-orders", "service-requests", "purchase-orders"})
_REFERRED = ("Page", "PerPage")
_ADMIN_PATH = "/api/system/connections"


def v4_document(shapes: Mapping[str, str], url: str, paging: Paging) -> Node:
    """The document.

    Args:
        shapes: Item types by slug.
        url: Address of the API.
        paging: How its lists are asked for pages.
    """
    paths: Node = {}
    for slug, shape in shapes.items():
        paths[f"/api/v4/{slug}"] = _list_path(slug, shape)
        paths[f"/api/v4/{slug}/{{id}}"] = _row_path(slug, shape)
    paths[_ADMIN_PATH] = {"get": _named("list", "connections", operation("Admin", [], answer(_page("Connection"))))}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Sandbox v4", "version": "4.0"},
        "servers": [{"url": url}],
        "paths": paths,
        "components": {
            "parameters": dict(zip(_REFERRED, page_parameters(paging), strict=True)),
            "schemas": v4_schemas(shapes.values()),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _list_path(slug: str, shape: str) -> Node:
    referred = [{"$ref": f"#/components/parameters/{name}"} for name in _REFERRED]
    # What all operations of a path take may stand beside them.
    path: Node = {"parameters": referred} if "/" in slug else {}
    parameters = [*([] if path else referred), *query_parameters("filter", "sort")]
    path["get"] = _named("list", slug, operation(slug, parameters, answer(_page(shape))))
    if slug in _WRITABLE:
        path["post"] = _named("create", slug, _writing(operation(slug, [], answer(_data(shape))), shape))
    return path


def _row_path(slug: str, shape: str) -> Node:
    return {
        "parameters": [key_parameter("id")],
        "get": _named("read", slug, operation(slug, [], answer(_data(shape)))),
    }


def _named(verb: str, slug: str, described: Node) -> Node:
    words = re.split(r"[^a-z0-9]+", slug)
    return {"operationId": verb + "".join(word.capitalize() for word in words), **described}


def _writing(described: Node, shape: str) -> Node:
    body = {"required": True, "content": {"application/json": {"schema": reference(shape)}}}
    return {**described, "requestBody": body}


def _page(shape: str) -> Node:
    rows = {"type": "array", "items": reference(shape)}
    own = {"type": "object", "properties": {"data": rows}, "required": ["data"]}
    return {"allOf": [reference("Page"), own]}


def _data(shape: str) -> Node:
    return {"type": "object", "properties": {"data": reference(shape)}}
