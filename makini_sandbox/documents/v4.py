"""Write the OpenAPI 3.1 document of the v4 API, in the many forms in which real documents say the same thing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from zlib import crc32

from makini_sandbox.data.shapes import SHAPES
from makini_sandbox.data.vocabulary import CHOICES
from makini_sandbox.documents.parts import (
    fields_of,
    key_parameter,
    operation,
    page_parameters,
    query_parameters,
    reference,
)
from makini_sandbox.entities import ENTITIES
from makini_sandbox.records import V3_STANDARD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from makini_sandbox.documents.parts import Field
    from makini_sandbox.envelope import Paging

Node = dict[str, Any]
_WRITABLE = frozenset({"work-orders", "service-requests", "purchase-orders"})
_REFERRED = ("Page", "PerPage")
_ADMIN_PATH = "/api/system/connections"

_NULL = {"type": "null"}
_TYPES = {"text": "string", "number": "number", "integer": "integer", "flag": "boolean"}
_ENUMS = frozenset({"severity", "criticality", "lifecycle", "bomType", "adjustmentType", "trigger"})
_ENUMS_WITHOUT_TYPE = frozenset({"priority"})
_PARENT = {"oneOf": [reference("Asset"), _NULL], "description": "The asset that it is a part of"}
_OPEN: dict[str, Node] = {
    "texts": {"type": ["array", "null"], "items": {"type": "string"}},
    "anything": {"type": ["object", "null"], "additionalProperties": True},
}
# The ways to say that a value may be null; the second is no keyword of OpenAPI 3.1, but common.
_NULLABLE: tuple[Callable[[Node], Node], ...] = (
    lambda schema: {**schema, "type": [schema["type"], "null"]},
    lambda schema: {**schema, "nullable": True},
    lambda schema: {"oneOf": [schema, _NULL]},
    lambda schema: {"anyOf": [schema, _NULL]},
)
_NULLABLE_REFERENCES: tuple[Callable[[Node], Node], ...] = (
    lambda referred: {"oneOf": [referred, _NULL]},
    lambda referred: {"anyOf": [_NULL, referred]},
    lambda referred: {"allOf": [referred], "nullable": True},
)
_INTEGERS = {name: {"type": "integer"} for name in ("current_page", "last_page", "per_page", "total")}
_BASE: Node = {
    "Instant": {"type": ["string", "null"], "format": "date-time"},
    "Meta": {"type": "object", "properties": _INTEGERS, "required": list(_INTEGERS)},
    "Page": {"type": "object", "properties": {"meta": reference("Meta")}, "required": ["meta"]},
    "StandardFields": {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "_idValue": {"type": ["string", "null"], "description": "The id in the source system"},
            "_displayValue": {"type": ["string", "null"]},
            "_createdAt": {"type": ["string", "null"], "format": "date-time"},
            "_updatedAt": reference("Instant"),
            "_deletedAt": {"oneOf": [{"type": "string", "format": "date-time"}, _NULL]},
            "_implements": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["id"],
    },
    "Connection": {
        "type": "object",
        "properties": {"key": {"type": "string"}, "name": {"type": "string"}, "status": {"type": "string"}},
    },
}


def v4_document(shapes: Mapping[str, str], url: str, paging: Paging) -> Node:
    """Return the document.

    Args:
        shapes: Item types by slug.
        url: Address of the API.
        paging: How pages of its lists are requested.
    """
    paths: Node = {}
    for slug, shape in shapes.items():
        paths[f"/api/v4/{slug}"] = _list_path(slug, shape)
        paths[f"/api/v4/{slug}/{{id}}"] = _row_path(slug, shape)
    paths[_ADMIN_PATH] = {"get": _named("list", "connections", operation("Admin", [], _page(reference("Connection"))))}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Sandbox v4", "version": "4.0"},
        "servers": [{"url": url}],
        "paths": paths,
        "components": {
            "parameters": dict(zip(_REFERRED, page_parameters(paging), strict=True)),
            "schemas": _schemas(shapes.values()),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


# --- paths ---


def _list_path(slug: str, shape: str) -> Node:
    referred = [{"$ref": f"#/components/parameters/{name}"} for name in _REFERRED]
    # The parameters of all operations of a path may be beside them.
    path: Node = {"parameters": referred} if "/" in slug else {}
    parameters = [*([] if path else referred), *query_parameters("filter", "sort")]
    path["get"] = _named("list", slug, operation(slug, parameters, _page(reference(shape))))
    if slug in _WRITABLE:
        body = {"required": True, "content": {"application/json": {"schema": reference(shape)}}}
        path["post"] = _named("create", slug, {**operation(slug, [], _data(shape)), "requestBody": body})
    return path


def _row_path(slug: str, shape: str) -> Node:
    return {
        "parameters": [key_parameter("id")],
        "get": _named("read", slug, operation(slug, [], _data(shape))),
    }


def _named(verb: str, slug: str, described: Node) -> Node:
    words = re.split(r"[^a-z0-9]+", slug)
    return {"operationId": verb + "".join(word.capitalize() for word in words), **described}


def _page(item: Node) -> Node:
    own = {"type": "object", "properties": {"data": {"type": "array", "items": item}}, "required": ["data"]}
    return {"allOf": [reference("Page"), own]}


def _data(shape: str) -> Node:
    return {"type": "object", "properties": {"data": reference(shape)}}


# --- schemas ---


def _schemas(shapes: Iterable[str]) -> Node:
    """Return all schemas by name.

    The item type of a list has a schema of its own; as a part of another one it is `Embedded…`, without the standard
    fields of v4.
    """
    return {
        **_BASE,
        **{shape: _record(shape) for shape in sorted(set(shapes))},
        **{_embedded(shape): _object(fields_of(shape), shape) for shape in SHAPES},
    }


def _record(shape: str) -> Node:
    own = _object([field for field in fields_of(shape) if field.name not in V3_STANDARD], shape)
    if shape == "Asset":
        own["properties"]["parent"] = _PARENT
    return {"allOf": [reference("StandardFields"), own]}


def _embedded(shape: str) -> str:
    is_record = any(shape in {entity.shape, "WorkOrder"} for entity in ENTITIES.values())
    return f"Embedded{shape}" if is_record else shape


def _object(fields: Iterable[Field], shape: str) -> Node:
    return {"type": "object", "properties": {field.name: _property(shape, field) for field in fields}}


def _property(shape: str, field: Field) -> Node:
    """Return the schema of a field, in one of the forms that documents have, chosen by its name."""
    chance = crc32(f"{shape}.{field.name}".encode())
    if field.is_list:
        return {"type": ["array", "null"], "items": reference(_embedded(field.shape))}
    if field.holds == "nested":
        return _NULLABLE_REFERENCES[chance % len(_NULLABLE_REFERENCES)](reference(_embedded(field.shape)))
    if field.word in _ENUMS | _ENUMS_WITHOUT_TYPE:
        values = {"enum": [*CHOICES[field.word], None]}
        return values if field.word in _ENUMS_WITHOUT_TYPE else {"type": ["string", "null"], **values}
    if field.holds in _OPEN:
        return _OPEN[field.holds]
    if field.holds == "instant":
        forms = (reference("Instant"), *(form({"type": "string", "format": "date-time"}) for form in _NULLABLE))
        return forms[chance % len(forms)]
    return _NULLABLE[chance % len(_NULLABLE)]({"type": _TYPES[field.holds]})
