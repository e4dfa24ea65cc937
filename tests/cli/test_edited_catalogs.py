"""Catalogs that somebody has edited: a mistake is one line for each stream, and nothing is read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from .harness import run

if TYPE_CHECKING:
    from collections.abc import Callable

    from .harness import Files

pytestmark = pytest.mark.usefixtures("_few_lists")

Entry = dict[str, Any]
UNREACHABLE = {"api_url": "http://127.0.0.1:1", "api_token": "unused"}
SEVERAL = {"api_url": "http://127.0.0.1:1", "connections": [{"name": "acme", "api_token": "unused"}]}


def metadata(entry: Entry, *breadcrumb: str) -> dict[str, Any]:
    """Give the metadata at a place in an entry."""
    [found] = [item["metadata"] for item in entry["metadata"] if item["breadcrumb"] == [*breadcrumb]]
    result: dict[str, Any] = found
    return result


def remove(column: str) -> Callable[[Entry], None]:
    return lambda entry: entry["schema"]["properties"].pop(column)


def mark(column: str, **changes: object) -> Callable[[Entry], None]:
    return lambda entry: metadata(entry, "properties", column).update(changes)


def put(name: str, value: object) -> Callable[[Entry], None]:
    return lambda entry: entry.update({name: value})


@pytest.mark.parametrize("settings", [UNREACHABLE, SEVERAL], ids=["one connection", "several"])
@pytest.mark.parametrize(
    ("edit", "line"),
    [
        (remove("key"), "the key property 'key' is not a column of its schema."),
        (mark("key", inclusion="unsupported"), "the key property 'key' is not selected."),
        (mark("key", inclusion="available", selected=False), "the key property 'key' is not selected."),
        (put("key_properties", ["nope"]), "the key property 'nope' is not a column of its schema."),
        (put("schema", {}), "the key property 'key' is not a column of its schema."),
        (put("replication_key", "changedAt"), "the replication key 'changedAt' is not a column of its schema."),
        (put("replication_key", "name"), "the replication key 'name' is not a date-time."),
        (put("replication_key", ["updatedAt"]), "replication_key: Expected"),
        (put("stream", "machines"), "'stream' is 'machines', but must be the same as 'tap_stream_id'."),
        (put("metadata", {"selected": True}), "metadata: Expected 'array', got 'object'."),
    ],
)
def test_a_mistake_is_one_line(
    files: Files, settings: dict[str, Any], edit: Callable[[Entry], None], line: str
) -> None:
    catalog = json.loads(files.selection("assets", "sites").read_text())
    edit(next(entry for entry in catalog["streams"] if entry["stream"] == "assets"))
    outcome = run("--config", files.write("config.json", settings), "--catalog", files.write("edited.json", catalog))
    assert (outcome.code, outcome.output) == (1, "")
    assert len(outcome.logged("ERROR")) == 1
    assert outcome.last_line.startswith(f"Catalog, stream assets: {line} ")


def test_each_stream_has_its_line(files: Files) -> None:
    catalog = json.loads(files.selection("assets", "sites", "users").read_text())
    for entry in catalog["streams"]:
        entry["key_properties"] = ["nope"]
    metadata(catalog["streams"][0])["selected"] = False
    outcome = run("--config", files.write("config.json", UNREACHABLE), "--catalog", files.write("edited.json", catalog))
    assert outcome.code == 1
    selected = [entry["stream"] for entry in catalog["streams"][1:]]
    assert [line.partition(":")[0] for line in outcome.logged("ERROR")] == [f"Catalog, stream {s}" for s in selected]


def test_a_column_that_only_orders_the_reading_need_not_be_selected(files: Files) -> None:
    """No request is made: the address leads nowhere, so the run gets as far as asking."""
    catalog = json.loads(files.selection("assets").read_text())
    mark("updatedAt", inclusion="available", selected=False)(catalog["streams"][0])
    config = files.write("config.json", {**UNREACHABLE, "max_wait_seconds": 0})
    outcome = run("--config", config, "--catalog", files.write("edited.json", catalog))
    assert "Catalog" not in outcome.errors
