"""The state of several connections: each one's bookmarks are its own, small in all, and none is lost."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_makini.sync.bookmark import Bookmark
from tap_makini.sync.state import State
from tap_makini.sync.writer import LineWriter

if TYPE_CHECKING:
    from pathlib import Path

KEY = "updatedAt"
LONG_AGO = datetime(2020, 1, 1, tzinfo=timezone.utc)
DAY = timedelta(days=1)
NOW = datetime.now(timezone.utc)


def read(state: State, connection: str | None, latest: datetime, stream: str = "assets") -> None:
    """Have a stream of a connection read to its end."""
    state.keep(stream, connection, state.bookmark(stream, KEY, connection).completed(NOW, latest, None))


def start_value(state: State, connection: str | None, stream: str = "assets", key: str = KEY) -> datetime | None:
    """Return the instant from which a stream would be read."""
    return state.bookmark(stream, key, connection).reached


def again(state: State) -> State:
    """Take a state through the target and into the next run."""
    return State(json.loads(json.dumps(state.value)))


# --- each its own ----------------------------------------------------------------------------------


def test_connections_have_bookmarks_of_their_own() -> None:
    state = State({})
    read(state, "acme", LONG_AGO)
    state.keep("assets", "zeta", Bookmark(KEY).interrupted(NOW, LONG_AGO + DAY))
    state = again(state)

    assert start_value(state, "acme") == LONG_AGO
    assert start_value(state, "zeta") == LONG_AGO + DAY
    assert start_value(state, "other") is None
    assert start_value(state, "acme", "sites") is None


def test_named_connections_have_their_bookmarks_in_the_entry_of_the_stream() -> None:
    state = State({})
    read(state, "acme", LONG_AGO)
    read(state, "zeta", LONG_AGO + DAY)

    assert state.value["bookmarks"]["assets"] == {
        "replication_key": KEY,
        "connections": {
            "acme": {"replication_key_value": "2020-01-01T00:00:00.000000Z"},
            "zeta": {"replication_key_value": "2020-01-02T00:00:00.000000Z"},
        },
    }


@pytest.mark.parametrize("name", ["", "replication_key", "connections", "a/b", "ünï", "0", "progress"])
def test_a_connection_may_have_any_name(name: str) -> None:
    state = State({})
    read(state, name, LONG_AGO)
    read(state, "other", LONG_AGO + DAY)

    assert start_value(again(state), name) == LONG_AGO
    assert start_value(again(state), "other") == LONG_AGO + DAY


def test_a_bookmark_of_another_replication_key_counts_as_none(
    caplog: pytest.LogCaptureFixture,
) -> None:
    state = State({})
    read(state, "acme", LONG_AGO)
    with caplog.at_level(logging.WARNING):
        assert start_value(state, "acme", key="createdAt") is None
    [warning] = caplog.messages
    ignored = "Stream acme/assets: the bookmark is ignored, because its replication key is updatedAt, not createdAt. "
    assert warning.startswith(ignored)
    state.keep("assets", "zeta", Bookmark("createdAt").completed(NOW, LONG_AGO + DAY, None))
    state = again(state)

    assert start_value(state, "zeta", key="createdAt") == LONG_AGO + DAY
    assert start_value(state, "acme", key="createdAt") is None


# --- between one token and several -----------------------------------------------------------------


def test_a_state_of_one_connection_stays_beside_those_of_named_ones() -> None:
    state = State({})
    read(state, None, LONG_AGO)
    state = again(state)
    read(state, "acme", LONG_AGO + DAY)
    state = again(state)

    assert start_value(state, None) == LONG_AGO
    assert start_value(state, "acme") == LONG_AGO + DAY
    read(state, None, LONG_AGO + 2 * DAY)
    state = again(state)

    assert start_value(state, None) == LONG_AGO + 2 * DAY
    assert start_value(state, "acme") == LONG_AGO + DAY


def test_an_unnamed_connection_does_not_use_the_bookmarks_of_named_ones(caplog: pytest.LogCaptureFixture) -> None:
    state = State({})
    read(state, "acme", LONG_AGO)

    with caplog.at_level(logging.WARNING):
        assert start_value(again(state), None) is None
    assert not caplog.messages


NAMES = st.sampled_from([None, "", "acme", "zeta"])
STREAMS = st.sampled_from(["assets", "sites"])
STEPS = st.lists(st.tuples(NAMES, STREAMS, st.sampled_from(["complete", "reach", "pass on"]), st.integers(0, 999)))


@given(STEPS)
def test_whatever_is_read_in_whatever_order_no_bookmark_moves_but_its_own(
    steps: list[tuple[str | None, str, str, int]],
) -> None:
    state = State({"bookmarks": {"gone": {"replication_key": KEY}}, "others": 1})
    model: dict[tuple[str, str | None], Bookmark] = {}
    for connection, stream, step, days in steps:
        instant = LONG_AGO + days * DAY
        place = stream, connection
        bookmark = state.bookmark(stream, KEY, connection)
        known = model.get(place, Bookmark(KEY))
        started = LONG_AGO + 1_000 * DAY
        assert bookmark == known
        if step == "complete":
            state.keep(stream, connection, bookmark.completed(started, instant, None))
            model[place] = known.completed(started, instant, None)
        elif step == "reach":
            state.keep(stream, connection, bookmark.interrupted(started, instant))
            model[place] = known.interrupted(started, instant)
        else:
            state = again(state)
        for (at_stream, at_connection), expected in model.items():
            assert start_value(state, at_connection, at_stream) == expected.reached

    assert state.value["others"] == 1
    assert state.value["bookmarks"]["gone"] == {"replication_key": KEY}


entries = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from([KEY, "2020-01-01"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["replication_key", "replication_key_value", "connections", "acme", "progress"]), inner
        )
    ),
    max_leaves=8,
)


@given(entries, NAMES)
def test_any_entry_can_be_read_and_overwritten(entry: object, connection: str | None) -> None:
    state = State({"bookmarks": {"assets": entry}})
    bookmark = state.bookmark("assets", KEY, connection)
    state.keep("assets", connection, bookmark.interrupted(NOW, LONG_AGO))
    first = start_value(state, connection)

    assert first is not None
    assert first >= LONG_AGO
    assert start_value(again(state), connection) == first


# --- bookmarks belong to names ---------------------------------------------------------------------


def known_as(state: State, connection: str | None, identity: str, stream: str = "assets") -> datetime | None:
    """Return the instant from which a connection that Makini calls so would be read."""
    return state.bookmark(stream, KEY, connection, identity).reached


def state_of(connection: str | None) -> State:
    """Return the state of a run that has read one connection, which Makini calls c-1, to its end."""
    state = State({})
    state.note_identity(connection, "c-1")
    read(state, connection, LONG_AGO)
    state.note_complete(connection, LONG_AGO, "all")
    state.note_reconciled("assets", connection, LONG_AGO)
    return again(state)


@pytest.mark.parametrize(
    ("before", "after", "warning"),
    [
        (None, "acme", "Connection 'acme' was read without a name before: it is read in full under its new name."),
        ("acme", None, "The connection was called 'acme' before: it is read in full without a name."),
        (
            "acme",
            "Acme Ltd.",
            "Connection 'Acme Ltd.' was called 'acme' before: it is read in full under its new name.",
        ),
    ],
)
def test_a_connection_under_a_new_name_is_read_in_full(
    before: str | None, after: str | None, warning: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Its name is part of the key of each row: the table would have no history under the new one."""
    state = state_of(before)

    assert known_as(state, after, "c-1") is None
    assert known_as(state, before, "c-1") == LONG_AGO
    assert not state.is_unsynced(after, LONG_AGO, "all", "c-1")
    assert not state.is_reconciled("assets", after, LONG_AGO)
    for _ in range(3):  # once for each stream
        state.note_identity(after, "c-1")
    [message] = caplog.messages
    assert message.startswith(warning)
    whose = "from before" if before is None else f"of '{before}'"
    assert message.endswith(
        f". Rows {whose} stay in the tables; docs/connections.md says how to remove or rename them."
    )

    read(state, after, LONG_AGO + DAY)
    state = again(state)
    state.note_identity(after, "c-1")
    assert known_as(state, after, "c-1") == LONG_AGO + DAY
    assert known_as(state, before, "c-1") == LONG_AGO
    assert len(caplog.messages) == 1


