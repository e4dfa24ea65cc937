"""Write the measurements as a page for `docs/`."""

from __future__ import annotations

import os
import platform
import re
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.chart import bar_chart
from benchmarks.contenders import PLAIN_PAGING, PLAIN_SDK, TAP

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from benchmarks.measure import Run
    from benchmarks.rounds import Rounds

_TEMPLATE = Path(__file__).with_name("report.md")
_NOTHING = "-"


class Scale(NamedTuple):
    """The cost of reading a long list.

    Attributes:
        rows: How many records it has.
        rounds: The runs.
        requests: How many requests a run made, by the name of the program.
    """

    rows: int
    rounds: Rounds
    requests: Mapping[str, int]


class Findings(NamedTuple):
    """All that was measured.

    Attributes:
        rows: How many records the programs read.
        peers: Their runs.
        failed: Why some could not be run, by name.
        starts: The runs without reading.
        scale: What a longer list cost.
    """

    rows: int
    peers: Rounds
    failed: Mapping[str, str]
    starts: Rounds
    scale: Scale


def wall(one: Run) -> float:
    """Seconds from start to end."""
    return one.wall


def cpu(one: Run) -> float:
    """Seconds of processor time."""
    return one.cpu


def peak(one: Run) -> float:
    """Mebibytes of memory."""
    return one.peak


def first_record(one: Run) -> float | None:
    """Seconds to the first record."""
    return one.first_record


def write_report(findings: Findings, folder: Path) -> None:
    """Write `benchmarks.md` and `benchmarks.svg`."""
    page = _TEMPLATE.read_text(encoding="utf-8")
    for name, text in _texts(findings).items():
        page = page.replace(f"{{{{{name}}}}}", text)
    folder.joinpath("benchmarks.md").write_text(page, encoding="utf-8")
    folder.joinpath("benchmarks.svg").write_text(_chart(findings), encoding="utf-8")


def _texts(findings: Findings) -> dict[str, str]:
    peers, scale = findings.peers, findings.scale
    return {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "machine": f"{os.cpu_count()} processors ({_processor()}), {sys.platform}, Python {platform.python_version()}",
        "load": " / ".join(_number(load, 1) for load in os.getloadavg()),
        "rows": f"{findings.rows:,}",
        "rounds": str(len(peers.runs[TAP])),
        "peers": _peers_table(peers),
        "failed": "\n".join(f"- {name} could not be run: `{why}`" for name, why in findings.failed.items()),
        "starts": _starts_table(findings.starts),
        "first_record_ratio": _number(peers.ratio(TAP, PLAIN_SDK, first_record)),
        "scale_rows": f"{scale.rows:,}",
        "scale_rounds": str(len(scale.rounds.runs[TAP])),
        "scale": _scale_table(scale),
        "small_peak": _number(peers.median(TAP, peak)),
        "large_peak": _number(scale.rounds.median(TAP, peak)),
        "wall_ratio": _number(scale.rounds.ratio(TAP, PLAIN_PAGING, wall)),
        "cpu_ratio": _number(scale.rounds.ratio(TAP, PLAIN_PAGING, cpu)),
    }


def _peers_table(rounds: Rounds) -> str:
    heads = ("program", "wall s", "times ours", "CPU s", "times ours", "peak MiB", "first RECORD s")
    rows = [
        (
            name,
            _number(rounds.median(name, wall)),
            _number(rounds.ratio(name, TAP, wall)),
            _number(rounds.median(name, cpu)),
            _number(rounds.ratio(name, TAP, cpu)),
            _number(rounds.median(name, peak), 0),
            _number(rounds.median(name, first_record)),
        )
        for name in rounds.runs
    ]
    return _table(heads, rows)


def _starts_table(rounds: Rounds) -> str:
    base = list(rounds.runs)[-1]
    rows = [
        (
            name,
            _number(rounds.median(name, wall)),
            _number(rounds.median(name, cpu)),
            _number(rounds.ratio(name, base, cpu)),
        )
        for name in rounds.runs
    ]
    return _table(("command", "wall s", "CPU s", "times the import (CPU)"), rows)


def _scale_table(scale: Scale) -> str:
    rows = [
        (
            name,
            f"{scale.requests[name]:,}",
            _number(scale.rounds.median(name, wall)),
            _number(scale.rounds.median(name, cpu)),
            _number(scale.rounds.median(name, peak), 0),
        )
        for name in scale.rounds.runs
    ]
    return _table(("program", "requests", "wall s", "CPU s", "peak MiB"), rows)


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _number(value: float | None, digits: int = 2) -> str:
    return _NOTHING if value is None else f"{value:.{digits}f}"


def _chart(findings: Findings) -> str:
    medians = [(name, findings.peers.median(name, cpu) or 0) for name in findings.peers.runs]
    title = f"Seconds of processor time to read {findings.rows:,} work orders (less is better)"
    return bar_chart(title, sorted(medians, key=lambda bar: bar[1]), TAP)


def _processor() -> str:
    try:
        found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    except OSError:
        found = None
    return found[1] if found else platform.machine()
