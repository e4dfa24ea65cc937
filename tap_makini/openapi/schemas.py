"""Read what schemas say of a value: references, `allOf`, `oneOf` and `anyOf`, of OpenAPI 3.0 and 3.1 alike.

A shape is read one level at a time: its properties and items are functions that read the next one. So a schema may
contain itself, and how far to go is for the caller to decide. A recursive property becomes JSON text, and a circular
composition is ignored.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from tap_makini.openapi.document import Scope

    Node = Mapping[str, Any]

_MOST_VISITS = 20_000
"""Schemas that are looked at for one list: thirteen for each column of the widest table."""
_LONGEST_TRAIL = 50
"""Compositions in each other; each takes a few frames of Python's stack."""


class Kind(Enum):
    """The kind of a value. Whole numbers are numbers: a later one may have a fraction."""

    ANY = auto()
    """The schema does not say."""
    NULL = auto()
    STRING = auto()
    DATE_TIME = auto()
    NUMBER = auto()
    BOOLEAN = auto()
    OBJECT = auto()
    ARRAY = auto()
    MIXED = auto()
    """Values that only JSON text can hold."""


_KINDS = {
    "string": Kind.STRING,
    "number": Kind.NUMBER,
    "integer": Kind.NUMBER,
    "boolean": Kind.BOOLEAN,
    "object": Kind.OBJECT,
    "array": Kind.ARRAY,
    "null": Kind.NULL,
}
_KINDS_OF_VALUES = {str: Kind.STRING, bool: Kind.BOOLEAN, int: Kind.NUMBER, float: Kind.NUMBER}
_OWN_KEYWORDS = {"type", "format", "properties", "additionalProperties", "items", "enum", "const"}
_COMPOSING_KEYWORDS = {"$ref", "allOf", "oneOf", "anyOf"}


@dataclass(frozen=True)
class Shape:
    """What is known of a value.

    Attributes:
        kind: Its kind.
        properties: Reads each property of an object, in their declared order.
        items: Reads the items of an array; None if it is not an array.
    """

    kind: Kind
    properties: Mapping[str, Callable[[], Shape]] = field(default_factory=dict)
    items: Callable[[], Shape] | None = None


MIXED = Shape(Kind.MIXED)
_ANY = Shape(Kind.ANY)


def shape_of(scope: Scope, schema: object) -> Shape:
    """Return what a schema, any JSON, says of a value."""
    return _Reader(scope).value(schema, frozenset())


class _Reader:
    """Read what one list returns.

    Sets of schemas are sets of their `id`: `above` are those of the values around this one, `trail` those that make up
    this value with this one.
    """

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._visits_left = _MOST_VISITS

    def value(self, schema: object, above: frozenset[int]) -> Shape:
        """Read the schema of a value."""
        return self._read(schema, above, frozenset()) or MIXED

    def _items(self, schema: object, above: frozenset[int]) -> Shape:
        return self._read(schema, above, frozenset()) or _ANY

    def _read(self, schema: object, above: frozenset[int], trail: frozenset[int]) -> Shape | None:
        """Return the shape; None where references lead nowhere or back, which adds nothing to what is around."""
        self._visits_left -= 1
        if not isinstance(schema, dict):
            return _ANY
        if id(schema) in above or self._visits_left < 0:
            return MIXED
        if id(schema) in trail or len(trail) >= _LONGEST_TRAIL:
            return None
        inner = trail | {id(schema)}
        if _COMPOSING_KEYWORDS.isdisjoint(schema):
            return self._own(schema, above | inner)
        known = [part for part in self._parts(schema, above, inner) if part]
        return _all_of(known) if known else None

    def _parts(self, schema: Node, above: frozenset[int], trail: frozenset[int]) -> Iterator[Shape | None]:
        if "$ref" in schema:
            target = self._scope.target(schema["$ref"])
            yield self._read(target, above, trail) if target is not None else None
        for part in _listed(schema, "allOf"):
            yield self._read(part, above, trail)
        for keyword in ("oneOf", "anyOf"):
            options = [self._read(option, above, trail) for option in _listed(schema, keyword)]
            if known := [option for option in options if option]:
                yield _any_of(known)
        if not _OWN_KEYWORDS.isdisjoint(schema):
            yield self._own(schema, above | trail)

    def _own(self, schema: Node, above: frozenset[int]) -> Shape:
        """Return what a schema says without what it is composed of."""
        kind = _declared_kind(schema["type"]) if "type" in schema else _implied_kind(schema)
        if kind is Kind.OBJECT:
            properties = schema.get("properties")
            parts = properties if isinstance(properties, dict) else {}
            return Shape(kind, {name: partial(self.value, part, above) for name, part in parts.items()})
        if kind is Kind.ARRAY:
            return Shape(kind, items=partial(self._items, schema.get("items"), above))
        is_date_time = schema.get("format") in ("date-time", "date") and kind in {Kind.STRING, Kind.ANY}
        return Shape(Kind.DATE_TIME if is_date_time else kind)


