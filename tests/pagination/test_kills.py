"""A run that is killed anywhere and started again from the last STATE brings all rows, and few of them twice."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from makini_sandbox import Behaviour, ManualClock
from pagination.arrangements import PAGE, SIZES, TIE, Filtering, dates_in_disorder, shared_seconds, tie_of, undated
from pagination.disturbance import Disturbance
from pagination.harness import NOON, Replica, run, source
from tap_makini.timestamps import parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from makini_sandbox import Sandbox

LARGE = 2_000
LARGE_PAGE = {"page_size": 40}
MOMENTS = [number / 6 for number in range(1, 6)]


@pytest.fixture(scope="module")
def large() -> Iterator[tuple[Sandbox, int]]:
    """A source that nothing happens to, and how many bytes all of it makes."""
    with source(LARGE, Behaviour(), ManualClock(NOON)) as sandbox:
        yield sandbox, run(sandbox, Replica(), LARGE_PAGE).size


@pytest.mark.parametrize("moment", [0.001, *MOMENTS, 0.999])
def test_a_large_load_that_is_killed_goes_on_where_it_was(large: tuple[Sandbox, int], moment: float) -> None:
    sandbox, size = large
    replica = Replica()

    assert run(sandbox, replica, LARGE_PAGE, kill_at=int(size * moment)).was_killed
    run(sandbox, replica, LARGE_PAGE)

    assert not replica.lacks(sandbox)
    assert replica.received <= LARGE * 1.1


def test_a_load_that_is_killed_over_and_over_comes_to_its_end(large: tuple[Sandbox, int]) -> None:
    sandbox, size = large
    replica = Replica()
    lives = 0
    while run(sandbox, replica, LARGE_PAGE, kill_at=size // 7).was_killed:
        lives += 1

    assert not replica.lacks(sandbox)
    assert 6 <= lives <= 8
    assert replica.received <= LARGE * 1.1


@pytest.mark.parametrize(
    ("prepare", "moment"),
    [
        (dates_in_disorder, 0.2),
        (dates_in_disorder, 0.5),
        (dates_in_disorder, 0.8),
        (tie_of(10, 140), 0.5),
        (undated(3), 0.5),
    ],
    ids=["spread-0.2", "spread-0.5", "spread-0.8", "tie", "undated"],
)
@pytest.mark.parametrize(
    "behaviour",
    [
        {},
        {"filter": "day"},
        {"filter": "exclusive"},
        {"filter": "refused"},
        {"filter": "empty"},
        {"filter": "empty", "order": "ignored"},
        {"order": "ignored"},
        {"filter": "ignored", "order": "shuffled"},
        {"tie_order": "by_page_size"},
        {"null_dates": "kept", "nulls_sort": "last"},
        SIZES["ignored"],
    ],
    ids=repr,
)
def test_no_row_is_lost_by_a_kill_while_rows_change(
    behaviour: dict[str, Any], prepare: Callable[[Sandbox], None], moment: float
) -> None:
    clock = ManualClock(NOON)
    disturbance = Disturbance(clock, ("update", "remove"))
    replica = Replica()
    with source(150, Behaviour(**behaviour), clock) as sandbox:
        prepare(sandbox)
        sandbox.on_request(disturbance)
        size = run(sandbox, Replica(), {"page_size": PAGE}).size
        disturbance.start()
        run(sandbox, replica, {"page_size": PAGE}, kill_at=int(size * moment))
        run(sandbox, replica, {"page_size": PAGE})
        disturbance.is_on = False
        clock.advance(60)
        run(sandbox, replica, {"page_size": PAGE})
        assert not replica.lacks(sandbox)


@pytest.mark.parametrize("records", range(11, 60, 8))
@pytest.mark.parametrize("filtering", ["second", "exclusive", "day"])
def test_rows_of_one_second_are_not_torn_apart_by_a_kill(filtering: Filtering, records: int) -> None:
    replica = Replica()
    with source(90, Behaviour(filter=filtering), ManualClock(NOON)) as sandbox:
        shared_seconds(sandbox)
        size = run(sandbox, Replica(), {"page_size": PAGE}).size
        run(sandbox, replica, {"page_size": PAGE}, kill_at=size * records // 90)
        run(sandbox, replica, {"page_size": PAGE})
        assert not replica.lacks(sandbox)


def test_a_kill_after_a_tie_that_was_not_surely_read_whole_leads_back_to_it() -> None:
    clock = ManualClock(NOON)
    disturbance = Disturbance(clock, ("update",))
    replica = Replica()
    with source(150, Behaviour(**SIZES["ignored"]), clock) as sandbox:
        tie_of(20, 70)(sandbox)
        sandbox.on_request(disturbance)
        size = run(sandbox, Replica(), {"page_size": PAGE}).size
        disturbance.start()
        assert run(sandbox, replica, {"page_size": PAGE}, kill_at=size * 6 // 5).was_killed

    reached = parse_timestamp(replica.state["bookmarks"]["vendors"]["progress"]["reached"])
    assert max(instant for instant, _ in replica.rows.values() if instant and instant < NOON) > TIE + timedelta(days=7)
    assert reached is not None
    assert reached <= TIE


def test_what_was_reached_is_taken_back_once_the_server_turns_out_to_keep_no_order() -> None:
    clock = ManualClock(NOON)
    replica = Replica()
    with source(150, Behaviour(), clock) as sandbox:
        dates_in_disorder(sandbox)
        size = run(sandbox, Replica(), {"page_size": PAGE}).size
        run(sandbox, replica, {"page_size": PAGE}, kill_at=size // 2)
        assert "progress" in replica.state["bookmarks"]["vendors"]
        sandbox.behaviour.order = "ignored"
        run(sandbox, replica, {"page_size": PAGE}, kill_at=size // 4)
        assert "progress" not in replica.state["bookmarks"]["vendors"]
        run(sandbox, replica, {"page_size": PAGE})
        assert not replica.lacks(sandbox)
