from __future__ import annotations

import json
import logging
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_makini.pagination.list_reader import Outcome
from tap_makini.sync.bookmark import Bookmark, ReadProgress, UnusableBookmarkError, read_bookmark
from tap_makini.sync.state import OpenBookmark, State
from tap_makini.timestamps import format_timestamp, parse_timestamp

KEY = "updatedAt"
NOW = datetime(2025, 6, 1, 12, tzinfo=timezone.utc)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
FOREVER_AGO = datetime(1, 1, 1, tzinfo=timezone.utc)

instants = st.integers(-1_000, 1_000).map(lambda minutes: NOW + timedelta(minutes=minutes))
progresses = st.none() | st.builds(ReadProgress, instants, instants)
bookmarks = st.builds(Bookmark, st.just(KEY), st.none() | instants, progresses)


def again(bookmark: Bookmark) -> Bookmark:
    """Write a bookmark as JSON and read it in the next run."""
    return read_bookmark(json.loads(json.dumps(bookmark.to_state())), KEY, NOW + 2 * DAY)


# --- bounds ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bookmark", "start_date", "bound"),
    [
        (Bookmark(KEY), None, None),
        (Bookmark(KEY), NOW - DAY, NOW - DAY),
        (Bookmark(KEY, NOW), None, NOW - HOUR),
        (Bookmark(KEY, NOW), NOW + DAY, NOW - HOUR),
        (Bookmark(KEY, NOW), NOW - DAY, NOW - HOUR),
        (Bookmark(KEY, NOW - DAY, ReadProgress(NOW, NOW - HOUR)), NOW + DAY, NOW - HOUR),
        (Bookmark(KEY, None, ReadProgress(NOW, NOW - HOUR)), NOW, NOW - HOUR),
        (Bookmark(KEY, FOREVER_AGO), NOW, None),
    ],
)
def test_bound(bookmark: Bookmark, start_date: datetime | None, bound: datetime | None) -> None:
    assert bookmark.bound(start_date, HOUR) == bound


# --- moving ----------------------------------------------------------------------------------------


def test_a_completed_read_moves_to_the_latest_instant() -> None:
    assert Bookmark(KEY, NOW - DAY).completed(NOW, NOW - HOUR, None) == Bookmark(KEY, NOW - HOUR)


def test_it_does_not_move_beyond_the_moment_the_read_began() -> None:
    assert Bookmark(KEY).completed(NOW, NOW + 300 * DAY, None) == Bookmark(KEY, NOW)


def test_it_does_not_move_beyond_where_records_may_have_slipped_through() -> None:
    assert Bookmark(KEY).completed(NOW, NOW - HOUR, NOW - 2 * HOUR) == Bookmark(KEY, NOW - 2 * HOUR)


def test_it_does_not_move_back() -> None:
    assert Bookmark(KEY, NOW).completed(NOW + DAY, NOW - HOUR, None) == Bookmark(KEY, NOW)


def test_a_read_that_saw_nothing_leaves_it_where_it_was() -> None:
    assert Bookmark(KEY, NOW).completed(NOW + DAY, None, None) == Bookmark(KEY, NOW)
    assert Bookmark(KEY).completed(NOW, None, None) == Bookmark(KEY)


def test_a_resumed_read_began_when_the_interrupted_one_did() -> None:
    interrupted = again(Bookmark(KEY, NOW - DAY).interrupted(NOW, NOW - HOUR))
    began = interrupted.started(NOW + DAY)

    assert began == NOW
    assert interrupted.completed(began, NOW + HOUR, None) == Bookmark(KEY, NOW)


def test_a_resumed_read_that_saw_nothing_more_keeps_what_was_reached() -> None:
    interrupted = Bookmark(KEY, NOW - DAY).interrupted(NOW, NOW - HOUR)

    assert interrupted.completed(NOW, None, None) == Bookmark(KEY, NOW - HOUR)


def test_an_abandoned_read_starts_where_it_did() -> None:
    interrupted = Bookmark(KEY, NOW - DAY).interrupted(NOW, NOW - HOUR)

    assert interrupted.abandoned() == Bookmark(KEY, NOW - DAY)


steps = st.one_of(
    st.tuples(st.just("interrupted"), instants),
    st.tuples(st.just("completed"), st.none() | instants, st.none() | instants),
    st.tuples(st.just("abandoned")),
)


