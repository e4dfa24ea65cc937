"""Reading a list to its end: which page is next, whether the server heeds what it is asked, when the end has come.

What is not documented is found out from the answers: a strategy relies on something, an answer that contradicts it
raises `DisprovedError`, and a strategy that relies on less takes over. What has been delivered twice is harmless, since
targets upsert; what has not been delivered is read again or holds the bookmark.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from tap_makini.errors import BadBodyError
from tap_makini.instant import floor_second
from tap_makini.reading.cursor import Cursor
from tap_makini.reading.offset import NewestFirst, Offset
from tap_makini.reading.passes import Passes
from tap_makini.reading.probe import has_page_zero
from tap_makini.reading.rows import RowReader, dated, is_ascending
from tap_makini.reading.seek import Seek
from tap_makini.reading.source import PageSize, Source
from tap_makini.reading.strategy import Batch, DisprovedError, Opening, Outcome, Strategy, shows_order
from tap_makini.reading.undocumented import UndocumentedSource

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

__all__ = ["Batch", "Outcome", "PageSize", "Reading", "Source"]

logger = logging.getLogger(__name__)

_SECOND = timedelta(seconds=1)


class Reading:
    """One read of a list, from a bound to its end.

    Args:
        source: The list.
        bound: Earliest instant to read; None for everything.
        log_level: How loudly to say how it is read.

    Attributes:
        outcome: What the read has seen so far.
    """

    def __init__(self, source: Source, bound: datetime | None, log_level: int = logging.INFO) -> None:
        self._source = source
        self._bound = None if bound is None else _just_before(bound)
        self._log_level = log_level
        self._reader = RowReader(source.replication_key)
        self.outcome = Outcome()

    def batches(self) -> Iterator[Batch]:
        """Read the list.

        Yields:
            Rows to deliver.

        Raises:
            MakiniError: The list could not be read to its end.
        """
        for batch in self._batches():
            self.outcome.note(batch.rows)
            yield batch

    def _batches(self) -> Iterator[Batch]:
        opening = Opening(self._source, *self._source.open(self._bound), self._reader)
        if opening.page.is_uncounted or self._source.dialect.offset is not None:
            self._source = UndocumentedSource.like(self._source)
            opening = Opening(self._source, *self._source.open(None), self._reader)
        if self._begins_at_zero(opening):
            self._source.count_from(0)
            opening = opening.reopened()
        page = opening.page
        self.outcome.expected = page.total
        if page.is_placeholder:
            _expect_the_same_again(opening)
        if not page.records and self._may_leave_out_newer_ones(opening):
            unfiltered = opening._replace(query=replace(opening.query, bound=None))
            yield from self._fall_back(unfiltered, "its filter may leave out what it should not").batches()
            return
        if page.is_last and page.next_cursor is None:
            yield Batch(opening.rows())
            return
        try:
            yield from self._choose(opening).batches()
        except DisprovedError as evidence:
            yield Batch([], withdraws=True)
            yield from self._fall_back(opening, str(evidence)).batches()

    def _begins_at_zero(self, opening: Opening) -> bool:
        """Whether there is a page 0, where neither a document tells nor counts that agree."""
        dialect, page = self._source.dialect, opening.page
        is_told = page.counts_agree or page.next_cursor is not None
        if is_told or dialect.offset is not None or not dialect.may_begin_at_zero:
            return False
        return has_page_zero(self._source, opening.query, page.records)

    def _may_leave_out_newer_ones(self, opening: Opening) -> bool:
        """Whether a filter that leaves nothing may keep records from us that it should not.

        What the bookmark was taken from should come again, so that nothing comes is seldom, and worth a request.
        """
        bound = opening.query.bound
        if bound is None:
            return False
        newest_first = opening.reopened(bound=None, order=opening.query.order and "desc")
        rows = newest_first.rows()
        newest = dated(rows)
        shows_order = newest_first.page.is_last or (is_ascending(newest[::-1]) and len(set(newest)) > 1)
        return bool(rows) and not (newest and max(newest) < bound and shows_order)

    def _choose(self, opening: Opening) -> Strategy:
        if opening.page.next_cursor is not None:
            return self._use(Cursor(opening), "it sends cursors")
        if not self._source.tells_records_apart:
            return self._use(Passes(opening, self.outcome), "what its answers say of their place is not documented")
        if self._source.replication_key is None:
            return self._use(Offset(opening, self.outcome), "it is read as a whole")
        if opening.query.order is None:
            return self._use(Offset(opening, self.outcome), "it refuses to be ordered")
        if opening.query.bound != self._bound:
            return self._fall_back(opening, "it refuses the filter")
        return self._use(Seek(opening, self.outcome), "it accepts filter and order")

    def _fall_back(self, opening: Opening, reason: str) -> Strategy:
        """Read by page numbers: from the newest record back to the bound where there is an order, else everything."""
        if self._bound is not None and opening.query.order is not None:
            newest_first = opening.reopened(bound=None, order="desc")
            if shows_order(opening.reopened(bound=None), newest_first):
                return self._use(NewestFirst(newest_first, self.outcome, self._bound), reason)
        return self._use(Offset(opening, self.outcome), reason)

    def _use(self, strategy: Strategy, reason: str) -> Strategy:
        logger.log(self._log_level, "Reading %s by %s: %s.", self._source.path, type(strategy).__name__, reason)
        return strategy


def _just_before(instant: datetime) -> datetime | None:
    """Give a whole second before an instant, since a server may leave out the bound itself; None at time's start."""
    try:
        return floor_second(instant) - _SECOND
    except OverflowError:
        return None


def _expect_the_same_again(opening: Opening) -> None:
    """Make sure that an answer which counts nothing is all there is, whichever page is asked for."""
    if opening.reopened(page=2).page.records != opening.page.records:
        raise BadBodyError("the answer's 'meta' counts nothing, yet there are more pages")
