"""Holds what a list says of its length against what came of it."""

from __future__ import annotations

from tap_makini.errors import BadBodyError
from tap_makini.pagination.response import Page
from tap_makini.pagination.undocumented.claims import Claims


class ClaimingPage(Page, frozen=True):
    """A page of a list whose end no documented count tells.

    Attributes:
        claims: What the answer says of the whole list.
    """

    claims: Claims = Claims()


class Tally:
    """Counts what comes of one list, pass after pass from page 1 to the end.

    An end is what the reading takes for one: an empty page, or a number that is refused or not heeded, for which a
    page comes that claims nothing. An empty page is an answer to its number, though the page before it may have led
    there; a number that leads nowhere is none.
    """

    def __init__(self) -> None:
        self._short_before: int | None = None
        self._begin()

    def _begin(self) -> None:
        self._pages = self._records = 0
        self._claims = Claims()

    def add(self, page: Page) -> None:
        """Take in a page.

        Raises:
            BadBodyError: It is the last one, and the server speaks of more.
        """
        if page.number == 1:
            self._begin()
        self._pages += bool(page.records)
        self._records += len(page.records)
        before, said = self._claims, page.claims if isinstance(page, ClaimingPage) else None
        self._claims = before.followed_by(said) if said else before
        if page.is_last and page.next_cursor is None:
            self._check_next(before, said)
            self._check_counts()

    def _check_next(self, before: Claims, said: Claims | None) -> None:
        numbers_work = self._pages > 1 and said is not None
        if (said is not None and said.leads_on) or (before.leads_on and not numbers_work):
            raise BadBodyError(
                f"there is more behind the {self._records} records that came, but no page number leads there"
            )

    def _check_counts(self) -> None:
        """Let one pass of several pages be short, for a record may go meanwhile, but not two by the same."""
        is_short = self._claims.records > self._records or self._claims.pages > self._pages
        if is_short and (self._pages <= 1 or self._short_before == self._records):
            promised = f"{self._claims.records or 'more'} records"
            if self._claims.pages > self._pages:
                promised = f"{self._claims.pages} pages"
            raise BadBodyError(f"the server counts {promised}, but gives {self._records} records and nothing behind")
        self._short_before = self._records if is_short else None
