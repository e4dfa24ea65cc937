"""From the schemas of a document to shapes: references, `allOf`, `oneOf`, `anyOf`, OpenAPI 3.0 and 3.1 alike.

Reading a schema ends whatever the document holds: a schema that comes again below itself is text, a composition
that leads back to itself says nothing, and levels, compositions in a row and visits are bounded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tap_makini.openapi.shape import ANY, MIXED, Kind, Shape, merged, united

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tap_makini.openapi.document import Document

_VISITS_LIMIT = 6_000
"""How many schemas make up one: four (a choice, its reference, target and null) for each column of the widest table."""

_VISITS_LIMIT_OF_FLAT = 60_000
"""The same where nothing nested is looked into, so that what makes it large is many columns, not many combinations."""

_FLAT = 2
"""The levels of an envelope and its items."""

_TRAIL_LIMIT = 60
"""How many schemas may be around one; each takes a few frames of Python's stack."""

_KINDS = {
    "string": Kind.STRING,
    "number": Kind.NUMBER,
    "integer": Kind.NUMBER,
    "boolean": Kind.BOOLEAN,
    "object": Kind.OBJECT,
    "array": Kind.ARRAY,
    "null": Kind.NULL,
}
_PYTHON_KINDS = {
    str: Kind.STRING,
    bool: Kind.BOOLEAN,
    int: Kind.NUMBER,
    float: Kind.NUMBER,
    dict: Kind.OBJECT,
    list: Kind.ARRAY,
}
_PLAIN = {kind: Shape(kind) for kind in Kind}
_INSTANT_FORMATS = ("date-time", "date")
_OWN_KEYWORDS = {"type", "format", "properties", "additionalProperties", "items", "enum", "const"}
_CHOICES = ("oneOf", "anyOf")
_COMPOSING_KEYWORDS = {"$ref", "allOf", *_CHOICES}


class TooLargeError(Exception):
    """A schema takes too long to read with so many levels."""


class _Place(NamedTuple):
    """Where a schema stands.

    Attributes:
        level: How many objects are around the value, itself included if it is one.
        in_array: The value is an item of an array.
        above: The schemas (by `id`) of the values around this one.
        composing: The schemas that make up this value with this one.
    """

    level: int = 1
    in_array: bool = False
    above: frozenset[int] = frozenset()
    composing: frozenset[int] = frozenset()

    def beside(self, schema: object) -> _Place:
        """Give the place of what makes up the same value as a schema here does."""
        return _Place(self.level, self.in_array, self.above, self.composing | {id(schema)})

    def within(self, schema: object, level: int, *, in_array: bool) -> _Place:
        """Give the place of a part of the value that a schema here makes up."""
        return _Place(level, in_array, self.above | self.composing | {id(schema)})


def shape_of(document: Document, schema: object, levels: int) -> Shape:
    """Read a schema.

    Args:
        document: What it stands in.
        schema: Any JSON.
        levels: How many levels of objects are read; those below are objects of any names.

    Raises:
        TooLargeError: It takes too many steps.
    """
    return _Reading(document, levels).read(schema, _Place()) or MIXED


class _Reading:
    def __init__(self, document: Document, levels: int) -> None:
        self._document = document
        self._levels = levels
        self._visits_left = _VISITS_LIMIT if levels > _FLAT else _VISITS_LIMIT_OF_FLAT

    def read(self, schema: object, place: _Place) -> Shape | None:
        """Give the shape; None where references lead nowhere or back, which adds nothing to what is merged with it."""
        self._visits_left -= 1
        if self._visits_left < 0:
            raise TooLargeError
        if not isinstance(schema, dict):
            return ANY
        if id(schema) in place.above:
            return MIXED
        if id(schema) in place.composing or len(place.above) + len(place.composing) >= _TRAIL_LIMIT:
            return None
        if _COMPOSING_KEYWORDS.isdisjoint(schema):
            return self._own(schema, place)
        known = _known(self._parts(schema, place))
        return merged(known) if known else None

    def _parts(self, schema: Mapping[str, Any], place: _Place) -> Iterator[Shape | None]:
        inner = place.beside(schema)
        if "$ref" in schema:
            target = self._document.target(schema["$ref"])
            yield None if target is None else self.read(target, inner)
        for part in _schemas(schema, "allOf"):
            yield self.read(part, inner)
        for choice in _CHOICES:
            if options := _schemas(schema, choice):
                known = _known(self.read(option, inner) for option in options)
                yield united(known) if known else None
        if not _OWN_KEYWORDS.isdisjoint(schema):
            yield self._own(schema, place)

    def _own(self, schema: Mapping[str, Any], place: _Place) -> Shape:
        kind = _own_kind(schema)
        if kind is Kind.OBJECT:
            return self._object(schema, place)
        return self._array(schema, place) if kind is Kind.ARRAY else _PLAIN[kind]

    def _object(self, schema: Mapping[str, Any], place: _Place) -> Shape:
        properties = schema.get("properties")
        if not isinstance(properties, dict) or not properties:
            is_map = isinstance(schema.get("additionalProperties"), dict) and schema["additionalProperties"]
            return Shape(Kind.MAP if is_map else Kind.OBJECT)
        if place.level > self._levels:
            return _PLAIN[Kind.MAP]
        inner = place.within(schema, place.level + 1, in_array=False)
        return Shape(Kind.OBJECT, {name: self.read(part, inner) or MIXED for name, part in properties.items()})

    def _array(self, schema: Mapping[str, Any], place: _Place) -> Shape:
        inner = place.within(schema, place.level, in_array=True)
        items = self.read(schema.get("items"), inner) or ANY
        return Shape(Kind.MIXED if place.in_array else Kind.ARRAY, items=items)


def _known(parts: Iterable[Shape | None]) -> list[Shape]:
    return [part for part in parts if part is not None]


def _schemas(schema: Mapping[str, Any], keyword: str) -> list[Any]:
    parts = schema.get(keyword)
    return parts if isinstance(parts, list) else []


def _own_kind(schema: Mapping[str, Any]) -> Kind:
    """Say what a schema's own keywords make of a value, without what it is composed of."""
    kind = _declared_kind(schema["type"]) if "type" in schema else _implied_kind(schema)
    if schema.get("format") in _INSTANT_FORMATS and kind in {Kind.STRING, Kind.ANY}:
        return Kind.INSTANT
    return kind


def _declared_kind(types: object) -> Kind:
    if isinstance(types, list):
        return _single({_declared_kind(name) for name in types if not isinstance(name, list) and name != "null"})
    return _KINDS.get(types, Kind.MIXED) if isinstance(types, str) else Kind.MIXED


def _implied_kind(schema: Mapping[str, Any]) -> Kind:
    if isinstance(schema.get("properties"), dict):
        return Kind.OBJECT
    if "items" in schema:
        return Kind.ARRAY
    if "const" in schema or isinstance(schema.get("enum"), list):
        values = [schema["const"]] if "const" in schema else schema["enum"]
        return _single({_PYTHON_KINDS[type(value)] for value in values if value is not None})
    return Kind.OBJECT if isinstance(schema.get("additionalProperties"), dict) else Kind.ANY


def _single(kinds: set[Kind]) -> Kind:
    if len(kinds) > 1:
        return Kind.MIXED
    return kinds.pop() if kinds else Kind.NULL
