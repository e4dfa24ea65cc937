from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from tap_makini.connections.freshness import Integration
from tap_makini.pagination.paginator import Batch, Outcome, Row
from tap_makini.sync.bookmark import Bookmark, read_bookmark
from tap_makini.sync.partition import Partition, StartRule
from tap_makini.sync.state import State

if TYPE_CHECKING:
    from tap_makini.connections.connection import Connection
    from tap_makini.streams import MakiniStream

KEY = "updatedAt"
LONG_AGO = datetime(2020, 1, 1, tzinfo=timezone.utc)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
UNKNOWN = Integration()


@dataclass
class StubConnection:
    """A connection that is its own client, whose records are conformed already."""

    name: str | None = None
    label: str | None = None
    integration: Integration = UNKNOWN
    clock_skew: timedelta = timedelta(0)
    echoed: bytes | None = None

    @property
    def client(self) -> StubConnection:
        return self


@dataclass
class StubStream:
    """A stream that keeps records as they are."""

    name: str = "assets"
    filter_key: str | None = KEY
    is_mapped: bool = False
    conformed: list[bytes] = field(default_factory=list)

    def conformer(self, _: str | None) -> Any:  # noqa: ANN401 - a stand-in
        return SimpleNamespace(record=bytes)


def partition(
    state: State, connection: StubConnection | None = None, start: StartRule | None = None, key: str | None = KEY
) -> Partition:
    """Begin to read a stream."""
    stream = cast("MakiniStream", StubStream(filter_key=key))
    begun = Partition(stream, cast("Connection", connection or StubConnection()), state, None, start or StartRule())
    begun.begin(key)
    return begun


def take(into: Partition, batch: Batch) -> list[bytes]:
    """Have a partition take a batch, and write what it delivers."""
    lines: list[bytes] = []
    for delivery in into.take(batch.rows, batch, Outcome()):
        lines += delivery.lines
        if delivery.once_written is not None:
            delivery.once_written()
    return lines


def finish(of: Partition, outcome: Outcome) -> None:
    for delivery in of.finish(outcome):
        if delivery.once_written is not None:
            delivery.once_written()


def again(state: State) -> State:
    return State(json.loads(json.dumps(state.value)))


def entry_of(state: State, stream: str = "assets") -> Bookmark:
    return read_bookmark(state.value["bookmarks"][stream], KEY, datetime.now(timezone.utc))


def rows(*days: int | None) -> list[Row]:
    return [Row(b'{"key":"%d"}' % n, None if day is None else LONG_AGO + day * DAY) for n, day in enumerate(days)]


def test_a_batch_becomes_lines_and_its_progress_is_kept_once_they_are_written() -> None:
    state = State({})
    reader = partition(state)
    batch = Batch(rows(1, 2), LONG_AGO + 2 * DAY)
    [delivery] = reader.take(batch.rows, batch, Outcome(expected=9))

    assert [json.loads(line)["record"] for line in delivery.lines] == [{"key": "0"}, {"key": "1"}]
    assert (delivery.records, reader.expected) == (2, 9)
    assert not state.value
    assert delivery.once_written is not None
    delivery.once_written()
    assert partition(again(state)).start_value == LONG_AGO + 2 * DAY
    assert entry_of(state).value is None


@pytest.mark.parametrize(
    ("start", "value", "expected"),
    [
        (StartRule(), None, None),
        (StartRule(LONG_AGO, HOUR), None, LONG_AGO),
        (StartRule(None, HOUR), LONG_AGO, LONG_AGO - HOUR),
        (StartRule(LONG_AGO + DAY, HOUR), LONG_AGO, LONG_AGO - HOUR),
    ],
)
def test_reading_starts_before_the_bookmark_or_at_the_start_date(
    start: StartRule, value: datetime | None, expected: datetime | None
) -> None:
    state = State({"bookmarks": {"assets": Bookmark(KEY, value).to_state()}})

    assert partition(state, start=start).start_value == expected
    assert partition(state, start=start, key=None).start_value is None


