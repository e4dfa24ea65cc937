"""A connection that is read: its name, its client, and what its lists turned out to accept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_makini.reading import PageSize, Source

if TYPE_CHECKING:
    from tap_makini.client import Client
    from tap_makini.stream import MakiniStream


@dataclass
class OpenConnection:
    """One customer's system.

    Attributes:
        name: Its name, which becomes the value of `_makini_connection`; None where it has none.
        client: Asks the API on its behalf.
        page_size: How many records to ask for.
    """

    name: str | None
    client: Client
    page_size: PageSize

    def __str__(self) -> str:
        """Name the connection in a log."""
        return self.name or "the connection"

    def source(self, stream: MakiniStream) -> Source:
        """Give the list that a stream reads here."""
        return Source(
            self.client, stream.path, stream.filter_key, self.page_size, sizes_pages=stream.entity.sizes_pages
        )
