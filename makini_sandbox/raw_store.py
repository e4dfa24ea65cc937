"""The raw tables of one connection, made when first asked for and open to change."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from makini_sandbox.encoding import encode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

RawTables = dict[str, list[Any]]


class RawStore:
    """Rows by the name of a table, in a fixed order and with nothing to tell them apart.

    Args:
        make: Gives the rows to begin with.
    """

    def __init__(self, make: Callable[[], Mapping[str, Sequence[object]]]) -> None:
        self._make = make
        self._made: dict[str, list[bytes]] | None = None

    def names(self) -> list[str]:
        """Names of all tables."""
        return list(self._tables())

    def bodies(self, table: str) -> list[bytes]:
        """The rows of a table as the JSON that is served.

        Raises:
            KeyError: If there is no such table.
        """
        return self._tables()[table]

    def rows(self, table: str) -> list[Any]:
        """The rows of a table, decoded.

        Raises:
            KeyError: If there is no such table.
        """
        return [json.loads(body) for body in self.bodies(table)]

    def set(self, table: str, rows: Iterable[object]) -> None:
        """Make, or make anew, a table of these rows."""
        self._tables()[table] = [encode(row) for row in rows]

    def drop(self, table: str) -> None:
        """Take a table away.

        Raises:
            KeyError: If there is no such table.
        """
        del self._tables()[table]

    def _tables(self) -> dict[str, list[bytes]]:
        if self._made is None:
            self._made = {name: [encode(row) for row in rows] for name, rows in self._make().items()}
        return self._made
