"""Where a document says that its operations are answered."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import SplitResult, urljoin, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_makini.openapi.document import Document

_HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d+)?", re.ASCII)


class Server(NamedTuple):
    """Where operations are answered.

    Attributes:
        origin: Scheme, host and port, without any credentials; None where only a path is said.
        prefix: What goes in front of paths.
    """

    origin: str | None
    prefix: str


def server_of(document: Document, *holders: Mapping[str, Any]) -> Server:
    """Give the first absolute server or, without one, the first.

    Args:
        document: What describes it.
        holders: Who may name servers, the nearest first: an operation, its path, the document. Who names some, names
            all.
    """
    named = (holder["servers"] for holder in holders if isinstance(holder.get("servers"), list) and holder["servers"])
    urls = list(_urls(document, next(named, [])))
    chosen = next(filter(_is_absolute, urls), urls[0] if urls else None)
    if chosen is None:
        return Server(None, "")
    path = chosen.path.rstrip("/")
    if "{" in path:  # of a variable without a value nobody knows what it stands for
        path = ""
    prefix = path if path.startswith("/") or not path else f"/{path}"
    return Server(_origin(chosen) if _is_absolute(chosen) else None, prefix)


def _urls(document: Document, servers: list[Any]) -> Iterator[SplitResult]:
    for server in servers:
        if not isinstance(server, dict) or not isinstance(server.get("url"), str):
            continue
        url = _filled(server["url"], server.get("variables"))
        try:
            parts = urlsplit(urljoin(document.location.text, url) if document.location.is_url else url)
            _ = parts.port  # raises where it is none
        except ValueError:
            continue
        yield parts


def _filled(url: str, variables: object) -> str:
    """Put in the defaults of a URL's variables."""
    known: Mapping[str, Any] = variables if isinstance(variables, dict) else {}
    for name, variable in known.items():
        default = variable.get("default") if isinstance(variable, dict) else None
        if isinstance(default, (str, int)) and not isinstance(default, bool):
            url = url.replace(f"{{{name}}}", str(default))
    return url


def _is_absolute(url: SplitResult) -> bool:
    return url.scheme in {"http", "https"} and _HOST.fullmatch(url.netloc.rpartition("@")[2]) is not None


def _origin(url: SplitResult) -> str:
    return f"{url.scheme}://{url.netloc.rpartition('@')[2].lower()}"