@given(bookmarks, st.lists(st.tuples(st.timedeltas(timedelta(0), HOUR), steps)))
def test_over_any_runs_it_never_moves_back_nor_beyond_the_start_of_a_read(
    bookmark: Bookmark, history: list[tuple[timedelta, tuple[Any, ...]]]
) -> None:
    now = NOW - DAY
    for elapsed, (step, *seen) in history:
        now += elapsed
        started = bookmark.started(now)
        before = bookmark
        if step == "interrupted":
            bookmark = bookmark.interrupted(started, *seen)
            assert bookmark.value == before.value
            assert bookmark.started(now + DAY) == started
            assert before.progress is None or bookmark.bound(None, HOUR) >= before.progress.reached  # type: ignore[operator]
        elif step == "completed":
            bookmark = bookmark.completed(started, *seen)
            limit = min(instant for instant in (started, seen[1]) if instant is not None)
            assert bookmark.progress is None
            assert bookmark.value is None or bookmark.value <= max(limit, before.value or limit)
        else:
            bookmark = bookmark.abandoned()
            assert bookmark == Bookmark(KEY, before.value)
        assert before.value is None or (bookmark.value is not None and bookmark.value >= before.value)
        assert again(bookmark) == bookmark


# --- reading what is in the state ------------------------------------------------------------------


@given(bookmarks)
def test_what_is_written_is_read_again(bookmark: Bookmark) -> None:
    assert again(bookmark) == bookmark


@pytest.mark.parametrize("entry", [None, {}])
def test_no_entry_is_no_bookmark(entry: object) -> None:
    assert read_bookmark(entry, KEY, NOW) == Bookmark(KEY)


@pytest.mark.parametrize(
    ("entry", "bookmark"),
    [
        ({"replication_key": KEY, "replication_key_value": "2025-01-02"}, Bookmark(KEY, parse_timestamp("2025-01-02"))),
        ({"replication_key_value": "2025-01-02"}, Bookmark(KEY, parse_timestamp("2025-01-02"))),
        ({"replication_key": KEY}, Bookmark(KEY)),
        (
            {
                "replication_key": KEY,
                "replication_key_value": "2025-01-02T00:00:00+00:00",
                "starting_replication_value": "2025-01-01",
                "progress_markers": {"replication_key": KEY, "replication_key_value": "2025-01-05"},
            },
            Bookmark(KEY, parse_timestamp("2025-01-02")),
        ),
    ],
)
def test_the_sdks_own_form_is_understood(entry: object, bookmark: Bookmark) -> None:
    assert read_bookmark(entry, KEY, NOW) == bookmark


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("2025-01-02", "form"),
        (["2025-01-02"], "form"),
        ({"partitions": []}, "form"),
        ({"replication_key": None, "replication_key_value": "2025-01-02"}, "form"),
        ({"replication_key": 5}, "form"),
        ({"replication_key": "createdAt", "replication_key_value": "2025-01-02"}, "createdAt, not updatedAt"),
        ({"replication_key_value": "yesterday"}, "replication_key_value is no date"),
        ({"replication_key_value": 1_735_787_045}, "replication_key_value is no date"),
        ({"replication_key_value": "2025-06-03T12:00:00Z"}, "replication_key_value lies in the future"),
        ({"replication_key": KEY, "progress": "2025-01-02"}, "progress is damaged"),
        ({"replication_key": KEY, "progress": {}}, "started is no date"),
        ({"replication_key": KEY, "progress": {"started": "2025-01-02"}}, "reached is no date"),
        ({"replication_key": KEY, "progress": {"started": "2099-01-02", "reached": "2025-01-02"}}, "future"),
    ],
)
def test_an_entry_that_cannot_be_relied_on_is_refused(entry: object, reason: str) -> None:
    with pytest.raises(UnusableBookmarkError, match=reason):
        read_bookmark(entry, KEY, NOW)


@pytest.mark.parametrize("ahead", [2 * MINUTE, HOUR, 23 * HOUR], ids=str)
def test_a_bookmark_of_a_clock_that_was_ahead_is_refused(ahead: timedelta) -> None:
    with pytest.raises(UnusableBookmarkError, match="lies in the future"):
        read_bookmark({"replication_key_value": format_timestamp(NOW + ahead)}, KEY, NOW)


