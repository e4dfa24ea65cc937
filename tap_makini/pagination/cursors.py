"""Cursors: each answer says what to ask for next (product FAQ), and nothing bounds where that leads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_makini.errors import MakiniError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_makini.pagination.response import Page

_REMEDY = "Report it to Makini; what was read so far is not complete."
_MOST_PAGES_WITHOUT_NEWS = 20


class CursorTrail:
    """The cursors followed in one pass through a list.

    A cursor that comes again leads round in a circle, and cursors that are new each time may lead nowhere for ever.
    """

    def __init__(self) -> None:
        self._followed: set[str] = set()
        self._known: set[bytes] = set()
        self._without_news = 0

    def follow(self, page: Page, keys: Iterable[bytes]) -> None:
        """Take note of a page whose cursor is followed.

        Args:
            page: The page.
            keys: What tells its records apart.

        Raises:
            MakiniError: Following it does not lead to an end.
        """
        cursor = page.next_cursor or ""
        if cursor in self._followed:
            raise MakiniError(f"the server's cursors lead round in a circle after {len(self._followed)} pages", _REMEDY)
        self._followed.add(cursor)
        known = len(self._known)
        self._known.update(keys)
        self._without_news = 0 if len(self._known) > known else self._without_news + 1
        if self._without_news > _MOST_PAGES_WITHOUT_NEWS:
            raise MakiniError(
                f"the server's cursors lead on, but the last {self._without_news} pages hold no record that is new",
                _REMEDY,
            )
