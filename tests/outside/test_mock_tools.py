"""Every stream is read from what public mock tools make of the vendor's description, and every record is valid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cli.harness import Files, Outcome, run
from http_server import serving
from jsonschema import Draft7Validator, FormatChecker

from .mock_server import VENDOR, mocked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EXAMPLES = {"current_page": 1, "from": 1, "last_page": 1, "per_page": 15, "to": 1, "total": 1}
METAS = {
    "text": {name: str(count) for name, count in EXAMPLES.items()},
    "zeros": dict.fromkeys(EXAMPLES, 0),
    "nulls": dict.fromkeys(EXAMPLES),
    "bare": {},
}
TEXTS = {"prism": "string", "mockoon": "", "sampler": "2019-08-24T14:15:22Z"}


def read(files: Files, url: str, *streams: str) -> Outcome:
    config = files.write("config.json", {"api_url": url, "api_token": "t"})
    selected: list[str | Path] = ["--catalog", files.selection(*streams)] if streams else []
    return run("--config", config, *selected, waits=False)


def faults(outcome: Outcome) -> Iterator[str]:
    """Hold each record against the SCHEMA that came before it."""
    validators: dict[str, Draft7Validator] = {}
    for message in outcome.messages:
        if message["type"] == "SCHEMA":
            Draft7Validator.check_schema(message["schema"])
            validators[message["stream"]] = Draft7Validator(message["schema"], format_checker=FormatChecker())
        elif message["type"] == "RECORD":
            for error in validators[message["stream"]].iter_errors(message["record"]):
                yield f"{message['stream']}: {error.message}"


def read_streams(outcome: Outcome) -> set[str]:
    return {message["stream"] for message in outcome.of("RECORD")}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_all_streams_are_read_whatever_stands_for_a_text(files: Files, text: str) -> None:
    with serving(mocked(EXAMPLES, text)) as url:
        outcome = read(files, url)
    assert outcome.code == 0, outcome.last_line
    assert len(read_streams(outcome)) == len(VENDOR["entities"])
    assert list(faults(outcome)) == []


@pytest.mark.parametrize("meta", METAS.values(), ids=METAS)
def test_streams_are_read_whatever_stands_for_the_counts(files: Files, meta: dict[str, object]) -> None:
    with serving(mocked(meta)) as url:
        outcome = read(files, url, "work_orders", "uom", "sites")
    assert outcome.code == 0, outcome.last_line
    assert read_streams(outcome) == {"work_orders", "uom", "sites"}


def test_counts_of_pages_that_never_come_are_no_end(files: Files) -> None:
    with serving(mocked(EXAMPLES | {"last_page": 2, "total": 16})) as url:
        outcome = read(files, url, "work_orders", "uom")
    assert outcome.code == 3
    assert "work_orders: the response contradicts itself: received page 1 instead of page 2" in outcome.last_line
    assert "uom: page 2 repeats page 1" in outcome.last_line
