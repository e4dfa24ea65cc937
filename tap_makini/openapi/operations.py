"""The operations of a document that read something: its GETs, with their paths and parameters."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_makini.openapi.server import SEGMENT_PATTERN, path_prefix

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_makini.openapi.document import Document

_PATH = re.compile(rf"(/({SEGMENT_PATTERN}|\{{[^/{{}}]+\}}))+/?")
_CHILD_PATH = re.compile(r"(?P<parent>.+)/\{[^/{}]+\}/(?P<name>[^/{}]+)")
_ADMIN_SEGMENTS = {"system", "admin", "link", "oauth"}
_ADMIN_TAG = re.compile(r"\badmin", re.IGNORECASE)


@dataclass(frozen=True)
class Operation:
    """A GET.

    Attributes:
        document: What describes it.
        path: Its path on the API's host, without a slash at the end.
        description: What the document says of it.
        parameters: Its parameters, with those of its path.
        ending: The slash that the document puts behind the path; some servers answer no other address.
    """

    document: Document
    path: str
    description: Mapping[str, Any]
    parameters: tuple[Mapping[str, Any], ...]
    ending: str = ""

    @property
    def is_deprecated(self) -> bool:
        """Whether the document says that it will go."""
        return self.description.get("deprecated") is True

    @property
    def is_of_one_record(self) -> bool:
        """Whether its path has parameters, in its template or declared."""
        return "{" in self.path or any(parameter.get("in") == "path" for parameter in self.parameters)

    @property
    def parent_and_name(self) -> tuple[str, str] | None:
        """The path of the list and the name below each of its records, if this is the path of a child list."""
        match = _CHILD_PATH.fullmatch(self.path)
        return (match["parent"], match["name"]) if match and "{" not in match["parent"] else None


def operations_of(document: Document) -> Iterator[Operation]:
    """Give the operations that read customers' data; the tap reads raw tables in a way of its own."""
    prefix = path_prefix(document)
    for template, node in document.content["paths"].items():
        path = prefix + template
        item = document.followed(node)
        get = item.get("get")
        if isinstance(get, dict) and _PATH.fullmatch(path) and not _is_left_out(path, get):
            bare = path.rstrip("/")
            parameters = tuple(_parameters(document, item, get))
            yield Operation(document, bare, get, parameters, "/" if bare != path else "")


def _is_left_out(path: str, get: Mapping[str, Any]) -> bool:
    tags = get.get("tags")
    texts = [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []
    is_admin = not _ADMIN_SEGMENTS.isdisjoint(path.lower().split("/")) or any(map(_ADMIN_TAG.search, texts))
    return is_admin or "/raw/tables" in path


def _parameters(document: Document, *nodes: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for node in nodes:
        parameters = node.get("parameters")
        for parameter in parameters if isinstance(parameters, list) else []:
            yield document.followed(parameter)
