"""Reading by cursor: each answer says what to ask for next."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tap_makini.errors import MakiniError
from tap_makini.reading.strategy import Batch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_makini.reading.strategy import Opening


class Cursor:
    """Follows `next_cursor` (product FAQ) until an answer carries none.

    A cursor that comes again, at any distance, would lead round in a circle for ever, so it is an error.
    """

    def __init__(self, opening: Opening) -> None:
        self._source, self._query, self._first, self._reader = opening

    def batches(self) -> Iterator[Batch]:
        """Read the list."""
        page = self._first
        followed: set[str] = set()
        while True:
            yield Batch(self._reader.rows(page.records))
            cursor = page.next_cursor
            if cursor is None:
                return
            if cursor in followed:
                raise MakiniError(
                    f"the server's cursors lead round in a circle after {len(followed)} pages",
                    "Report it to Makini; what was read so far is not complete.",
                )
            followed.add(cursor)
            page = self._source.fetch(replace(self._query, cursor=cursor))
