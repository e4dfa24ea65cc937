"""Reading a list whose answers do not tell whether it is whole: again, until two passes have seen the same."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from tap_makini.reading.rows import digest
from tap_makini.reading.strategy import Batch
from tap_makini.reading.undocumented import UndocumentedSource, is_mostly_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tap_makini.reading.rows import Row
    from tap_makini.reading.strategy import Opening, Outcome

_MOST_PASSES = 3


class Sighting:
    """What one pass has seen: the records in their order, and how often each."""

    def __init__(self) -> None:
        self.pages = 0
        self.names: list[bytes] = []
        self._counts: Counter[bytes] = Counter()

    def has_all(self, names: Iterable[bytes]) -> bool:
        """Whether all of these records have been seen."""
        return self._counts.keys() >= set(names)

    def count(self, name: bytes) -> int:
        """Take in a record, and say how many like it there are by now."""
        self.names.append(name)
        self._counts[name] += 1
        return self._counts[name]


class Passes:
    """Reads the whole list, and again until two passes have seen the same.

    One answer is whole by itself. Records that are alike are records of their own: as many of them are delivered as
    any one pass has seen.
    """

    def __init__(self, opening: Opening, outcome: Outcome) -> None:
        self._opening = opening
        self._outcome = outcome
        self._delivered: Counter[bytes] = Counter()
        self._heeds_numbers = False

    def batches(self) -> Iterator[Batch]:
        """Read the list."""
        opening, before = self._opening, None
        for _ in range(_MOST_PASSES):
            if before is not None:
                opening = opening.reopened()
            sighting = Sighting()
            for rows in self._pages(opening, sighting):
                sighting.pages += bool(rows)
                yield Batch([row for row in rows if self._is_new(row, sighting)])
            if sighting.pages < 2 or sighting.names == before:  # noqa: PLR2004 - several may not belong together
                return
            before = sighting.names
        self._outcome.unsettle(None)

    def _pages(self, opening: Opening, sighting: Sighting) -> Iterator[list[Row]]:
        yield opening.rows()
        first, query = opening.page.records, opening.query
        while not opening.page.is_last:
            passed = query.offset + len(opening.page.records)
            query = replace(query, page=opening.page.number + 1, offset=passed)
            opening = opening._replace(query=query, page=opening.source.fetch(query, opening.page.records))
            rows = opening.rows()
            if self._is_the_first_page_again(opening, first, sighting):
                return
            yield rows

    def _is_the_first_page_again(self, opening: Opening, first: Sequence[bytes], sighting: Sighting) -> bool:
        """Whether the list is its first page, which comes for any number, in another order or changed meanwhile."""
        names = [digest(record) for record in opening.page.records]
        if self._heeds_numbers or not names or not is_mostly_in(names, set(sighting.names)):
            return False
        source = opening.source
        self._heeds_numbers = not isinstance(source, UndocumentedSource) or source.heeds_numbers(opening.query, first)
        if not self._heeds_numbers and not sighting.has_all(names):
            self._outcome.unsettle(None)
        return not self._heeds_numbers

    def _is_new(self, row: Row, sighting: Sighting) -> bool:
        name = digest(row.raw)
        is_new = sighting.count(name) > self._delivered[name]
        self._delivered[name] += is_new
        return is_new
