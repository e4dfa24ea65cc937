"""Which scenarios are played, and what is said of them at the end."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING

from fuzz.scenario import draw

if TYPE_CHECKING:
    import pytest

_SEED = int(os.environ.get("FUZZ_SEED", "1"))
_SCENARIOS = int(os.environ.get("FUZZ_SCENARIOS", "100"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Make one test of each scenario that is drawn."""
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", range(_SEED, _SEED + _SCENARIOS))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how often the tap had doubts that may be right, but would be a nuisance if it had them often."""
    reports = [report for each in ("passed", "failed") for report in terminalreporter.getreports(each)]
    played = [dict(report.user_properties)["seed"] for report in reports if "seed" in dict(report.user_properties)]
    if not played:
        return
    notes = Counter(value for report in reports for name, value in report.user_properties if name == "note")
    terminalreporter.section("fuzz")
    honest = sum(draw(int(str(seed))).behavior.is_honest for seed in played)
    terminalreporter.write_line(f"{len(played)} scenarios, {honest} of them with honest servers")
    for note, count in notes.most_common():
        terminalreporter.write_line(f"{count} of the others: {note}")
