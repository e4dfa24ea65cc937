"""Runs that end before their time, with several streams under way: the next run brings what is missing."""

from __future__ import annotations

import json
import signal
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from cli.harness import PROGRAM, Files, clean_environment

from .conftest import Reader
from .vendor import Manner, Vendor, named, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = named(5)
SLUGS = ("sites", "vendors", "accounts")
TIMEOUT = 10


@pytest.fixture(scope="module")
def vendor() -> Iterator[Vendor]:
    with Vendor(NAMES, sizes={"vendors": 90, "accounts": 50}) as server:
        yield server


def messages(output: bytes) -> list[dict[str, Any]]:
    """Give the messages of an output whose last line may be cut off."""
    return [json.loads(line) for line in output.split(b"\n")[:-1]]


def assert_nothing_is_missing(reader: Reader, vendor: Vendor, output: bytes) -> None:
    """Read on from the last state, and compare what came in all."""
    came = messages(output)
    states = [message["value"] for message in came if message["type"] == "STATE"]
    rest = reader.read(vendor, *SLUGS, state=states[-1] if states else None, page_size=20)
    assert rest.code == 0
    for slug in SLUGS:
        records = [message for message in came if message["type"] == "RECORD" and message["stream"] == slug]
        assert {*rows_of(records), *rows_of(rest.of("RECORD", slug))} == vendor.held(slug)


@pytest.fixture(scope="module")
def whole(vendor: Vendor, tmp_path_factory: pytest.TempPathFactory, catalog: dict[str, Any]) -> bytes:
    reader = Reader(Files(tmp_path_factory.mktemp("whole"), catalog))
    return reader.read(vendor, *SLUGS, page_size=20, lookback_minutes=0).output.encode()


@pytest.mark.parametrize("share", [0.03, 0.2, 0.4, 0.6, 0.8, 0.97])
def test_nothing_is_missing_after_an_output_that_is_cut_off(
    reader: Reader, vendor: Vendor, whole: bytes, share: float
) -> None:
    assert_nothing_is_missing(reader, vendor, whole[: int(len(whole) * share)])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("records", [1, 300])
def test_nothing_is_missing_after_a_signal_while_several_are_read(
    reader: Reader, vendor: Vendor, number: signal.Signals, records: int
) -> None:
    vendor.manners = {name: Manner(latency=0.02) for name in NAMES}
    arguments = reader.arguments(vendor.settings(page_size=20), SLUGS)
    with subprocess.Popen(
        [*PROGRAM, *map(str, arguments)],
        env=clean_environment({"TAP_MAKINI_LOGLEVEL": "DEBUG"}),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        output = b""
        while output.count(b'"RECORD"') < records:
            output += process.stdout.readline()
        process.send_signal(number)
        output += process.stdout.read()
        assert process.wait(TIMEOUT) == 128 + number
    vendor.manners = {}
    assert output.endswith(b"\n")
    assert messages(output)[-1]["type"] == "STATE"
    assert_nothing_is_missing(reader, vendor, output)
