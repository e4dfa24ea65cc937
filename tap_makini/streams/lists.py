"""Streams that read a list of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_makini.api.integration import PATH, IntegrationSource
from tap_makini.custom_fields import newest_page, with_custom_fields
from tap_makini.endpoint import Endpoint
from tap_makini.entities import CONNECTIONS
from tap_makini.reading import Reading, Source
from tap_makini.schema import SCHEMAS
from tap_makini.streams.base import MakiniStream

if TYPE_CHECKING:
    from collections.abc import Iterable

    from singer_sdk.helpers.types import Context

    from tap_makini.api.connection import OpenConnection
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

    def source(self, connection: OpenConnection) -> Source:
        """Give the list that this stream reads at a connection."""
        endpoint = self.endpoint
        return Source(
            connection.client, endpoint.path, self.filter_key, connection.page_size, endpoint.dialect, endpoint.key
        )

    def add_custom_fields(self, connection: OpenConnection, count: int) -> None:
        """Add columns for what the newest records hold beyond the schema.

        Args:
            connection: Where to look.
            count: How many records to look at.

        Raises:
            MakiniError: The list cannot be read.
        """
        records = newest_page(self.source(connection), count).records[:count]
        self._schema = with_custom_fields(self.schema, records)

    def get_records(self, context: Context | None) -> Iterable[dict[str, Any]]:  # noqa: ARG002 - the SDK's interface
        """Read all records, for the SDK's own dry run.

        Yields:
            Conformed records.
        """
        connection = self._makini_tap.connections[0]
        conformer = self.conformer(connection.label)
        for batch in Reading(self.source(connection), None).batches():
            for row in batch.rows:
                yield conformer.as_dict(row.raw)


class ConnectionsStream(ListStream):
    """The connection itself, as a list of one."""

    def __init__(self, tap: TapMakini) -> None:
        item = SCHEMAS.fetch_schema(CONNECTIONS.item)
        super().__init__(tap, Endpoint(CONNECTIONS.stream, PATH, item, CONNECTIONS.key))

    def source(self, connection: OpenConnection) -> Source:
        """Give what has been asked of the connection already."""
        return IntegrationSource(connection)
