"""How many requests are under way at once, and what that does to the output."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from cli.harness import Files, run

from makini_sandbox import Behaviour

from .conftest import Reader
from .vendor import Manner, Vendor, named, rows_of

if TYPE_CHECKING:
    from pathlib import Path

NAMES = named(6)
STREAMS = ("sites", "teams", "uom", "vendors")


def test_one_at_a_time_gives_the_same_bytes_each_time(reader: Reader) -> None:
    with Vendor(NAMES, behaviour=Behaviour(quirks=False, synced_at="2024-01-02T03:04:05Z")) as vendor:
        first, second = (reader.read(vendor, *STREAMS, max_parallel=1).output for _ in range(2))
        assert vendor.most_at_once == 1

    time = re.compile(r'"time_extracted":"[^"]+"')
    assert time.sub("", first) == time.sub("", second)


def test_as_many_requests_are_under_way_as_are_set(reader: Reader) -> None:
    with Vendor(NAMES, manners={name: Manner(latency=0.05) for name in NAMES}) as vendor:
        outcome = reader.read(vendor, *STREAMS, max_parallel=3)
        assert vendor.most_at_once == 3

    assert outcome.code == 0
    assert set(rows_of(outcome.of("RECORD", "vendors"))) == vendor.held("vendors")


def test_the_limit_that_is_set_holds_for_each_token(reader: Reader) -> None:
    """Were it one limit for all tokens, the run would take longer than a test may."""
    with Vendor(NAMES) as vendor:
        outcome = reader.read(vendor, *STREAMS, requests_per_minute=len(STREAMS) + 1)
        assert set(vendor.requests().values()) == {len(STREAMS) + 1}

    assert outcome.code == 0


@pytest.mark.parametrize("stream", ["vendors", "work_orders_custom_fields"])
def test_a_catalog_discovered_for_one_connection_gets_the_name_into_its_keys(tmp_path: Path, stream: str) -> None:
    document: dict[str, Any] = json.loads(run("--discover").output)
    for entry in document["streams"]:
        assert "_makini_connection" not in entry["key_properties"]
    with Vendor(NAMES) as vendor:
        outcome = Reader(Files(tmp_path, document)).read(vendor, stream)

    [schema] = outcome.of("SCHEMA")
    assert schema["key_properties"][0] == "_makini_connection"
    assert schema["schema"]["properties"]["_makini_connection"] == {"type": "string"}
    assert {message["record"]["_makini_connection"] for message in outcome.of("RECORD")} == set(NAMES)


def test_a_cookie_of_one_customer_is_not_sent_for_another(reader: Reader) -> None:
    with Vendor(NAMES, manners={name: Manner(cookie=True) for name in NAMES}) as vendor:
        assert reader.read(vendor, *STREAMS, max_parallel=2).code == 0

    assert {one.cookies for one in vendor.exchanges} == {None}


def test_only_connections_that_are_named_are_read(reader: Reader) -> None:
    patterns = ["plant-00[0-3]", "!plant-002"]
    with Vendor(NAMES) as vendor:
        outcome = reader.read(vendor, "vendors", connection_names=patterns)

    assert set(vendor.requests()) == {"plant-000", "plant-001", "plant-003"}
    assert set(rows_of(outcome.of("RECORD"))) == vendor.held("vendors", vendor.requests())


def test_a_table_is_activated_once_all_connections_are_read(reader: Reader) -> None:
    settings: dict[str, Any] = {"emit_activate_version_messages": True}
    with Vendor(NAMES) as vendor:
        outcome = reader.read(vendor, "uom", "vendors", **settings)
        assert [message["stream"] for message in outcome.of("ACTIVATE_VERSION")] == ["uom"]
        assert outcome.messages.index(outcome.of("ACTIVATE_VERSION")[0]) > max(
            index
            for index, message in enumerate(outcome.messages)
            if message.get("stream") == "uom" and "record" in message
        )

        for status in (401, 404):
            vendor.manners[NAMES[0]] = Manner(status=status)
            outcome = reader.read(vendor, "uom", "vendors", **settings)
            assert outcome.code == 3
            assert outcome.of("ACTIVATE_VERSION") == []


def test_the_connection_test_shows_each_connection(reader: Reader) -> None:
    with Vendor(NAMES[:3], manners={NAMES[1]: Manner(status=401)}) as vendor:
        config = reader.arguments(vendor.settings(products=["wms"]), ())
        outcome = run(*config, "--test")

    assert outcome.code == 3
    assert [line for line in outcome.output.splitlines() if line.startswith("Connection")] == [
        f"Connection {name}" for name in NAMES[:3]
    ]
    assert len(re.findall(r"^vendors +yes +\d+", outcome.output, re.MULTILINE)) == 2
    assert vendor.requests()[NAMES[1]] <= 2
    assert "401" in outcome.last_line


def test_a_connection_without_credits_is_not_asked_for_each_stream(reader: Reader) -> None:
    with Vendor(NAMES, manners={NAMES[0]: Manner(status=402)}) as vendor:
        outcome = reader.read(vendor, *STREAMS, max_parallel=2)

    assert outcome.code == 3
    assert f"{NAMES[0]} ({len(STREAMS)} streams): the server answered 402" in outcome.last_line
    assert vendor.requests()[NAMES[0]] <= 3


def test_a_connection_that_does_not_respond_is_not_asked_for_each_stream(reader: Reader) -> None:
    streams = (*STREAMS, "accounts", "assets", "labors", "users")
    limits: dict[str, Any] = {"request_timeout_seconds": 1, "max_wait_seconds": 0}
    with Vendor(NAMES, manners={NAMES[0]: Manner(latency=30)}) as vendor:
        outcome = reader.read(vendor, *streams, max_parallel=2, **limits)

    assert outcome.code == 3
    assert f"{NAMES[0]} ({len(streams)} streams): no response within request_timeout_seconds" in outcome.last_line
    assert vendor.started.count(NAMES[0]) <= 5  # what it is, two in a row, and what was begun meanwhile
    assert set(rows_of(outcome.of("RECORD", "vendors"))) == vendor.held("vendors", NAMES[1:])
