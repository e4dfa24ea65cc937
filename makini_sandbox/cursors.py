"""Cursor paging: each first page takes a snapshot of the rows, and cursors lead through it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from makini_sandbox.refusal import unprocessable

if TYPE_CHECKING:
    from makini_sandbox.selection import Selection
    from makini_sandbox.table import StoredRow

_LOOP = ("a", "b")


@dataclass(frozen=True)
class CursorPage:
    """A page reached by a cursor.

    Attributes:
        rows: Its rows.
        number: Its number from 1.
        total: Rows of the snapshot.
        next_cursor: Where it goes on, None at the end.
    """

    rows: list[StoredRow]
    number: int
    total: int
    next_cursor: str | None


class Cursors:
    """Snapshots by number; a cursor is ``<snapshot>.<page>``."""

    def __init__(self) -> None:
        self._snapshots: list[list[StoredRow]] = []

    def first(self, selection: Selection, size: int) -> CursorPage:
        """The first page of a new snapshot."""
        self._snapshots.append(selection.slice(0, len(selection)))
        return self._page(len(self._snapshots) - 1, 1, size)

    def follow(self, cursor: str, size: int) -> CursorPage:
        """The page that a cursor leads to.

        Raises:
            Refusal: 422 where it is not a cursor of this server.
        """
        snapshot, _, number = cursor.partition(".")
        if not (snapshot.isdecimal() and number.isdecimal()):
            raise unprocessable("cursor", "not a cursor of this server")
        if int(snapshot) >= len(self._snapshots) or int(number) < 1:
            raise unprocessable("cursor", "the cursor has expired")
        return self._page(int(snapshot), int(number), size)

    def _page(self, snapshot: int, number: int, size: int) -> CursorPage:
        rows = self._snapshots[snapshot]
        stop = number * size
        onward = f"{snapshot}.{number + 1}" if stop < len(rows) else None
        return CursorPage(rows[stop - size : stop], number, len(rows), onward)


def circle(selection: Selection, cursor: str | None, size: int) -> CursorPage:
    """A page of a server whose cursors lead from a to b to a, and so on without end.

    Raises:
        Refusal: 422 where it is not a cursor of this server.
    """
    if cursor not in {None, *_LOOP}:
        raise unprocessable("cursor", "not a cursor of this server")
    onward = _LOOP[1] if cursor == _LOOP[0] else _LOOP[0]
    number = 1 if cursor is None else _LOOP.index(cursor) + 2
    return CursorPage(selection.slice((number - 1) * size, size), number, len(selection), onward)
