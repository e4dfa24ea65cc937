"""Names of streams, and names that are too long for a database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_makini.identifiers import (
    LONGEST_NAME,
    dependent_stream_name,
    document_stream_name,
    is_column_name,
    raw_stream_name,
    same_name_key,
    shorten,
    stream_name,
)

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        (stream_name, ["purchase-orders.line-items"], "purchase_orders_line_items"),
        (stream_name, ["connections"], "connections"),
        (document_stream_name, ["statuses/work-orders"], "statuses_work_orders"),
        (document_stream_name, ["a__b/_c"], "a_b_c"),
        (document_stream_name, ["Connections"], "Connections_list"),
        (document_stream_name, ["raw/things"], "raw_things_list"),
        (document_stream_name, ["-"], "list"),
        (dependent_stream_name, ["purchase_orders", "lineItems"], "purchase_orders__line_items"),
        (dependent_stream_name, ["assets", "größe-2 B"], "assets__größe_2_b"),
        (raw_stream_name, ["dbo.WO"], "raw_dbo_WO"),
        (raw_stream_name, ["$"], "raw_"),
    ],
)
def test_each_kind_of_stream_is_named_by_one_rule(
    name: Callable[..., str], arguments: list[str], expected: str
) -> None:
    assert name(*arguments) == expected


def test_spellings_of_a_name_are_the_same() -> None:
    names = ("page-number", "pageNumber", "PAGE_NUMBER", "page[number]")

    assert {same_name_key(name) for name in names} == {"pagenumber"}
    assert same_name_key("x" * 70) == same_name_key("x" * 63)


@pytest.mark.parametrize("name", ["", "x" * 64, "é" * 32, "_sdc_x", "_SDC_x", "_makini_extra", "a\x00", "\ud800"])
def test_a_reserved_or_unprintable_name_is_no_column_name(name: str) -> None:
    assert not is_column_name(name)
    assert is_column_name("_id")


@given(st.text(max_size=63))
def test_a_name_that_fits_stays_as_it_is(name: str) -> None:
    assert shorten(name) == name or len(name.encode()) > LONGEST_NAME


@given(st.text(min_size=20), st.lists(st.text(), min_size=2, max_size=5, unique=True))
def test_all_names_fit_and_stay_apart(start: str, ends: list[str]) -> None:
    long = [start * 8 + end for end in ends]
    short = [shorten(name) for name in long]
    assert all(len(name.encode()) <= LONGEST_NAME for name in short)
    assert len(set(short)) == len(set(long))
