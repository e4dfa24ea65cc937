"""List the tables of a connection's source system.

`GET /api/raw/tables` lists them, `GET /api/raw/tables/{table}/data` returns the rows of one (v3 spec). Neither response
is documented: the list may be of names or of objects with a name.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from tap_makini.errors import BadBodyError, EntityAbsentError
from tap_makini.http.transport import path_segment
from tap_makini.identifiers import raw_stream_name, raw_stream_names
from tap_makini.pagination.end_of_list import read_entries
from tap_makini.pagination.envelope import Entries, parse_entries
from tap_makini.rawjson import describe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_makini.http.client import Client

PATH = "/api/raw/tables"
_WILDCARDS = re.compile(r"[*?\[]")


class _Table(NamedTuple):
    name: str
    schema: str = ""

    @property
    def qualified(self) -> str:
        """The name after that of the schema."""
        return f"{self.schema}.{self.name}" if self.schema else self.name


class RawTables:
    """List the tables of one connection, when they are first needed.

    Args:
        client: Sends the requests.
        patterns: Which of them may be read, by name or by pattern.

    Attributes:
        named: The tables that are selected by name, by the names of their streams, whether or not they exist.
    """

    def __init__(self, client: Client, patterns: Sequence[str]) -> None:
        self._client = client
        self._patterns = [pattern for pattern in patterns if _WILDCARDS.search(pattern)]
        self._lock = threading.Lock()
        self._found: dict[str, str] | None = None
        self.named = raw_stream_names(pattern for pattern in patterns if not _WILDCARDS.search(pattern))

    def streams(self) -> dict[str, str]:
        """Return the tables that may be read, by the names of their streams.

        Raises:
            MakiniError: The tables are not listed.
        """
        if not self._patterns:
            return self.named  # nothing to find out
        with self._lock:
            if self._found is None:
                tables = self._list()
                alike = Counter(table.name for table in tables)
                names = {table.qualified if alike[table.name] > 1 else table.name: table for table in tables}
                wanted = {name for name, table in names.items() if self._is_wanted(name, table.qualified)}
                self._found = raw_stream_names(wanted - set(self.named.values()), self.named)
        return self.named | self._found

    def path(self, stream: str) -> str:
        """Return the path of the rows of the table that a stream is named after.

        Raises:
            EntityAbsentError: There is no such table.
            MakiniError: The tables are not listed, or the name of this one cannot be part of a path.
        """
        table = self.named.get(stream) or self.streams().get(stream) or self._named_before(stream)
        if table is None:
            raise EntityAbsentError(
                f"the source system has no table that matches raw_tables and gives {stream}",
                "Check the setting raw_tables.",
            )
        return f"{PATH}/{path_segment(table)}/data"

    def _named_before(self, stream: str) -> str | None:
        """Return the table that had a stream's name until another one came whose name is alike but for its case."""
        before = [table for table in self.streams().values() if raw_stream_name(table) == stream]
        return before[0] if len(before) == 1 else None

    def _list(self) -> list[_Table]:
        """Request all tables.

        Raises:
            BadBodyError: The server counts more tables than it lists, or says that more follow.
        """
        found = read_entries(self._client, PATH, _read_page)
        if found.misses_some(len(found.items)):
            raise BadBodyError(f"the server has more raw tables than the {len(found.items)} that it lists")
        return found.items

    def _is_wanted(self, *names: str) -> bool:
        return any(name == pattern or fnmatchcase(name, pattern) for pattern in self._patterns for name in names)


def _read_page(body: bytes) -> Entries[_Table]:
    return parse_entries(body, _read_table, "a list of raw tables")


def _read_table(entry: Any) -> _Table:  # noqa: ANN401 - any JSON
    if isinstance(entry, str) and entry:
        return _Table(entry)
    name = entry.get("name") if isinstance(entry, dict) else None
    if not isinstance(name, str) or not name:
        seen = describe(msgspec.json.encode(entry))
        raise BadBodyError(f"expected the name of a raw table or an object with a 'name', but the list holds {seen}")
    schema = entry.get("schema")
    return _Table(name, schema if isinstance(schema, str) else "")