def test_a_state_whose_names_were_changed_by_hand_keeps_its_bookmarks(caplog: pytest.LogCaptureFixture) -> None:
    """As docs/connections.md says how to."""
    state = State(json.loads(json.dumps(state_of("acme").value).replace('"acme"', '"north"')))
    state.note_identity("north", "c-1")

    assert known_as(state, "north", "c-1") == LONG_AGO
    assert state.is_unsynced("north", LONG_AGO, "all", "c-1")
    assert state.is_reconciled("assets", "north", LONG_AGO)
    assert not caplog.messages


def test_another_connection_with_the_same_name_uses_nothing_from_the_state(caplog: pytest.LogCaptureFixture) -> None:
    state = state_of("acme")

    assert known_as(state, "acme", "c-2") is None
    assert not state.is_unsynced("acme", LONG_AGO, "all", "c-2")
    state.note_identity("acme", "c-2")
    assert not state.is_reconciled("assets", "acme", LONG_AGO)
    assert known_as(again(state), "acme", "c-2") is None
    assert not caplog.messages


def test_connections_that_swap_their_names_are_both_read_in_full(caplog: pytest.LogCaptureFixture) -> None:
    state = State({})
    for name, identity in (("acme", "c-1"), ("zeta", "c-2")):
        state.note_identity(name, identity)
        read(state, name, LONG_AGO)
    state = again(state)

    for name, identity in (("acme", "c-2"), ("zeta", "c-1")):
        state.note_identity(name, identity)
        assert known_as(state, name, identity) is None
    assert [message.partition(":")[0] for message in caplog.messages] == [
        "Connection 'acme' was called 'zeta' before",
        "Connection 'zeta' was called 'acme' before",
    ]


