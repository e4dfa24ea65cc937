"""What fuzzing has found, made as simple as it could be: `make fuzz-one` prints such a line."""

from __future__ import annotations

import pytest

from fuzz.behavior import Behavior
from fuzz.run import play
from fuzz.scenario import Kill, Run, Scenario
from fuzz.store import Shape

FOUND = {
    "ties_by_limit": Scenario(
        seed=9,
        shape=Shape(rows=37, bulks=3, bulk_pages=4.0, days=40),
        behavior=Behavior(ties="limit", largest_page=9),
    ),
    "a_bound_that_is_left_out_leads_round_for_ever": Scenario(
        seed=10044,
        page_size=8,
        shape=Shape(rows=9, bulks=1, bulk_pages=1.0),
        behavior=Behavior(filter="exclusive"),
    ),
    "cursors_that_hold_an_offset": Scenario(
        seed=2042,
        shape=Shape(rows=30),
        behavior=Behavior(paging="offset"),
        changes=("bulk",),
        runs=(Run(noise=0.7, noisy_requests=3),),
    ),
    "undated_after_an_end_that_moves_back": Scenario(
        seed=5062,
        streams=("work_orders", "uom"),
        page_size=6,
        lookback_minutes=1,
        max_parallel=4,
        fraction="trimmed",
        shape=Shape(rows=70, bulk_pages=0.5, days=0, undated=1),
        behavior=Behavior(
            upper_bound="refused",
            key_filter="refused",
            ties="scan",
            several_sorts="last",
            largest_page=4,
            suffix="+00:00",
            blames=False,
        ),
        changes=("bulk", "bulk_insert", "delete"),
        runs=(Run(changes_before=10, noise=0.3, noisy_requests=5), Run(noise=1.0, noisy_requests=40)),
    ),
    "fractions_that_a_filter_compares_as_text": Scenario(
        seed=20216,
        mode="reconcile",
        lookback_minutes=10,
        fraction="trimmed",
        shape=Shape(rows=107, bulk_pages=3.0, days=0, crowded=True),
        behavior=Behavior(
            filter="text",
            zone=2,
            upper_bound="ignored",
            ties="scan",
            largest_page=7,
            child_counts=False,
            skew=3600,
            refusal=400,
            blames=False,
        ),
        changes=("insert_old",),
        runs=(
            Run(noise=0.3, noisy_requests=40, kill=Kill(way="SIGKILL", lines=54)),
            Run(changes_before=10, noise=0.3, noisy_requests=15, kill=Kill(way="SIGTERM", lines=58)),
        ),
    ),
    "fractions_with_a_filter_by_day": Scenario(
        seed=40209,
        streams=("work_orders", "uom"),
        page_size=15,
        shape=Shape(rows=159, bulks=3, bulk_pages=3.0, crowded=True, future=1),
        behavior=Behavior(
            filter="day",
            zone=-11,
            upper_bound="refused",
            keeps_undated=True,
            largest_page=7,
            page_size="ignored",
            blames=False,
        ),
        changes=("update", "update", "update", "delete", "update_front", "update"),
        runs=(
            Run(noisy_requests=40, kill=Kill(way="SIGKILL", lines=22)),
            Run(changes_before=3, noise=1.0, noisy_requests=15, kill=Kill(way="SIGTERM", requests=21)),
        ),
    ),
    "filter_by_day_asked_for_the_same_day": Scenario(
        seed=30007,
        streams=("meter_readings",),
        shape=Shape(rows=76),
        behavior=Behavior(filter="day"),
        changes=("bulk_insert",),
    ),
    "undated_not_yet_reached_when_killed": Scenario(
        seed=20319,
        mode="children",
        lookback_minutes=1440,
        shape=Shape(rows=31, bulks=1, bulk_pages=1.0, days=3, in_order=False, undated=10),
        behavior=Behavior(paging="snapshot", cursor_place="meta", ties="scan", largest_page=7, counts="absent"),
        changes=("update", "insert_old"),
        runs=(Run(changes_before=3, noise=1.0, noisy_requests=5, kill=Kill(way="SIGTERM", requests=18)),),
    ),
}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("scenario", FOUND.values(), ids=FOUND.keys())
def test_what_was_found_once_stays_fixed(scenario: Scenario) -> None:
    assert play(scenario).failures == []
