"""What each field of a shape holds, told from a value that is made for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Literal

from makini_sandbox.data.builder import shape_fields
from makini_sandbox.data.draft import Draft
from makini_sandbox.data.makers import maker_of
from makini_sandbox.data.shapes import SHAPES
from makini_sandbox.data.world import World
from makini_sandbox.entities import ENTITIES

Holds = Literal["text", "instant", "number", "integer", "flag", "texts", "anything", "nested"]

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT")
_INSTANT_NAMES = ("At", "Date")
_SAMPLE = World("documents", seed=1, rows=3, until=1_767_225_600)


@dataclass(frozen=True)
class Field:
    """A field of an item type.

    Attributes:
        name: Its name.
        word: The word in the shape that decides what it holds: mostly its name.
        holds: What it holds; ``texts`` is a list of texts, ``anything`` an object without a schema.
        shape: The item type of the object or the list of objects in it, empty for other fields.
        is_list: Whether it holds a list of such objects.
    """

    name: str
    word: str
    holds: Holds
    shape: str = ""
    is_list: bool = False


@cache
def fields_of(shape: str) -> tuple[Field, ...]:
    """The fields of an item type, in order."""
    return tuple(_field(name, kind) for name, kind, _ in shape_fields(shape))


def _field(name: str, kind: str) -> Field:
    word = kind.strip("[]")
    if word.startswith("@"):
        return Field(name, word, "nested", ENTITIES[word[1:]].shape, is_list=kind != word)
    if word in SHAPES:
        return Field(name, word, "nested", word, is_list=kind != word)
    # Number 1 and not 0, which has no earlier row to refer to.
    return Field(name, word, _holds(name, maker_of(word)(Draft(_SAMPLE, "work-orders", 1))))


def _holds(name: str, value: object) -> Holds:
    if isinstance(value, bool):
        return "flag"
    by_type: dict[type, Holds] = {int: "integer", Decimal: "number", list: "texts", dict: "anything"}
    if type(value) in by_type:
        return by_type[type(value)]
    is_instant = name.endswith(_INSTANT_NAMES) or (isinstance(value, str) and _INSTANT.match(value))
    return "instant" if is_instant else "text"
