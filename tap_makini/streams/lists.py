"""Describe streams that read a list of their own: those that the API offers, raw tables, and the connection."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tap_makini.connections.freshness import PATH
from tap_makini.endpoints import V3_UNSIZED, Endpoint, PageSize
from tap_makini.entities import CONNECTIONS
from tap_makini.errors import CredentialError, EntityAbsentError
from tap_makini.pagination.page_fetcher import PageFetcher
from tap_makini.pagination.response import Page
from tap_makini.schema import load_item_schema
from tap_makini.streams.base import DEFAULTS, MakiniStream, StreamOptions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from singer_sdk import Tap

    from tap_makini.connections.connection import Connection
    from tap_makini.http.client import RequestStats
    from tap_makini.pagination.page_fetcher import PageRequest

_NO_COLUMNS: dict[str, Any] = {"type": "object", "properties": {}}


class ListStream(MakiniStream):
    """A list that the API offers.

    Args:
        tap: The tap.
        endpoint: The list.
        options: The settings that apply to all streams.
    """

    def __init__(self, tap: Tap, endpoint: Endpoint, options: StreamOptions = DEFAULTS) -> None:
        self.endpoint = endpoint
        super().__init__(tap, endpoint.stream, endpoint.schema, endpoint.key, endpoint.replication_key, options)

    def page_fetcher(self, connection: Connection, request_stats: RequestStats | None = None) -> PageFetcher:
        """Return the page fetcher of this list at a connection.

        Args:
            connection: Where to read it.
            request_stats: Counts the requests.
        """
        endpoint = replace(self.endpoint, replication_key=self.filter_key)
        return PageFetcher(connection.client, endpoint, connection.page_size, connection.name, request_stats)


class RawStream(ListStream):
    """A table of the source system, which Makini passes on as it is; only its rows can tell what columns it has.

    Args:
        tap: The tap.
        name: Its name.
        options: The settings that apply to all streams.
    """

    def __init__(self, tap: Tap, name: str, options: StreamOptions = DEFAULTS) -> None:
        endpoint = Endpoint(name, "", _NO_COLUMNS, (), query_parameters=V3_UNSIZED, kind="table")
        super().__init__(tap, endpoint, options)

    def page_fetcher(self, connection: Connection, request_stats: RequestStats | None = None) -> PageFetcher:
        """Return the page fetcher of the connection's table of this name.

        Raises:
            EntityAbsentError: The connection has no such table.
            MakiniError: The tables cannot be listed.
        """
        endpoint = replace(self.endpoint, path=connection.raw_tables.path(self.name))
        return PageFetcher(connection.client, endpoint, connection.page_size, connection.name, request_stats)


class IntegrationPageFetcher(PageFetcher):
    """Serve what Makini says about a connection as a list of one record.

    Args:
        connection: The connection.
        endpoint: The list.
        request_stats: Counts the requests.
    """

    def __init__(self, connection: Connection, endpoint: Endpoint, request_stats: RequestStats | None = None) -> None:
        super().__init__(connection.client, endpoint, PageSize(1), connection.name, request_stats)
        self._connection = connection

    def fetch(self, request: PageRequest, unlike: Sequence[bytes] = ()) -> Page:  # noqa: ARG002 - there is one page only
        """Return what Makini says about the connection, which has been requested already.

        Raises:
            CredentialError: The token is not accepted.
            EntityAbsentError: Makini says nothing.
        """
        integration = self._connection.integration
        if isinstance(integration.error, CredentialError):
            raise integration.error
        if integration.record is None:
            raise EntityAbsentError("Makini says nothing about the connection", "Deselect the stream connections.")
        return Page([integration.record], number=1, last=1, size=1, total=1)


class ConnectionsStream(ListStream):
    """The connection itself, as a list of one record."""

    def __init__(self, tap: Tap, options: StreamOptions = DEFAULTS) -> None:
        item = load_item_schema(CONNECTIONS.item)
        endpoint = Endpoint(CONNECTIONS.stream, PATH, item, CONNECTIONS.key, query_parameters=V3_UNSIZED)
        super().__init__(tap, endpoint, options)

    def page_fetcher(self, connection: Connection, request_stats: RequestStats | None = None) -> PageFetcher:
        """Return a page fetcher that sends no request of its own."""
        return IntegrationPageFetcher(connection, self.endpoint, request_stats)
