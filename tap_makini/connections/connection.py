"""A connection that is read: its name, its client, and what its lists turned out to accept."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from tap_makini.connections.admin_api import AdminApi
from tap_makini.connections.freshness import Integration, look_up, warn_if_stale
from tap_makini.connections.listing import ConnectionEntry, list_connections, named_connections, pick
from tap_makini.connections.raw_tables import RawTables
from tap_makini.connections.refreshing import RefreshingAuthenticator
from tap_makini.connections.token_store import TokenStore
from tap_makini.http.authenticators import AdminAuthenticator, StaticAuthenticator
from tap_makini.http.client import Client
from tap_makini.http.transport import Transport
from tap_makini.pagination.list_reader import PageSize
from tap_makini.redaction import mask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_makini.config import Settings

logger = logging.getLogger(__name__)


class Connection:
    """One customer's system.

    Args:
        name: What state and records call it; None for a single one, which records call what the API calls it.
        client: Asks the API on its behalf.
        page_size: How many records to ask for.
        raw_tables: Which tables of the source system may be read, by name or by pattern.
        child_requests: How many child lists may be asked for at once.

    Attributes:
        child_slots: Held while a child list is read.
        page_size: How many records its lists are asked for.
        raw_tables: The tables of the source system.
        selection: Names what is read of it.
    """

    def __init__(
        self,
        name: str | None,
        client: Client,
        page_size: int,
        raw_tables: Sequence[str] = (),
        child_requests: int = 1,
    ) -> None:
        self.name = name
        self.client = client
        self.page_size = PageSize(page_size)
        self.raw_tables = RawTables(client, raw_tables)
        self.child_slots = threading.BoundedSemaphore(child_requests)
        self._lock = threading.Lock()
        self._integration: Integration | None = None
        self.selection = ""

    def __str__(self) -> str:
        """Name the connection in a log."""
        return self.name or "the connection"

    @property
    def integration(self) -> Integration:
        """What Makini says of it; asked for once a run."""
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


def open_connections(settings: Settings) -> list[Connection]:
    """Give the connections that the settings name.

    Raises:
        MakiniError: The Admin API does not list them.
    """
    transport = Transport(settings.api_url, settings.request_timeout_seconds, settings.user_agent)
    return [
        Connection(
            connection.name,
            Client(
                transport,
                connection.tokens,
                max_wait=settings.max_wait_seconds,
                requests_per_minute=settings.requests_per_minute,
            ),
            settings.page_size,
            settings.raw_tables,
            settings.max_parallel,
        )
        for connection in pick(_connections(settings, transport), settings.connection_names)
    ]


def _connections(settings: Settings, transport: Transport) -> list[ConnectionEntry]:
    if settings.connections:
        return named_connections(settings.connections)
    if settings.api_token is not None:
        return [ConnectionEntry(None, StaticAuthenticator(settings.api_token))]
    if settings.token_file is not None:
        return [ConnectionEntry(None, _refreshed(settings, settings.token_file, transport))]
    return _listed(settings, transport)


def _refreshed(settings: Settings, file: str, transport: Transport) -> RefreshingAuthenticator:
    return RefreshingAuthenticator(
        transport,
        TokenStore(file),
        client_id=settings.client_id or "",
        client_secret=settings.client_secret or "",
        refresh_token=settings.refresh_token,
        max_wait=settings.max_wait_seconds,
    )


def _listed(settings: Settings, transport: Transport) -> list[ConnectionEntry]:
    wait = settings.max_wait_seconds
    tokens = AdminAuthenticator(transport, settings.client_id or "", settings.client_secret or "", wait)
    listing = list_connections(AdminApi(transport, tokens, wait))
    for name, status in listing.others:
        logger.warning("Connection %s is left out, since Makini calls it %s.", name, status)
    return listing.active
