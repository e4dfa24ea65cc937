"""The real programs: the tap as a process, and the targets in environments of their own."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ROOT = Path(__file__).parents[2]
ENVIRONMENTS = ROOT / ".venvs"


def read_messages(
    folder: Path,
    config: Mapping[str, Any],
    *,
    catalog: Mapping[str, Any] | None = None,
    state: Mapping[str, Any] | None = None,
) -> bytes:
    """Run the tap to its end and give what it wrote.

    Args:
        folder: For the files that the tap is given.
        config: The settings.
        catalog: What to read; everything without it.
        state: Where to go on.
    """
    command = [sys.executable, "-m", "tap_makini"]
    for option, content in (("config", config), ("catalog", catalog), ("state", state)):
        if content is not None:
            path = folder / f"tap-{option}.json"
            path.write_text(json.dumps(content))
            command += [f"--{option}", str(path)]
    return _run(command, b"", ROOT)


def last_state(messages: bytes) -> dict[str, Any]:
    """Give the last STATE, which is where the next run goes on."""
    states = [line for line in messages.splitlines() if line.startswith(b'{"type":"STATE"')]
    state: dict[str, Any] = json.loads(states[-1])["value"]
    return state


def selecting(streams: Iterable[str]) -> dict[str, Any]:
    """Give a catalog that selects some streams whole."""
    catalog: dict[str, Any] = json.loads((ROOT / "catalog" / "catalog.json").read_bytes())
    chosen = set(streams)
    catalog["streams"] = [entry for entry in catalog["streams"] if entry["tap_stream_id"] in chosen]
    for entry in catalog["streams"]:
        for rule in entry["metadata"]:
            rule["metadata"]["selected"] = True
    return catalog


@dataclass(frozen=True)
class Program:
    """A target's program.

    Attributes:
        environment: Folder of its environment below `.venvs`.
        name: What it is called there.
        options: Options besides `--config`.
    """

    environment: str
    name: str
    options: tuple[str, ...] = ()

    @property
    def python(self) -> Path:
        """The interpreter that the program runs with."""
        return ENVIRONMENTS / self.environment / "bin" / "python"

    def run(self, messages: bytes, folder: Path, config: Mapping[str, Any] | None = None) -> bytes:
        """Feed messages to the program, in a folder, and give what it wrote."""
        command = [str(self.python.with_name(self.name)), *self.options]
        if config is not None:
            path = folder / "target-config.json"
            path.write_text(json.dumps(config))
            command += ["--config", str(path)]
        return _run(command, messages, folder)


def _run(command: list[str], stdin: bytes, folder: Path) -> bytes:
    done = subprocess.run(command, input=stdin, cwd=folder, capture_output=True, check=False)
    assert done.returncode == 0, f"{command} gave {done.returncode}: {done.stderr[-3000:].decode(errors='replace')}"
    return done.stdout
