"""Streams of the source system's own tables, which Makini passes on as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_makini.endpoints import V3_UNSIZED, Endpoint
from tap_makini.pagination.list_reader import PageFetcher
from tap_makini.streams.base import DEFAULTS
from tap_makini.streams.lists import ListStream

if TYPE_CHECKING:
    from singer_sdk import Tap

    from tap_makini.connections.connection import Connection
    from tap_makini.http.client import RequestStats
    from tap_makini.streams.base import StreamOptions

SCHEMA: dict[str, Any] = {"type": "object", "properties": {}}
"""Nothing is known before it is looked at."""


class RawStream(ListStream):
    """A table of the source system; what columns it has, only its rows can tell.

    Args:
        tap: The tap.
        name: Its name.
        options: The settings that apply to all streams.
    """

    def __init__(self, tap: Tap, name: str, options: StreamOptions = DEFAULTS) -> None:
        super().__init__(tap, Endpoint(name, "", SCHEMA, ()), options)

    def page_fetcher(self, connection: Connection, request_stats: RequestStats | None = None) -> PageFetcher:
        """Return the page fetcher of the connection's table of this name.

        Raises:
            EntityAbsentError: The connection has no such table.
            MakiniError: The tables cannot be listed.
        """
        path = connection.raw_tables.path(self.name)
        size = connection.page_size  # not sent, since no page size is documented for tables
        return PageFetcher(connection.client, path, None, size, V3_UNSIZED, (), request_stats, "table")