def _listed(schema: Node, keyword: str) -> list[Any]:
    parts = schema.get(keyword)
    return parts if isinstance(parts, list) else []


def _declared_kind(types: object) -> Kind:
    if isinstance(types, list):
        return _single({_declared_kind(name) for name in types if not isinstance(name, list) and name != "null"})
    return _KINDS.get(types, Kind.MIXED) if isinstance(types, str) else Kind.MIXED


def _implied_kind(schema: Node) -> Kind:
    if isinstance(schema.get("properties"), dict) or isinstance(schema.get("additionalProperties"), dict):
        return Kind.OBJECT
    if "items" in schema:
        return Kind.ARRAY
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    if isinstance(values, list):
        return _single({_KINDS_OF_VALUES.get(type(value), Kind.MIXED) for value in values if value is not None})
    return Kind.ANY


def _single(kinds: set[Kind]) -> Kind:
    if len(kinds) > 1:
        return Kind.MIXED
    return kinds.pop() if kinds else Kind.NULL


def _all_of(shapes: Sequence[Shape]) -> Shape:
    """Return the shape of a value that has all of these shapes at once."""
    said = [shape for shape in shapes if shape.kind is not Kind.ANY]
    return _combined(said, _all_of, Kind.DATE_TIME) if said else _ANY


def _any_of(shapes: Sequence[Shape]) -> Shape:
    """Return the shape that takes values of any of these shapes."""
    options = [shape for shape in shapes if shape.kind is not Kind.NULL] or [*shapes]
    if any(shape.kind is Kind.ANY for shape in options):
        return _ANY
    return _combined(options, _any_of, Kind.STRING)


def _combined(shapes: Sequence[Shape], combine: Callable[[Sequence[Shape]], Shape], text: Kind) -> Shape:
    """Combine shapes part by part; `text` is what date-times and other texts make together."""
    if len(shapes) == 1:
        return shapes[0]
    kinds = {shape.kind for shape in shapes}
    if kinds == {Kind.OBJECT}:
        parts: dict[str, list[Callable[[], Shape]]] = {}
        for shape in shapes:
            for name, part in shape.properties.items():
                parts.setdefault(name, []).append(part)
        return Shape(Kind.OBJECT, {name: partial(_read_all, same, combine) for name, same in parts.items()})
    if kinds == {Kind.ARRAY}:
        return Shape(Kind.ARRAY, items=partial(_read_all, [shape.items for shape in shapes if shape.items], combine))
    if kinds == {Kind.STRING, Kind.DATE_TIME}:
        return Shape(text)
    return shapes[0] if len(kinds) == 1 else MIXED


def _read_all(parts: Iterable[Callable[[], Shape]], combine: Callable[[Sequence[Shape]], Shape]) -> Shape:
    return combine([part() for part in parts])
