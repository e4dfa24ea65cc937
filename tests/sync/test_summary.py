from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_makini.errors import CredentialError, MakiniError
from tap_makini.http.client import RequestStats
from tap_makini.sync.summary import Result, Status, Summary, by_cause

BROKEN = MakiniError("the server answered 500", "Run again later.")


def result(stream: str, status: Status = Status.COMPLETE, connection: str | None = None, records: int = 0) -> Result:
    return Result(stream, connection, RequestStats(requests=3, retries=1, waited=2.26), status, records)


def rows(summary: Summary) -> list[list[str]]:
    """Return the table's cells; two spaces at least are between them."""
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in summary.table()]


# --- a result --------------------------------------------------------------------------------------


def test_a_result_is_named_after_its_connection_where_it_has_one() -> None:
    assert result("assets").name == "assets"
    assert result("assets", connection="acme").name == "acme/assets"


def test_a_result_can_be_written_as_json() -> None:
    found = replace(result("assets", Status.FAILED, "acme", 7), drifts=2, error=BROKEN)

    assert json.loads(json.dumps(found.to_dict())) == {
        "connection": "acme",
        "stream": "assets",
        "status": "failed",
        "records": 7,
        "requests": 3,
        "repeats": 1,
        "waited_seconds": 2.3,
        "drifts": 2,
        "error": "the server answered 500. Run again later.",
    }
    assert "error" not in result("assets").to_dict()


def test_results_do_not_share_their_request_stats() -> None:
    first, second = Result("assets", None), Result("sites", None)
    first.request_stats.requests += 1

    assert (first.request_stats.requests, second.request_stats.requests) == (1, 0)


# --- a summary -------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.sampled_from(Status), st.integers(0, 99))))
def test_every_result_is_counted(found: list[tuple[Status, int]]) -> None:
    results = [result(f"s{n}", status, None, records) for n, (status, records) in enumerate(found)]
    summary = Summary(results)

    assert summary.records == sum(records for _, records in found)
    assert [one for status in Status for one in summary.with_status(status)] == sorted(
        results, key=lambda one: list(Status).index(one.status)
    )
    assert summary.with_status(*Status) == results
    assert summary.with_status() == []


def test_a_summary_follows_the_results_it_is_a_view_of() -> None:
    results = {"assets": result("assets", Status.RUNNING)}
    summary = Summary(results.values())
    results["assets"] = complete = result("assets", Status.COMPLETE, records=5)

    assert summary.with_status(Status.COMPLETE) == [complete]
    assert summary.records == 5


# --- the table -------------------------------------------------------------------------------------


def test_the_table_of_one_connection_has_a_line_for_each_stream() -> None:
    summary = Summary([result("assets", records=12_345), result("work_orders", Status.ABSENT)])

    assert rows(summary) == [
        ["stream", "status", "records", "requests", "repeats", "waited s", "drifts"],
        ["assets", "complete", "12,345", "3", "1", "2", "0"],
        ["work_orders", "absent", "0", "3", "1", "2", "0"],
    ]


@pytest.mark.parametrize("name", [None, "acme"])
def test_the_only_connection_needs_no_name_in_the_table(name: str | None) -> None:
    assert rows(Summary([result("assets", connection=name, records=1)]))[1][0] == "assets"


def test_the_table_of_several_connections_has_a_line_for_each() -> None:
    summary = Summary(
        [
            result("assets", connection="acme", records=1_000),
            result("assets", Status.FAILED, "zeta", 1),
            result("sites", connection="acme", records=500),
            result("sites", Status.DROPPED, "zeta"),
            result("teams", Status.DROPPED, "zeta"),
        ]
    )

    assert rows(summary)[1:] == [
        ["acme", "2 complete", "1,500", "6", "2", "5", "0"],
        ["zeta", "2 dropped, 1 failed", "1", "9", "3", "7", "0"],
    ]


def test_columns_are_aligned_with_their_headings() -> None:
    lines = Summary([result("a", records=9), result("work_orders_custom_fields", records=1_234_567)]).table()
    heading = lines[0]

    assert len({len(line) for line in lines}) == 1
    for line, count in zip(lines[1:], ("9", "1,234,567"), strict=True):
        assert line[heading.index("status") :].startswith("complete ")
        assert line.index(count) + len(count) == heading.index("records") + len("records")


def test_names_stay_within_their_column() -> None:
    lines = Summary([result("assets", connection=name) for name in ("acme\n\x1b[2J\ud800", "zeta")]).table()

    assert lines[1].startswith(r"acme\n\x1b[2J\ud800  ")
    assert len({len(line) for line in lines}) == 1


def test_the_table_leaves_out_complete_and_skipped_streams_without_records() -> None:
    shown = [Status.ABSENT, Status.DROPPED, Status.FAILED, Status.RUNNING, Status.WAITING]
    summary = Summary([*(result(status.value, status) for status in Status), result("full", records=1)])

    assert sorted(row[0] for row in rows(summary)[1:]) == sorted(["full", *(status.value for status in shown)])


@pytest.mark.parametrize("results", [[], [result("assets")], [result("assets", Status.SKIPPED)]])
def test_there_is_no_table_without_lines(results: list[Result]) -> None:
    assert Summary(results).table() == []


# --- what failed -----------------------------------------------------------------------------------


def failed(*streams: str, error: MakiniError = BROKEN) -> list[Result]:
    return [replace(result(stream, Status.FAILED), error=error) for stream in streams]


def test_an_error_that_streams_share_is_shown_once() -> None:
    refused = CredentialError("the server answered 401", "Check the token.")
    story = by_cause([*failed("assets"), *failed("sites", error=refused), *failed("teams")])

    assert story == (
        "assets, teams: the server answered 500. Run again later. | sites: the server answered 401. Check the token."
    )


def test_an_error_that_streams_share_shows_the_first_request_id_only() -> None:
    first, second = (MakiniError("the server answered 500", "Run again later.", f"req_{n}") for n in "12")

    assert by_cause([*failed("assets", error=first), *failed("sites", error=second)]) == (
        "assets, sites: the server answered 500 (Makini request id req_1). Run again later."
    )


def test_a_connection_with_several_streams_is_named_once() -> None:
    results = [
        replace(result(stream, Status.DROPPED, name), error=BROKEN)
        for name, stream in (("a", "s"), ("a", "t"), ("b", "s"))
    ]

    assert by_cause(results) == "a (2 streams), b/s: the server answered 500. Run again later."


@pytest.mark.parametrize(("count", "ending"), [(8, "s6, s7"), (9, "s6, s7 and 1 more"), (61, "s6, s7 and 53 more")])
def test_of_many_streams_the_first_are_named(count: int, ending: str) -> None:
    story = by_cause(failed(*(f"s{number}" for number in range(count))))

    assert story.startswith("s0, s1, ")
    assert story.partition(":")[0].endswith(ending)
