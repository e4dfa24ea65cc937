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
from tap_makini.pagination.full_list import FullListPaginator, NewestFirstPaginator
from tap_makini.pagination.keyset import KeysetPaginator
from tap_makini.pagination.page_fetcher import PageFetcher
from tap_makini.pagination.paginator import Batch, DisprovedError, FirstPage, Outcome, Paginator, Shortage, shows_order
from tap_makini.pagination.rows import RowReader, dated, is_ascending
from tap_makini.pagination.undocumented.passes import Passes
from tap_makini.pagination.undocumented.probe import has_page_zero
from tap_makini.pagination.undocumented.source import UndocumentedSource
from tap_makini.query_parameters import PageSize
from tap_makini.timestamps import floor_second

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_makini.pagination.rows import Row

__all__ = ["Batch", "ListReader", "Outcome", "PageFetcher", "PageSize", "Shortage"]

logger = logging.getLogger(__name__)

_SECOND = timedelta(seconds=1)
_DAY = timedelta(days=1)


class ListReader:
    """One read of a list, from a bound to its end.

    Args:
        source: The list.
        bound: Earliest instant to deliver; None for everything.
        log_level: How loudly to say how it is read.
        reached: The instant before which everything has been delivered by earlier runs; a record of just that instant
            should come again. None where that is not known.

    Attributes:
        outcome: What the read has seen so far.
    """

    def __init__(
        self,
        source: PageFetcher,
        bound: datetime | None,
        log_level: int = logging.INFO,
        reached: datetime | None = None,
    ) -> None:
        self._source = source
        self._bound = _before(bound, _SECOND)
        self._reached = reached
        self._asks_from = self._bound if reached else _before(bound, _DAY)  # without a bookmark, nothing shows a cut
        self._log_level = log_level
        self._reader = RowReader(source.replication_key, source.key)
        self.outcome = Outcome()

    def batches(self) -> Iterator[Batch]:
        """Read the list.

        Yields:
            Rows to deliver.

        Raises:
            MakiniError: The list could not be read to its end.
        """
        for batch in self._batches():
            rows = batch.rows if self._asks_from == self._bound else [row for row in batch.rows if self._wants(row)]
            self.outcome.note(rows)
            yield batch._replace(rows=rows)

    def _wants(self, row: Row) -> bool:
        return row.instant is None or self._bound is None or row.instant >= self._bound

    def _batches(self) -> Iterator[Batch]:
        opening = FirstPage(self._source, *self._source.open(self._asks_from), self._reader)
        if opening.page.is_uncounted or self._source.dialect.offset is not None:
            self._source = UndocumentedSource.like(self._source)
            opening = FirstPage(self._source, *self._source.open(None), self._reader)
        if self._begins_at_zero(opening):
            self._source.count_from(0)
            opening = opening.reopened()
        if self._may_be_cut(opening):
            self._asks_from = _before(self._bound, _DAY)
            opening = opening.reopened(bound=self._asks_from)
        page = opening.page
        self.outcome.expected = page.total
        if page.is_placeholder:
            _expect_the_same_again(opening)
        if not page.records and self._may_leave_out_newer_ones(opening):
            yield from self._fall_back(opening, "its filter may leave out what it should not").batches()
            return
        if page.is_last and not _goes_on(opening):
            yield Batch(opening.rows())
            return
        try:
            yield from self._choose(opening).batches()
        except DisprovedError as evidence:
            yield Batch([], withdraws=True)
            yield from self._fall_back(opening, str(evidence)).batches()

    def _may_be_cut(self, opening: FirstPage) -> bool:
        """Whether the filter may take its bound for a later instant, as for the midnight of another time zone.

        Where it does not, what has been delivered at the instant that was reached comes again, unless it has changed.
        """
        bound, reached = opening.query.bound, self._reached
        if bound is None or reached is None or reached - bound > _DAY or not opening.page.records:
            return False
        return all(instant > reached for instant in dated(opening.rows()))

    def _begins_at_zero(self, opening: FirstPage) -> bool:
        """Whether there is a page 0, where neither a document tells nor counts that agree."""
        dialect, page = self._source.dialect, opening.page
        is_told = page.counts_agree or page.by_cursor
        if is_told or dialect.offset is not None or not dialect.may_begin_at_zero:
            return False
        return has_page_zero(self._source, opening.query, page.records)

    def _may_leave_out_newer_ones(self, opening: FirstPage) -> bool:
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

    def _choose(self, opening: FirstPage) -> Paginator:
        if not self._source.tells_records_apart:
            return self._use(Passes(opening, self.outcome), "what its answers say of their place is not documented")
        if self._source.replication_key is None:
            return self._use(FullListPaginator(opening, self.outcome), "it is read as a whole")
        if opening.query.order is None:
            return self._use(FullListPaginator(opening, self.outcome), "it refuses to be ordered")
        if self._bound is not None and opening.query.bound is None:
            return self._fall_back(opening, "it refuses the filter")
        return self._use(KeysetPaginator(opening, self.outcome), "it accepts filter and order")

    def _fall_back(self, opening: FirstPage, reason: str) -> Paginator:
        """Read page by page, without the filter: back to the bound where there is an order, else everything."""
        if opening.query.bound is not None:
            opening = opening.reopened(bound=None)
        if self._bound is not None and opening.query.order is not None:
            newest_first = opening.reopened(order="desc")
            if shows_order(opening, newest_first):
                return self._use(NewestFirstPaginator(newest_first, self.outcome, self._bound), reason)
        return self._use(FullListPaginator(opening, self.outcome), reason)

    def _use(self, strategy: Paginator, reason: str) -> Paginator:
        logger.log(self._log_level, "Reading %s by %s: %s.", self._source.path, type(strategy).__name__, reason)
        return strategy


def _before(instant: datetime | None, span: timedelta) -> datetime | None:
    """Give the whole second that is a span before an instant, since a server may leave out the bound itself."""
    try:
        return None if instant is None else floor_second(instant) - span
    except OverflowError:
        return None  # before time begins


def _expect_the_same_again(opening: FirstPage) -> None:
    """Make sure that an answer which counts nothing is all there is, whichever page is asked for."""
    if opening.reopened(page=2).page.records != opening.page.records:
        raise BadBodyError("the answer's 'meta' counts nothing, yet there are more pages")


def _goes_on(opening: FirstPage) -> bool:
    """Whether there is more than one page, though the first one is the last by a count that may be of a while ago."""
    return opening.page.is_full and opening.source.goes_on(replace(opening.query, page=2))
