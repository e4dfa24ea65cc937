"""One OpenAPI document: checked, with its references followed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from referencing import Registry, Specification
from referencing.exceptions import Unresolvable

from tap_makini.openapi.errors import DocumentError
from tap_makini.openapi.notation import NotationError, decode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from referencing import Resource

    from tap_makini.openapi.location import Location

logger = logging.getLogger(__name__)

_REFERENCES_IN_A_ROW = 50
_EXPORT_AGAIN = "Export it again from Makini's docs, as OpenAPI 3."


class Document:
    """An OpenAPI 3 document.

    Args:
        location: Where it comes from.
        content: What it says.
    """

    def __init__(self, location: Location, content: Mapping[str, Any]) -> None:
        self.location = location
        self.content = content
        # opaque: a schema in the document must not be able to move the base of its references by an `$id`
        resource: Resource[Any] = Specification.OPAQUE.create_resource(content)
        self._resolver = Registry[Any]().with_resource("", resource).resolver()
        self._targets: dict[str, dict[str, Any] | None] = {}
        self._is_warned = False

    def target(self, reference: object) -> dict[str, Any] | None:
        """Give the object that a `$ref` names, None where it leads nowhere or out of the document.

        The first such reference is told of in the log.
        """
        if not isinstance(reference, str):
            self._warn(reference)
            return None
        if reference not in self._targets:
            self._targets[reference] = self._looked_up(reference)
        if self._targets[reference] is None:
            self._warn(reference)
        return self._targets[reference]

    def followed(self, node: object) -> dict[str, Any]:
        """Give a path item, parameter or answer that may be a reference; an empty one where it is no object."""
        for _ in range(_REFERENCES_IN_A_ROW):
            if not isinstance(node, dict):
                return {}
            if "$ref" not in node:
                return node
            node = self.target(node["$ref"])
        return {}

    def _looked_up(self, reference: str) -> dict[str, Any] | None:
        if not reference.startswith("#"):
            return None
        try:
            found = self._resolver.lookup(reference).contents
        except (Unresolvable, TypeError, ValueError):  # the latter: a pointer into what is no container
            return None
        return found if isinstance(found, dict) else None

    def _warn(self, reference: object) -> None:
        if not self._is_warned:
            self._is_warned = True
            logger.warning(
                "The API document %s refers to what it does not hold (%.200r, and perhaps more), and so the tap does "
                "not know it: bundle the document into one file.",
                self.location.label,
                reference if isinstance(reference, str) else type(reference).__name__,
            )


def open_document(location: Location, timeout: float, user_agent: str) -> Document:
    """Fetch a document and check that it is an OpenAPI 3 one.

    Args:
        location: Where it is.
        timeout: Seconds to wait for a connection and between two bytes of an answer.
        user_agent: What to call ourselves.

    Raises:
        DocumentError: It cannot be had, or is none.
    """
    try:
        content = decode(location.fetch(timeout, user_agent))
    except NotationError as error:
        raise DocumentError.about(location.label, str(error), _EXPORT_AGAIN) from None
    fault = _fault(content)
    if fault:
        raise DocumentError.about(location.label, fault, _EXPORT_AGAIN)
    return Document(location, content)


def _fault(content: object) -> str | None:
    if not isinstance(content, dict):
        return "is no OpenAPI document: it holds no object"
    if "swagger" in content:
        return "is a Swagger 2 description, which the tap does not read"
    paths = content.get("paths")
    if not isinstance(paths, dict) or not paths:
        return "is no OpenAPI document: it describes no paths"
    return None
