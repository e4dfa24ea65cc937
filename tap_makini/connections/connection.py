"""Know a connection, one customer's system: its name, its client, and what Makini says about it."""

from __future__ import annotations

import logging
import threading
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from tap_makini.connections.freshness import Integration, look_up, warn_if_stale
from tap_makini.connections.raw_tables import RawTables
from tap_makini.endpoints import PageSize
from tap_makini.http.authenticators import Authenticator, StaticAuthenticator
from tap_makini.redaction import mask

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tap_makini.http.client import Client

logger = logging.getLogger(__name__)

_EXCLUDE = "!"


class ConnectionEntry(NamedTuple):
    """A connection that may be chosen.

    Attributes:
        name: What records and state call it; None if it is the only one.
        authenticator: Provides its token.
    """

    name: str | None
    authenticator: Authenticator


class Connection:
    """A connection that is read.

    Args:
        name: What state and records call it; None for a single one, which records call what the API calls it.
        client: Requests its data.
        page_size: How many records to ask for.
        raw_tables: Which tables of the source system may be read, by name or by pattern.
        max_child_lists: How many child lists may be requested at once.

    Attributes:
        name: The same.
        client: The same.
        page_size: How many records its lists are asked for, as far as the server accepts it.
        raw_tables: The tables of the source system.
        child_slots: To be held while a child list is read.
    """

    def __init__(
        self,
        name: str | None,
        client: Client,
        page_size: int,
        raw_tables: Sequence[str] = (),
        max_child_lists: int = 1,
    ) -> None:
        self.name = name
        self.client = client
        self.page_size = PageSize(page_size)
        self.raw_tables = RawTables(client, raw_tables)
        self.child_slots = threading.BoundedSemaphore(max_child_lists)
        self._lock = threading.Lock()
        self._integration: Integration | None = None

    def __str__(self) -> str:
        """Name the connection in a log."""
        return self.name or "the connection"

    @property
    def integration(self) -> Integration:
        """What Makini says about it; requested once a run."""
        with self._lock:
            if self._integration is None:
                self._integration = look_up(self.client)
                warn_if_stale(self._integration, str(self))
            return self._integration

    @property
    def label(self) -> str | None:
        """The value of `_makini_connection`."""
        if self.name is not None:
            return self.name
        name = self.integration.name
        return name and mask(name)


def named_connections(entries: Iterable[Mapping[str, str]]) -> list[ConnectionEntry]:
    """Return the connections that the setting `connections` lists."""
    return [ConnectionEntry(entry["name"], StaticAuthenticator(entry["api_token"])) for entry in entries]


def pick(connections: Sequence[ConnectionEntry], patterns: Sequence[str]) -> list[ConnectionEntry]:
    """Choose connections by name.

    Args:
        connections: All there are.
        patterns: Names, or patterns with `*`, `?` and `[…]`, case-sensitive; `!` before one excludes what it matches.
            Without any, or with only excluding ones, everything else is chosen.

    Returns:
        The chosen ones, in the same order.
    """
    included = [pattern for pattern in patterns if not pattern.startswith(_EXCLUDE)]
    excluded = [pattern.removeprefix(_EXCLUDE) for pattern in patterns if pattern.startswith(_EXCLUDE)]
    for pattern in [*included, *excluded]:
        if not any(_matches(connection, pattern) for connection in connections):
            logger.warning("connection_names: no connection matches '%s'.", pattern)
    return [
        connection
        for connection in connections
        if (not included or any(_matches(connection, pattern) for pattern in included))
        and not any(_matches(connection, pattern) for pattern in excluded)
    ]


def _matches(connection: ConnectionEntry, pattern: str) -> bool:
    name = connection.name or ""
    return name == pattern or fnmatchcase(name, pattern)
