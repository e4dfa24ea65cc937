"""Pins, metadata, meltano.yml and workflows agree with pyproject.toml and `--about`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from scripts.meltano_settings import about, kind

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parent.parent
PINS = sorted((ROOT / "requirements").glob("*.txt"))
PIN_INPUTS = sorted((ROOT / "requirements").glob("*.in"))
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
MELTANO = yaml.safe_load((ROOT / "meltano.yml").read_text())
EXTRACTOR = MELTANO["plugins"]["extractors"][0]


def requirement_lines(path: Path) -> list[str]:
    lines = (line.partition("#")[0].strip() for line in path.read_text().splitlines())
    return [line for line in lines if line]


def pinned(path: Path) -> list[Requirement]:
    return [Requirement(line.removesuffix("\\")) for line in requirement_lines(path) if not line.startswith("--hash")]


def group(name: str) -> list[str]:
    declared: list[str] = []
    for entry in PYPROJECT["dependency-groups"][name]:
        declared += group(entry["include-group"]) if isinstance(entry, dict) else [entry]
    return declared


def unpinned(declared: list[str], path: Path) -> list[str]:
    """Name what a pin file lacks, or pins to a version that was not asked for."""
    pins = pinned(path)
    return [
        text
        for text, wanted in ((text, Requirement(text)) for text in declared)
        if not any(
            canonicalize_name(pin.name) == canonicalize_name(wanted.name)
            and wanted.specifier.contains(next(iter(pin.specifier)).version)
            for pin in pins
        )
    ]


@pytest.mark.parametrize("path", PINS, ids=lambda path: path.name)
def test_pins_are_exact_hashed_and_name_no_host(path: Path) -> None:
    assert "://" not in path.read_text()
    lines = requirement_lines(path)
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        assert line.startswith("--hash=sha256:") or ("==" in line and following.startswith("--hash=sha256:")), line


@pytest.mark.parametrize("name", ["tap", "dev"])
def test_the_other_backoff_is_not_beside_the_tap(name: str) -> None:
    path = ROOT / f"requirements/{name}.txt"
    assert "backoff" not in {canonicalize_name(pin.name) for pin in pinned(path)}


def test_the_taps_pins_hold_what_the_package_asks_for() -> None:
    declared = PYPROJECT["project"]["dependencies"]
    assert unpinned(declared, ROOT / "requirements/tap.txt") == []


def test_the_dev_pins_hold_what_the_groups_ask_for() -> None:
    declared = PYPROJECT["project"]["dependencies"] + group("dev")
    assert unpinned(declared, ROOT / "requirements/dev.txt") == []


def test_tests_and_meltano_run_the_tap_with_the_same_versions() -> None:
    dev = {(pin.name, str(pin.specifier)) for pin in pinned(ROOT / "requirements/dev.txt")}
    tap = {(pin.name, str(pin.specifier)) for pin in pinned(ROOT / "requirements/tap.txt")}
    assert tap <= dev


@pytest.mark.parametrize("path", PIN_INPUTS, ids=lambda path: path.name)
def test_pins_hold_what_their_input_asks_for(path: Path) -> None:
    assert unpinned(requirement_lines(path), path.with_suffix(".txt")) == []


def test_the_demos_loader_has_a_duckdb_that_loses_no_row() -> None:
    (duckdb,) = (pin for pin in pinned(ROOT / "requirements/target-duckdb.txt") if pin.name == "duckdb")
    assert SpecifierSet("<1.3").contains(next(iter(duckdb.specifier)).version)


def test_the_wheel_is_the_package_alone_and_typed() -> None:
    assert PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"] == {"packages": ["tap_makini"]}
    assert (ROOT / "tap_makini/py.typed").exists()


def test_classifiers_and_workflow_name_the_supported_pythons() -> None:
    supported = SpecifierSet(PYPROJECT["project"]["requires-python"])
    pythons = [f"3.{minor}" for minor in range(30) if f"3.{minor}" in supported]
    classifiers = PYPROJECT["project"]["classifiers"]
    assert [found[1] for text in classifiers if (found := re.search(r"Python :: (3\.\d+)$", text))] == pythons
    workflow = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
    assert workflow["jobs"]["test"]["strategy"]["matrix"]["python"] == pythons


def test_workflow_actions_are_pinned_to_commits() -> None:
    used = [
        line
        for path in (ROOT / ".github/workflows").glob("*.yml")
        for line in re.findall(r"uses: (.+)", path.read_text())
    ]
    assert used
    assert [line for line in used if not re.search(r"@[0-9a-f]{40} # v\d", line)] == []


def test_the_changelog_has_a_place_for_this_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text()
    headings = re.findall(r"^## \[([^]]+)\]", changelog, flags=re.MULTILINE)
    assert headings[0] == "Unreleased"
    assert headings[1:2] in ([], [PYPROJECT["project"]["version"]])


def test_no_plugin_needs_the_hub() -> None:
    plugins = [plugin for kind in MELTANO["plugins"].values() for plugin in kind]
    assert [plugin["name"] for plugin in plugins if "namespace" not in plugin] == []
    assert MELTANO["send_anonymous_usage_stats"] is False
    assert MELTANO["cli"] == {"disable_version_check": True}


@pytest.mark.parametrize(
    ("declared", "wanted"),
    [
        ({"type": "string"}, "string"),
        ({"type": ["integer", "null"]}, "integer"),
        ({"type": ["string", "array", "null"]}, "string"),
        ({"type": ["string", "null"], "format": "date-time"}, "date_iso8601"),
        ({"type": ["string", "null"], "enum": ["a", None]}, "options"),
    ],
)
def test_kinds_of_settings_are_those_of_the_hub(declared: dict[str, object], wanted: str) -> None:
    assert kind(declared) == wanted


def test_meltano_capabilities_are_those_of_about() -> None:
    assert EXTRACTOR["capabilities"] == sorted(about()["capabilities"])
