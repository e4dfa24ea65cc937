"""The schemas of the v4 document, in the many forms in which real documents write the same thing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zlib import crc32

from makini_sandbox.data.shapes import SHAPES
from makini_sandbox.data.vocabulary import CHOICES
from makini_sandbox.documents.kinds import Field, fields_of
from makini_sandbox.entities import ENTITIES
from makini_sandbox.records import V3_STANDARD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Node = dict[str, Any]

_NULL = {"type": "null"}
_TYPES = {"text": "string", "number": "number", "integer": "integer", "flag": "boolean"}
_ENUMS = frozenset({"severity", "criticality", "lifecycle", "bomType", "adjustmentType", "trigger"})
_ENUMS_WITHOUT_TYPE = frozenset({"priority"})
_PARENT = {"oneOf": [{"$ref": "#/components/schemas/Asset"}, _NULL], "description": "The asset that it is a part of"}

# The ways to say that a value may be null; the second is no keyword of OpenAPI 3.1, but often met.
_NULLABLE: tuple[Callable[[Node], Node], ...] = (
    lambda schema: {**schema, "type": [schema["type"], "null"]},
    lambda schema: {**schema, "nullable": True},
    lambda schema: {"oneOf": [schema, _NULL]},
    lambda schema: {"anyOf": [schema, _NULL]},
)
_NULLABLE_REFERENCES: tuple[Callable[[Node], Node], ...] = (
    lambda reference: {"oneOf": [reference, _NULL]},
    lambda reference: {"anyOf": [_NULL, reference]},
    lambda reference: {"allOf": [reference], "nullable": True},
)


def v4_schemas(shapes: Iterable[str]) -> Node:
    """All schemas.

    Args:
        shapes: The item types of the lists.

    Returns:
        Schemas by name: an item type has its own; as a part of another it is ``Embedded…``, without
        the standard fields of v4.
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


def reference(name: str) -> Node:
    """A reference to a schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def _embedded(shape: str) -> str:
    is_record = any(shape in {entity.shape, "WorkOrder"} for entity in ENTITIES.values())
    return f"Embedded{shape}" if is_record else shape


def _object(fields: Iterable[Field], shape: str) -> Node:
    return {"type": "object", "properties": {field.name: _schema(shape, field) for field in fields}}


def _schema(shape: str, field: Field) -> Node:
    """The schema of a field, in one of the forms that documents have; which one, its name decides."""
    chance = crc32(f"{shape}.{field.name}".encode())
    if field.is_list:
        return {"type": ["array", "null"], "items": reference(_embedded(field.shape))}
    if field.holds == "nested":
        return _NULLABLE_REFERENCES[chance % len(_NULLABLE_REFERENCES)](reference(_embedded(field.shape)))
    if field.word in _ENUMS | _ENUMS_WITHOUT_TYPE:
        values = {"enum": [*CHOICES[field.word], None]}
        return values if field.word in _ENUMS_WITHOUT_TYPE else {"type": ["string", "null"], **values}
    return _OPEN.get(field.holds) or _scalar(field, chance)


_OPEN: dict[str, Node] = {
    "texts": {"type": ["array", "null"], "items": {"type": "string"}},
    "anything": {"type": ["object", "null"], "additionalProperties": True},
}


def _scalar(field: Field, chance: int) -> Node:
    if field.holds == "instant":
        forms = (reference("Instant"), *(form({"type": "string", "format": "date-time"}) for form in _NULLABLE))
        return forms[chance % len(forms)]
    return _NULLABLE[chance % len(_NULLABLE)]({"type": _TYPES[field.holds]})


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
