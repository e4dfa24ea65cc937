"""Random scenarios: how many, and from which seed on, `make test-fuzz SCENARIOS=1000 SEED=5` says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fuzz.run import play
from fuzz.scenario import draw, source

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.timeout(900)
def test_no_row_is_lost_without_a_word(seed: int, record_property: Callable[[str, object], None]) -> None:
    scenario = draw(seed)
    verdict = play(scenario)
    record_property("seed", seed)
    for note in verdict.notes:
        record_property("note", note.partition(":")[0])
    if verdict.failures:
        said = "\n".join(verdict.failures)
        pytest.fail(f"{said}\n{source(scenario)}\nAgain, and simpler: make fuzz-one SEED={seed}", pytrace=False)