def test_the_state_of_other_streams_and_other_programs_stays() -> None:
    others = {"x": [1], "bookmarks": {"sites": {"replication_key": "createdAt"}, "gone": {"strange": True}}}
    state = State(json.loads(json.dumps(others)))
    finish(partition(state), Outcome(latest=LONG_AGO))

    assert entry_of(state) == Bookmark(KEY, LONG_AGO)
    del state.value["bookmarks"]["assets"]
    assert state.value == others


def test_an_unusable_bookmark_logs_a_warning_and_counts_as_none(caplog: pytest.LogCaptureFixture) -> None:
    state = State({"bookmarks": {"assets": {"replication_key_value": "2099-01-01"}}})

    assert partition(state, start=StartRule(LONG_AGO, DAY)).start_value == LONG_AGO
    assert "assets" in caplog.text
    assert "future" in caplog.text


@pytest.mark.parametrize(("skew", "most"), [(-7 * HOUR, -6 * HOUR), (7 * HOUR, 0 * HOUR)], ids=["behind", "ahead"])
def test_a_bookmark_does_not_pass_the_earlier_of_the_servers_and_this_machines_clock(
    skew: timedelta, most: timedelta
) -> None:
    state = State({})
    finish(partition(state, StubConnection(clock_skew=skew)), Outcome(latest=datetime.now(timezone.utc) + DAY))
    value = entry_of(state).value

    assert value is not None
    assert value <= datetime.now(timezone.utc) + most


def test_a_sync_that_may_have_missed_records_logs_a_warning_and_moves_no_bookmark(
    caplog: pytest.LogCaptureFixture,
) -> None:
    state = State({"bookmarks": {"assets": Bookmark(KEY, LONG_AGO).to_state()}})
    reader = partition(state)
    take(reader, Batch(rows(1), LONG_AGO + DAY))
    finish(reader, Outcome(latest=LONG_AGO + 2 * DAY, is_all_incomplete=True))

    assert entry_of(state) == Bookmark(KEY, LONG_AGO)
    assert "slipped through: the next run starts where this one did." in caplog.text


def test_a_sync_that_is_incomplete_from_a_timestamp_moves_the_bookmark_up_to_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    state = State({})
    outcome = Outcome(latest=LONG_AGO + 2 * DAY)
    for days in (1, 0, 1):
        outcome.mark_incomplete(LONG_AGO + days * DAY)
    finish(partition(state), outcome)

    assert entry_of(state) == Bookmark(KEY, LONG_AGO)
    assert "the next run starts at 2020-01-01T00:00:00.000000Z." in caplog.text


@pytest.mark.parametrize("was_interrupted", [True, False])
def test_what_was_reached_before_does_not_count_once_it_is_withdrawn(was_interrupted: bool) -> None:  # noqa: FBT001 - a parameter
    before = Bookmark(KEY, LONG_AGO)
    before = before.interrupted(LONG_AGO + DAY, LONG_AGO + DAY) if was_interrupted else before
    state = State({"bookmarks": {"assets": before.to_state()}})
    reader = partition(state)
    take(reader, Batch([], voids_reached=True))
    assert entry_of(state) == Bookmark(KEY, LONG_AGO)
    finish(reader, Outcome(latest=LONG_AGO + 3 * DAY))

    # a resumed sync has not read what the interrupted one relied on
    assert entry_of(state) == Bookmark(KEY, LONG_AGO if was_interrupted else LONG_AGO + 3 * DAY)


def test_the_state_says_that_a_full_table_has_delivered_records() -> None:
    state = State({})
    finish(partition(state, key=None), Outcome())
    assert not state.value
    finish(partition(state, key=None), Outcome(count=1))

    assert state.value == {"bookmarks": {"assets": {"delivered": True}}}
    assert partition(again(state), key=None).has_delivered
