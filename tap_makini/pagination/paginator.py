"""Define what all paginators share: what they yield, what they learn, and how they say that they do not fit."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from tap_makini.pagination.rows import dated, is_ascending

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_makini.pagination.census import Census
    from tap_makini.pagination.page_fetcher import PageFetcher, PageRequest
    from tap_makini.pagination.response import Page
    from tap_makini.pagination.rows import Row, RowReader


class FirstPage(NamedTuple):
    """A list whose first page has been fetched.

    Attributes:
        fetcher: Requests its pages.
        request: What was requested.
        page: The first page.
        reader: Makes rows of records.
    """

    fetcher: PageFetcher
    request: PageRequest
    page: Page
    reader: RowReader

    def reopened(self, **changes: Any) -> FirstPage:  # noqa: ANN401 - fields of the request
        """Request the first page of the same list again, or of one that differs in some part of the request."""
        request = replace(self.request, **{"page": 1, "offset": 0, "cursor": None, **changes})
        return FirstPage(self.fetcher, request, self.fetcher.fetch(request), self.reader)

    def rows(self) -> list[Row]:
        """Return the rows of the first page."""
        return self.reader.rows(self.page.records)


def shows_order(oldest_first: FirstPage, newest_first: FirstPage) -> bool:
    """Whether the first pages of a list, requested in both orders, show that the server honors them.

    A server that honors none sends the same page twice. If all records of that page have one timestamp, as after a
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
        reached: With these rows, everything before this timestamp has been delivered; None if that is not known, so
            that an interrupted sync has to start again.
        withdraws: What was reached before does not hold after all.
    """

    rows: list[Row]
    reached: datetime | None = None
    withdraws: bool = False


class Shortage(NamedTuple):
    """Records that the server counts and does not list.

    Attributes:
        start: The timestamp from which on they are missing; None if that may be anywhere in the list.
        came: How many distinct keys came.
        expected: How many the server counts.
    """

    start: datetime | None
    came: int
    expected: int


@dataclass
class Outcome:
    """What a list reader has seen.

    Attributes:
        count: How many rows came.
        latest: The latest timestamp of any row.
        undated: How many rows had no readable timestamp.
        unsettled_from: Everything from this timestamp on has to be read again, since rows may have been missed.
        is_unsettled: The same of the whole list.
        expected: How many records the server counts in the list, if it says so.
        shortages: Where fewer records came than the server counts.
        full_read_reason: Why a list with a replication key is read in full each run; None if it is not.
    """

    count: int = 0
    latest: datetime | None = None
    undated: int = 0
    unsettled_from: datetime | None = None
    is_unsettled: bool = False
    expected: int | None = None
    shortages: list[Shortage] = field(default_factory=list)
    full_read_reason: str | None = None

    def note(self, rows: list[Row]) -> None:
        """Take delivered rows into account."""
        timestamps = dated(rows)
        self.count += len(rows)
        self.undated += len(rows) - len(timestamps)
        if timestamps:
            newest = max(timestamps)
            self.latest = newest if self.latest is None else max(self.latest, newest)

    @property
    def is_settled(self) -> bool:
        """Whether nothing can have been missed so far."""
        return not self.is_unsettled and self.unsettled_from is None

    def leave_open(self, start: datetime | None, census: Census) -> None:
        """Have everything from a timestamp on read again by the next run, since it is not proven to be complete.

        Args:
            start: The timestamp; None for the whole list.
            census: What has come of it.
        """
        self.unsettle(start)
        if census.expected is not None and census.count < census.expected:
            self.shortages.append(Shortage(start, census.count, census.expected))

    def unsettle(self, start: datetime | None) -> None:
        """Have everything from a timestamp on read again by the next run; None for the whole list."""
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
            DisprovedError: A response shows that this paginator does not fit the server.
            MakiniError: The list could not be read.
        """
        ...


class DisprovedError(Exception):
    """A response contradicts what a paginator relies on; the message says how."""
