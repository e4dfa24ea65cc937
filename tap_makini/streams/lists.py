"""Streams that read a list of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_makini.connections.freshness import PATH
from tap_makini.endpoints import Endpoint
from tap_makini.entities import CONNECTIONS
from tap_makini.errors import CredentialError, EntityAbsentError
from tap_makini.pagination.list_reader import PageFetcher, PageSize
from tap_makini.pagination.response import Page
from tap_makini.query_parameters import V3_UNSIZED
from tap_makini.schema import SCHEMAS
from tap_makini.streams.base import MakiniStream
from tap_makini.streams.custom_fields import newest_page, with_custom_fields

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_makini.connections.connection import Connection
    from tap_makini.pagination.page_request import PageRequest
    from tap_makini.tap import TapMakini


class ListStream(MakiniStream):
    """A list that the API offers.

    Args:
        tap: The tap.
        endpoint: The list.
    """

    def __init__(self, tap: TapMakini, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        super().__init__(tap, endpoint.stream, endpoint.schema, endpoint.key, endpoint.replication_key)

    def source(self, connection: Connection) -> PageFetcher:
        """Give the list that this stream reads at a connection."""
        endpoint = self.endpoint
        return PageFetcher(
            connection.client,
            endpoint.path,
            self.filter_key,
            connection.page_size,
            endpoint.query_parameters,
            endpoint.key,
        )

    def add_custom_fields(self, connection: Connection, count: int) -> None:
        """Add columns for what the newest records hold beyond the schema.

        Args:
            connection: Where to look.
            count: How many records to look at.

        Raises:
            MakiniError: The list cannot be read.
        """
        records = newest_page(self.source(connection), count).records[:count]
        self.replace_schema(with_custom_fields(self.schema, records))


class IntegrationSource(PageFetcher):
    """Serve what Makini says about a connection as a list of one.

    Args:
        connection: The connection.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection.client, PATH, None, PageSize(1), V3_UNSIZED)
        self._connection = connection

    def fetch(self, query: PageRequest, unlike: Sequence[bytes] = ()) -> Page:  # noqa: ARG002 - there is one page only
        """Return what Makini says about the connection; it has been requested already.

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
    """The connection itself, as a list of one."""

    def __init__(self, tap: TapMakini) -> None:
        item = SCHEMAS.fetch_schema(CONNECTIONS.item)
        super().__init__(tap, Endpoint(CONNECTIONS.stream, PATH, item, CONNECTIONS.key))

    def source(self, connection: Connection) -> PageFetcher:
        """Give what has been asked of the connection already."""
        return IntegrationSource(connection)
