"""What all reading strategies share: what they yield, what they learn, and how they say that they do not fit."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from tap_makini.pagination.rows import dated, is_ascending

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_makini.pagination.census import Census
    from tap_makini.pagination.page_fetcher import PageFetcher
    from tap_makini.pagination.page_request import PageRequest
    from tap_makini.pagination.response import Page
    from tap_makini.pagination.rows import Row, RowReader


class FirstPage(NamedTuple):
    """A list whose first page has been fetched.

    Attributes:
        source: The list.
        query: What was asked for.
        page: The first page.
        reader: Makes rows of records.
    """

    source: PageFetcher
    query: PageRequest
    page: Page
    reader: RowReader

    def reopened(self, **changes: Any) -> FirstPage:  # noqa: ANN401 - fields of the query
        """Ask for the first page of the same list again, or of one that differs in some part of the query."""
        query = replace(self.query, **{"page": 1, "offset": 0, "cursor": None, **changes})
        return self._replace(query=query, page=self.source.fetch(query))

    def rows(self) -> list[Row]:
        """Give the rows of the first page."""
        return self.reader.rows(self.page.records)


def shows_order(oldest_first: FirstPage, newest_first: FirstPage) -> bool:
    """Whether the first pages of a list, asked for in both orders, show that the server heeds them.

    A server that heeds none gives the same page twice. Where all records of that page are of one instant, as after a
    bulk import, each page on its own is in order: only that the two lie apart is evidence.
    """
    oldest, newest = dated(oldest_first.rows()), dated(newest_first.rows())[::-1]
    if not (oldest and newest and is_ascending(oldest) and is_ascending(newest)):
        return False
    page = oldest_first.page
    if page.total is not None and page.total < 2 * page.size:
        return oldest[0] < newest[-1] and oldest[-1] <= newest[-1]
    return oldest[-1] < newest[0]


class Batch(NamedTuple):
    """Rows to deliver.

    Attributes:
        rows: The rows.
        reached: With these rows, everything before this instant has been delivered; None where that is not known,
            so that an interrupted read has to begin anew.
        withdraws: What was reached before does not hold after all.
    """

    rows: list[Row]
    reached: datetime | None = None
    withdraws: bool = False


class Shortage(NamedTuple):
    """Records that the server counts and does not give.

    Attributes:
        start: The instant from which on they are missing; None where that may be anywhere in the list.
        came: How many distinct keys came.
        expected: How many the server counts.
    """

    start: datetime | None
    came: int
    expected: int


@dataclass
class Outcome:
    """What a reading has seen.

    Attributes:
        count: How many rows came.
        latest: The latest instant of any row.
        undated: How many rows had no readable instant.
        unsettled_from: Everything from this instant on has to be read again, since rows may have slipped through.
        is_unsettled: The same of the whole list.
        expected: How many records the server counts in the list, where it says so.
        shortages: Where fewer records came than the server counts.
    """

    count: int = 0
    latest: datetime | None = None
    undated: int = 0
    unsettled_from: datetime | None = None
    is_unsettled: bool = False
    expected: int | None = None
    shortages: list[Shortage] = field(default_factory=list)

    def note(self, rows: list[Row]) -> None:
        """Take delivered rows into account."""
        instants = dated(rows)
        self.count += len(rows)
        self.undated += len(rows) - len(instants)
        if instants:
            newest = max(instants)
            self.latest = newest if self.latest is None else max(self.latest, newest)

    @property
    def is_settled(self) -> bool:
        """Whether nothing can have slipped through so far."""
        return not self.is_unsettled and self.unsettled_from is None

    def leave_open(self, start: datetime | None, census: Census) -> None:
        """Have everything from an instant on read again by the next run, since it could not be seen to be whole.

        Args:
            start: The instant; None for the whole list.
            census: What has come of it.
        """
        self.unsettle(start)
        if census.expected is not None and census.count < census.expected:
            self.shortages.append(Shortage(start, census.count, census.expected))

    def unsettle(self, start: datetime | None) -> None:
        """Have everything from an instant on read again by the next run; None for the whole list."""
        if start is None:
            self.is_unsettled = True
        elif self.unsettled_from is None or start < self.unsettled_from:
            self.unsettled_from = start


class Paginator(Protocol):
    """A way to read a whole list."""

    def batches(self) -> Iterator[Batch]:
        """Read the list.

        Yields:
            The rows, page by page.

        Raises:
            DisprovedError: An answer shows that this way does not fit the server.
            MakiniError: The list could not be read.
        """
        ...


class DisprovedError(Exception):
    """An answer is at odds with what a strategy relies on; the message says how."""
