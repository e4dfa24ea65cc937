"""Make the source system's own tables: no two alike, and none with a key.

The names and columns are made up: nothing is published about what real ones hold.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from makini_sandbox.data import vocabulary
from makini_sandbox.data.draft import Draft
from makini_sandbox.table import encode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from makini_sandbox.data.world import World

Row = dict[str, Any]
_HALF = 0.5


class RawTables:
    """The raw tables of one connection: rows in a fixed order, with nothing to tell them apart.

    Args:
        world: The facts of the connection.
        count: Rows of each generated table except the one that is always empty.
        given: The rows of tables by name, in place of the generated ones.
    """

    def __init__(self, world: World, count: int, given: Mapping[str, Sequence[object]] | None = None) -> None:
        self._world = world
        self._count = count
        self._given = given
        self._made: dict[str, list[bytes]] | None = None

    def names(self) -> list[str]:
        """Return the names of all tables."""
        return list(self._tables())

    def bodies(self, table: str) -> list[bytes]:
        """Return the rows of a table as JSON.

        Raises:
            KeyError: There is no such table.
        """
        return self._tables()[table]

    def rows(self, table: str) -> list[Any]:
        """Return the rows of a table, decoded.

        Raises:
            KeyError: There is no such table.
        """
        return [json.loads(body) for body in self.bodies(table)]

    def set(self, table: str, rows: Iterable[object]) -> None:
        """Create or replace a table."""
        self._tables()[table] = [encode(row) for row in rows]

    def drop(self, table: str) -> None:
        """Remove a table.

        Raises:
            KeyError: There is no such table.
        """
        del self._tables()[table]

    def _tables(self) -> dict[str, list[bytes]]:
        if self._made is None:
            tables = self._generated() if self._given is None else self._given
            self._made = {name: [encode(row) for row in rows] for name, rows in tables.items()}
        return self._made

    def _generated(self) -> dict[str, list[Row]]:
        return {
            name: [make(Draft(self._world, f"raw/{name}", number)) for number in range(self._count)] if make else []
            for name, make in _TABLES.items()
        }


def _work_order(draft: Draft) -> Row:
    return {
        "WONUM": f"{draft.number + 1000}",
        "STATUSDATE": draft.moment(),
        "ESTLABHRS": Decimal(draft.below(4000)).scaleb(-2),
        "HISTORYFLAG": draft.random() < _HALF,
        "WOPRIORITY": draft.below(5) if draft.random() < _HALF else None,
        "DESCRIPTION": draft.pick(vocabulary.SENTENCES),
        "rowstamp": draft.number * 7919,
    }


def _part(draft: Draft) -> Row:
    return {
        "Part no.": f"P-{draft.number:05d}",
        "Bin": {"aisle": draft.pick("ABC"), "shelf": draft.below(20)},
        "Alternates": [f"P-{draft.below(100):05d}" for _ in range(draft.below(3))],
        "Price (EUR)": str(Decimal(draft.below(10_000)).scaleb(-2)),
        "Last count": None if draft.random() < _HALF else draft.moment()[:10],
    }


def _log_entry(draft: Draft) -> Row:
    # Each entry is there twice, as in a log without a number.
    written_twice = Draft(draft.world, draft.slug, draft.number // 2)
    return {
        "at": written_twice.moment(),
        "user": written_twice.pick(vocabulary.PEOPLE),
        "action": written_twice.pick(vocabulary.TASKS),
        "value": written_twice.below(10) if written_twice.random() < _HALF else "n/a",
    }


_TABLES: dict[str, Callable[[Draft], Row] | None] = {
    "dbo.WORKORDER": _work_order,
    "Site/Parts list": _part,
    "audit_log": _log_entry,
    "ARCHIVE_2019": None,
}
