"""Keep the rows of one entity, in each order in which they are read."""

from __future__ import annotations

from bisect import bisect_left, insort
from operator import attrgetter
from typing import TYPE_CHECKING
from zlib import crc32

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

encode = msgspec.json.Encoder(decimal_format="number").encode
"""Writes a row as JSON, amounts with all their digits."""
DATES = {"updatedAt": "updated", "createdAt": "created"}


class StoredRow:
    """A row as encoded JSON, with what it is found and ordered by.

    Attributes:
        body: The row's JSON.
        key: Its primary key.
        position: Its place in the order of insertion.
        updated: `updatedAt` in microseconds since 1970, None if null or unreadable.
        created: The same for `createdAt`.
        deleted: Whether `deletedAt` is set.
    """

    __slots__ = ("body", "created", "deleted", "key", "position", "updated")

    def __init__(  # noqa: PLR0913 - the fields of a record
        self,
        key: str,
        position: int,
        body: bytes,
        *,
        updated: int | None,
        created: int | None,
        deleted: bool,
    ) -> None:
        self.key = key
        self.position = position
        self.body = body
        self.updated = updated
        self.created = created
        self.deleted = deleted


class Ordering:
    """The rows that have a date, sorted by it, and the rest.

    Attributes:
        dated: Rows in ascending order of the date.
        undated: Rows without it, in order of insertion.
        instant_of: Returns the date of a row.
    """

    def __init__(self, rows: Iterable[StoredRow], field: str, tie_salt: int | None) -> None:
        self.instant_of: Callable[[StoredRow], int] = attrgetter(DATES[field])
        self._tie_salt = tie_salt
        rows = list(rows)
        self.undated = [row for row in rows if self.instant_of(row) is None]
        self.dated = [row for row in rows if self.instant_of(row) is not None]
        self.dated.sort(key=self._sort_key)

    def _sort_key(self, row: StoredRow) -> tuple[int, int]:
        if self._tie_salt is None:
            return self.instant_of(row), row.position
        return self.instant_of(row), crc32(f"{row.key}/{self._tie_salt}".encode())

    def add(self, row: StoredRow) -> None:
        """Insert a row."""
        if self.instant_of(row) is None:
            insort(self.undated, row, key=attrgetter("position"))
        else:
            insort(self.dated, row, key=self._sort_key)

    def discard(self, row: StoredRow) -> None:
        """Remove a row; its date must still be the one that it had when it was inserted."""
        if self.instant_of(row) is None:
            self.undated.remove(row)
            return
        index = bisect_left(self.dated, self._sort_key(row), key=self._sort_key)
        while self.dated[index] is not row:
            index += 1
        del self.dated[index]


class Table:
    """The rows of one entity of one connection."""

    def __init__(self, rows: Iterable[StoredRow] = ()) -> None:
        self._by_key = {row.key: row for row in rows}
        self._next_position = len(self._by_key)
        self._in_order: dict[bool, list[StoredRow]] = {}
        self._orderings: dict[tuple[str, bool, int | None], Ordering] = {}

    def __len__(self) -> int:
        return len(self._by_key)

    def __getitem__(self, key: str) -> StoredRow:
        return self._by_key[key]

    def get(self, key: str) -> StoredRow | None:
        """Return the row with a key, None if there is none."""
        return self._by_key.get(key)

    def next_position(self) -> int:
        """Return a position that no row has had."""
        self._next_position += 1
        return self._next_position - 1

    def put(self, row: StoredRow) -> None:
        """Insert a row, or replace the one with the same key."""
        self.remove(row.key)
        self._by_key[row.key] = row
        self._in_order.clear()
        for (_, hidden, _), ordering in self._orderings.items():
            if not (hidden and row.deleted):
                ordering.add(row)

    def remove(self, key: str) -> None:
        """Remove a row, if it is there."""
        row = self._by_key.pop(key, None)
        if row is None:
            return
        self._in_order.clear()
        for (_, hidden, _), ordering in self._orderings.items():
            if not (hidden and row.deleted):
                ordering.discard(row)

    def in_order(self, *, hide_deleted: bool) -> list[StoredRow]:
        """Return all rows in order of insertion; the list is shared and must not be changed."""
        if hide_deleted not in self._in_order:
            rows = (row for row in self._by_key.values() if not (hide_deleted and row.deleted))
            self._in_order[hide_deleted] = sorted(rows, key=attrgetter("position"))
        return self._in_order[hide_deleted]

    def ordering(self, field: str, *, hide_deleted: bool, tie_salt: int | None) -> Ordering:
        """Return the rows sorted by a date; they are kept sorted from now on.

        Args:
            field: `updatedAt` or `createdAt`.
            hide_deleted: Whether rows with `deletedAt` are left out.
            tie_salt: Seed by which rows of equal date are shuffled; None to keep the order of insertion.
        """
        name = (field, hide_deleted, tie_salt)
        if name not in self._orderings:
            rows = self.in_order(hide_deleted=hide_deleted)
            self._orderings[name] = Ordering(rows, field, tie_salt)
        return self._orderings[name]
