"""Fifty connections, of which one is revoked, two are gone, one is slow and one may ask only so often."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from cli.harness import Files, stream_of

from .conftest import Reader
from .vendor import Manner, Vendor, named, rows_of, summary

if TYPE_CHECKING:
    from cli.harness import Outcome

SLUGS = ["assets", "sites", "teams", "uom", "users", "vendors", "work-orders"]
NAMES = named(50)
REVOKED, FORBIDDEN, GONE, SLOW, LIMITED = NAMES[7], NAMES[9], NAMES[11], NAMES[13], NAMES[17]
WHOLE = [name for name in NAMES if name not in {REVOKED, FORBIDDEN, GONE}]


@dataclass(frozen=True)
class Run:
    vendor: Vendor
    outcome: Outcome


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, catalog: dict[str, Any]) -> Run:
    manners = {
        REVOKED: Manner(status=401),
        FORBIDDEN: Manner(status=403),
        GONE: Manner(status=404),
        SLOW: Manner(latency=0.1),
        LIMITED: Manner(limit=3, window=1.0),
    }
    reader = Reader(Files(tmp_path_factory.mktemp("fifty"), catalog))
    with Vendor(NAMES, manners=manners) as vendor:
        return Run(vendor, reader.read(vendor, *map(stream_of, SLUGS)))


def test_the_run_is_incomplete_and_says_whose_data_is_missing(run: Run) -> None:
    assert run.outcome.code == 3
    assert f"{REVOKED} (7 streams): the server answered 401" in run.outcome.last_line
    assert f"{FORBIDDEN} (7 streams): Makini offers nothing for the connection" in run.outcome.last_line
    assert f"{GONE} (7 streams): Makini offers nothing for the connection" in run.outcome.last_line


@pytest.mark.parametrize("slug", SLUGS)
def test_the_others_have_each_row_once(run: Run, slug: str) -> None:
    rows = rows_of(run.outcome.of("RECORD", stream_of(slug)))
    assert set(rows) == run.vendor.held(slug, WHOLE)
    assert len(rows) == len(set(rows))


def test_a_failing_connection_costs_few_requests(run: Run) -> None:
    requests = run.vendor.requests()
    assert requests[REVOKED] <= 3
    assert max(requests[FORBIDDEN], requests[GONE]) <= 4
    assert {requests[name] for name in WHOLE if name != LIMITED} == {len(SLUGS) + 1}


def test_after_a_refusal_the_limit_is_kept(run: Run) -> None:
    manner = run.vendor.manners[LIMITED]
    _, *later = [manner.refused[window] for window in sorted(manner.refused)]
    assert later == [1] * len(later)
    assert sum(manner.refused.values()) == run.vendor.requests(429)[LIMITED]
    assert set(run.vendor.requests(429)) == {LIMITED}


def test_a_schema_comes_before_the_first_record(run: Run) -> None:
    announced: set[str] = set()
    for message in run.outcome.messages:
        if message["type"] == "SCHEMA":
            assert message["stream"] not in announced
            assert message["key_properties"][0] == "_makini_connection"
            announced.add(message["stream"])
        assert message["type"] != "RECORD" or message["stream"] in announced


def test_no_state_is_ahead_of_what_is_written(run: Run) -> None:
    written: set[tuple[str, str]] = set()
    for message in run.outcome.messages:
        if message["type"] == "RECORD":
            written.add((message["stream"], message["record"]["_makini_connection"]))
        if message["type"] == "STATE":
            for stream, entry in message["value"].get("bookmarks", {}).items():
                assert {(stream, name) for name in entry.get("connections", {})} <= written


def test_the_state_holds_what_is_complete(run: Run) -> None:
    bookmarks = run.outcome.state["bookmarks"]
    assert set(bookmarks) == {stream_of(slug) for slug in SLUGS}
    assert all(set(entry["connections"]) == set(WHOLE) for entry in bookmarks.values())
    assert all(entry == {"delivered": True} for entry in bookmarks["uom"]["connections"].values())


def test_the_summary_lists_each_stream_of_each_connection(run: Run) -> None:
    results = summary(run.outcome.errors)
    assert len(results) == len(NAMES) * len(SLUGS)
    statuses = Counter((one["connection"] in WHOLE, one["status"]) for one in results)
    assert statuses[True, "complete"] == len(WHOLE) * len(SLUGS)
    assert sum(one["records"] for one in results) == len(run.outcome.of("RECORD"))
    assert sum(one["repeats"] for one in results if one["connection"] == LIMITED) >= 1
    table = run.outcome.logged("INFO")
    assert all(any(line.startswith(name) for line in table) for name in NAMES)
