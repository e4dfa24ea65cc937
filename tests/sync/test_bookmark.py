from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_makini.sync.bookmark import Bookmark, ReadProgress, UnusableBookmarkError, read_bookmark
from tap_makini.sync.partition import StartRule
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


# --- start values -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bookmark", "start_date", "start_value"),
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
def test_reading_starts_where_the_start_rule_and_the_bookmark_say(
    bookmark: Bookmark, start_date: datetime | None, start_value: datetime | None
) -> None:
    assert StartRule(start_date, HOUR).start_value(bookmark) == start_value


# --- moving ----------------------------------------------------------------------------------------


def test_a_completed_read_moves_to_the_latest_timestamp() -> None:
    assert Bookmark(KEY, NOW - DAY).completed(NOW, NOW - HOUR, None) == Bookmark(KEY, NOW - HOUR)


def test_a_bookmark_does_not_move_beyond_the_moment_the_read_began() -> None:
    assert Bookmark(KEY).completed(NOW, NOW + 300 * DAY, None) == Bookmark(KEY, NOW)


def test_a_bookmark_does_not_move_beyond_where_records_may_have_been_missed() -> None:
    assert Bookmark(KEY).completed(NOW, NOW - HOUR, NOW - 2 * HOUR) == Bookmark(KEY, NOW - 2 * HOUR)


def test_a_bookmark_does_not_move_back() -> None:
    assert Bookmark(KEY, NOW).completed(NOW + DAY, NOW - HOUR, None) == Bookmark(KEY, NOW)


def test_a_read_without_records_leaves_the_bookmark_where_it_was() -> None:
    assert Bookmark(KEY, NOW).completed(NOW + DAY, None, None) == Bookmark(KEY, NOW)
    assert Bookmark(KEY).completed(NOW, None, None) == Bookmark(KEY)


def test_a_resumed_read_began_when_the_interrupted_one_did() -> None:
    interrupted = again(Bookmark(KEY, NOW - DAY).interrupted(NOW, NOW - HOUR))

    assert interrupted.completed(NOW + DAY, NOW + HOUR, None) == Bookmark(KEY, NOW)
    assert interrupted.interrupted(NOW + DAY, NOW).progress == ReadProgress(NOW, NOW)


def test_a_resumed_read_without_records_keeps_what_was_reached() -> None:
    interrupted = Bookmark(KEY, NOW - DAY).interrupted(NOW, NOW - HOUR)

    assert interrupted.completed(NOW, None, None) == Bookmark(KEY, NOW - HOUR)


def test_a_read_that_was_given_up_starts_where_it_did() -> None:
    interrupted = Bookmark(KEY, NOW - DAY).interrupted(NOW, NOW - HOUR)

    assert interrupted.abandoned() == Bookmark(KEY, NOW - DAY)


steps = st.one_of(
    st.tuples(st.just("interrupted"), instants),
    st.tuples(st.just("completed"), st.none() | instants, st.none() | instants),
    st.tuples(st.just("abandoned")),
)


@given(bookmarks, st.lists(st.tuples(st.timedeltas(timedelta(0), HOUR), steps)))
def test_over_any_runs_a_bookmark_never_moves_back_nor_beyond_the_start_of_a_read(
    bookmark: Bookmark, history: list[tuple[timedelta, tuple[Any, ...]]]
) -> None:
    now = NOW - DAY
    for elapsed, (step, *seen) in history:
        now += elapsed
        started = bookmark.progress.started if bookmark.progress else now
        before = bookmark
        if step == "interrupted":
            bookmark = bookmark.interrupted(now, *seen)
            assert bookmark.value == before.value
            assert bookmark.progress is not None
            assert bookmark.progress.started == started
            assert before.progress is None or bookmark.reached >= before.progress.reached  # type: ignore[operator]
        elif step == "completed":
            bookmark = bookmark.completed(now, *seen)
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
def test_a_bookmark_is_read_as_it_was_written(bookmark: Bookmark) -> None:
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
def test_the_bookmarks_of_the_sdk_are_read(entry: object, bookmark: Bookmark) -> None:
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
        ({"replication_key_value": "yesterday"}, "replication_key_value is not a date"),
        ({"replication_key_value": 1_735_787_045}, "replication_key_value is not a date"),
        ({"replication_key_value": "2025-06-03T12:00:00Z"}, "replication_key_value is in the future"),
        ({"replication_key": KEY, "progress": "2025-01-02"}, "progress is not an object"),
        ({"replication_key": KEY, "progress": {}}, "started is not a date"),
        ({"replication_key": KEY, "progress": {"started": "2025-01-02"}}, "reached is not a date"),
        ({"replication_key": KEY, "progress": {"started": "2099-01-02", "reached": "2025-01-02"}}, "future"),
    ],
)
def test_an_entry_that_cannot_be_relied_on_is_refused(entry: object, reason: str) -> None:
    with pytest.raises(UnusableBookmarkError, match=reason):
        read_bookmark(entry, KEY, NOW)


@pytest.mark.parametrize("ahead", [2 * MINUTE, HOUR, 23 * HOUR], ids=str)
def test_a_bookmark_of_a_clock_that_was_ahead_is_refused(ahead: timedelta) -> None:
    with pytest.raises(UnusableBookmarkError, match="is in the future"):
        read_bookmark({"replication_key_value": format_timestamp(NOW + ahead)}, KEY, NOW)


def test_clocks_may_differ_a_little_and_records_may_be_dated_in_the_future() -> None:
    soon = {"replication_key_value": format_timestamp(NOW + MINUTE / 2)}
    far = {"progress": {"started": format_timestamp(NOW), "reached": format_timestamp(NOW + 300 * DAY)}}

    assert read_bookmark(soon, KEY, NOW).value == NOW - MINUTE
    assert read_bookmark(far, KEY, NOW).reached == NOW + 300 * DAY


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
