"""Read what operations return: lists in the envelope (`data`), for the lists of a record also bare lists or objects."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tap_makini.openapi.schemas import MIXED, Kind, Shape, shape_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_makini.openapi.operations import Operation

_SUCCESSES = ("200", "206", "2XX", "2xx", "default")
_JSON = re.compile(r"(application/([\w!#$&^.-]+\+)*json|\*/\*)[ -~]*", re.IGNORECASE | re.ASCII)
_PLAIN_JSON = "application/json"
_UNKNOWN_ITEM = Shape(Kind.OBJECT)


def list_item(operation: Operation) -> Shape | None:
    """Return the shape of a list's items; None if the operation does not return a list in the envelope."""
    return _enveloped(_response(operation))


def child_item(operation: Operation) -> Shape | None:
    """Return the shape of the items of a record's list; None if the operation returns something else.

    The v3 export declares such lists in the envelope, bare, as one bare object, or not at all.
    """
    response = _response(operation)
    item = _enveloped(response) or (response.items() if response.items else response)
    return _as_item(item)


def media_type_of(operation: Operation) -> str:
    """Return the declared media type of the response; plain JSON if there is none."""
    name, _ = _declared(operation)
    return _PLAIN_JSON if name.startswith("*/*") else name


def _response(operation: Operation) -> Shape:
    _, schema = _declared(operation)
    return MIXED if schema is None else shape_of(operation.scope, schema)


def _enveloped(response: Shape) -> Shape | None:
    data = response.properties["data"]() if "data" in response.properties else None
    item = data.items() if data and data.items else None
    if item and item.items:
        item = item.items()  # Makini's export for several products declares lists of lists, but returns plain lists
    return _as_item(item)


def _as_item(shape: Shape | None) -> Shape | None:
    if shape and shape.kind is Kind.ANY:
        return _UNKNOWN_ITEM
    return shape if shape and shape.kind is Kind.OBJECT else None


def _declared(operation: Operation) -> tuple[str, Any]:
    """Return media type and schema of the successful response: `{}` if none is declared, None if it is not JSON."""
    responses = operation.description.get("responses")
    by_status: Mapping[str, Any] = responses if isinstance(responses, dict) else {}
    status = next((status for status in _SUCCESSES if status in by_status), None)
    if status is None:
        return _PLAIN_JSON, None
    content = operation.scope.followed(by_status[status]).get("content")
    if not isinstance(content, dict) or not content:
        return _PLAIN_JSON, {}
    names = sorted(filter(_JSON.fullmatch, content), key=lambda name: not name.startswith(_PLAIN_JSON))
    media = content[names[0]] if names else None
    return (names[0], media.get("schema", {})) if isinstance(media, dict) else (_PLAIN_JSON, None)
