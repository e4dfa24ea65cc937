from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from makini_sandbox import Behaviour, Sandbox
from scripts.catalogs import FOLDER

from .harness import INSTALLED, Files, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(rows=3) as server:
        yield server


def connect(sandbox: Sandbox, token: str | None = None) -> dict[str, str]:
    return {"TAP_MAKINI_API_URL": sandbox.url, "TAP_MAKINI_API_TOKEN": token or sandbox.token}


def test_discovery_gives_the_same_bytes_each_time() -> None:
    here, elsewhere = run("--discover"), run("--discover", environment={"PYTHONHASHSEED": "1"}, program=[INSTALLED])
    assert here.output == elsewhere.output
    assert here.code == elsewhere.code == 0
    assert json.loads(here.output) == json.loads((FOLDER / "catalog.json").read_text(encoding="utf-8"))


def test_about_describes_every_setting() -> None:
    outcome = run("--about", "--format=json")
    document = json.loads(outcome.output)
    assert outcome.code == 0
    assert document["capabilities"]
    undescribed = list(_undescribed("", document["settings"]))
    assert undescribed == []


def _undescribed(path: str, schema: dict[str, Any]) -> Iterator[str]:
    for name, setting in schema.get("properties", {}).items():
        here = f"{path}.{name}"
        if not (setting.get("title") and setting.get("description")):
            yield here
        yield from _undescribed(here, setting)
        if isinstance(setting.get("items"), dict):
            yield from _undescribed(here, setting["items"])


@pytest.mark.parametrize("program", [[INSTALLED], [sys.executable, "-m", "tap_makini"]])
def test_the_version_is_printed(program: list[str]) -> None:
    outcome = run("--version", program=program)
    assert outcome.code == 0
    assert outcome.output.startswith("tap-makini v")


@pytest.mark.parametrize("arguments", [["--bogus"], ["--state", "no/such"], ["--test=some"], ["--config", ""]])
def test_a_wrong_command_line_exits_with_2(arguments: list[str]) -> None:
    outcome = run(*arguments)
    assert outcome.code == 2
    assert outcome.output == ""
    assert arguments[0].partition("=")[0] in outcome.last_line


@pytest.mark.parametrize("name", ["none.json", "."])
def test_a_settings_file_that_cannot_be_read_exits_with_2(tmp_path: Path, name: str) -> None:
    outcome = run("--config", tmp_path / name)
    assert outcome.code == 2
    assert "--config" in outcome.last_line


def test_the_connection_test_says_what_can_be_read(sandbox: Sandbox) -> None:
    outcome = run("--config", "ENV", "--test", environment=connect(sandbox))
    assert outcome.code == 0
    assert "work_orders " in outcome.output


def test_the_connection_test_needs_no_absent_entity() -> None:
    with Sandbox(rows=3, behaviour=Behaviour(absent=frozenset({"assets"}), absent_answer=501)) as server:
        assert run("--config", "ENV", "--test", environment=connect(server)).code == 0


def test_the_connection_test_names_a_wrong_token(sandbox: Sandbox) -> None:
    outcome = run("--config", "ENV", "--test", environment=connect(sandbox, "wrong-token"))
    assert outcome.code == 1
    assert "Check the setting api_token" in outcome.last_line


def test_the_schema_test_reads_nothing(sandbox: Sandbox, catalog: dict[str, Any]) -> None:
    before = len(sandbox.requests)
    outcome = run("--config", "ENV", "--test=schema", environment=connect(sandbox))
    assert outcome.code == 0
    assert {message["type"] for message in outcome.messages} == {"SCHEMA"}
    assert len(outcome.messages) == len(catalog["streams"])
    assert len(sandbox.requests) == before


@pytest.mark.parametrize("option", [[], ["--test=schema"]])
def test_missing_settings_are_named(option: list[str]) -> None:
    outcome = run(*option)
    assert (outcome.code, outcome.output) == (1, "")
    assert outcome.last_line.startswith("Setting api_token: missing")


def test_a_wrong_token_ends_the_run_with_its_remedy(files: Files, sandbox: Sandbox) -> None:
    outcome = files.read(sandbox, settings={"api_token": "wrong-token"})
    assert outcome.code == 1
    assert not outcome.of("SCHEMA")
    assert outcome.last_line.startswith("the server answered 401 (AUTHENTICATION_FAILED: ")
    assert "Check the setting api_token" in outcome.last_line
    assert "re-authorized" in outcome.last_line


def test_a_catalog_that_selects_what_is_not_offered_logs_a_warning(files: Files, sandbox: Sandbox) -> None:
    outcome = files.read(sandbox, "assets", settings={"products": ["wms"]})
    assert outcome.code == 0
    assert not outcome.of("RECORD")
    warning = "Catalog, stream assets: selected, but the settings products and openapi_file offer no such stream."
    assert warning in outcome.logged("WARNING")
