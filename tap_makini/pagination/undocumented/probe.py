"""Asking for pages that there may not be, to learn how a list is numbered.

A server may well fail at such a question, with 500 say, which answers it. A trouble that passes does not.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tap_makini.errors import ConnectionClosedError, CredentialError, MakiniError, TransientError, WaitTooLongError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from collections.abc import Set as AbstractSet

    from tap_makini.pagination.page_fetcher import PageFetcher
    from tap_makini.pagination.page_request import PageRequest

_FAR = 1_000_000
"""A page, or a number of records, beyond the end of any list that is read so."""
_PATIENCE_SECONDS = 2.0
_MOST_TRIES = 3


def has_page_zero(source: PageFetcher, query: PageRequest, first: Sequence[bytes]) -> bool:
    """Whether there is a page 0 that is not the first one under another number.

    Args:
        source: The list.
        query: How it is asked.
        first: The records of page 1.

    Raises:
        MakiniError: The server answers nothing just now.
    """
    return has_other_records(source, replace(query, page=0), first)


def has_other_records(source: PageFetcher, query: PageRequest, known: Sequence[bytes]) -> bool:
    """Whether there is something at a place, and not mostly what is known.

    Args:
        source: The list.
        query: The place.
        known: The records that are known.

    Raises:
        MakiniError: The server answers nothing just now.
    """
    records = _records_of(source, query)
    return bool(records) and not is_mostly_in(records, set(known))


def records_far_beyond(source: PageFetcher, query: PageRequest) -> Sequence[bytes]:
    """Give what comes far beyond any end.

    Args:
        source: The list.
        query: How it is asked.

    Raises:
        MakiniError: The server answers nothing just now.
    """
    return _records_of(source, replace(query, page=_FAR, offset=_FAR))


def is_mostly_in(records: Collection[bytes], known: AbstractSet[bytes]) -> bool:
    """Whether at least half of some records are known."""
    return 2 * sum(record in known for record in records) >= max(len(records), 1)


def _records_of(
    source: PageFetcher, query: PageRequest, patience: float | None = _PATIENCE_SECONDS, tries: int = _MOST_TRIES
) -> Sequence[bytes]:
    """Give the records of a page: none if it is refused, or fails though the first page comes in between."""
    try:
        return source.ask_leniently(query, patience).records
    except (CredentialError, ConnectionClosedError):
        raise
    except WaitTooLongError:  # it has not been answered
        if patience is None:
            raise
        return _records_of(source, query, None, tries)
    except TransientError:
        if tries == 1:
            return []
    except MakiniError:  # refused in whatever way, 416 for one
        return []
    source.ask_leniently(replace(query, page=1, offset=0))
    return _records_of(source, query, patience, tries - 1)
