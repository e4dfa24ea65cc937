"""Each failure of a server hits another stream of one run: one that passes costs nothing, one that lasts is named."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from makini_sandbox import Behaviour, Fault, Sandbox

from .harness import Files, Outcome, held_keys, stream_of

if TYPE_CHECKING:
    from collections.abc import Iterator

ROWS = 25
SETTINGS = {"page_size": 10, "request_timeout_seconds": 1, "max_wait_seconds": 3}

FAILURES: dict[str, tuple[Fault, str]] = {
    "accounts": (Fault("status", status=408), r"the server answered 408 \(HTTP_408: A fault was asked for\.\)"),
    "assets": (Fault("status", status=425), "the server answered 425"),
    "companies": (Fault("status", status=500), "the server answered 500"),
    "customers": (Fault("status", status=502), "the server answered 502"),
    "fulfillments": (Fault("status", status=503), "the server answered 503"),
    "groups": (Fault("status", status=504), "the server answered 504"),
    "inventories": (Fault("status", status=429), "the server answered 429"),
    "invoices": (Fault("reset"), "the response was cut off"),
    "labors": (Fault("timeout"), "no response within request_timeout_seconds"),
    "locations": (Fault("cut"), "the response was cut off"),
    "meters": (Fault("cut_chunked"), "the response was cut off"),
    "products": (Fault("not_json"), "expected an object with the list 'data'"),
    "projects": (Fault("truncated_json"), "expected an object with the list 'data'"),
    "receipts": (Fault("html_200"), "the body is an HTML page"),
    "receiving": (Fault("data_null"), r"an object with 'data' \(null\)"),
    "rfq": (Fault("data_missing"), "expected an object with the list 'data'"),
    "stocks": (Fault("data_object"), "expected an object with the list 'data'"),
    "storerooms": (Fault("meta_missing"), "'meta' is missing"),
    "teams": (Fault("meta_last_page_zero"), "'last_page' is 0"),
    "users": (Fault("meta_wrong_page"), r"received page \d instead of page \d"),
    "taxes": (Fault("empty_page"), r"page \d of \d is empty"),
    "vendors": (Fault("same_page_twice"), ""),
    "organizations": (Fault("meta_total_shrinks"), "'total' is|'last_page' is 1"),
}
HEALTHY = "bom", "documents", "work-orders"
SEEN = [slug for slug in FAILURES if slug != "vendors"]
"""Other pages make up for one that comes twice, or contradict it first."""
EVERY_SLUG = [*FAILURES, *HEALTHY]


@dataclass(frozen=True)
class Read:
    """A run in which each stream but the healthy ones meets its failure, and the next run, without failures."""

    sandbox: Sandbox
    outcome: Outcome
    next_outcome: Outcome


def read_with_failures(files: Files, *, way: str, times: int | None) -> Iterator[Read]:
    """Have each failure come when the first records are already written."""
    nth = {"INCREMENTAL": 4, "FULL_TABLE": 2}[way]
    faults = [replace(fault, slug=slug, nth=nth, times=times) for slug, (fault, _) in FAILURES.items()]
    sizes = dict.fromkeys(EVERY_SLUG, ROWS)
    with Sandbox(sizes=sizes, behaviour=Behaviour(quirks=False, faults=faults)) as sandbox:
        replication = {"replication-method": way}
        streams = [stream_of(slug) for slug in EVERY_SLUG]
        outcome = files.read(sandbox, *streams, replication=replication, waits=False, settings=SETTINGS)
        sandbox.behaviour.faults.clear()
        state = outcome.state
        following = files.read(sandbox, *streams, replication=replication, state=state, settings=SETTINGS)
        yield Read(sandbox, outcome, following)


@pytest.fixture(scope="module", params=["INCREMENTAL", "FULL_TABLE"])
def passing(request: pytest.FixtureRequest, module_files: Files) -> Iterator[Read]:
    yield from read_with_failures(module_files, way=request.param, times=1)


@pytest.fixture(scope="module", params=["INCREMENTAL", "FULL_TABLE"])
def lasting(request: pytest.FixtureRequest, module_files: Files) -> Iterator[Read]:
    yield from read_with_failures(module_files, way=request.param, times=None)


def test_a_run_succeeds_when_all_failures_pass(passing: Read) -> None:
    assert passing.outcome.code == 0
    assert not passing.outcome.logged("ERROR")


@pytest.mark.parametrize("slug", EVERY_SLUG)
def test_nothing_is_missing_after_a_failure_has_passed(passing: Read, slug: str) -> None:
    assert passing.outcome.keys(stream_of(slug)) == held_keys(passing.sandbox, slug)


@pytest.mark.parametrize("slug", SEEN)
def test_a_wait_says_what_it_is_for(passing: Read, slug: str) -> None:
    [line] = [line for line in passing.outcome.logged("WARNING") if f"/{slug} again" in line]
    assert re.search(FAILURES[slug][1], line)


@pytest.mark.parametrize("slug", SEEN)
def test_a_failure_that_lasts_is_reported_with_stream_and_cause(lasting: Read, slug: str) -> None:
    beginning = f"{stream_of(slug)} failed: "
    [line] = [line for line in lasting.outcome.logged("ERROR") if beginning in line]
    assert re.search(FAILURES[slug][1], line)
    assert f"{slug}: " in lasting.outcome.last_line or f"{slug}," in lasting.outcome.last_line


@pytest.mark.parametrize("slug", EVERY_SLUG)
def test_what_is_not_named_as_failed_is_complete(lasting: Read, slug: str) -> None:
    is_complete = lasting.outcome.keys(stream_of(slug)) == held_keys(lasting.sandbox, slug)
    is_named = any(f"Stream {stream_of(slug)} failed" in line for line in lasting.outcome.logged("ERROR"))
    assert is_complete is not is_named
    assert not (is_named and slug in HEALTHY)


def test_the_last_line_names_cause_request_and_remedy(lasting: Read) -> None:
    assert lasting.outcome.code == 3
    last_line = lasting.outcome.last_line
    assert last_line.startswith("Incomplete: accounts: the server answered 408 (HTTP_408: A fault was asked for.)")
    assert "(Makini request id req_" in last_line
    assert "run again later" in last_line
    assert not any(slug in last_line for slug in HEALTHY)


def test_the_next_run_succeeds(lasting: Read) -> None:
    assert lasting.next_outcome.code == 0


@pytest.mark.parametrize("slug", EVERY_SLUG)
def test_the_next_run_completes_what_failed(lasting: Read, slug: str) -> None:
    stream = stream_of(slug)
    arrived = lasting.outcome.keys(stream) | lasting.next_outcome.keys(stream)
    assert arrived == held_keys(lasting.sandbox, slug)
