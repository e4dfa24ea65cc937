"""Run the benchmarks from the command line: `python -m benchmarks --help`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.contenders import peers, plain_paging, starts, tap
from benchmarks.measure import run
from benchmarks.report import Findings, Scale, write_report
from benchmarks.rounds import Rounds, run_rounds, warm_up
from benchmarks.server import serve

if TYPE_CHECKING:
    from benchmarks.contenders import Contender
    from benchmarks.server import Server


def main() -> None:
    """Measure, and write the report."""
    options = _options()
    with TemporaryDirectory() as name:
        folder = Path(name)
        warm_up(starts(), {})
        beginnings = run_rounds(starts(), options.start_rounds, {}, 0, _say)
        compared, failed = _compare(folder, options.rows, options.rounds)
        scale = _scale(folder, options.scale_rows, options.scale_rounds)
    write_report(Findings(options.rows, compared, failed, beginnings, scale), options.output)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="work orders that the peers read")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each peer that count")
    parser.add_argument("--scale-rows", type=int, default=1_000_000, help="work orders of the long list")
    parser.add_argument("--scale-rounds", type=int, default=3, help="runs over the long list that count")
    parser.add_argument("--start-rounds", type=int, default=11, help="runs without reading that count")
    parser.add_argument("--output", type=Path, default=Path("docs"), help="folder for the report")
    return parser.parse_args()


def _compare(folder: Path, rows: int, rounds: int) -> tuple[Rounds, dict[str, str]]:
    with serve(rows) as server:
        everybody = [tap(folder), *peers(folder, rows, server.environment)]
        failed = warm_up(everybody, server.environment)
        able = [contender for contender in everybody if contender.name not in failed]
        return run_rounds(able, rounds, server.environment, rows, _say), failed


def _scale(folder: Path, rows: int, rounds: int) -> Scale:
    with serve(rows) as server:
        contenders = [tap(folder), plain_paging(folder)]
        requests = {contender.name: _requests(contender, server) for contender in contenders}
        return Scale(rows, run_rounds(contenders, rounds, server.environment, rows, _say), requests)


def _requests(contender: Contender, server: Server) -> int:
    before = server.requests_so_far()
    run(contender.command, server.environment)
    return server.requests_so_far() - before


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    main()
