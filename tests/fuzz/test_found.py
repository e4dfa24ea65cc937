"""What fuzzing has found, made as simple as it could be: `make fuzz-one` prints such a line."""

from __future__ import annotations

import pytest

from fuzz.behavior import Behavior
from fuzz.run import play
from fuzz.scenario import Scenario
from fuzz.store import Shape

FOUND = {
    "ties_by_limit": Scenario(
        seed=9,
        shape=Shape(rows=37, bulks=3, bulk_pages=4.0, days=40),
        behavior=Behavior(ties="limit", largest_page=9),
    ),
}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("scenario", FOUND.values(), ids=FOUND.keys())
def test_what_was_found_once_stays_fixed(scenario: Scenario) -> None:
    assert play(scenario).failures == []
