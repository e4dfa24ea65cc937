"""What Makini says of its own sync: warnings, and connections that are left out since nothing is new."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from makini_sandbox import Behaviour, Fault

from .vendor import Vendor, named

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterator

    from cli.harness import Outcome

    from .conftest import Reader

NAMES = named(3)
STREAMS = ("sites", "uom", "vendors")
SKIPPING: dict[str, Any] = {"skip_unsynced": True}


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor(NAMES, behaviour=Behaviour(quirks=False, synced_at="2024-01-02T03:04:05Z")) as server:
        yield server


def again(reader: Reader, vendor: Vendor, before: Outcome, *streams: str) -> tuple[Outcome, Counter[str]]:
    """Read once more, and count what that costs."""
    vendor.exchanges.clear()
    outcome = reader.read(vendor, *(streams or STREAMS), state=before.state, **SKIPPING)
    return outcome, vendor.requests()


def test_a_connection_without_a_new_sync_costs_one_request(reader: Reader, vendor: Vendor) -> None:
    outcome, requests = again(reader, vendor, reader.read(vendor, *STREAMS))

    assert outcome.code == 0
    assert outcome.of("RECORD") == []
    assert requests == dict.fromkeys(NAMES, 1)
    third, requests = again(reader, vendor, outcome)
    assert (third.code, requests) == (0, dict.fromkeys(NAMES, 1))


def later_sync(vendor: Vendor) -> None:
    vendor.sandbox.behaviour.synced_at = "2024-01-02T03:04:06Z"


def sync_going_on(vendor: Vendor) -> None:
    vendor.sandbox.behaviour.sync_status = "inprogress"


def sync_failed(vendor: Vendor) -> None:
    vendor.sandbox.behaviour.sync_status = "fail"


@pytest.mark.parametrize("change", [later_sync, sync_going_on, sync_failed])
def test_in_doubt_it_is_read(reader: Reader, vendor: Vendor, change: Callable[[Vendor], None]) -> None:
    before = reader.read(vendor, *STREAMS)
    change(vendor)
    _, requests = again(reader, vendor, before)
    assert requests == dict.fromkeys(NAMES, len(STREAMS) + 1)


def test_another_selection_is_read(reader: Reader, vendor: Vendor) -> None:
    before = reader.read(vendor, *STREAMS[:2])
    _, requests = again(reader, vendor, before)
    assert requests == dict.fromkeys(NAMES, len(STREAMS) + 1)


def test_what_was_read_during_a_sync_is_read_again(reader: Reader, vendor: Vendor) -> None:
    sync_going_on(vendor)
    before = reader.read(vendor, *STREAMS)
    vendor.sandbox.behaviour.sync_status = "done"
    _, requests = again(reader, vendor, before)
    assert requests == dict.fromkeys(NAMES, len(STREAMS) + 1)


def test_a_connection_with_a_stream_that_failed_is_read_again(reader: Reader, vendor: Vendor) -> None:
    vendor.sandbox.behaviour.faults = [Fault("status", slug="sites", status=418)]
    before = reader.read(vendor, *STREAMS)
    assert before.code == 3
    _, requests = again(reader, vendor, before)
    assert sorted(requests.values()) == [1, 1, len(STREAMS) + 1]


@pytest.mark.parametrize(
    ("status", "words"), [("fail", "no longer updated"), ("error", "no longer updated"), ("inprogress", "right now")]
)
def test_a_warning_is_logged_for_each_connection(reader: Reader, vendor: Vendor, status: Any, words: str) -> None:  # noqa: ANN401 - a knob
    vendor.sandbox.behaviour.sync_status = status
    outcome = reader.read(vendor, *STREAMS)

    warnings = [line for line in outcome.logged("WARNING") if words in line]
    assert len(warnings) == len(NAMES)
    assert all(any(name in line for line in warnings) for name in NAMES)


def test_the_stream_connections_has_a_record_for_each(reader: Reader, vendor: Vendor) -> None:
    outcome = reader.read(vendor, "connections")

    records = {row["record"]["_makini_connection"]: row["record"] for row in outcome.of("RECORD", "connections")}
    assert set(records) == set(NAMES)
    assert {row["sync_status"] for row in records.values()} == {"fulldone"}
    assert set(vendor.requests().values()) == {1}
