"""Tables of which the server speaks of more than it gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap_makini.errors import BadBodyError
from tap_makini.pagination.response import Page
from tap_makini.pagination.undocumented.claims import Claims
from tap_makini.pagination.undocumented.tally import ClaimingPage, Tally

if TYPE_CHECKING:
    from collections.abc import Sequence

NOT_HEEDED = None
"""What comes for a number that is refused or that brings the page before once more."""


def page(number: int, count: int, **claims: Any) -> Page:  # noqa: ANN401 - what is claimed
    return ClaimingPage([b"{}"] * count, number, number + bool(count), count, claims=Claims(**claims))


def read(*passes: Sequence[tuple[int, dict[str, Any]] | None]) -> None:
    """Take in passes: of each page the number of its records and what it claims."""
    tally = Tally()
    for pages in passes:
        for number, said in enumerate(pages, 1):
            tally.add(Page([], number, number, 0) if said is None else page(number, said[0], **said[1]))


TOTAL: dict[str, Any] = {"records": 25}
NEXT: dict[str, Any] = {"leads_on": True}
NONE: dict[str, Any] = {}


@pytest.mark.parametrize(
    "pages",
    [
        [(10, TOTAL), (10, TOTAL), (5, TOTAL), (0, TOTAL)],
        [(25, TOTAL), NOT_HEEDED],
        [(25, TOTAL), (0, NONE)],
        [(10, {"records": 10}), (10, {"records": 10}), (5, {"records": 5}), (0, {"records": 0})],
        [(10, {"pages": 2}), (9, {"pages": 2}), (0, {"pages": 2})],
        [(10, NEXT), (10, NONE), (0, NONE)],
        [(10, NEXT), (10, NEXT), (0, NONE)],  # a full page leads on to nothing
        [(10, NONE), NOT_HEEDED],
        [(0, {"records": 0})],
    ],
    ids=repr,
)
def test_a_list_that_holds_what_it_speaks_of_is_whole(pages: list[Any]) -> None:
    read(pages, pages)


@pytest.mark.parametrize(
    "pages",
    [
        [(0, TOTAL)],
        [(10, TOTAL), NOT_HEEDED],
        [(10, TOTAL), (0, TOTAL)],
        [(10, {"pages": 3}), NOT_HEEDED],
        [(10, NEXT), NOT_HEEDED],
        [(10, NEXT), (0, NONE)],
        [(10, NEXT), (10, NEXT), NOT_HEEDED],
        [(10, NEXT), (10, NONE), (0, NEXT)],
        [(0, NEXT)],
    ],
    ids=repr,
)
def test_a_list_that_speaks_of_more_fails_at_once(pages: list[Any]) -> None:
    with pytest.raises(BadBodyError):
        read(pages)


@pytest.mark.parametrize("end", [NOT_HEEDED, (0, TOTAL)])
def test_a_list_of_several_pages_may_be_short_but_not_twice_by_the_same(end: Any) -> None:  # noqa: ANN401 - a page
    short, shorter = [(10, TOTAL), (10, TOTAL), end], [(10, TOTAL), (9, TOTAL), end]
    whole = [(10, TOTAL), (10, TOTAL), (5, TOTAL), (0, TOTAL)]
    read(short, whole, short)
    read(short, shorter, short)
    with pytest.raises(BadBodyError, match="25 records"):
        read(short, short)
