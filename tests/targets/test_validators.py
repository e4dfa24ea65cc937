"""All streams, hostile records among them, through the programs that judge Singer output."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from targets.expected import holds, is_date_time
from targets.programs import Program

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

CHECK_TAP = Program("targets/singer-tools", "singer-check-tap")
STITCH = Program("targets/target-stitch", "target-stitch", ("--dry-run", "--quiet"))


def test_singer_check_tap_accepts_the_output(messages: bytes, tmp_path: Path) -> None:
    report = CHECK_TAP.run(b"\n".join(without_null_objects(messages)), tmp_path).decode()
    assert "The output is valid." in report
    rows = [line.split() for line in report.splitlines() if line.startswith("| ") and "schemas" not in line]
    assert {row[1]: int(row[3]) for row in rows} == records_in(messages.splitlines())


def test_target_stitch_accepts_every_record(messages: bytes, tmp_path: Path) -> None:
    requests = tmp_path / "requests.jsonl"
    program = Program(STITCH.environment, STITCH.name, (*STITCH.options, "--output-file", str(requests)))
    program.run(messages, tmp_path, {"client_id": 1, "token": "none", "disable_collection": True})
    valid: Counter[str] = Counter()
    for request in map(json.loads, requests.read_bytes().splitlines()):
        valid[request["table_name"]] += len(request["messages"])
    assert valid == records_in(messages.splitlines())


def records_in(lines: Iterable[bytes]) -> Counter[str]:
    found = (json.loads(line) for line in lines)
    return Counter(message["stream"] for message in found if message["type"] == "RECORD")


def without_null_objects(messages: bytes) -> Iterable[bytes]:
    """Leave out nulls where a program of 2017 looks for a date-time in an object that is none."""
    schemas: dict[str, Any] = {}
    for line in messages.splitlines():
        message = json.loads(line)
        if message["type"] == "SCHEMA":
            schemas[message["stream"]] = message["schema"]
        if message["type"] == "RECORD":
            message["record"] = _with_objects(message["record"], schemas[message["stream"]])
            yield json.dumps(message).encode()
        else:
            yield line


def _with_objects(value: Any, schema: Any) -> Any:  # noqa: ANN401 - any JSON
    if holds(schema, "array") and value:
        return [_with_objects(item, schema["items"]) for item in value if not _stumbles(item, schema["items"])]
    if holds(schema, "object") and value:
        parts = schema["properties"]
        kept = {name: part for name, part in value.items() if not _stumbles(part, parts[name])}
        return {name: _with_objects(part, parts[name]) for name, part in kept.items()}
    return value


def _stumbles(value: object, schema: Any) -> bool:  # noqa: ANN401 - any JSON
    return value is None and any(is_date_time(part) for part in schema.get("properties", {}).values())
