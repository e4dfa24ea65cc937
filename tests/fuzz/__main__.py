"""Play scenarios by hand: `python -m fuzz --help`, from the folder tests."""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING

from fuzz.run import play
from fuzz.scenario import draw, source
from fuzz.shrink import shrink

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fuzz.scenario import Scenario
    from fuzz.verdict import Verdict


def main(arguments: Sequence[str] | None = None) -> int:
    """Play the scenarios of some seeds and print what is wrong.

    Returns:
        1 if anything is.
    """
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("seed", type=int, help="the first seed")
    parser.add_argument("count", type=int, nargs="?", default=1, help="how many seeds (1)")
    parser.add_argument("--log", action="store_true", help="print each request and what the tap logs")
    parser.add_argument("--notes", action="store_true", help="print doubts that may be right, too")
    parser.add_argument("--shrink", action="store_true", help="look for a simpler scenario that fails in the same way")
    parser.add_argument("--tries", type=int, default=1, help="how often to play one that does not fail (1)")
    options = parser.parse_args(arguments)
    failed = 0
    for seed in range(options.seed, options.seed + options.count):
        scenario = draw(seed)
        started = time.monotonic()
        verdict = _play(scenario, options.tries)
        said = [*verdict.failures, *(verdict.notes if options.notes else [])]
        if said or options.log:
            _say(f"seed {seed}, {time.monotonic() - started:.1f} s: {source(scenario)}")
        for line in [*(verdict.log if options.log else []), *said]:
            _say(f"  {line}")
        if verdict.failures and options.shrink:
            _say(source(shrink(scenario, verdict, _say)))
        failed += bool(verdict.failures)
    _say(f"{failed} of {options.count} scenarios failed")
    return 1 if failed else 0


def _play(scenario: Scenario, tries: int) -> Verdict:
    """Play a scenario until it fails: the time of day, and how fast the machine is, are not in its seed."""
    verdict = play(scenario)
    return verdict if verdict.failures or tries <= 1 else _play(scenario, tries - 1)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
