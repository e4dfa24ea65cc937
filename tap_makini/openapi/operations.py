"""The operations of a document that read something: its GETs, with their addresses and parameters."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tap_makini.openapi.server import server_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_makini.openapi.document import Document

_SIGNS_OF_PATHS = "/{}._~!$&'()*+,;=:@%-"
_LEADS_ELSEWHERE = re.compile(r"[?#\\\x00-\x1f\x7f]|(^|/|%2f)(\.|%2e){0,2}(/|%2f|$)", re.IGNORECASE)
"""What no path is asked with: the start of a query, signs that servers fold, and empty or dotted segments."""

PARAMETER = re.compile(r"\{[^/{}]+\}")

_CHILD_PATH = re.compile(rf"(?P<parent>.+)/{PARAMETER.pattern}/(?P<name>[^/{{}}]+)")


@dataclass(frozen=True)
class Operation:
    """A GET.

    Attributes:
        document: What describes it, read for this path.
        path: Its path on the API's host as requests have it, without a slash at the end.
        template: The same without the server's own path.
        description: What the document says of it.
        parameters: Its parameters, with those of its path.
        ending: The slash that the document puts behind the path; some servers answer no other address.
        origin: Scheme, host and port of its server; None where the document does not say.
    """

    document: Document
    path: str
    template: str
    description: Mapping[str, Any]
    parameters: tuple[Mapping[str, Any], ...]
    ending: str = ""
    origin: str | None = None

    @property
    def can_be_asked_for(self) -> bool:
        """Whether its path leads where it says."""
        return self.path.startswith("/") and not _LEADS_ELSEWHERE.search(self.path[1:])

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
    """Give the GETs of a document."""
    for template, node in document.content["paths"].items():
        own = document.at(template)
        item = _path_item(own, node)
        get = item.get("get")
        if isinstance(get, dict):
            server = server_of(own, get, item, own.content)
            bare = template.rstrip("/")
            parameters = tuple(_parameters(own, item, get))
            ending = "/" if bare != template else ""
            path = _encoded(server.prefix + bare)
            yield Operation(own, path, _encoded(bare), get, parameters, ending, server.origin)


def _path_item(document: Document, node: object) -> Mapping[str, Any]:
    """Give a path item; what stands beside a reference is of it too (OpenAPI 3.1)."""
    own = node if isinstance(node, dict) else {}
    return {**document.followed(node), **{name: part for name, part in own.items() if name != "$ref"}}


def _encoded(path: str) -> str:
    """Write a path as requests have it, but for what would lead elsewhere."""
    return path if _LEADS_ELSEWHERE.search(path[1:]) else quote(path, safe=_SIGNS_OF_PATHS)


def _parameters(document: Document, *nodes: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for node in nodes:
        parameters = node.get("parameters")
        for parameter in parameters if isinstance(parameters, list) else []:
            yield document.followed(parameter)
