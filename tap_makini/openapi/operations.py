"""Find the GETs of a document, with their addresses and parameters."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

from tap_makini.openapi.document import Scope
from tap_makini.redaction import printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_makini.openapi.document import Document

    Node = Mapping[str, Any]

PARAMETER = re.compile(r"\{[^/{}]+\}")

_CHILD_PATH = re.compile(rf"(?P<parent>.+)/{PARAMETER.pattern}/(?P<name>[^/{{}}]+)")
_PATH_CHARACTERS = "/{}._~!$&'()*+,;=:@%-"
_LEADS_ELSEWHERE = re.compile(r"[?#\\\x00-\x1f\x7f]|(^|/|%2f)(\.|%2e){0,2}(/|%2f|$)", re.IGNORECASE)
"""What must not be in a path: a query, characters that servers fold, and empty or dotted segments."""
_HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d+)?", re.ASCII)


@dataclass(frozen=True)
class Operation:
    """A GET.

    Attributes:
        scope: Follows references for it.
        path: Its path on the API's host as requests have it, without a slash at the end.
        template: The same without the server's own path.
        description: What the document says of it.
        parameters: Its parameters, with those of its path.
        ending: The trailing slash, if the document has one; some servers require it.
        origin: Scheme, host and port of its server; None where the document does not say.
    """

    scope: Scope
    path: str
    template: str
    description: Node
    parameters: tuple[Node, ...]
    ending: str = ""
    origin: str | None = None

    @property
    def label(self) -> str:
        """Its path in messages, on one line."""
        return printable(unquote(self.path))

    @property
    def has_usable_path(self) -> bool:
        """Whether a request to its path reaches it."""
        return self.path.startswith("/") and not _LEADS_ELSEWHERE.search(self.path[1:])

    @property
    def is_deprecated(self) -> bool:
        """Whether the document calls it deprecated."""
        return self.description.get("deprecated") is True

    @property
    def is_of_one_record(self) -> bool:
        """Whether its path has parameters, in its template or declared."""
        return "{" in self.path or any(parameter.get("in") == "path" for parameter in self.parameters)

    @property
    def parent_and_name(self) -> tuple[str, str] | None:
        """The parent list's path and the name below each record, if this is the path of a child list."""
        match = _CHILD_PATH.fullmatch(self.path)
        return (match["parent"], match["name"]) if match and "{" not in match["parent"] else None


def operations_of(document: Document) -> Iterator[Operation]:
    """Yield the GETs of a document."""
    for template, node in document.content["paths"].items():
        scope = Scope(document, template)
        own = node if isinstance(node, dict) else {}
        item = {**scope.followed(node), **{name: part for name, part in own.items() if name != "$ref"}}
        get = item.get("get")
        if isinstance(get, dict):
            origin, prefix = _server(document, get, item, document.content)
            bare = template.rstrip("/")
            yield Operation(
                scope,
                _encoded(prefix + bare),
                _encoded(bare),
                get,
                tuple(_parameters(scope, item, get)),
                "/" if bare != template else "",
                origin,
            )


def _encoded(path: str) -> str:
    """Encode a path as requests have it, unless it cannot be used."""
    return path if _LEADS_ELSEWHERE.search(path[1:]) else quote(path, safe=_PATH_CHARACTERS)


def _parameters(scope: Scope, *nodes: Node) -> Iterator[Node]:
    for node in nodes:
        parameters = node.get("parameters")
        for parameter in parameters if isinstance(parameters, list) else []:
            yield scope.followed(parameter)


def _server(document: Document, *holders: Node) -> tuple[str | None, str]:
    """Return origin and path of the first absolute server or, if there is none, of the first one.

    Args:
        document: What they are in.
        holders: What may name servers, the nearest first. Only the nearest that names some counts.
    """
    named = (holder["servers"] for holder in holders if isinstance(holder.get("servers"), list) and holder["servers"])
    urls = list(_urls(document, next(named, [])))
    chosen = next(filter(_is_absolute, urls), urls[0] if urls else None)
    if chosen is None:
        return None, ""
    path = chosen.path.strip("/")
    prefix = f"/{path}" if path and "{" not in path else ""  # the value of a variable without a default is not known
    origin = f"{chosen.scheme}://{chosen.netloc.rpartition('@')[2].lower()}"
    return origin if _is_absolute(chosen) else None, prefix


def _urls(document: Document, servers: list[Any]) -> Iterator[SplitResult]:
    for server in servers:
        if not isinstance(server, dict) or not isinstance(server.get("url"), str):
            continue
        url = _filled(server["url"], server.get("variables"))
        try:
            parts = urlsplit(urljoin(document.location.text, url) if document.location.is_url else url)
            _ = parts.port  # raises if it is not a number
        except ValueError:
            continue
        yield parts


def _filled(url: str, variables: object) -> str:
    """Replace a URL's variables by their defaults."""
    known: Node = variables if isinstance(variables, dict) else {}
    for name, variable in known.items():
        default = variable.get("default") if isinstance(variable, dict) else None
        if isinstance(default, (str, int)) and not isinstance(default, bool):
            url = url.replace(f"{{{name}}}", str(default))
    return url


def _is_absolute(url: SplitResult) -> bool:
    return url.scheme in {"http", "https"} and _HOST.fullmatch(url.netloc.rpartition("@")[2]) is not None
