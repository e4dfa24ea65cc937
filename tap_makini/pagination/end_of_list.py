"""Find the end of a list that does not count its pages.

What a page with nothing new means depends on how the next one is requested:

- `until_nothing_new`: by a number that the server may ignore or clamp. An empty page is the end, and so are two pages
  in a row without a new item: one may be the page before, moved by items that were inserted in front of it.
- `until_repeated`: the same for items without a key, so that equal items are separate ones. A page that repeats the
  whole page before it is the end.
- `CursorTrail`: by a cursor in the response, which says that there is more. No page with a cursor is the end; a cursor
  that repeats, or many pages with nothing new, are an error.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, TypeVar

from tap_makini.errors import BadBodyError, EntityAbsentError, MakiniError, NotFoundError, RequestRefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

    from tap_makini.http.client import Client
    from tap_makini.pagination.envelope import Entries
    from tap_makini.pagination.response import Page

T = TypeVar("T")

_MOST_STALE_PAGES = 1_000
_MOST_PAGES_WITHOUT_NEW = 20
_AFTER_THE_END = (RequestRefusedError, NotFoundError)
_REMEDY = "Report it to Makini. The records read so far are not complete."


def until_nothing_new(
    pages: Iterable[Sequence[T]], key: Callable[[T], Hashable], *, in_a_row: int = 2
) -> Iterator[Sequence[T]]:
    """Yield pages up to an empty one, or some in a row that have nothing new.

    Args:
        pages: The pages.
        key: Returns what identifies an item.
        in_a_row: How many pages without a new item are the end.

    Yields:
        Each page that holds an item which no page before it held.
    """
    known: set[Hashable] = set()
    stale = 0
    for page in pages:
        keys = set(map(key, page))
        stale = stale + 1 if keys <= known else 0
        if not keys or stale == in_a_row:
            return
        if not stale:
            yield page
        known |= keys


def until_repeated(pages: Iterable[Sequence[T]], key: Callable[[T], Hashable]) -> Iterator[Sequence[T]]:
    """Yield pages up to an empty one or one that repeats the page before it; equal items are separate ones.

    A page that holds some items twice may follow an equal one, so it ends the list only if it comes three times.

    Args:
        pages: The pages.
        key: Returns what identifies an item.

    Yields:
        Each page of the list.

    Raises:
        MakiniError: The end cannot be found.
    """
    known: set[Hashable] = set()
    before: Counter[Hashable] = Counter()
    held: list[Sequence[T]] = []
    stale = 0
    for page in pages:
        keys = Counter(map(key, page))
        if keys == before:
            if held and len(keys) == 1:
                raise BadBodyError(
                    "three pages in a row hold only copies of one row, so the end of the list cannot be found"
                )
            if held or len(keys) == len(page):
                return
            held.append(page)
            continue
        yield from held
        held = []
        if not page:
            return
        yield page
        before = keys
        stale = stale + 1 if 2 * len(keys.keys() - known) < len(keys) else 0
        known |= keys.keys()
        if stale > _MOST_STALE_PAGES:
            raise MakiniError(
                f"the list does not end: fewer than half of the rows on its last {stale} pages were new", _REMEDY
            )
    yield from held


def unless_after_end(fetch: Callable[[], T], number: int) -> T | None:
    """Fetch a later page of a list that does not count its pages.

    Args:
        fetch: Fetches it.
        number: Its number.

    Returns:
        The page; None if it is after the end: refused twice, since a refusal may be temporary.

    Raises:
        MakiniError: The page is not available.
    """
    try:
        with suppress(*_AFTER_THE_END):
            return fetch()
        with suppress(*_AFTER_THE_END):
            return fetch()
    except EntityAbsentError as refusal:
        raise unavailable(number, refusal) from None
    return None


def unavailable(number: int, refusal: MakiniError) -> MakiniError:
    """Return the error for a page that is refused, although the list should have it."""
    return MakiniError(f"page {number} is not available: {refusal.cause}", "Run again later.", refusal.request_id)


def read_entries(client: Client, path: str, parse: Callable[[bytes], Entries[T]]) -> Entries[T]:
    """Read a list that no document describes, page by page.

    Args:
        client: Sends the requests.
        path: The list's path.
        parse: Reads a response.

    Returns:
        The distinct entries of all pages, with the counts of the last page.

    Raises:
        MakiniError: The list is not available.
    """
    pages: list[Entries[T]] = []

    def items() -> Iterator[list[T]]:
        for number in count(1):
            fetch = partial(client.get, path, {"page": str(number)} if number > 1 else {}, parse)
            page = fetch() if number == 1 else unless_after_end(fetch, number)
            if page is None:
                return
            pages.append(page)
            yield page.items
            if page.last_page and number >= page.last_page:
                return

    distinct = until_nothing_new(items(), lambda item: item, in_a_row=1)
    found = dict.fromkeys(item for page in distinct for item in page)
    return replace(pages[-1], items=list(found))


class CursorTrail:
    """Track the cursors of one pass through a list.

    A cursor that repeats is an endless loop, and new ones may never end.
    """

    def __init__(self) -> None:
        self._followed: set[str] = set()
        self._known: set[bytes] = set()
        self._without_new = 0

    def follow(self, page: Page, keys: Iterable[bytes]) -> None:
        """Note a page whose cursor is followed.

        Args:
            page: The page.
            keys: What identifies its records.

        Raises:
            MakiniError: The end cannot be found.
        """
        cursor = page.next_cursor or ""
        if cursor in self._followed:
            raise MakiniError(f"the server sent the same cursor twice within {len(self._followed) + 1} pages", _REMEDY)
        self._followed.add(cursor)
        known = len(self._known)
        self._known.update(keys)
        self._without_new = 0 if len(self._known) > known else self._without_new + 1
        if self._without_new > _MOST_PAGES_WITHOUT_NEW:
            raise MakiniError(
                f"the list does not end: its last {self._without_new} pages had a new cursor, but no new records",
                _REMEDY,
            )
