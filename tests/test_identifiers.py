"""Names of streams, and names that are too long for a database."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_makini.identifiers import (
    LONGEST_NAME,
    column_names,
    dependent_stream_name,
    document_stream_name,
    is_column_name,
    normalized_name,
    numbered_stream_name,
    raw_stream_name,
    raw_stream_names,
    short_hash,
    shorten,
    stream_name,
    unambiguous_column_names,
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

    assert {normalized_name(name) for name in names} == {"pagenumber"}
    assert normalized_name("x" * 70) == normalized_name("x" * 63)


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


@pytest.mark.parametrize(
    ("name", "taken", "expected"),
    [
        ("orders", [], "orders"),
        ("orders", ["orders"], "orders_2"),
        ("Or_ders", ["orders", "orders2"], "Or_ders_3"),
        ("x" * 63, ["x" * 63], shorten("x" * 63 + "_2")),
    ],
)
def test_a_name_that_resembles_another_gets_a_number(name: str, taken: list[str], expected: str) -> None:
    assert numbered_stream_name(name, taken) == expected


def test_a_part_whose_name_is_taken_is_called_a_list() -> None:
    assert dependent_stream_name("assets", "items", {"assets__items"}) == "assets__items_list"
    assert dependent_stream_name("assets", "Items", {"assets__items", "assets__items_list"}) == (
        "assets__items_list_list"
    )


def test_tables_whose_names_differ_in_case_alone_get_a_hash() -> None:
    alone, both = raw_stream_names(["WO"]), raw_stream_names(["WO", "wo", "PO"])

    assert alone == {"raw_WO": "WO"}
    assert both == {f"raw_WO_{short_hash('WO')}": "WO", f"raw_wo_{short_hash('wo')}": "wo", "raw_PO": "PO"}
    assert raw_stream_names(["wo"], taken=["raw_WO"]) == {f"raw_wo_{short_hash('wo')}": "wo"}


def test_of_columns_that_differ_in_case_alone_the_preferred_or_the_first_stays() -> None:
    names = ["Colour", "colour", "KEY", "key", "_sdc_x", "size"]

    assert column_names(names, {"key"}) == ["Colour", "key", "size"]
    assert column_names(names) == ["Colour", "KEY", "size"]


def test_of_columns_that_resemble_each_other_none_stays() -> None:
    assert unambiguous_column_names(["b", "a", "c_d", "cD", "Key", "_sdc_x"], taken=["key"]) == ["a", "b"]