@pytest.mark.parametrize("known", [None, "c-1", ["c-1"], {"acme": "c-1"}, {"acme": {"id": ["c-1"]}}, {"acme": None}])
def test_an_entry_of_another_form_in_the_place_of_connections_is_ignored(known: object) -> None:
    state = State({"connections": known})

    assert known_as(state, "zeta", "c-1") is None
    state.note_identity("zeta", "c-1")
    read(state, "zeta", LONG_AGO)
    assert known_as(again(state), "zeta", "c-1") == LONG_AGO


# --- size ------------------------------------------------------------------------------------------


def filled(connections: int, streams: int) -> State:
    state = State({})
    for connection in range(connections):
        for stream in range(streams):
            read(state, f"connection-{connection:03}", LONG_AGO, f"stream_{stream:02}")
    return state


def size(state: State) -> int:
    return len(json.dumps(state.value))


def test_the_size_of_a_state_is_linear_in_the_number_of_bookmarks() -> None:
    few, many = size(filled(20, 61)), size(filled(40, 61))

    assert many < 2 * few
    assert few / (20 * 61) < 100  # bytes a bookmark


def test_a_state_of_many_connections_does_not_outweigh_the_records(tmp_path: Path) -> None:
    state = filled(40, 61)
    lines = [b'{"type":"RECORD"}\n'] * 10
    with (tmp_path / "output").open("wb") as file:
        writer = LineWriter(file.fileno())
        for day in range(2_000):
            writer.write_lines(lines)
            read(state, f"connection-{day % 40:03}", LONG_AGO + day * DAY, "stream_00")
            writer.write_state(state.value, may_wait=True)
        writer.write_state(state.value)
    written = (tmp_path / "output").read_bytes().splitlines(keepends=True)
    states = sum(len(line) for line in written if b'"STATE"' in line)
    records = sum(map(len, lines)) * 2_000

    assert json.loads(written[-1])["value"] == state.value
    assert sum(map(len, written)) == states + records
    assert states < records + 2.1 * size(state)  # one at the start, one at the end
