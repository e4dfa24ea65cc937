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
_MOST_WARNINGS = 10
_NO_TEXT = "# (not text)"
_EXPORT_AGAIN = "Export it again from Makini's docs, as OpenAPI 3."


class Document:
    """An OpenAPI 3 document, or what one of its paths sees of it.

    Args:
        location: Where it comes from.
        content: What it says.
        path: The path that is read, to be named where a reference leads nowhere.
        references: Those of the whole document; None makes them.
    """

    def __init__(
        self, location: Location, content: Mapping[str, Any], path: str = "", references: _References | None = None
    ) -> None:
        self.location = location
        self.content = content
        self.path = path
        self._references = references or _References(content)

    def at(self, path: str) -> Document:
        """Give the same document, read for one of its paths."""
        return Document(self.location, self.content, path, self._references)

    def target(self, reference: object) -> dict[str, Any] | None:
        """Give the object that a `$ref` names; None where it leads nowhere or out of the document, which is noted."""
        return self._references.target(reference, self.path)

    def warn_of_missing(self, streams: Mapping[str, str]) -> None:
        """Name each reference that led nowhere so far, and what it is missing in.

        Args:
            streams: The names of streams by their paths in the document.
        """
        missing = [*self._references.missing.items()]
        for reference, paths in missing[:_MOST_WARNINGS]:
            affected = sorted({streams[path] for path in paths if path in streams})
            is_inside = reference.startswith("#")
            logger.warning(
                "%s: refers to %.200s, which %s. Affected %s: %.500s.%s",
                self.location.label,
                reference,
                "it does not define" if is_inside else "is in another file and is not read",
                "streams" if affected else "paths",
                ", ".join(affected or paths),
                "" if is_inside else " Bundle the document into one file.",
            )
        if len(missing) > _MOST_WARNINGS:
            count = len(missing) - _MOST_WARNINGS
            logger.warning("%s: %d more references lead nowhere.", self.location.label, count)

    def followed(self, node: object) -> dict[str, Any]:
        """Give a path item, parameter or answer that may be a reference; an empty one where it is no object."""
        for _ in range(_REFERENCES_IN_A_ROW):
            if not isinstance(node, dict):
                return {}
            if "$ref" not in node:
                return node
            node = self.target(node["$ref"])
        return {}


class _References:
    """The references of a document.

    Attributes:
        missing: Those that led nowhere, each with the paths that had one.
    """

    def __init__(self, content: Mapping[str, Any]) -> None:
        # opaque: a schema in the document must not be able to move the base of its references by an `$id`
        resource: Resource[Any] = Specification.OPAQUE.create_resource(content)
        self._resolver = Registry[Any]().with_resource("", resource).resolver()
        self._targets: dict[str, dict[str, Any] | None] = {}
        self.missing: dict[str, dict[str, None]] = {}

    def target(self, reference: object, path: str) -> dict[str, Any] | None:
        """Give the object that a reference names, if there is one.

        Args:
            reference: What stands at `$ref`, any JSON.
            path: The path that is read.
        """
        text = reference if isinstance(reference, str) else _NO_TEXT
        if text not in self._targets:
            self._targets[text] = self._looked_up(text)
        if self._targets[text] is None:
            self.missing.setdefault(text, {})[path] = None
        return self._targets[text]

    def _looked_up(self, reference: str) -> dict[str, Any] | None:
        if reference == _NO_TEXT or not reference.startswith("#"):
            return None
        try:
            found = self._resolver.lookup(reference).contents
        except (Unresolvable, TypeError, ValueError):  # the latter: a pointer into what is no container
            return None
        return found if isinstance(found, dict) else None


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
        return "not an OpenAPI document (expected an object at the top level)"
    if "swagger" in content:
        return "not an OpenAPI 3 document (Swagger 2 is not supported)"
    paths = content.get("paths")
    if not isinstance(paths, dict) or not paths:
        return "not an OpenAPI document (expected an object with paths under 'paths')"
    return None
