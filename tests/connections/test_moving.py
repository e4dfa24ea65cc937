"""A connection that gets a name, gives it up, or gets another one, keeps its bookmarks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .vendor import Vendor, named, token_of

if TYPE_CHECKING:
    from .conftest import Reader

NAMES = named(2)
STREAMS = ("assets", "vendors")
ONE: dict[str, Any] = {"connections": None, "api_token": token_of(NAMES[0])}


def bounds(vendor: Vendor, name: str) -> list[bool]:
    """Say of each list that was asked for on a connection's behalf whether it was asked for from a bookmark on."""
    asked = [one for one in vendor.sandbox.requests if one.connection == name and one.slug]
    vendor.sandbox.requests.clear()
    return [any(parameter.startswith("filter[") for parameter in one.query) for one in asked]


def test_from_one_token_to_several_and_back(reader: Reader) -> None:
    with Vendor(NAMES) as vendor:
        one = reader.read(vendor, *STREAMS, **ONE)
        assert bounds(vendor, NAMES[0]) == [False, False]

        several = reader.read(vendor, *STREAMS, state=one.state)
        assert bounds(vendor, NAMES[0]) == [True, True]
        assert {row["record"]["_makini_connection"] for row in several.of("RECORD")} == set(NAMES)

        reader.read(vendor, *STREAMS, state=several.state)
        assert bounds(vendor, NAMES[1]) == [True, True]

        reader.read(vendor, *STREAMS, state=several.state, **ONE)
        assert bounds(vendor, NAMES[0]) == [True, True]


def test_another_name(reader: Reader) -> None:
    renamed = [{"name": "north", "api_token": token_of(NAMES[0])}]
    with Vendor(NAMES) as vendor:
        state = reader.read(vendor, *STREAMS).state
        bounds(vendor, NAMES[0])
        reader.read(vendor, *STREAMS, state=state, connections=renamed)
        assert bounds(vendor, NAMES[0]) == [True, True]


@pytest.mark.parametrize("max_parallel", [1, 4])
def test_a_name_that_is_another_customers_now(reader: Reader, max_parallel: int) -> None:
    swapped = [{"name": NAMES[0], "api_token": token_of(NAMES[1])}]
    with Vendor(NAMES) as vendor:
        state = reader.read(vendor, *STREAMS, connection_names=[NAMES[0]]).state
        outcome = reader.read(vendor, *STREAMS, state=state, connections=swapped, max_parallel=max_parallel)
        assert bounds(vendor, NAMES[1]) == [False, False]

    keys = {key for name, key in vendor.held("vendors") if name == NAMES[1]}
    assert {message["record"]["key"] for message in outcome.of("RECORD", "vendors")} == keys


def test_streams_that_are_selected_later_have_no_bookmark_of_another_customer(reader: Reader) -> None:
    swapped = [{"name": NAMES[0], "api_token": token_of(NAMES[1])}]
    with Vendor(NAMES) as vendor:
        state = reader.read(vendor, *STREAMS, connection_names=[NAMES[0]]).state
        state = reader.read(vendor, "assets", state=state, connections=swapped).state
        bounds(vendor, NAMES[1])
        reader.read(vendor, *STREAMS, state=state, connections=swapped)
        assert sorted(bounds(vendor, NAMES[1])) == [False, True]
