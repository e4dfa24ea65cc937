"""Makes a failing scenario simpler, one value at a time, while it still fails in the same way."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from fuzz.behavior import Behavior
from fuzz.run import play
from fuzz.scenario import Run, Scenario, source
from fuzz.store import Shape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fuzz.verdict import Verdict

_MOST_PLAYS = 150


def shrink(scenario: Scenario, verdict: Verdict, say: Callable[[str], None]) -> Scenario:
    """Return a scenario as simple as can be found that fails in the same way.

    Args:
        scenario: One that failed.
        verdict: How it failed.
        say: Called with each simpler scenario that is found.
    """
    plays = 0
    is_simpler = True
    while is_simpler:
        is_simpler = False
        for simpler in _simpler(scenario):
            if plays >= _MOST_PLAYS:
                return scenario
            plays += 1
            if play(simpler).kinds & verdict.kinds:
                say(f"  fails too: {source(simpler)}")
                scenario, is_simpler = simpler, True
                break
    return scenario


def _simpler(scenario: Scenario) -> Iterator[Scenario]:
    """Yield scenarios that are simpler by one value, those first that leave out the most."""
    runs = scenario.runs
    for place in range(len(runs)):
        yield replace(scenario, runs=runs[:place] + runs[place + 1 :])
    for stream in scenario.streams[1:]:
        yield replace(scenario, streams=tuple(other for other in scenario.streams if other != stream))
    for place in range(len(scenario.changes) if len(scenario.changes) > 1 else 0):
        yield replace(scenario, changes=scenario.changes[:place] + scenario.changes[place + 1 :])
    for part, plain in (("behavior", Behavior()), ("shape", Shape(rows=0))):
        for value in _plainer(getattr(scenario, part), plain):
            yield replace(scenario, **{part: value})
    for place, run in enumerate(runs):
        for plainer in _plainer(run, Run()):
            yield replace(scenario, runs=(*runs[:place], plainer, *runs[place + 1 :]))
    yield from (
        each
        for each in _plainer(scenario, Scenario(scenario.seed))
        if (each.streams, each.runs, each.changes, each.shape, each.behavior)
        == (scenario.streams, runs, scenario.changes, scenario.shape, scenario.behavior)
    )


def _plainer(value: Any, plain: Any) -> Iterator[Any]:  # noqa: ANN401 - any of the dataclasses
    """Yield a dataclass with one field at its plain value, or a number half way to it."""
    for field in fields(value):
        now, least = getattr(value, field.name), getattr(plain, field.name)
        if now == least:
            continue
        yield replace(value, **{field.name: least})
        if isinstance(now, int) and not isinstance(now, bool) and abs(now - least) > 1:
            yield replace(value, **{field.name: least + (now - least) // 2})
            yield replace(value, **{field.name: now - ((now - least) // 8 or (1 if now > least else -1))})
