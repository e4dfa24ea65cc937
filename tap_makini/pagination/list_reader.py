"""Read a list to its end: choose a paginator, and another one if the server does not honor what the first relies on.

The responses show what no document declares: if one contradicts what a paginator relies on, it raises
`DisprovedError`, and a paginator that relies on less takes over. A record that is delivered twice is harmless, since
targets upsert; one that may be missing is read again or holds the bookmark.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from tap_makini.errors import RequestRefusedError
from tap_makini.pagination.full_list import FullListPaginator, NewestFirstPaginator
from tap_makini.pagination.keyset import UNPROVEN_ORDER, KeysetPaginator
from tap_makini.pagination.page_request import PageRequest
from tap_makini.pagination.paginator import Batch, DisprovedError, Outcome, dated, is_ascending, rows_from
from tap_makini.pagination.repeated_passes import RepeatedPassesPaginator
from tap_makini.timestamps import floor_second

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_makini.pagination.page_fetcher import FirstPage, PageFetcher
    from tap_makini.pagination.paginator import Paginator
    from tap_makini.pagination.response import Page

logger = logging.getLogger(__name__)

_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)
_NO_ORDER = "the server refuses the order"


class ListReader:
    """Read a list once, from a start value to its end.

    Args:
        fetcher: Requests the pages of the list.
        start_value: The earliest timestamp to deliver; None for everything.
        log_level: The level at which to log how the list is read.
        reached: The timestamp before which earlier runs have delivered everything, so that a record with exactly this
            timestamp should come again; None if that is not known.

    Attributes:
        outcome: What has been read so far.
    """

    def __init__(
        self,
        fetcher: PageFetcher,
        start_value: datetime | None,
        log_level: int = logging.INFO,
        reached: datetime | None = None,
    ) -> None:
        self._fetcher = fetcher
        self._start_value = _before(start_value, _SECOND)  # a server may leave out the value itself
        self._log_level = log_level
        self._reached = reached
        self.outcome = Outcome()

    def batches(self) -> Iterator[Batch]:
        """Read the list.

        Yields:
            Rows to deliver.

        Raises:
            MakiniError: The list could not be read to its end.
        """
        first_page, earliest = self._open()
        batches = self._read(first_page)
        while True:
            try:
                for batch in batches:
                    rows = batch.rows if earliest is None else rows_from(batch.rows, earliest)
                    self.outcome.note(rows)
                    yield batch._replace(rows=rows)
            except DisprovedError as evidence:  # noqa: PERF203 - around all batches, not around each
                yield Batch([], voids_reached=True)
                batches = self._fall_back(first_page, str(evidence), lasts=evidence.lasts).batches()
            else:
                return

    def _open(self) -> tuple[FirstPage, datetime | None]:
        """Open the list at the start value, or a day before it if the server may read it as a later time.

        Returns:
            The list, and the timestamp before which its records are to be left out; None if none are.
        """
        start_value, a_day_before = self._start_value, _before(self._start_value, _DAY)
        if self._reached is None:  # no record would show that the server reads the value as a later time
            return self._fetcher.open(a_day_before), start_value
        first_page = self._fetcher.open(start_value)
        if self._may_start_later(first_page):
            return first_page.reopened(start_value=a_day_before), start_value
        return first_page, None

    def _may_start_later(self, first_page: FirstPage) -> bool:
        """Return whether the server may read the value as a later time, such as midnight in another zone.

        If it does not, a record with the bookmark's timestamp comes again, unless it has changed.
        """
        start_value, reached = first_page.request.start_value, self._reached
        if start_value is None or reached is None or reached - start_value > _DAY or not first_page.rows:
            return False
        is_later = all(timestamp > reached for timestamp in dated(first_page.rows))
        return is_later and _why_in_passes(self._fetcher, first_page.page) is None

    def _read(self, first_page: FirstPage) -> Iterator[Batch]:
        """Read the list once it is open."""
        if (reason := _why_in_passes(self._fetcher, first_page.page)) is not None:
            return self._read_in_passes(first_page, reason)
        page = first_page.page
        self.outcome.expect(page.total)
        if not page.records and self._may_hide_newer_records(first_page):
            return self._fall_back(
                first_page, "the filter returns nothing, although the list may have newer records"
            ).batches()
        if page.is_last and not self._fetcher.has_page_after(first_page.request, page):
            return iter([Batch(first_page.rows)])
        return self._choose(first_page).batches()

    def _read_in_passes(self, first_page: FirstPage, reason: str) -> Iterator[Batch]:
        request = first_page.request
        if request.start_value is not None or request.order is not None:
            first_page = first_page.reopened(start_value=None, order=None)
        self.outcome.expect(first_page.page.total)
        self._warn_of_full_read(reason)
        return self._use(RepeatedPassesPaginator(first_page, self.outcome), reason).batches()

    def _may_hide_newer_records(self, first_page: FirstPage) -> bool:
        """Return whether an empty result may be wrong, because the filter hides newer records.

        The record with the bookmark's timestamp should come again, so an empty page is rare, and worth a request.
        """
        start_value = first_page.request.start_value
        if start_value is None:
            return False
        newest_first = first_page.reopened(start_value=None, order=first_page.request.order and "desc")
        rows = newest_first.rows
        newest = dated(rows)
        shows_order = newest_first.page.is_last or (is_ascending(newest[::-1]) and len(set(newest)) > 1)
        return bool(rows) and not (newest and max(newest) < start_value and shows_order)

    def _choose(self, first_page: FirstPage) -> Paginator:
        if self._fetcher.replication_key is None:
            return self._use(FullListPaginator(first_page, self.outcome), "it is a full table")
        if first_page.request.order is None:
            self._warn_of_full_read(_NO_ORDER)
            return self._use(FullListPaginator(first_page, self.outcome), _NO_ORDER)
        if self._start_value is not None and first_page.request.start_value is None:
            return self._fall_back(first_page, "the server refuses the filter")
        return self._use(KeysetPaginator(first_page, self.outcome), "the server accepts filter and order")

    def _fall_back(self, first_page: FirstPage, reason: str, *, lasts: bool = True) -> Paginator:
        """Read without the filter: back to the start value if the order is honored, else everything."""
        if first_page.request.start_value is not None:
            first_page = first_page.reopened(start_value=None)
        if self._start_value is not None and first_page.request.order is not None:
            newest_first = first_page.reopened(order="desc")
            if first_page.shows_order(newest_first.rows):
                return self._use(NewestFirstPaginator(newest_first, self.outcome, self._start_value), reason)
        self._warn_of_full_read(reason, lasts=lasts)
        return self._use(FullListPaginator(first_page, self.outcome), reason)

    def _warn_of_full_read(self, reason: str, *, lasts: bool = True) -> None:
        if self._fetcher.replication_key is not None:
            always = "Stream %s is read in full each run because %s."
            once = "Stream %s is read in full this time because %s."
            logger.warning(always if lasts else once, self._fetcher.name, reason)

    def _use(self, paginator: Paginator, reason: str) -> Paginator:
        message = "Stream %s: using the %s paginator, because %s."
        logger.log(self._log_level, message, self._fetcher.name, paginator.name, reason)
        return paginator


def _why_in_passes(fetcher: PageFetcher, page: Page) -> str | None:
    """Return why a list must be read more than once: its responses cannot prove it complete. None if they can."""
    if page.is_uncounted:
        return "its responses do not count pages"
    if fetcher.query_parameters.offset is not None:
        return "it is paged by offset"
    return None if fetcher.kind == "list" else f"it is a {fetcher.kind}"


def why_read_in_full(fetcher: PageFetcher, newest: Page) -> str | None:
    """Return why a list with a replication key is read in full each run; this takes at most one request.

    Args:
        fetcher: Requests the pages of the list.
        newest: The first page of the list, newest records first.

    Returns:
        The reason; None if the list is read incrementally, has no replication key, or holds too few records to tell.

    Raises:
        MakiniError: The list cannot be read.
    """
    if fetcher.replication_key is None:
        return None
    if (reason := _why_in_passes(fetcher, newest)) is not None:
        return reason
    if newest.is_last:
        return None
    try:
        oldest_first = fetcher.fetch_first(PageRequest(order="asc" if fetcher.sorts else None, size=fetcher.size_of(1)))
    except RequestRefusedError:
        return _NO_ORDER
    return None if oldest_first.shows_order(fetcher.row_reader.rows(newest.records)) else UNPROVEN_ORDER


def _before(timestamp: datetime | None, span: timedelta) -> datetime | None:
    """Return the whole second that is a span before a timestamp; None before year 1."""
    try:
        return None if timestamp is None else floor_second(timestamp) - span
    except OverflowError:
        return None
