"""Streams of the source system's own tables, which Makini passes on as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_makini.endpoints import Endpoint
from tap_makini.streams.lists import ListStream

if TYPE_CHECKING:
    from tap_makini.connections.connection import Connection
    from tap_makini.pagination.list_reader import PageFetcher
    from tap_makini.tap import TapMakini

SCHEMA: dict[str, Any] = {"type": "object", "properties": {}}
"""Nothing is known before it is looked at."""


class RawStream(ListStream):
    """A table of the source system; what columns it has, only its rows can tell.

    Args:
        tap: The tap.
        name: Its name.
    """

    def __init__(self, tap: TapMakini, name: str) -> None:
        super().__init__(tap, Endpoint(name, "", SCHEMA, ()))

    def source(self, connection: Connection) -> PageFetcher:
        """Give the rows of the connection's table of this name."""
        return connection.raw_tables.source(self.name)
