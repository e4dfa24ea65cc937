"""Standard output that takes nothing: one clear line, an exit code of its own, no traceback."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from makini_sandbox import Sandbox

from .harness import INSTALLED, PROGRAM, Outcome, clean_environment, run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .harness import Files

FULL = Path("/dev/full")
ON_LINUX = pytest.mark.skipif(not FULL.exists(), reason="only Linux has a device that is always full")
WAYS = ["sync", "--discover", "--about --format=json", "--test", "--test=schema", "--help"]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(rows=3) as server:
        yield server


@pytest.fixture(params=WAYS)
def command(request: pytest.FixtureRequest, module_files: Files, sandbox: Sandbox) -> list[str]:
    """What writes to standard output, in each way."""
    way: str = request.param
    config = module_files.write("config.json", {"api_url": sandbox.url, "api_token": sandbox.token})
    options = ["--catalog", str(module_files.selection("assets"))] if way == "sync" else way.split()
    return [*PROGRAM, "--config", str(config), *options]


def run_in_shell(command: list[str], redirection: str) -> Outcome:
    """Run a command as a shell does that redirects or closes its descriptors."""
    done = subprocess.run(
        ["/bin/sh", "-c", f'exec "$0" "$@" {redirection}', *command],
        check=False,
        capture_output=True,
        encoding="utf-8",
        env=clean_environment({}),
        timeout=60,
    )
    outcome = Outcome(done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in outcome.errors
    assert "Exception ignored" not in outcome.errors
    return outcome


@ON_LINUX
def test_a_full_disk_ends_in_one_line(command: list[str]) -> None:
    outcome = run_in_shell(command, f">{FULL}")
    assert outcome.code == 4
    assert outcome.last_line.startswith("Standard output could not be written: No space left on device. ")
    assert len(outcome.logged("ERROR")) == 1


def test_a_closed_descriptor_ends_in_one_line(command: list[str], sandbox: Sandbox) -> None:
    asked = len(sandbox.requests)
    outcome = run_in_shell(command, ">&-")
    assert outcome.code == 4
    assert outcome.last_line.startswith("Standard output could not be written: it is closed. ")
    assert len(outcome.errors.splitlines()) == 1
    assert len(sandbox.requests) == asked


def test_a_descriptor_that_is_open_for_reading_only_ends_in_one_line(command: list[str]) -> None:
    outcome = run_in_shell(command, "1</dev/null")
    assert outcome.code == 4
    assert outcome.last_line.startswith("Standard output could not be written: Bad file descriptor. ")


def test_a_reader_that_has_gone_ends_the_run_quietly(command: list[str]) -> None:
    reader, descriptor = os.pipe()
    os.close(reader)
    with os.fdopen(descriptor, "wb") as pipe:
        done = subprocess.run(
            command, stdout=pipe, stderr=subprocess.PIPE, check=False, env=clean_environment({}), timeout=60
        )
    assert done.returncode == 141
    assert not [word for word in (b"ERROR", b"Traceback", b"Exception") if word in done.stderr]


def test_a_command_line_is_wrong_wherever_its_output_goes() -> None:
    assert run_in_shell([*PROGRAM, "--bogus"], ">&2").code == 2


def test_closed_standard_error_ends_nothing(command: list[str]) -> None:
    outcome = run_in_shell(command, "2>&-")
    assert outcome.code == 0
    assert outcome.output


def test_what_the_encoding_does_not_have_is_printed_as_an_escape(tmp_path: Path, sandbox: Sandbox) -> None:
    config = tmp_path / "config.json"
    name = {"name": "Plant \u2713", "api_token": sandbox.token}
    config.write_text(json.dumps({"api_url": sandbox.url, "connections": [name]}))
    outcome = run("--config", config, "--test", environment={"PYTHONIOENCODING": "latin-1"}, program=[INSTALLED])
    assert outcome.code == 0
    assert outcome.output.startswith(r"Connection Plant \u2713")
