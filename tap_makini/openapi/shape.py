"""Shapes: what schemas say of a value, in a form that can be merged and united."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from functools import reduce
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


class Kind(Enum):
    """The kind of a value. Whole numbers are numbers: a later one may have a fraction."""

    ANY = auto()
    NULL = auto()
    STRING = auto()
    INSTANT = auto()
    NUMBER = auto()
    BOOLEAN = auto()
    OBJECT = auto()
    MAP = auto()
    """An object of any names."""
    ARRAY = auto()
    MIXED = auto()
    """Values that no one column but text can hold."""


_OBJECTS = {Kind.OBJECT, Kind.MAP}
_TEXTS = {Kind.STRING, Kind.INSTANT}


@dataclass(frozen=True)
class Shape:
    """What is known of a value.

    Attributes:
        kind: Its kind.
        properties: The properties of an object, in their declared order.
        items: What an array holds. An array within an array is of mixed kind: text is the only column for it.
    """

    kind: Kind
    properties: Mapping[str, Shape] = field(default_factory=dict)
    items: Shape | None = None


ANY = Shape(Kind.ANY)
MIXED = Shape(Kind.MIXED)


def merged(shapes: Iterable[Shape]) -> Shape:
    """Give the shape of a value that has all of these shapes at once (`allOf`).

    Taken literally, a list, an object and a scalar exclude each other. Generators mean that the later one overrides the
    earlier, and by an object that has nothing in it they mean any value.
    """
    return reduce(_both, shapes)


def united(shapes: Iterable[Shape]) -> Shape:
    """Give the shape that takes values of any of these shapes (`oneOf`, `anyOf`)."""
    return reduce(_either, shapes)


def _both(first: Shape, second: Shape) -> Shape:
    if Kind.ANY in {first.kind, second.kind}:
        return second if first.kind is Kind.ANY else first
    if _structure(first.kind) is not _structure(second.kind):
        return first if _is_bare(second) else second
    return _combined(first, second, _both, Kind.INSTANT)


def _either(first: Shape, second: Shape) -> Shape:
    if Kind.NULL in {first.kind, second.kind}:
        return second if first.kind is Kind.NULL else first
    if Kind.ANY in {first.kind, second.kind}:
        return ANY
    return _combined(first, second, _either, Kind.STRING)


def _structure(kind: Kind) -> Kind:
    return Kind.OBJECT if kind in _OBJECTS else Kind.ARRAY if kind is Kind.ARRAY else Kind.STRING


def _is_bare(shape: Shape) -> bool:
    return shape.kind is Kind.OBJECT and not shape.properties


def _combined(first: Shape, second: Shape, combine: Callable[[Shape, Shape], Shape], text: Kind) -> Shape:
    """Combine part by part; `text` is what an instant and another text make."""
    kinds = {first.kind, second.kind}
    if kinds == _TEXTS:
        return Shape(text)
    if kinds == {Kind.ARRAY}:
        return Shape(Kind.ARRAY, items=combine(first.items or ANY, second.items or ANY))
    if kinds <= _OBJECTS:
        properties = dict(first.properties)
        for name, shape in second.properties.items():
            properties[name] = combine(properties[name], shape) if name in properties else shape
        return Shape(Kind.MAP if kinds == {Kind.MAP} else Kind.OBJECT, properties)
    return first if len(kinds) == 1 else MIXED
