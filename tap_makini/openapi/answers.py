"""What operations answer: lists in the envelope (`data`), bare lists, bare objects."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tap_makini.openapi.resolve import TooLargeError, shape_of
from tap_makini.openapi.shape import MIXED, Kind, Shape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_makini.openapi.operations import Operation

_SUCCESSES = ("200", "206", "2XX", "2xx")
_ANY = "*/*"
_JSON = re.compile(r"(application/([\w!#$&^.-]+\+)*json|\*/\*)[ -~]*", re.IGNORECASE | re.ASCII)
_PLAIN_JSON = "application/json"  # before that of problems
_ENVELOPE_LEVEL = 1
_OVERVIEW = 0
"""Levels of an item that need not be looked into to see that it is one."""
_OBJECTS = {Kind.OBJECT, Kind.MAP}

UNKNOWN_ITEM = Shape(Kind.OBJECT)


def is_list(operation: Operation) -> bool:
    """Say whether an operation answers with a list in the envelope (v3 spec, v4 guide)."""
    return _enveloped(_overview(operation)) is not None


def is_child_list(operation: Operation) -> bool:
    """Say whether an operation may answer with a list, as v3's export has it for the lists of a record.

    It declares them in the envelope, bare, or as one bare object, or says nothing of the answer.
    """
    return _bare_item(_overview(operation)) is not None


def media_type_of(operation: Operation) -> str:
    """Give the media type that an operation's answer is declared to have; plain JSON where none is."""
    name, _ = _declared(operation)
    return _PLAIN_JSON if name.startswith(_ANY) else name


def item_of_list(operation: Operation, levels: int) -> Shape:
    """Give the shape of an item of a list.

    Raises:
        TooLargeError: It cannot be read with so many levels.
    """
    return _enveloped(_answer(operation, levels)) or UNKNOWN_ITEM


def item_of_child(operation: Operation, levels: int) -> Shape:
    """Give the shape of an item of a child list, without properties where nothing is said.

    Raises:
        TooLargeError: It cannot be read with so many levels.
    """
    return _bare_item(_answer(operation, levels)) or UNKNOWN_ITEM


def _overview(operation: Operation) -> Shape:
    try:
        return _answer(operation, _OVERVIEW)
    except TooLargeError:
        return MIXED


def _answer(operation: Operation, levels: int) -> Shape:
    _, schema = _declared(operation)
    return MIXED if schema is None else shape_of(operation.document, schema, levels + _ENVELOPE_LEVEL)


def _enveloped(answer: Shape) -> Shape | None:
    data = answer.properties.get("data")
    item = data.items if data is not None and data.kind is Kind.ARRAY else None
    if item is not None and item.kind is Kind.MIXED and item.items is not None:
        item = item.items  # Makini's export for several products declares lists of lists; its answers are plain lists
    if item is not None and item.kind is Kind.ANY:
        return UNKNOWN_ITEM
    return item if item is not None and item.kind in _OBJECTS else None


def _bare_item(answer: Shape) -> Shape | None:
    item = _enveloped(answer) or (answer.items if answer.kind is Kind.ARRAY else answer)
    if item is None or item.kind is Kind.ANY:
        return UNKNOWN_ITEM
    return item if item.kind in _OBJECTS else None


def _declared(operation: Operation) -> tuple[str, Any]:
    """Give media type and schema of the answer: `{}` where none is declared, None where the answer is no JSON."""
    contents = list(_contents(operation))
    content = next(filter(None, contents), None)
    if content is None:
        return _PLAIN_JSON, {} if contents else None
    names = sorted(filter(_JSON.fullmatch, content), key=lambda name: not name.startswith(_PLAIN_JSON))
    media = content[names[0]] if names else None
    return (names[0], media.get("schema", {})) if isinstance(media, dict) else (_PLAIN_JSON, None)


def _contents(operation: Operation) -> Iterator[Mapping[str, Any]]:
    """Give what successful answers hold, by media type; what is said of all others counts only without these."""
    responses = operation.description.get("responses")
    answers: Mapping[str, Any] = responses if isinstance(responses, dict) else {}
    for status in [status for status in _SUCCESSES if status in answers] or ["default"]:
        if status in answers:
            content = operation.document.followed(answers[status]).get("content")
            yield content if isinstance(content, dict) else {}
