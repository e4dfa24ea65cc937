"""The connections of a run: one for each customer, with the source of its token."""

from __future__ import annotations

import logging
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from tap_makini.connections.admin_api import MintingAuthenticator
from tap_makini.errors import BadBodyError, RequestRefusedError
from tap_makini.http.authenticators import Authenticator, StaticAuthenticator
from tap_makini.rawjson import REFUSED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tap_makini.connections.admin_api import AdminApi

logger = logging.getLogger(__name__)

_ACTIVE = "active"
_EXCLUDE = "!"
_PREFIX_LENGTH = 8


class ConnectionEntry(NamedTuple):
    """One customer's system.

    Attributes:
        name: What records and state call it; None where it is what the API says.
        tokens: Gives its token.
    """

    name: str | None
    tokens: Authenticator


class Listing(NamedTuple):
    """A vendor's connections.

    Attributes:
        active: Those that can be read, in the order of their names.
        others: Name and status of those that cannot.
    """

    active: list[ConnectionEntry]
    others: list[tuple[str, str]]


class Listed(NamedTuple):
    """A connection as the Admin API describes it."""

    key: str
    name: str
    status: str
    created_at: str

    @property
    def is_active(self) -> bool:
        """Whether it can be read; where that is not said, trying tells."""
        return self.status.casefold() in {_ACTIVE, ""}


class _Page(NamedTuple):
    connections: list[Listed]
    last: int | None
    total: int | None


def named_connections(entries: Iterable[Mapping[str, str]]) -> list[ConnectionEntry]:
    """Give the connections that the setting `connections` lists."""
    return [ConnectionEntry(entry["name"], StaticAuthenticator(entry["api_token"])) for entry in entries]


def list_connections(admin: AdminApi) -> Listing:
    """Ask the Admin API for all connections of a vendor.

    Args:
        admin: The Admin API.

    Returns:
        The connections. Each has a name of its own, which does not change when further ones are created.

    Raises:
        MakiniError: The list cannot be had.
    """
    named = _distinct_names(_all_pages(admin))
    by_name = sorted(named.items(), key=lambda item: item[0])
    return Listing(
        [
            ConnectionEntry(name, MintingAuthenticator(admin, listed.key))
            for name, listed in by_name
            if listed.is_active
        ],
        [(name, listed.status) for name, listed in by_name if not listed.is_active],
    )


def pick(connections: Sequence[ConnectionEntry], patterns: Sequence[str]) -> list[ConnectionEntry]:
    """Choose connections by name.

    Args:
        connections: All there are.
        patterns: Names, or patterns with `*`, `?` and `[…]`; with `!` before them, what is to be left out. None
            at all choose everything, and so do such that only leave out.

    Returns:
        The chosen ones, in the same order.
    """
    wanted = [pattern for pattern in patterns if not pattern.startswith(_EXCLUDE)]
    unwanted = [pattern.removeprefix(_EXCLUDE) for pattern in patterns if pattern.startswith(_EXCLUDE)]
    for pattern in [*wanted, *unwanted]:
        if not any(_matches(connection, pattern) for connection in connections):
            logger.warning("No connection is called '%s', as the setting connection_names has it.", pattern)
    return [
        connection
        for connection in connections
        if (not wanted or any(_matches(connection, pattern) for pattern in wanted))
        and not any(_matches(connection, pattern) for pattern in unwanted)
    ]


def _matches(connection: ConnectionEntry, pattern: str) -> bool:
    name = connection.name or ""
    return name == pattern or fnmatchcase(name, pattern)


def _distinct_names(listed: Iterable[Listed]) -> dict[str, Listed]:
    """Tell connections of the same name apart by their keys; the oldest keeps the name as it is."""
    named: dict[str, Listed] = {}
    for connection in sorted(listed, key=lambda one: (one.created_at, one.key)):
        name, key = connection.name, connection.key
        candidates = (name, f"{name} ({key[:_PREFIX_LENGTH]})", f"{name} ({key})", key)
        named[next((candidate for candidate in candidates if candidate not in named), key)] = connection
    return named


def _all_pages(admin: AdminApi) -> Iterator[Listed]:
    """Read page by page; that the list has pages is not documented, so a page that says nothing new is the end."""
    seen: set[str] = set()
    number, total = 1, None
    while True:
        try:
            page = admin.connections_page({"page": str(number)} if number > 1 else {}, _read_page)
        except RequestRefusedError:
            if number == 1:
                raise
            break
        fresh = [connection for connection in page.connections if connection.key not in seen]
        seen.update(connection.key for connection in fresh)
        yield from fresh
        total = page.total if page.total is not None else total
        if not fresh or (page.last is not None and number >= page.last):
            break
        number += 1
    if total is not None and len(seen) < total:
        logger.warning("The Admin API gives %d of %d connections; the others are not read.", len(seen), total)


def _read_page(body: bytes) -> _Page:
    try:
        document = msgspec.json.decode(body)
    except REFUSED:
        raise BadBodyError("the list of connections is no JSON") from None
    data = document.get("data") if isinstance(document, dict) else document
    if not isinstance(data, list):
        raise BadBodyError("the list of connections has no 'data'")
    meta = document.get("meta") if isinstance(document, dict) else None
    meta = meta if isinstance(meta, dict) else {}
    listed = [found for item in data if (found := _read_connection(item)) is not None]
    return _Page(listed, _count(meta.get("last_page")), _count(meta.get("total")))


def _read_connection(item: Any) -> Listed | None:  # noqa: ANN401 - any JSON
    key = _text(item.get("key")) or _text(item.get("id")) if isinstance(item, dict) else ""
    if not key:
        logger.warning("The Admin API lists a connection without a key; it cannot be read.")
        return None
    return Listed(key, _text(item.get("name")) or key, _text(item.get("status")), _text(item.get("created_at")))


def _text(value: Any) -> str:  # noqa: ANN401 - any JSON
    return str(value).strip() if isinstance(value, (str, int)) and not isinstance(value, bool) else ""


def _count(value: Any) -> int | None:  # noqa: ANN401 - any JSON
    text = _text(value)
    return int(text) if text.isascii() and text.isdigit() and text != "0" else None
