"""Settings, states and catalogs with faults: each is named at once, and nothing is read."""

from __future__ import annotations

import io
from typing import IO, TYPE_CHECKING

import pytest

from tap_makini.cli import InputError, checked_catalog, checked_state

from .harness import run

if TYPE_CHECKING:
    from .harness import Files

UNREACHABLE = "http://127.0.0.1:9"
"""Where nobody listens, should a faulty run get as far as that."""


def test_every_fault_is_named_at_once_and_no_value_shown(files: Files) -> None:
    settings = {
        "api_tokn": "value-1",
        "api_url": "ftp://value-2",
        "page_size": "value-3",
        "products": ["eam", "value-4"],
        "start_date": "value-5",
        "lookback_minutes": -777,
        "user_agent": "value\n6",
        "max_wait_seconds": 1.5,
    }
    outcome = run("--config", files.write("config.json", settings))
    assert (outcome.code, outcome.output) == (1, "")
    lines = outcome.logged("ERROR")
    for name in ("products.1" if name == "products" else name for name in [*settings, "api_token"]):
        assert len([line for line in lines if line.startswith(f"Setting {name}:")]) == 1, name
    assert "value" not in outcome.errors
    assert "777" not in outcome.errors


def test_every_fault_of_the_environment_is_named_at_once() -> None:
    texts = {
        "EMIT_ACTIVATE_VERSION_MESSAGES": "value",
        "LOOKBACK_MINUTES": "-777",
        "MAX_WAIT_SECONDS": "value",
        "PAGE_SIZE": "",
        "PRODUCTS": "eam,value",
        "START_DATE": "value",
        "STREAM_MAPS": "value",
    }
    outcome = run("--config", "ENV", environment={f"TAP_MAKINI_{name}": text for name, text in texts.items()})
    assert (outcome.code, outcome.output) == (1, "")
    named = [line.split()[1].partition(".")[0].rstrip(":").upper() for line in outcome.logged("ERROR")]
    assert named == ["API_TOKEN", *texts]
    assert "value" not in outcome.errors
    assert "777" not in outcome.errors


def test_a_stream_map_that_cannot_be_parsed_is_named(files: Files) -> None:
    maps = {"assets": {"x": "abc("}}
    settings = {"api_token": "some-token", "api_url": UNREACHABLE, "stream_maps": maps}
    outcome = run("--config", files.write("config.json", settings))
    assert (outcome.code, outcome.output) == (1, "")
    assert outcome.last_line.startswith("Setting stream_maps: not valid (")


def test_a_log_level_that_does_not_exist_is_named() -> None:
    outcome = run("--version", environment={"TAP_MAKINI_LOGLEVEL": "loud"})
    assert outcome.code == 1
    assert "TAP_MAKINI_LOGLEVEL: not valid" in outcome.last_line


@pytest.mark.parametrize("settings", [{"products": 7}, {"api_tokn": "value"}])
def test_discovery_names_faults_but_nothing_that_is_missing(files: Files, settings: dict[str, object]) -> None:
    outcome = run("--discover", "--config", files.write("config.json", settings))
    assert (outcome.code, outcome.output) == (1, "")
    assert next(iter(settings)) in outcome.last_line
    assert "api_token" not in outcome.errors
    assert "value" not in outcome.errors


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('{"api_token":\n"some-token" }}', "not valid JSON (line 2, column 15: extra data)"),
        ("", "not valid JSON (line 1, column 1: expecting value)"),
        ("[" * 100_000, "not valid JSON (it is nested too deeply)"),
        ("[1]", "expected a JSON object at the top level"),
        ("[[1, 2, 3]]", "expected a JSON object at the top level"),
    ],
)
def test_a_settings_file_that_is_not_valid_is_named_with_the_place(files: Files, text: str, fault: str) -> None:
    config = files.write("config.json", {"api_url": UNREACHABLE})
    outcome = run("--config", config, "--config", broken := files.write("broken.json", text))
    assert (outcome.code, outcome.output) == (1, "")
    assert outcome.last_line == f"Settings file {broken}: {fault}."
    assert "some-token" not in outcome.errors


def test_a_later_settings_file_overrides_an_earlier_one(files: Files) -> None:
    first = files.write("first.json", {"page_size": 0, "max_parallel": 0})
    outcome = run("--config", first, "--config", files.write("second.json", {"page_size": 5}), "--discover")
    assert outcome.code == 1
    assert "max_parallel" in outcome.errors
    assert "page_size" not in outcome.errors


@pytest.mark.parametrize("option", ["state", "catalog"])
def test_a_state_or_catalog_that_is_not_json_is_named(files: Files, option: str) -> None:
    config = files.write("config.json", {"api_token": "some-token", "api_url": UNREACHABLE})
    outcome = run("--config", config, f"--{option}", broken := files.write("damaged", "{nope"))
    assert (outcome.code, outcome.output) == (1, "")
    fault = "not valid JSON (line 1, column 2: expecting property name enclosed in double quotes)"
    assert outcome.last_line == f"{option.capitalize()} {broken}: {fault}."


def test_a_state_without_bookmarks_is_refused(files: Files) -> None:
    config = files.write("config.json", {"api_token": "some-token", "api_url": UNREACHABLE})
    outcome = run("--config", config, "--state", files.write("state.json", {"bookmarks": []}))
    assert (outcome.code, outcome.output) == (1, "")
    assert outcome.last_line.startswith("State: not valid. It must be a JSON object with an object 'bookmarks'. ")


def a_file(content: str | bytes) -> IO[str]:
    raw = io.BytesIO(content if isinstance(content, bytes) else content.encode())
    raw.name = "broken"
    return io.TextIOWrapper(raw, encoding="utf-8")


@pytest.mark.parametrize("text", ["", "{nope", "nope", '{"bookmarks": {}', "[" * 100_000])
def test_a_state_or_catalog_text_that_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="State broken: not valid JSON"):
        checked_state(a_file(text))
    with pytest.raises(InputError, match="Catalog broken: not valid JSON"):
        checked_catalog(a_file(text))


@pytest.mark.parametrize("text", ["[]", "null", "7", '"state"'])
def test_json_that_is_not_an_object_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="State broken: expected a JSON object at the top level"):
        checked_state(a_file(text))
    with pytest.raises(InputError, match="Catalog broken: expected a JSON object at the top level"):
        checked_catalog(a_file(text))


def test_bytes_that_are_not_text_are_refused() -> None:
    with pytest.raises(InputError, match="byte 0 is not UTF-8"):
        checked_state(a_file(b"\xff\xfe\x00"))


def test_a_valid_file_can_be_read_again() -> None:
    text = '{"bookmarks": {}}'
    assert checked_state(a_file(text)).read() == text
