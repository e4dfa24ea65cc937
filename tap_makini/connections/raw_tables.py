"""The tables of a connection's source system, as Makini lists them.

`GET /api/raw/tables` lists them, `GET /api/raw/tables/{table}/data` gives the rows of one (v3 spec); the forms of both
answers are not documented.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from fnmatch import fnmatchcase
from itertools import count
from typing import TYPE_CHECKING

from tap_makini.errors import EntityAbsentError, NotFoundError, RequestRefusedError
from tap_makini.http.transport import path_segment
from tap_makini.identifiers import mark_of, raw_stream_name, shorten
from tap_makini.pagination.undocumented.source import Paging, UndocumentedSource
from tap_makini.pagination.undocumented.table_list import TableList, read_tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tap_makini.http.client import Client, RequestStats
    from tap_makini.pagination.page_request import PageRequest
    from tap_makini.pagination.response import Page

PATH = "/api/raw/tables"
_WILDCARDS = re.compile(r"[*?\[]")


def streams_of(tables: Iterable[str], taken: Iterable[str] = ()) -> dict[str, str]:
    """Name the streams of tables, apart also in a database that does not tell case.

    Those whose names would be alike get marks made of the tables' own names: numbers would pass from one table to
    another with the next one that is made, and differ between connections.

    Args:
        tables: The tables.
        taken: Names that other streams have.

    Returns:
        The tables by the names of their streams.
    """
    names = {table: raw_stream_name(table) for table in sorted(set(tables))}
    alike = Counter(name.casefold() for name in (*names.values(), *taken))
    marked = {name for name in names.values() if alike[name.casefold()] > 1}
    return {shorten(f"{name}_{mark_of(table)}") if name in marked else name: table for table, name in names.items()}


class RawTables:
    """The tables of one connection, listed when first needed.

    Args:
        client: Asks the API.
        patterns: Which of them may be read, by name or by pattern.

    Attributes:
        named: The tables that are wanted by name, by the names of their streams, whether or not they are there.
    """

    def __init__(self, client: Client, patterns: Sequence[str]) -> None:
        self._client = client
        self._patterns = [pattern for pattern in patterns if _WILDCARDS.search(pattern)]
        self._lock = threading.Lock()
        self._listed: dict[str, str] | None = None
        self._qualified: dict[str, str] = {}
        self.named = streams_of(pattern for pattern in patterns if not _WILDCARDS.search(pattern))

    def streams(self) -> dict[str, str]:
        """Give the tables that may be read, by the names of their streams.

        Raises:
            MakiniError: The tables are not listed.
        """
        if not self._patterns:
            return self.named  # nothing to find out
        with self._lock:
            if self._listed is None:
                self._qualified = self._list()
                wanted = {name for name, qualified in self._qualified.items() if self._is_wanted(name, qualified)}
                self._listed = streams_of(wanted - set(self.named.values()), self.named)
        return self.named | self._listed

    def table(self, stream: str) -> str:
        """Give the table that a stream is named after.

        Raises:
            EntityAbsentError: There is none.
            MakiniError: The tables are not listed.
        """
        table = self.named.get(stream) or self.streams().get(stream) or self._named_before(stream)
        if table is None:
            raise EntityAbsentError(
                f"the source system has no table that matches raw_tables and gives {stream}",
                "Check the setting raw_tables.",
            )
        return table

    def _named_before(self, stream: str) -> str | None:
        """Give the table that had a stream's name until another one came whose name is alike but for its case."""
        before = [table for table in self.streams().values() if raw_stream_name(table) == stream]
        return before[0] if len(before) == 1 else None

    def paths(self, stream: str) -> list[str]:
        """Give the one or two paths of the rows: by which name they are asked for is not documented.

        Raises:
            EntityAbsentError: There is no such table.
            MakiniError: The tables are not listed, or the name of this one cannot be asked for.
        """
        table = self.table(stream)
        names = dict.fromkeys((table, self._qualified.get(table, table)))
        return [f"{PATH}/{path_segment(name)}/data" for name in names]

    def _list(self) -> dict[str, str]:
        """Ask for all tables; that the list has pages is not documented, so a page that says nothing new is the end."""
        found = TableList()
        found.add(self._client.get(PATH, {}, read_tables))
        for number in count(2):
            try:
                if not found.add(self._client.get(PATH, {"page": str(number)}, read_tables)):
                    break
            except (RequestRefusedError, EntityAbsentError):
                break
        return found.names()

    def _is_wanted(self, *names: str) -> bool:
        return any(name == pattern or fnmatchcase(name, pattern) for pattern in self._patterns for name in names)

    def source(self, stream: str, request_stats: RequestStats | None = None) -> RawSource:
        """Give the rows of the table that a stream is named after."""
        return RawSource(self._client, self, stream, request_stats)


class RawSource(UndocumentedSource):
    """The rows of a table, whose name is found when they are asked for.

    Args:
        client: Asks the API.
        tables: The connection's tables.
        stream: The stream's name.
        request_stats: Counts the requests.
    """

    takes_one_record = False

    def __init__(
        self, client: Client, tables: RawTables, stream: str, request_stats: RequestStats | None = None
    ) -> None:
        super().__init__(client, "", Paging(), request_stats=request_stats)
        self._tables = tables
        self._stream = stream

    def fetch(self, query: PageRequest, unlike: Sequence[bytes] = ()) -> Page:
        """Get one page.

        Raises:
            EntityAbsentError: The connection has no such table.
            MakiniError: The rows cannot be read, or are fewer than the server speaks of.
        """
        if self.path:
            return super().fetch(query, unlike)
        self.path, *other = self._tables.paths(self._stream)
        try:
            return super().fetch(query, unlike)
        except NotFoundError:
            if not other:
                raise
        (self.path,) = other
        return super().fetch(query, unlike)
