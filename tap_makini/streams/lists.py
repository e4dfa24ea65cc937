"""Describe streams that read a list of their own: those that the API offers, raw tables, and the connection."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tap_makini.connections.freshness import PATH
from tap_makini.endpoints import V3_UNSIZED, Endpoint
from tap_makini.entities import CONNECTION
from tap_makini.errors import CredentialError, EntityAbsentError
from tap_makini.pagination.page_fetcher import PageFetcher
from tap_makini.pagination.response import Page
from tap_makini.schema import load_item_schema
from tap_makini.streams.base import DEFAULTS, MakiniStream, StreamOptions

if TYPE_CHECKING:
    from singer_sdk import Tap

    from tap_makini.connections.connection import Connection
    from tap_makini.connections.freshness import Integration
    from tap_makini.http.client import RequestStats


class ListStream(MakiniStream):
    """A list that the API offers, or a table of the source system.

    Args:
        tap: The tap.
        endpoint: The list.
        options: The settings that apply to all streams.
    """

    def __init__(self, tap: Tap, endpoint: Endpoint, options: StreamOptions = DEFAULTS) -> None:
        self.endpoint = endpoint
        super().__init__(tap, endpoint.stream, endpoint.schema, endpoint.key, endpoint.replication_key, options)

    def page_fetcher(self, connection: Connection, request_stats: RequestStats | None = None) -> PageFetcher:
        """Return the page fetcher of this list at a connection; arguments and errors are those of `fetcher_of`."""
        return fetcher_of(replace(self.endpoint, replication_key=self.filter_key), connection, request_stats)


def raw_endpoint(stream: str) -> Endpoint:
    """Return the endpoint of a stream of raw tables, without columns: only the rows can tell what columns there are.

    It has no path either, since connections have tables of different names for the same stream.
    """
    return Endpoint(stream, "", {"type": "object", "properties": {}}, (), query_parameters=V3_UNSIZED, kind="table")


def fetcher_of(endpoint: Endpoint, connection: Connection, request_stats: RequestStats | None = None) -> PageFetcher:
    """Return the page fetcher of a list at a connection.

    Args:
        endpoint: The list.
        connection: Where to read it.
        request_stats: Counts the requests.

    Raises:
        EntityAbsentError: The connection has no such table.
        MakiniError: The tables cannot be listed.
    """
    if endpoint.kind == "table":
        path = connection.raw_tables.path(endpoint.stream)
        endpoint = replace(endpoint, path=path, replication_key=None)  # tables cannot be filtered
    return PageFetcher(connection.client, endpoint, connection.page_size, connection.name, request_stats)


class ConnectionsStream(ListStream):
    """The connection itself, as a list of one record."""

    def __init__(self, tap: Tap, options: StreamOptions = DEFAULTS) -> None:
        schema = load_item_schema(CONNECTION.item)
        endpoint = Endpoint(CONNECTION.stream, PATH, schema, CONNECTION.key, query_parameters=V3_UNSIZED)
        super().__init__(tap, endpoint, options)

    def page_fetcher(self, connection: Connection, request_stats: RequestStats | None = None) -> PageFetcher:
        """Return the list of one record; what it holds has been requested already.

        Args:
            connection: The connection.
            request_stats: Counts nothing.

        Raises:
            CredentialError: The token is not accepted.
            EntityAbsentError: The server does not describe the connection.
        """
        page = page_of_connection(connection.integration)
        return _SinglePage(page, connection.client, self.endpoint, connection.page_size, connection.name, request_stats)


def page_of_connection(integration: Integration) -> Page:
    """Return a page with the only record of the stream `connections`.

    Raises:
        CredentialError: The token is not accepted.
        EntityAbsentError: The server does not describe the connection.
    """
    if isinstance(integration.error, CredentialError):
        raise integration.error
    if integration.record is None:
        raise EntityAbsentError("the server does not describe the connection", "Deselect the stream connections.")
    return Page([integration.record], number=1, last=1, size=1, total=1)


class _SinglePage(PageFetcher):
    """A list of which there is one page, known beforehand."""

    def __init__(self, page: Page, *others: Any) -> None:  # noqa: ANN401 - the arguments of a page fetcher
        super().__init__(*others)
        self._page = page

    def fetch(self, *_: object) -> Page:
        """Return the page."""
        return self._page
