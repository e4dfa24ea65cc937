"""When a list is reconciled, what it costs, and that no list is that may have been read incompletely."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from makini_sandbox import Fault
from tap_makini.sync.state import State

from .reconciling import DAILY, KEYS, MORNING, RECONCILIATIONS, RECONCILING, STREAM, Database, source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli.harness import Outcome

    from makini_sandbox import Sandbox

SIZES = {STREAM: 40}
ALL = (STREAM, *RECONCILING)
NOW = datetime.now(timezone.utc)
MIXES = [
    *({}, {"undated_rows": 20}, {"undated_rows": 20, "nulls_sort": "last"}, {"undated_rows": 20, "null_dates": "kept"}),
    *(
        {"filter": "ignored"},
        {"filter": "refused"},
        {"order": "ignored"},
        {"order": "newest_first"},
        {"deleted": "hidden"},
    ),
]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with source(SIZES) as served:
        yield served


@pytest.fixture
def database(sandbox: Sandbox) -> Iterator[Database]:
    with Database(sandbox) as loaded:
        yield loaded


def keys_sent(outcome: Outcome) -> set[str]:
    """Return the keys that a run has sent."""
    return {message["record"]["key"] for message in outcome.of("RECORD", KEYS)}


@pytest.mark.parametrize("behaviour", MIXES, ids=str)
def test_all_keys_are_sent_without_additional_requests(behaviour: dict[str, Any]) -> None:
    with source(SIZES, **behaviour) as sandbox, Database(sandbox) as database, Database(sandbox) as plain:
        plain.load(STREAM, page_size=DAILY["page_size"])
        first = database.load(*ALL, **DAILY)
        assert database.requests == plain.requests
        bookmark = database.state["bookmarks"][STREAM]
        database.make_due()
        due = database.load(*ALL, **DAILY)
        assert database.requests == plain.requests
        listed = sandbox.store.rows(STREAM)
    if behaviour.get("deleted") == "hidden":
        listed = [row for row in listed if not row["deletedAt"]]
    assert keys_sent(first) == keys_sent(due) == {row["key"] for row in listed}
    assert len(first.of("RECORD", RECONCILIATIONS)) == len(due.of("RECORD", RECONCILIATIONS)) == 1
    assert database.state["bookmarks"][STREAM] == bookmark


def test_a_due_run_sends_only_the_records_beyond_the_bookmark(sandbox: Sandbox, database: Database) -> None:
    database.load(*ALL, **DAILY)
    usual = database.load(*ALL, **DAILY)
    assert len(database.requests) == 1
    assert not keys_sent(usual)
    assert not usual.of("RECORD", RECONCILIATIONS)
    new = sandbox.store.insert(STREAM, updatedAt=MORNING)
    database.make_due()
    due = database.load(*ALL, **DAILY)
    assert due.keys(STREAM) - usual.keys(STREAM) == {new}
    assert len(due.of("RECORD", STREAM)) < 5
    assert keys_sent(due) == set(sandbox.store.keys(STREAM))


def test_a_stream_is_reconciled_again_when_the_days_have_passed() -> None:
    state = State({"bookmarks": {}})
    state.note_reconciled(STREAM, None, NOW - timedelta(days=3))
    assert state.is_reconciled(STREAM, None, NOW - timedelta(days=4))
    assert not state.is_reconciled(STREAM, None, NOW - timedelta(days=2))
    assert not state.is_reconciled(STREAM, "acme", NOW - timedelta(days=4))
    assert not state.is_reconciled("assets", None, NOW - timedelta(days=4))


def test_a_state_of_reconciliations_alone_is_a_singer_state() -> None:
    state = State({})
    state.note_reconciled(STREAM, None, NOW)
    assert state.value["bookmarks"] == {}


@pytest.mark.parametrize("said", [None, 7, "never", "2999-01-01T00:00:00Z", {}, []])
def test_a_reconciliation_time_of_another_form_is_ignored(database: Database, said: object) -> None:
    for reconciled in (said, {STREAM: said}, {STREAM: {"": said}}):
        database.state = {"bookmarks": {}, "reconciled": reconciled}
        outcome = database.load(*ALL, **DAILY)
        assert len(outcome.of("RECORD", RECONCILIATIONS)) == 1


@pytest.mark.parametrize("nth", [1, 4])
def test_an_incomplete_read_sends_no_reconciliation_and_moves_no_bookmark_back(
    sandbox: Sandbox, database: Database, nth: int
) -> None:
    database.load(*ALL, **DAILY)
    bookmark = database.state["bookmarks"][STREAM]
    database.make_due()
    due = dict(database.state["reconciled"])
    sandbox.behaviour.faults = [Fault("status", slug=STREAM, nth=nth, times=None)]
    outcome = database.load(*ALL, **DAILY)
    assert outcome.code == 3
    assert not outcome.of("RECORD", RECONCILIATIONS)
    assert database.state["bookmarks"][STREAM]["replication_key_value"] == bookmark["replication_key_value"]
    assert database.state["reconciled"] == due
    sandbox.behaviour.faults.clear()
    again = database.load(*ALL, **DAILY)
    assert keys_sent(again) == set(sandbox.store.keys(STREAM))
    assert len(again.of("RECORD", RECONCILIATIONS)) == 1
    assert database.state["bookmarks"][STREAM]["replication_key_value"] >= bookmark["replication_key_value"]


@pytest.mark.parametrize("overlaps", [True, False])
def test_a_list_that_changes_meanwhile_is_reconciled_only_if_no_record_can_have_been_missed(
    sandbox: Sandbox,
    database: Database,
    caplog: pytest.LogCaptureFixture,
    overlaps: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    sandbox.behaviour.merge({"order": "ignored", "default_page_size": 10, "page_size_ignored": not overlaps})
    lasting = set(sandbox.store.keys(STREAM))

    def change(sandbox: Sandbox, _: object) -> None:
        first = sandbox.store.keys(STREAM)[0]
        sandbox.store.remove(STREAM, first)
        lasting.discard(first)
        sandbox.store.insert(STREAM, updatedAt=MORNING)

    sandbox.on_request(change)
    outcome = database.load(*ALL, **DAILY)
    assert outcome.code == 0
    if overlaps:
        assert lasting <= keys_sent(outcome)
    assert bool(outcome.of("RECORD", RECONCILIATIONS)) is overlaps
    assert ("reconciled" in database.state) is overlaps
    assert (f"Stream {STREAM} could not be reconciled; the next run tries again." in caplog.text) is not overlaps


def test_a_record_whose_update_time_goes_back_meanwhile_does_not_count_as_deleted(
    sandbox: Sandbox, database: Database
) -> None:
    """It slips through a read by time, as where the source restores a backup."""
    sandbox.behaviour.merge({"max_page_size": 10})
    last = max(sandbox.store.rows(STREAM), key=lambda row: row["updatedAt"])["key"]

    def go_back(sandbox: Sandbox, request: Any) -> None:  # noqa: ANN401 - a recorded request
        if request.number == 5:
            sandbox.store.update(STREAM, last, updatedAt="2001-01-01T00:00:00Z")

    sandbox.on_request(go_back)
    outcome = database.load(*ALL, **DAILY)
    assert last not in keys_sent(outcome)
    assert not outcome.of("RECORD", RECONCILIATIONS)


def test_a_list_that_is_not_offered_is_not_reconciled() -> None:
    with source(SIZES, absent=frozenset({STREAM})) as sandbox, Database(sandbox) as database:
        outcome = database.load(*ALL, "uom", **DAILY)
    assert {message["record"]["stream"] for message in outcome.of("RECORD", RECONCILIATIONS)} == {"uom"}


def test_only_selected_streams_are_reconciled(sandbox: Sandbox, database: Database) -> None:
    database.load("uom", *RECONCILING, **DAILY)
    assert set(database.requests) == {"uom"}
    with Database(sandbox) as other:
        other.load("connections", "purchase_orders__line_items", *RECONCILING, **DAILY)
        assert not other.ask(f"SELECT name FROM sqlite_master WHERE name = '{RECONCILIATIONS}'")  # noqa: S608


@pytest.mark.parametrize("selected", [(STREAM,), (STREAM, KEYS), (STREAM, RECONCILIATIONS)])
def test_a_catalog_without_the_streams_of_reconciliation_logs_a_warning(
    database: Database, caplog: pytest.LogCaptureFixture, selected: tuple[str, ...]
) -> None:
    outcome = database.load(*selected, **DAILY)
    assert outcome.code == 0
    assert {message["stream"] for message in outcome.of("RECORD")} == {STREAM}
    [warning] = [record.message for record in caplog.records if "reconcile_days" in record.message]
    assert "Discover the catalog again" in warning


def test_nothing_is_reconciled_without_the_setting(
    sandbox: Sandbox, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(KeyError):
        database.load(*ALL)
    database.load(STREAM)
    assert "reconciled" not in database.state
    assert "reconcile" not in caplog.text
    assert sandbox.requests
