"""Reading by page numbers of lists that change between any two requests."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeVar, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_makini.endpoints import Endpoint, PageSize
from tap_makini.errors import BadBodyError
from tap_makini.pagination.overlapping_pages import OverlappingPages, overlapping_page
from tap_makini.pagination.page_fetcher import FirstPage, PageFetcher
from tap_makini.pagination.page_request import PageRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_makini.http.client import Client

T = TypeVar("T")


class Change(NamedTuple):
    """What happens to the list between two requests: rows go, others come, somewhere."""

    removed: int = 0
    removed_at: float = 0.0
    inserted: int = 0
    inserted_at: float = 0.0


@dataclass
class ChangingList:
    """Serves a list as the API does, and changes it before each request but the first.

    Attributes:
        rows: The rows by their names.
        changes: What happens, one before each request.
        honors_size: Whether `per_page` is honored.
        default_size: How many rows a page holds where nothing else is asked for.
        removed: What has gone.
        asked: The pages asked for, as number and size.
    """

    rows: list[int]
    changes: list[Change] = field(default_factory=list)
    honors_size: bool = True
    counts: bool = True
    default_size: int = 10
    removed: set[int] = field(default_factory=set)
    asked: list[tuple[int, int]] = field(default_factory=list)

    def get(self, path: str, params: Mapping[str, str], read: Callable[[bytes], T], *_: object) -> T:
        assert path == "/list"
        if self.asked and self.changes:
            self._change(self.changes.pop(0))
        number = int(params["page"])
        size = int(params["per_page"]) if self.honors_size and "per_page" in params else self.default_size
        self.asked.append((number, size))
        return read(self._page(number, size))

    def _page(self, number: int, size: int) -> bytes:
        meta = {"current_page": number, "last_page": max(-(-len(self.rows) // size), 1), "per_page": size}
        if self.counts:
            meta["total"] = len(self.rows)
        records = [{"key": row} for row in self.rows[(number - 1) * size : number * size]]
        return json.dumps({"data": records, "meta": meta}).encode()

    def _change(self, change: Change) -> None:
        start = int(change.removed_at * len(self.rows))
        self.removed.update(self.rows[start : start + change.removed])
        del self.rows[start : start + change.removed]
        start = int(change.inserted_at * len(self.rows))
        unused = 1_000_000 + 1_000 * len(self.asked)
        self.rows[start:start] = range(unused, unused + change.inserted)


def opened(served: ChangingList, size: int | None) -> FirstPage:
    source = PageFetcher(cast("Client", served), Endpoint("rows", "/list", {}, ()), PageSize(500))
    query = PageRequest(size=size)
    return source.fetch_first(query)


def read(pages: OverlappingPages) -> list[int]:
    """Read to the end and give the names of all rows, in the order in which they came."""
    return [json.loads(row.raw)["key"] for step in pages.steps() for row in step.rows]


@st.composite
def changing_lists(
    draw: st.DrawFn, /, *, share: float, honors_size: bool = True, counts: bool = True
) -> tuple[ChangingList, int]:
    """Give a list and a page size; no change removes or inserts more than a share of a page."""
    size = draw(st.integers(10, 60))
    most = st.integers(0, max(int(size * share) - 1, 0))
    places = st.floats(0, 1)
    changes = st.lists(st.builds(Change, most, places, most, places), max_size=12)
    rows = list(range(draw(st.integers(size + 1, 400))))
    return ChangingList(rows, draw(changes), honors_size, counts, size), size


# --- choosing pages --------------------------------------------------------------------------------


@given(st.integers(1, 100_000), st.integers(10, 600), st.data())
def test_an_overlapping_page_starts_before_the_position_and_ends_after_it(
    position: int, largest: int, data: st.DataObject
) -> None:
    overlap = data.draw(st.integers(1, largest // 2))
    sizes = range(largest // 2, largest + 1)
    choice = overlapping_page(position, overlap, largest)
    if choice is None:
        assert all(position % size == 0 for size in sizes)
        return
    number, size = choice
    start, end = (number - 1) * size, number * size

    assert size in sizes
    assert 0 <= start < position < end


@given(st.integers(500, 10_000_000))
def test_a_page_of_the_usual_size_always_overlaps_as_far_as_it_should(position: int) -> None:
    choice = overlapping_page(position, 25, 500)

    assert choice is not None
    number, size = choice
    assert (number - 1) * size <= position - 25
    assert number * size > position + 250, "most of each page is new"


def test_pages_of_ten_cannot_overlap_at_a_position_that_all_of_their_sizes_divide() -> None:
    assert overlapping_page(2_520, 1, 10) is None
    assert overlapping_page(2_519, 1, 10) is not None


# --- lists at rest ---------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [501, 999, 1_000, 1_001, 30_000])
def test_a_list_at_rest_is_proven_to_be_whole_with_few_more_requests_than_pages(count: int) -> None:
    served = ChangingList(list(range(count)))
    pages = OverlappingPages(opened(served, 500))

    assert set(read(pages)) == set(range(count))
    assert pages.is_proven
    assert pages.total == count
    assert len(served.asked) <= 1.25 * count / 500 + 2


@pytest.mark.parametrize("count", [2_520, 2_521, 6_000])
def test_where_no_page_can_overlap_the_list_is_read_without_proof(count: int) -> None:
    pages = OverlappingPages(opened(ChangingList(list(range(count))), 10))

    assert set(read(pages)) == set(range(count))
    assert pages.is_proven == (count <= 2_520)


@given(changing_lists(share=0))
def test_fresh_rows_of_a_list_at_rest_come_once(given_list: tuple[ChangingList, int]) -> None:
    served, size = given_list
    pages = OverlappingPages(opened(served, size))
    fresh = [json.loads(row.raw)["key"] for step in pages.steps() for row in step.fresh]

    assert fresh == served.rows


@given(changing_lists(share=0, honors_size=False))
def test_a_server_that_ignores_sizes_is_read_page_by_page(given_list: tuple[ChangingList, int]) -> None:
    served, size = given_list
    pages = OverlappingPages(opened(served, size))

    assert set(read(pages)) == set(served.rows)
    assert not pages.is_proven


def test_where_sizes_are_not_documented_none_is_asked_for() -> None:
    served = ChangingList(list(range(35)))
    pages = OverlappingPages(opened(served, None))

    assert read(pages) == list(range(35))
    assert served.asked == [(1, 10), (2, 10), (3, 10), (4, 10)]
    assert not pages.is_proven


def test_records_delivered_before_are_not_fresh() -> None:
    served = ChangingList(list(range(30)))
    known = {b'{"key": 3}', b'{"key": 4}'}
    first = next(OverlappingPages(opened(served, 20), known).steps())

    assert [json.loads(row.raw)["key"] for row in first.rows if row not in first.fresh] == [3, 4]


# --- lists that change -----------------------------------------------------------------------------


@given(changing_lists(share=1) | changing_lists(share=1, counts=False))
def test_what_stays_in_the_list_is_delivered_whatever_leaves_and_comes(given_list: tuple[ChangingList, int]) -> None:
    served, size = given_list
    stays = set(served.rows)
    pages = OverlappingPages(opened(served, size))
    delivered = set(read(pages))
    assert stays - served.removed <= delivered
    assert pages.is_proven


def test_a_gap_is_closed_though_the_pages_after_it_overlap() -> None:
    served = ChangingList(list(range(1_200)), [Change(removed=100)])
    pages = OverlappingPages(opened(served, 500))

    assert set(range(500, 1_200)) <= set(read(pages))
    assert pages.is_proven


@given(changing_lists(share=1, honors_size=False))
def test_without_sizes_nothing_is_proven(given_list: tuple[ChangingList, int]) -> None:
    served, size = given_list
    stays = set(served.rows)
    pages = OverlappingPages(opened(served, size))
    try:
        delivered = set(read(pages))
    except BadBodyError:  # as many records as a page holds came in front, so that the page before came once more
        return

    assert not pages.is_proven or stays - served.removed <= delivered


def test_records_after_an_end_that_came_too_early_are_an_error() -> None:
    class Amnesiac(ChangingList):
        """Counts fewer rows with each request, though all of them are there."""

        def _page(self, number: int, size: int) -> bytes:
            document = json.loads(super()._page(number, size))
            if len(self.asked) > 1:
                document["meta"].update(last_page=2, total=2 * size)
            return json.dumps(document).encode()

    pages = OverlappingPages(opened(Amnesiac(list(range(100))), 20))

    with pytest.raises(BadBodyError):
        read(pages)
