"""How much faster several connections are read side by side: `python -m benchmarks.connections`.

Each response takes a while, as if the server were far away, so that the time is spent waiting.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from benchmarks.measure import run
from makini_sandbox import Behaviour, Sandbox
from makini_sandbox.app import build_app
from makini_sandbox.server import ThreadedServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp, Receive, Scope, Send

_TAP = (sys.executable, "-m", "tap_makini")
_CATALOG = Path(__file__).parent.parent / "catalog" / "maintenance.json"
_ROWS = 20


def main() -> None:
    """Measure, and print a table."""
    options = _options()
    names = [f"plant-{number}" for number in range(options.connections)]
    with TemporaryDirectory() as folder, _serve(names, options.latency / 1000) as url:
        seconds = {parallel: _measure(Path(folder), url, names, parallel, options.rounds) for parallel in (1, 2, 4, 8)}
    heading = f"{len(names)} connections, {_streams()} streams each, {options.latency} ms per response"
    sys.stdout.write(f"{heading}\n\n| `max_parallel` | seconds | times as fast |\n| ---: | ---: | ---: |\n")
    for parallel, taken in seconds.items():
        sys.stdout.write(f"| {parallel} | {taken:.1f} | {seconds[1] / taken:.2f} |\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.connections", description=__doc__)
    parser.add_argument("--connections", type=int, default=8, help="connections that are read")
    parser.add_argument("--latency", type=int, default=200, help="milliseconds that each response takes")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each kind; their median counts")
    return parser.parse_args()


def _streams() -> int:
    catalog = json.loads(_CATALOG.read_text(encoding="utf-8"))
    return sum(
        bool(item["metadata"].get("selected"))
        for stream in catalog["streams"]
        for item in stream["metadata"]
        if not item["breadcrumb"]
    )


def _measure(folder: Path, url: str, names: list[str], parallel: int, rounds: int) -> float:
    listed = [{"name": name, "api_token": f"token-of-{name}"} for name in names]
    config = folder / "config.json"
    config.write_text(json.dumps({"api_url": url, "connections": listed, "max_parallel": parallel}), encoding="utf-8")
    command = (*_TAP, "--config", str(config), "--catalog", str(_CATALOG))
    runs = [run(command, {}) for _ in range(rounds)]
    records = {one.records for one in runs}
    if len(records) != 1:
        raise RuntimeError(f"not all runs wrote the same number of records: {sorted(records)}")
    sys.stderr.write(f"max_parallel {parallel}: {[round(one.wall, 1) for one in runs]} s, {records} records\n")
    return median(one.wall for one in runs)


@contextmanager
def _serve(names: list[str], latency: float) -> Iterator[str]:
    connections = {f"token-of-{name}": name for name in names}
    app = build_app(Sandbox(connections=connections, rows=_ROWS, behaviour=Behaviour(quirks=False)))
    server = ThreadedServer(_Distant(app, latency), "127.0.0.1", 0, verbose=False)
    server.start()
    try:
        yield server.url
    finally:
        server.stop()


class _Distant:
    """An application whose responses take a while."""

    def __init__(self, app: ASGIApp, latency: float) -> None:
        self._app = app
        self._latency = latency

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(self._latency)
        await self._app(scope, receive, send)


if __name__ == "__main__":
    main()
