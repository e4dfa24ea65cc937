"""A connection that gets a name, gives it up, or gets another one is read in full under its new name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from .vendor import Vendor, named, rows_of, token_of

if TYPE_CHECKING:
    from cli.harness import Outcome

    from .conftest import Reader

NAMES = named(2)
STREAMS = ("assets", "vendors")
ONE: dict[str, Any] = {"connections": None, "api_token": token_of(NAMES[0])}


def bounds(vendor: Vendor, name: str) -> list[bool]:
    """Say of each list that was asked for on a connection's behalf whether it was asked for from a bookmark on."""
    asked = [one for one in vendor.sandbox.requests if one.connection == name and one.slug]
    vendor.sandbox.requests.clear()
    return [any(parameter.startswith("filter[") for parameter in one.query) for one in asked]


def rows(outcome: Outcome) -> set[tuple[str, str, str]]:
    """Give stream, connection and key of all records of the streams."""
    return {(stream, *row) for stream in STREAMS for row in rows_of(outcome.of("RECORD", stream))}


def held(vendor: Vendor, name: str, called: str) -> set[tuple[str, str, str]]:
    """Give the same of all rows that a connection has, by what it is called."""
    return {(stream, called, key) for stream in STREAMS for _, key in vendor.held(stream, [name])}


def warnings(outcome: Outcome) -> list[str]:
    """Give what the log says of connections that had another name."""
    return [line.partition(":")[0] for line in outcome.logged("WARNING") if " before: it is read in full" in line]


def test_a_change_from_one_token_to_several_and_back_loses_no_row(reader: Reader) -> None:
    with Vendor(NAMES) as vendor:
        one = reader.read(vendor, *STREAMS, **ONE)
        bounds(vendor, NAMES[0])

        several = reader.read(vendor, *STREAMS, state=one.state)
        assert rows(several) == held(vendor, NAMES[0], NAMES[0]) | held(vendor, NAMES[1], NAMES[1])
        assert bounds(vendor, NAMES[0]) == [False, False]
        assert warnings(several) == [f"Connection '{NAMES[0]}' was read without a name before"]

        again = reader.read(vendor, *STREAMS, state=several.state)
        assert bounds(vendor, NAMES[0]) == [True, True]
        assert warnings(again) == []

        reader.read(vendor, *STREAMS, state=again.state, **ONE)
        assert bounds(vendor, NAMES[0]) == [True, True], "the bookmarks of the one token are still there"


def test_a_change_from_a_name_to_one_token_reads_in_full(reader: Reader) -> None:
    with Vendor(NAMES) as vendor:
        state = reader.read(vendor, *STREAMS).state
        bounds(vendor, NAMES[0])
        one = reader.read(vendor, *STREAMS, state=state, **ONE)
        assert bounds(vendor, NAMES[0]) == [False, False]
        assert warnings(one) == [f"The connection was called '{NAMES[0]}' before"]


@pytest.mark.parametrize("max_parallel", [1, 4])
def test_a_renamed_connection_is_read_in_full(reader: Reader, max_parallel: int) -> None:
    """All rows come under the new name, none is left out because it came under the old one."""
    renamed = [{"name": "north", "api_token": token_of(NAMES[0])}, {"name": NAMES[1], "api_token": token_of(NAMES[1])}]
    settings: dict[str, Any] = {"skip_unsynced": True, "max_parallel": max_parallel}
    with Vendor(NAMES) as vendor:
        state = reader.read(vendor, *STREAMS, **settings).state
        bounds(vendor, NAMES[0])
        outcome = reader.read(vendor, *STREAMS, state=state, connections=renamed, **settings)
        assert bounds(vendor, NAMES[0]) == [False, False]
        assert rows(outcome) >= held(vendor, NAMES[0], "north")
        assert warnings(outcome) == [f"Connection 'north' was called '{NAMES[0]}' before"]

        again = reader.read(vendor, *STREAMS, state=outcome.state, connections=renamed, max_parallel=max_parallel)
        assert bounds(vendor, NAMES[0]) == [True, True]
        assert warnings(again) == []


def test_a_connection_renamed_in_the_state_as_well_keeps_its_bookmarks(reader: Reader) -> None:
    """By the command that docs/connections.md gives."""
    renamed = [{"name": "north", "api_token": token_of(NAMES[0])}]
    with Vendor(NAMES) as vendor:
        state = reader.read(vendor, *STREAMS).state
        state = json.loads(json.dumps(state).replace(f'"{NAMES[0]}"', '"north"'))
        bounds(vendor, NAMES[0])
        outcome = reader.read(vendor, *STREAMS, state=state, connections=renamed)
        assert bounds(vendor, NAMES[0]) == [True, True]
        assert warnings(outcome) == []


@pytest.mark.parametrize("max_parallel", [1, 4])
def test_a_name_that_is_another_customers_now_is_read_in_full(reader: Reader, max_parallel: int) -> None:
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
