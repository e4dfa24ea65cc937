"""Lists of which neither the form of the answers nor the way of paging is documented."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from tap_makini.answers.page import Page
from tap_makini.answers.tally import Tally
from tap_makini.answers.undocumented import parse_undocumented
from tap_makini.errors import EntityAbsentError, RequestRefusedError
from tap_makini.reading.dialect import V3_UNSIZED, Dialect
from tap_makini.reading.rows import digest
from tap_makini.reading.source import PageSize, Source
from tap_makini.reading.strategy import Batch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_makini.api.client import Client
    from tap_makini.reading.rows import Row
    from tap_makini.reading.source import Query
    from tap_makini.reading.strategy import Opening, Outcome

_MOST_PASSES = 3


class Paging:
    """What the lists of one kind have shown of their paging.

    Where a page comes once more for the next number, the server does not heed numbers, or gives its last page for all
    beyond: it was the last one in any case, and so is one with fewer records. A longer one need not be.

    Attributes:
        longest: How many records the longest page had of which that was seen.
    """

    def __init__(self) -> None:
        self.longest = 0


class UndocumentedSource(Source):
    """Fetches the pages of such a list.

    Args:
        client: Asks the API.
        path: The list's path.
        paging: Shared by the lists of one kind.
        page_size: How many records to ask for, where that can be asked for.
        dialect: How the list is asked.

    Attributes:
        takes_one_record: Whether one bare record is a list of one.
    """

    tells_records_apart = False
    takes_one_record = True

    def __init__(
        self,
        client: Client,
        path: str,
        paging: Paging,
        page_size: PageSize | None = None,
        dialect: Dialect = V3_UNSIZED,
    ) -> None:
        super().__init__(client, path, None, page_size or PageSize(1), dialect)
        self._paging = paging
        self._is_counted = False
        self._tally = Tally()

    @classmethod
    def like(cls, source: Source) -> UndocumentedSource:
        """Take over a list of which the answers turned out to be such."""
        undocumented = cls(source.client, source.path, Paging(), source.page_size, source.dialect)
        undocumented.traffic = source.traffic
        return undocumented

    def fetch(self, query: Query, unlike: Sequence[bytes] = ()) -> Page:
        """Get one page; one that is refused or the page before it once more is behind the end of a list without counts.

        Raises:
            MakiniError: The list cannot be read, or ends with fewer records than the server speaks of.
        """
        page = self._fetch(query, unlike)
        if query.cursor is None:
            self._tally.add(page)
        return page

    def _fetch(self, query: Query, unlike: Sequence[bytes]) -> Page:
        def read(body: bytes) -> Page:
            return parse_undocumented(
                body,
                query.page,
                first=self.dialect.first,
                by_cursor=query.cursor is not None,
                takes_one_record=self.takes_one_record,
            )

        number, end = query.page, Page([], query.page, query.page, 0)
        if number > 1 and len(unlike) < self._paging.longest and not self._is_counted:
            return end
        try:
            page = self._ask(query, read)
        except (RequestRefusedError, EntityAbsentError):
            if number == 1 or self._is_counted:
                raise
            return end
        if number == 1:
            self._is_counted = page.total is not None
        elif page.records == unlike and page.total is None:
            if self.dialect.first == 0:  # page 0 may have been taken for page 1
                self._count_from_one()
                return self._fetch(query, unlike)
            self._paging.longest = max(self._paging.longest, len(unlike))
            return end
        return page


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


class Passes:
    """Reads the whole list, and again until two passes have seen the same.

    One answer is whole by itself. Records that are alike are records of their own: as many of them are delivered as
    any one pass has seen.
    """

    def __init__(self, opening: Opening, outcome: Outcome) -> None:
        self._opening = opening
        self._outcome = outcome
        self._delivered: Counter[bytes] = Counter()

    def batches(self) -> Iterator[Batch]:
        """Read the list."""
        opening, before = self._opening, None
        for _ in range(_MOST_PASSES):
            if before is not None:
                opening = opening.reopened()
            sighting = Sighting()
            for rows in _pages(opening):
                sighting.pages += bool(rows)
                yield Batch([row for row in rows if self._is_new(row, sighting)])
            if sighting.pages < 2 or sighting.names == before:  # noqa: PLR2004 - several may not belong together
                return
            before = sighting.names
        self._outcome.unsettle(None)

    def _is_new(self, row: Row, sighting: Sighting) -> bool:
        name = digest(row.raw)
        is_new = sighting.count(name) > self._delivered[name]
        self._delivered[name] += is_new
        return is_new


def _pages(opening: Opening) -> Iterator[list[Row]]:
    yield opening.rows()
    while not opening.page.is_last:
        passed = opening.query.offset + len(opening.page.records)
        query = replace(opening.query, page=opening.page.number + 1, offset=passed)
        opening = opening._replace(query=query, page=opening.source.fetch(query, opening.page.records))
        yield opening.rows()