def test_clocks_may_differ_a_little_and_records_may_be_dated_in_the_future() -> None:
    soon = {"replication_key_value": format_timestamp(NOW + MINUTE / 2)}
    far = {"progress": {"started": format_timestamp(NOW), "reached": format_timestamp(NOW + 300 * DAY)}}

    assert read_bookmark(soon, KEY, NOW).value == NOW - MINUTE
    assert read_bookmark(far, KEY, NOW).bound(None, HOUR) == NOW + 300 * DAY


members = st.sampled_from(["replication_key", "replication_key_value", "progress", "started", "reached", "partitions"])
entries = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from([KEY, "2025-01-02", "2099-01-02"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(members, inner),
    max_leaves=8,
)


@given(entries)
def test_any_entry_is_a_bookmark_or_refused(entry: object) -> None:
    try:
        bookmark = read_bookmark(entry, KEY, NOW)
    except UnusableBookmarkError:
        return
    assert again(bookmark) == bookmark


# --- the state of a run ----------------------------------------------------------------------------

LONG_AGO = datetime(2020, 1, 1, tzinfo=timezone.utc)
IN_SYNC = timedelta(0)


def assets_of(state: State) -> OpenBookmark:
    return state.open("assets", KEY)


def entry_of(state: State, stream: str = "assets") -> Bookmark:
    return read_bookmark(state.value["bookmarks"][stream], KEY, datetime.now(timezone.utc))


def test_other_streams_and_what_others_have_put_there_stay() -> None:
    others = {"x": [1], "bookmarks": {"sites": {"replication_key": "createdAt"}, "gone": {"strange": True}}}
    state = State(json.loads(json.dumps(others)))
    assets_of(state).complete(Outcome(latest=LONG_AGO), IN_SYNC)

    assert entry_of(state) == Bookmark(KEY, LONG_AGO)
    del state.value["bookmarks"]["assets"]
    assert state.value == others


def test_an_unusable_bookmark_is_reported_and_the_stream_read_anew(caplog: pytest.LogCaptureFixture) -> None:
    state = State({"bookmarks": {"assets": {"replication_key_value": "2099-01-01"}}})

    with caplog.at_level(logging.WARNING):
        bound = assets_of(state).bound(LONG_AGO, DAY)

    assert bound == LONG_AGO
    assert "assets" in caplog.text
    assert "future" in caplog.text


def test_what_is_reached_is_in_the_state_at_once() -> None:
    state = State({})
    bookmark = assets_of(state)
    bookmark.reach(LONG_AGO, IN_SYNC)
    resumed = assets_of(State(json.loads(json.dumps(state.value))))

    assert entry_of(state).value is None
    assert resumed.bound(LONG_AGO - DAY, DAY) == LONG_AGO


def test_a_server_whose_clock_is_behind_holds_the_bookmark() -> None:
    state = State({})
    future = datetime.now(timezone.utc) + DAY
    assets_of(state).complete(Outcome(latest=future), -7 * HOUR)
    value = entry_of(state).value

    assert value is not None
    assert value < datetime.now(timezone.utc) - 6 * HOUR


def test_a_server_whose_clock_is_ahead_does_not_move_the_bookmark_into_the_future() -> None:
    state = State({})
    future = datetime.now(timezone.utc) + DAY
    assets_of(state).complete(Outcome(latest=future), 7 * HOUR)
    value = entry_of(state).value

    assert value is not None
    assert value <= datetime.now(timezone.utc)


def test_an_unsettled_read_moves_nothing_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    state = State({"bookmarks": {"assets": Bookmark(KEY, LONG_AGO).to_state()}})
    bookmark = assets_of(state)
    bookmark.reach(LONG_AGO + DAY, IN_SYNC)
    bookmark.complete(Outcome(latest=LONG_AGO + 2 * DAY, is_unsettled=True), IN_SYNC)

    assert entry_of(state) == Bookmark(KEY, LONG_AGO)
    assert "slipped through" in caplog.text


def test_a_read_that_is_unsettled_from_somewhere_moves_up_to_there() -> None:
    state = State({})
    outcome = Outcome(latest=LONG_AGO + 2 * DAY)
    outcome.unsettle(LONG_AGO + DAY)
    outcome.unsettle(LONG_AGO)
    outcome.unsettle(LONG_AGO + DAY)
    assets_of(state).complete(outcome, IN_SYNC)

    assert entry_of(state) == Bookmark(KEY, LONG_AGO)
