"""Parts that OpenAPI documents of both versions have in common, and what each field of an item type holds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from makini_sandbox.data import shapes
from makini_sandbox.data.draft import Draft
from makini_sandbox.data.values import maker_of
from makini_sandbox.data.world import World
from makini_sandbox.entities import ENTITIES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from makini_sandbox.envelope import Paging

Node = dict[str, Any]
Holds = Literal["text", "instant", "number", "integer", "flag", "texts", "anything", "nested"]

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT")
_INSTANT_NAMES = ("At", "Date")
_BY_TYPE: dict[type, Holds] = {bool: "flag", int: "integer", Decimal: "number", list: "texts", dict: "anything"}
_SAMPLE = World("documents", seed=1, rows=3, until=1_767_225_600)
_WHOLE = {"type": "integer", "minimum": 1}
_BY_FIELD = {"type": "object", "additionalProperties": {"type": "string"}}
_SCHEMAS = {"page": _WHOLE, "per_page": _WHOLE, "filter": _BY_FIELD, "sort": _BY_FIELD}


@dataclass(frozen=True)
class Field:
    """A field of an item type.

    Attributes:
        name: Its name.
        word: The word in the item type that decides what it holds: mostly its name.
        holds: What it holds; `texts` is a list of texts, `anything` an object without a schema.
        shape: The item type of the object or the list of objects in it, empty for other fields.
        is_list: Whether it holds a list of such objects.
        declared: The type that the vendor's v3 exports declare, None if it follows from what it holds.
    """

    name: str
    word: str
    holds: Holds
    shape: str = ""
    is_list: bool = False
    declared: str | None = None


@cache
def fields_of(shape: str) -> tuple[Field, ...]:
    """Return the fields of an item type, in order."""
    return tuple(map(_field, shapes.fields_of(shape)))


def _field(field: shapes.ShapeField) -> Field:
    word = field.word
    nested = ENTITIES[word[1:]].shape if word.startswith("@") else word
    if nested in shapes.SHAPES:
        return Field(field.name, word, "nested", nested, field.is_list, field.declared)
    return Field(field.name, word, _holds(field), declared=field.declared)


def _holds(field: shapes.ShapeField) -> Holds:
    """Find out what a field holds from a value of row 1, since row 0 has no earlier row to refer to."""
    value = maker_of(field.word)(Draft(_SAMPLE, "work-orders", 1))
    if type(value) in _BY_TYPE:
        return _BY_TYPE[type(value)]
    is_instant = field.name.endswith(_INSTANT_NAMES) or (isinstance(value, str) and _INSTANT.match(value))
    return "instant" if is_instant else "text"


def reference(name: str) -> Node:
    """Return a reference to a schema."""
    return {"$ref": f"#/components/schemas/{name}"}


def query_parameters(*names: str) -> list[Node]:
    """Return parameters of a list; `filter` and `sort` are written `filter[field]`."""
    return [_query_parameter(name) for name in names]


def page_parameters(paging: Paging) -> list[Node]:
    """Return the parameters for the number of the page and for its size."""
    number, size = query_parameters("page", "per_page")
    return [
        {**number, "name": paging.page, "schema": {**_WHOLE, "minimum": paging.first}},
        {**size, "name": paging.size},
    ]


def _query_parameter(name: str) -> Node:
    parameter: Node = {"name": name, "in": "query", "required": False, "schema": _SCHEMAS[name]}
    return {**parameter, "style": "deepObject", "explode": True} if _SCHEMAS[name] is _BY_FIELD else parameter


def key_parameter(name: str) -> Node:
    """Return the parameter of a path for the key of a row."""
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def operation(tag: str, parameters: Sequence[Node], schema: Node) -> Node:
    """Return an operation that a bearer token opens, and that succeeds with a JSON body of this schema."""
    content = {"application/json": {"schema": schema}}
    return {
        "tags": [tag],
        "security": [{"bearer": []}],
        "parameters": list(parameters),
        "responses": {"200": {"description": "OK", "content": content}},
    }
