"""What counts as proof that pages join, and that a server honors an order."""

from __future__ import annotations

from random import Random

import pytest

from tap_makini.pagination.overlapping_pages import continues


def records(text: str) -> list[bytes]:
    return [letter.encode() for letter in text]


@pytest.mark.parametrize(
    ("before", "page"),
    [
        ("abcdef", "fghijk"),
        ("abcdef", "efghij"),
        ("abcdef", "cdxfgh"),  # e has changed
        ("abcdef", "dxefgh"),  # x has come
        ("abcdef", "zabcdef"),  # so many have come in front that the page begins before the last one did
        ("abcdef", "abcdef"),
    ],
)
def test_pages_join_where_one_ends_as_the_next_begins(before: str, page: str) -> None:
    assert continues(records(before), records(page))


@pytest.mark.parametrize(
    ("before", "page"),
    [
        ("abcdef", "ghijkl"),
        ("abcdef", "fedxyz"),  # in another order
        ("abcdef", "xyzvwf"),  # one of them by chance
        ("abcdef", "bxyzvw"),
        ("abcdef", ""),
        ("", "abcdef"),
    ],
)
def test_pages_that_merely_share_records_do_not_join(before: str, page: str) -> None:
    assert not continues(records(before), records(page))


@pytest.mark.parametrize("pages", [3, 5, 20])
def test_pages_of_a_shuffled_list_hardly_ever_join(pages: int) -> None:
    random = Random(pages)  # noqa: S311 - repeatable, and no secret
    rows = [b"%d" % number for number in range(pages * 50)]
    joins = sum(continues(random.sample(rows, 50), random.sample(rows, 50)) for _ in range(200))
    assert joins <= 2
