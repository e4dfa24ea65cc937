"""Run all programs in turn, round after round, so that a machine that slows down slows all of them."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from benchmarks.measure import ProgramFailedError, run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchmarks.contenders import Contender
    from benchmarks.measure import Run


class WrongCountError(Exception):
    """Raised when a program has not written each record once."""


class Rounds:
    """The runs of several programs, the n-th of each made in the same round.

    Attributes:
        runs: By the name of the program.
    """

    def __init__(self, runs: Mapping[str, Sequence[Run]]) -> None:
        self.runs = runs

    def median(self, name: str, cost: Callable[[Run], float | None]) -> float | None:
        """Return the median of a cost, None if it was not measured."""
        found = [value for one in self.runs[name] if (value := cost(one)) is not None]
        return median(found) if found else None

    def ratio(self, name: str, base: str, cost: Callable[[Run], float | None]) -> float | None:
        """Return the median over the rounds of how much more a program cost than another in the same round."""
        pairs = [(cost(one), cost(other)) for one, other in zip(self.runs[name], self.runs[base], strict=True)]
        ratios = [one / other for one, other in pairs if one is not None and other]
        return median(ratios) if ratios else None


def run_rounds(
    contenders: Sequence[Contender],
    rounds: int,
    environment: Mapping[str, str],
    records: int,
    say: Callable[[str], None],
) -> Rounds:
    """Run all programs in turn, once in each round.

    Args:
        contenders: The programs.
        rounds: How often to run each.
        environment: The variables that name the server.
        records: How many records a program that is counted has to write.
        say: Called with a line about each run.

    Raises:
        WrongCountError: One wrote more or fewer.
    """
    runs: dict[str, list[Run]] = {contender.name: [] for contender in contenders}
    for number in range(rounds):
        for contender in contenders:
            one = run(contender.command, environment)
            if contender.counts and one.records != records:
                raise WrongCountError(f"{contender.name} wrote {one.records} records, not {records}")
            say(f"round {number + 1}: {contender.name}: {one.wall:.2f} s, {one.cpu:.2f} s CPU, {one.peak:.0f} MiB")
            runs[contender.name].append(one)
    return Rounds(runs)


def warm_up(contenders: Sequence[Contender], environment: Mapping[str, str]) -> dict[str, str]:
    """Run all programs once, uncounted; returns why some could not be run, by name."""
    failures = {contender.name: _failure(contender, environment) for contender in contenders}
    return {name: failure for name, failure in failures.items() if failure is not None}


def _failure(contender: Contender, environment: Mapping[str, str]) -> str | None:
    try:
        run(contender.command, environment)
    except (OSError, ProgramFailedError) as error:
        return str(error).strip().splitlines()[-1]
    return None
