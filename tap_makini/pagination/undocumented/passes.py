"""Reading a list whose answers do not tell whether it is whole: again, until two passes have seen the same."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from tap_makini.errors import MakiniError
from tap_makini.pagination.cursors import CursorTrail
from tap_makini.pagination.paginator import Batch
from tap_makini.pagination.rows import digest
from tap_makini.pagination.undocumented.probe import is_mostly_in
from tap_makini.pagination.undocumented.source import UndocumentedSource

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_makini.pagination.paginator import FirstPage, Outcome
    from tap_makini.pagination.rows import Row

_MOST_PASSES = 3
_SECOND, _MANY_PAGES = 2, 100


class Sighting:
    """What one pass has seen: the records in their order, and how often each."""

    def __init__(self) -> None:
        self.pages = 0
        self.names: list[bytes] = []
        self._counts: Counter[bytes] = Counter()

    def count(self, name: bytes) -> int:
        """Take in a record, and say how many like it there are by now."""
        self.names.append(name)
        self._counts[name] += 1
        return self._counts[name]

    def is_all_of(self, total: int | None) -> bool:
        """Whether this is as many records as each page counted in the whole list, no two of them alike."""
        return len(self.names) == len(self._counts) == total


class Passes:
    """Reads the whole list, and again until two passes have seen the same.

    One answer is whole by itself. Records that are alike are records of their own: as many of them are delivered as
    any one pass has seen.
    """

    def __init__(self, opening: FirstPage, outcome: Outcome) -> None:
        self._opening = opening
        self._outcome = outcome
        self._delivered: Counter[bytes] = Counter()
        self._total = opening.page.total

    def batches(self) -> Iterator[Batch]:
        """Read the list."""
        opening, before = self._opening, None
        for _ in range(_MOST_PASSES):
            if before is not None:
                opening = opening.reopened()
            sighting = Sighting()
            for rows in self._pages(opening):
                sighting.pages += bool(rows)
                yield Batch([row for row in rows if self._is_new(row, sighting)])
            if sighting.pages <= 1 or sighting.names == before or sighting.is_all_of(self._total):
                return  # several pages may not belong together
            before = sighting.names
        self._outcome.unsettle(None)

    def _pages(self, opening: FirstPage) -> Iterator[list[Row]]:
        yield opening.rows()
        first, query = opening.page.records, opening.query
        pages = Counter([_name_of(opening)])
        if query.size is not None and opening.source.dialect.offset is not None:
            query = replace(query, size=min(query.size, max(len(first), 1)))  # a server may count offsets in its limit
        trail = CursorTrail()
        while not opening.page.is_last:
            passed = query.offset + len(opening.page.records)
            if opening.page.next_cursor is not None:
                trail.follow(opening.page, map(digest, opening.page.records))
            query = replace(query.after(opening.page), offset=passed)
            opening = opening._replace(query=query, page=opening.source.fetch(query, opening.page.records))
            rows = opening.rows()
            self._total = self._total if self._total == opening.page.total else None
            if opening.page.number == _SECOND and self._is_the_first_page_again(opening, first):
                return
            pages[_name_of(opening)] += 1
            if opening.page.number % _MANY_PAGES == 0:
                _check_for_an_end(opening, comes_round=pages[_name_of(opening)] > 1)
            yield rows

    def _is_the_first_page_again(self, opening: FirstPage, first: Sequence[bytes]) -> bool:
        """Whether the list is its first page, which comes for any number, in another order or changed meanwhile.

        Where a page holds many records that are alike, another one is like it without being it.
        """
        records, known, source = opening.page.records, set(first), opening.source
        is_like_it = bool(records) and len(known) == len(first) and is_mostly_in(records, known)
        if not is_like_it or not isinstance(source, UndocumentedSource) or source.heeds_numbers(opening.query, first):
            return False
        source.warn_of_more(opening.query, first)
        if not known.issuperset(records):
            self._outcome.unsettle(None)
        return True

    def _is_new(self, row: Row, sighting: Sighting) -> bool:
        name = digest(row.raw)
        is_new = sighting.count(name) > self._delivered[name]
        self._delivered[name] += is_new
        return is_new


def _name_of(opening: FirstPage) -> bytes:
    return digest(b"".join(opening.page.records))


def _check_for_an_end(opening: FirstPage, *, comes_round: bool) -> None:
    """Refuse a list that has records far beyond any end, if they differ each time or pages come round: it has none."""
    source = opening.source
    if isinstance(source, UndocumentedSource) and not source.ends(opening.query, comes_round=comes_round):
        raise MakiniError(
            f"after {opening.page.number} pages, the server gives records for any page, old ones or always others",
            "Its list cannot be told from an endless one; report it to Makini.",
        )
