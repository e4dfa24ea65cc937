"""Where a document says that the API is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urljoin, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_makini.openapi.document import Document

SEGMENT_PATTERN = r"[A-Za-z0-9._~!$&'()*+,;=:@%-]+"
"""A segment of a path. No other character gets behind the API's host, lest a document lead requests elsewhere."""

_PATH = re.compile(rf"(/{SEGMENT_PATTERN})*")
_HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d+)?", re.ASCII)


def server_of(document: Document) -> str | None:
    """Give scheme, host and port of the first absolute server, without any credentials; None if there is none."""
    return next((_origin(url) for url in _urls(document) if _is_absolute(url)), None)


def path_prefix(document: Document) -> str:
    """Give what goes in front of the document's paths: the path of that server or, without one, of the first."""
    urls = list(_urls(document))
    chosen = next((url for url in urls if _is_absolute(url)), urls[0] if urls else None)
    path = chosen.path.rstrip("/") if chosen else ""
    prefix = path if path.startswith("/") or not path else f"/{path}"
    return prefix if _PATH.fullmatch(prefix) else ""


def _urls(document: Document) -> Iterator[SplitResult]:
    servers = document.content.get("servers")
    for server in servers if isinstance(servers, list) else []:
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
        if isinstance(variable, dict) and isinstance(variable.get("default"), str):
            url = url.replace(f"{{{name}}}", variable["default"])
    return url


def _is_absolute(url: SplitResult) -> bool:
    return url.scheme in {"http", "https"} and _HOST.fullmatch(url.netloc.rpartition("@")[2]) is not None


def _origin(url: SplitResult) -> str:
    return f"{url.scheme}://{url.netloc.rpartition('@')[2]}"
