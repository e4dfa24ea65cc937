"""Where a run starts: from the state, unless it cannot be relied on, and as the catalog says."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from makini_sandbox import Sandbox

from .harness import Files, held_keys

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.usefixtures("_few_lists")

RECENT = {"lookback_minutes": 0}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(sizes={"accounts": 30}, rows=3) as server:
        yield server


def newest(sandbox: Sandbox, key: str = "updatedAt") -> dict[str, Any]:
    row: dict[str, Any] = max(sandbox.store.rows("accounts"), key=lambda row: row[key])
    return row


def bookmark(**entry: object) -> dict[str, Any]:
    return {"bookmarks": {"accounts": entry}}


def test_the_state_of_a_run_starts_the_next(files: Files, sandbox: Sandbox) -> None:
    first = files.read(sandbox, "accounts", settings=RECENT)
    assert first.keys("accounts") == held_keys(sandbox, "accounts")
    second = files.read(sandbox, "accounts", state=first.state, settings=RECENT)
    assert second.code == 0
    assert second.keys("accounts") == {newest(sandbox)["key"]}
    assert second.state["bookmarks"] == first.state["bookmarks"]


def test_a_bookmark_may_be_written_as_other_taps_write_it(files: Files, sandbox: Sandbox) -> None:
    row = newest(sandbox)
    state = bookmark(replication_key="updatedAt", replication_key_value=row["updatedAt"])
    outcome = files.read(sandbox, "accounts", state=state, settings=RECENT)
    assert outcome.keys("accounts") == {row["key"]}
    assert not outcome.logged("WARNING")


NEXT_MONTH = datetime.now(timezone.utc) + timedelta(days=30)


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (bookmark(replication_key="createdAt", replication_key_value="2024-01-01"), "its replication key is createdAt"),
        (bookmark(replication_key="updatedAt", replication_key_value="yesterday"), "is not a date"),
        (bookmark(replication_key="updatedAt", replication_key_value=NEXT_MONTH.isoformat()), "is in the future"),
        (bookmark(version=7), "its form is unknown to this version"),
        ({"bookmarks": {"accounts": "2024-01-01"}}, "its form is unknown to this version"),
    ],
    ids=["other key", "no date", "future", "form", "text"],
)
def test_a_bookmark_that_cannot_be_relied_on_is_said_to_be_so(
    files: Files, sandbox: Sandbox, entry: dict[str, Any], reason: str
) -> None:
    outcome = files.read(sandbox, "accounts", state=entry, settings=RECENT)
    assert outcome.code == 0
    assert outcome.keys("accounts") == held_keys(sandbox, "accounts")
    [warning] = outcome.logged("WARNING")
    assert warning.startswith("Stream accounts: the bookmark is ignored, because ")
    assert reason in warning


def test_bookmarks_of_streams_that_are_not_read_are_kept(files: Files, sandbox: Sandbox) -> None:
    other = {"replication_key": "updatedAt", "replication_key_value": "2024-01-01T00:00:00Z"}
    outcome = files.read(sandbox, "accounts", state={"bookmarks": {"assets": other}})
    assert outcome.state["bookmarks"]["assets"] == other


def test_a_catalog_may_set_a_stream_to_full_table(files: Files, sandbox: Sandbox) -> None:
    state = bookmark(replication_key="updatedAt", replication_key_value=newest(sandbox)["updatedAt"])
    override = {"replication-method": "FULL_TABLE"}
    outcome = files.read(sandbox, "accounts", state=state, replication=override)
    assert outcome.code == 0
    assert outcome.keys("accounts") == held_keys(sandbox, "accounts")
    assert outcome.state["bookmarks"] == state["bookmarks"]


def test_a_catalog_without_replication_key_leaves_a_stream_its_own(files: Files, sandbox: Sandbox) -> None:
    override = {"replication-method": "INCREMENTAL", "replication-key": None}
    outcome = files.read(sandbox, "accounts", replication=override)
    assert outcome.code == 0
    assert outcome.state["bookmarks"]["accounts"]["replication_key"] == "updatedAt"


def test_a_catalog_may_set_another_replication_key(files: Files, sandbox: Sandbox) -> None:
    override = {"replication-method": "INCREMENTAL", "replication-key": "createdAt"}
    first = files.read(sandbox, "accounts", replication=override, settings=RECENT)
    assert first.code == 0
    assert first.state["bookmarks"]["accounts"]["replication_key"] == "createdAt"
    second = files.read(sandbox, "accounts", replication=override, state=first.state, settings=RECENT)
    assert second.keys("accounts") == {newest(sandbox, "createdAt")["key"]}
