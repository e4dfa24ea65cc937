"""What the tap knows better than a document: the types of v3's export are a generator's.

Where a list is built into the tap, its columns are those of the built-in table, so that moving from the table to the
v3 exports changes no column's type. Which properties there are is the document's to say.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from tap_makini.entities import ENTITIES
from tap_makini.openapi.keys import is_v4
from tap_makini.openapi.shape import Kind, Shape
from tap_makini.schema import SCHEMAS

_Node = dict[str, Any]

_ITEMS = {entity.stream: f"{entity.item}.json" for entity in ENTITIES}
_MATERIALS = "MaterialItem.json"
_LISTS_OF_MATERIALS = {
    "work_orders_materials",  # declared as work orders
    *(f"{entity.stream}__{child}" for entity in ENTITIES for child in entity.children),
}
_KINDS = {"string": Kind.STRING, "number": Kind.NUMBER, "boolean": Kind.BOOLEAN}
_OBJECT, _ARRAY, _SCALAR = "object", "array", "scalar"
_STRUCTURES = {
    Kind.OBJECT: _OBJECT,
    Kind.MAP: _OBJECT,
    Kind.ARRAY: _ARRAY,
    Kind.STRING: _SCALAR,
    Kind.INSTANT: _SCALAR,
    Kind.NUMBER: _SCALAR,
    Kind.BOOLEAN: _SCALAR,
}
"""Kinds that are not in it speak of no structure."""


def corrected(declared: Shape, v3_stream: str) -> Shape:
    """Put right what a document declares of an item.

    Args:
        declared: The shape of an object.
        v3_stream: What the v3 spec's stream would be called; empty for lists of other APIs. The name of a child list
            begins with its parent's: `assets__materials`.

    Returns:
        The built-in shape of each property that is built in too, unless the document declares a structure for it (a
        scalar, an object, an array) that neither the vendor's export nor the built-in schema has.
    """
    if is_v4(declared.properties):
        return declared
    if v3_stream in _LISTS_OF_MATERIALS and "id" not in declared.properties:
        return _material(declared)
    return _better_object(declared, _file(_ITEMS[v3_stream])) if v3_stream in _ITEMS else declared


def _material(declared: Shape) -> Shape:
    """Correct an item that the v3 export declares wrongly: right is what has all that a material has."""
    node = _file(_MATERIALS)
    is_right = declared.properties.keys() >= node["properties"].keys()
    return _better_object(declared, node) if is_right else _built_in(node)


def _better_object(declared: Shape, node: _Node) -> Shape:
    known = node["properties"]
    properties = {
        name: _better(shape, known[name]) if name in known else shape for name, shape in declared.properties.items()
    }
    return Shape(Kind.OBJECT, properties)


def _better(declared: Shape, node: _Node) -> Shape:
    known = _target(node)
    structures = {_node_structure(known), _vendor_structure(node.get("x-vendor-type"))}
    if _STRUCTURES.get(declared.kind) not in {None, *structures}:
        return declared
    if declared.properties and "properties" in known:
        return _better_object(declared, known)
    if declared.items and declared.items.properties and "items" in known:
        return Shape(Kind.ARRAY, items=_better(declared.items, known["items"]))
    return _built_in(known)


def _built_in(node: _Node) -> Shape:
    known = _target(node)
    if "properties" in known:
        return Shape(Kind.OBJECT, {name: _built_in(part) for name, part in known["properties"].items()})
    if "items" in known:
        return Shape(Kind.ARRAY, items=_built_in(known["items"]))
    return Shape(Kind.INSTANT if "format" in known else _KINDS[known["type"][0]])


def _node_structure(known: _Node) -> str:
    return {"object": _OBJECT, "array": _ARRAY}.get(known["type"][0], _SCALAR)


def _vendor_structure(declared: str | None) -> str | None:
    if declared is None:
        return None
    if declared.startswith("->"):
        return _OBJECT
    return _ARRAY if declared.startswith("[") else {"object": _OBJECT, "array": _ARRAY}.get(declared, _SCALAR)


def _target(node: _Node) -> _Node:
    return _file(node["$ref"]) if "$ref" in node else node


@cache
def _file(name: str) -> _Node:
    """Read a schema file with its references and markers, which `fetch_schema` takes out."""
    content: _Node = msgspec.json.decode(SCHEMAS.dir_path.joinpath(name).read_bytes())
    return content
