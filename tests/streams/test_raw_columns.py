"""What columns and keys the tables have, in one connection and in several."""

from __future__ import annotations

import json
from typing import Any

import pytest
from direct_sandbox import DirectSandbox

from .raw_harness import STREAM, discovered, raw_catalog, raw_streams, read, selecting

pytestmark = pytest.mark.usefixtures("_few_lists")

ROWS: list[dict[str, Any]] = [
    {
        "text": 7,
        "whole": 7,
        "part": None,
        "when": "2024-01-02T03:04:05Z",
        "is": True,
        "nested": {"a": [1, 2.50]},
        "mix": 1,
    },
    {"text": "n/a", "whole": 8, "part": 2.5, "when": None, "is": False, "nested": {}, "list": ["a", "b"]},
]
SET: dict[str, Any] = {"raw_tables": ["T"]}
TWO = {"t-a": "acme", "t-b": "bolt"}


def columns(catalog: dict[str, Any], stream: str = STREAM) -> dict[str, Any]:
    [entry] = [entry for entry in catalog["streams"] if entry["stream"] == stream]
    properties: dict[str, Any] = entry["schema"]["properties"]
    return properties


def test_columns_are_what_the_rows_hold() -> None:
    with DirectSandbox(raw={"T": ROWS}) as sandbox:
        catalog = discovered(sandbox, **SET)
        outcome = read(sandbox, selecting(catalog, [STREAM]), **SET)
    found = columns(catalog)
    assert {name: found[name]["type"][0] for name in ROWS[1]} == {
        "text": "string",
        "whole": "number",
        "part": "number",
        "when": "string",
        "is": "boolean",
        "nested": "string",
        "list": "array",
    }
    assert found["when"]["format"] == "date-time"
    first, second = (message["record"] for message in outcome.of("RECORD"))
    assert first["when"] == "2024-01-02T03:04:05Z"
    assert json.loads(first["nested"]) == {"a": [1, 2.5]}
    assert (first["text"], second["text"]) == ("7", "n/a")
    assert second["list"] == ["a", "b"]
    assert {first["_makini_extra"], second["_makini_extra"]} == {None}


def test_a_catalog_has_no_key_and_no_bookmark() -> None:
    with DirectSandbox(raw={"T": ROWS}) as sandbox:
        [entry] = selecting(discovered(sandbox, **SET), [STREAM])["streams"]
    [root] = [item["metadata"] for item in entry["metadata"] if not item["breadcrumb"]]
    assert not entry.get("key_properties")
    assert not entry.get("replication_key")
    assert "FULL_TABLE" in {root.get("forced-replication-method"), entry.get("replication_method")}


def test_a_column_that_is_new_is_kept_aside() -> None:
    with DirectSandbox(raw={"T": ROWS}) as sandbox:
        catalog = discovered(sandbox, **SET)
        sandbox.store.set_raw("T", [{**ROWS[0], "new": {"a": 1}}, {"whole": "many"}])
        outcome = read(sandbox, selecting(catalog, [STREAM]), **SET)
    first, second = (json.loads(message["record"]["_makini_extra"]) for message in outcome.of("RECORD"))
    assert first == {"/new": {"a": 1}}
    assert second == {"/whole": "many"}


@pytest.mark.parametrize(("connections", "key"), [(None, ["id"]), (TWO, ["_makini_connection", "id"])])
def test_a_catalog_may_name_a_key(connections: dict[str, str] | None, key: list[str]) -> None:
    with DirectSandbox(raw={"T": [{"id": "1"}, {"id": "2"}]}, connections=connections) as sandbox:
        outcome = read(sandbox, raw_catalog("id", key=["id"]), **SET)
    [schema] = outcome.of("SCHEMA", STREAM)
    assert schema["key_properties"] == key
    assert set(key) <= set(schema["schema"]["properties"])
    records = [tuple(message["record"][name] for name in key) for message in outcome.of("RECORD")]
    assert len(set(records)) == len(records) == 2 * len(connections or [1])
    assert None not in {part for record in records for part in record}


def test_a_table_of_one_connection_is_left_out_at_the_other(caplog: pytest.LogCaptureFixture) -> None:
    with DirectSandbox(raw={"T": ROWS, "both": ROWS}, connections=TWO) as sandbox:
        first, _ = sandbox.connections.values()
        first.store.raw_tables.drop("T")
        catalog = discovered(sandbox, raw_tables=["*"])
        streams = raw_streams(catalog)
        outcome = read(sandbox, selecting(catalog, streams), raw_tables=["*"])
    assert streams == ["raw_T", "raw_both"]
    assert set(ROWS[1]) <= set(columns(catalog))
    assert outcome.code == 0
    assert {message["record"]["_makini_connection"] for message in outcome.of("RECORD", "raw_T")} == {"bolt"}
    assert {message["record"]["_makini_connection"] for message in outcome.of("RECORD", "raw_both")} == {"acme", "bolt"}
    assert "Stream acme/raw_T is left out" in caplog.text
