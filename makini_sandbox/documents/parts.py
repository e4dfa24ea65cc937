"""Parts that OpenAPI documents of both versions are put together from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from makini_sandbox.paging import Paging

Node = dict[str, Any]

_WHOLE = {"type": "integer", "minimum": 1}
_BY_FIELD = {"type": "object", "additionalProperties": {"type": "string"}}
_SCHEMAS = {"page": _WHOLE, "per_page": _WHOLE, "filter": _BY_FIELD, "sort": _BY_FIELD}


def query_parameters(*names: str) -> list[Node]:
    """Parameters of a list; ``filter`` and ``sort`` are written ``filter[field]``."""
    return [_query_parameter(name) for name in names]


def page_parameters(paging: Paging) -> list[Node]:
    """Parameters for the number of the page and for its size."""
    number, size = query_parameters("page", "per_page")
    return [
        {**number, "name": paging.page, "schema": {**_WHOLE, "minimum": paging.first}},
        {**size, "name": paging.size},
    ]


def _query_parameter(name: str) -> Node:
    parameter: Node = {"name": name, "in": "query", "required": False, "schema": _SCHEMAS[name]}
    return {**parameter, "style": "deepObject", "explode": True} if _SCHEMAS[name] is _BY_FIELD else parameter


def key_parameter(name: str) -> Node:
    """The parameter of a path that names one row."""
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def answer(schema: Node) -> Node:
    """The responses of an operation that succeeds with a JSON body."""
    return {"200": {"description": "OK", "content": {"application/json": {"schema": schema}}}}


def operation(tag: str, parameters: Sequence[Node], responses: Node) -> Node:
    """An operation that a bearer token opens."""
    return {
        "tags": [tag],
        "security": [{"bearer": []}],
        "parameters": list(parameters),
        "responses": responses,
    }
