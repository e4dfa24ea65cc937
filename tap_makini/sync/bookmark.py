"""Bookmarks: up to which instant a stream is complete, and how far an interrupted read had come.

In the state a stream's entry looks like this; the first two members are the Singer SDK's own:

    {"replication_key": "updatedAt",
     "replication_key_value": "2025-01-02T03:04:05.000000Z",
     "progress": {"started": "2025-01-03T…Z", "reached": "2025-01-02T…Z"}}

A completed read moves the value to the latest instant seen, but not beyond the moment at which the read started, nor
back. A read that is resumed counts as started when the interrupted one was: what changed in between with an older date
is then still within the look-back of the next run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tap_makini.timestamps import format_timestamp, parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Mapping

DELIVERED = "delivered"
_CLOCKS_DIFFER_BY = timedelta(minutes=1)


class UnusableBookmarkError(Exception):
    """A stream's entry in the state says nothing that can be relied on; the message says why."""


@dataclass(frozen=True)
class ReadProgress:
    """An interrupted read: when it started, and up to which instant it had delivered everything."""

    started: datetime
    reached: datetime


@dataclass(frozen=True)
class Bookmark:
    """Where a stream stands.

    Attributes:
        replication_key: The property whose instants these are.
        value: Everything changed before this has been delivered; None where nothing has.
        progress: How far a read beyond that had come when it was interrupted.
    """

    replication_key: str
    value: datetime | None = None
    progress: ReadProgress | None = None

    @property
    def reached(self) -> datetime | None:
        """The instant before which everything has been delivered; None where nothing has been."""
        return self.value if self.progress is None else self.progress.reached

    def bound(self, start_date: datetime | None, lookback: timedelta) -> datetime | None:
        """Give the earliest instant to read; None for everything.

        A start date counts only where there is no bookmark: were it to win over an older one, what lies between
        the two would never be read.
        """
        if self.progress is not None:
            return self.progress.reached
        if self.value is None:
            return start_date
        try:
            return self.value - lookback
        except OverflowError:
            return None

    def started(self, now: datetime) -> datetime:
        """Give the moment at which the read that goes on now was begun."""
        return now if self.progress is None else self.progress.started

    def interrupted(self, started: datetime, reached: datetime) -> Bookmark:
        """Note that everything up to an instant has been delivered."""
        if self.progress is not None:
            reached = max(reached, self.progress.reached)
        return replace(self, progress=ReadProgress(started, reached))

    def completed(self, started: datetime, latest: datetime | None, unsettled_from: datetime | None) -> Bookmark:
        """Note that a read has come to its end.

        Args:
            started: When it was begun.
            latest: The latest instant it has seen.
            unsettled_from: From where on records may have slipped through.
        """
        reached = None if self.progress is None else self.progress.reached
        seen = [instant for instant in (latest, reached) if instant is not None]
        if not seen:
            return self
        moved = min(max(seen), started, unsettled_from or started)
        return Bookmark(self.replication_key, moved if self.value is None else max(self.value, moved))

    def abandoned(self) -> Bookmark:
        """Note that a read has come to its end, but cannot be relied on: the next one starts where it did."""
        return replace(self, progress=None)

    def to_state(self) -> dict[str, Any]:
        """Write the stream's entry in the state."""
        entry: dict[str, Any] = {"replication_key": self.replication_key}
        if self.value is not None:
            entry["replication_key_value"] = format_timestamp(self.value)
        if self.progress is not None:
            entry["progress"] = {
                "started": format_timestamp(self.progress.started),
                "reached": format_timestamp(self.progress.reached),
            }
        return entry


def read_bookmark(entry: object, replication_key: str, now: datetime) -> Bookmark:
    """Read a stream's entry in the state.

    Args:
        entry: The entry; None or an empty object where there is none yet.
        replication_key: The stream's replication key.
        now: The present, by the server's clock.

    Returns:
        The bookmark.

    Raises:
        UnusableBookmarkError: The entry is of another replication key, of another form, or damaged.
    """
    if entry is None or entry == {} or (isinstance(entry, dict) and entry.keys() == {DELIVERED}):
        return Bookmark(replication_key)
    if not isinstance(entry, dict) or not isinstance(entry.get("replication_key", ""), str):
        raise UnusableBookmarkError("it has a form that this version does not know")
    key = entry.get("replication_key")
    if key is None and entry.keys() & {"replication_key_value", "progress"}:
        key = replication_key
    if key is None:
        raise UnusableBookmarkError("it has a form that this version does not know")
    if key != replication_key:
        raise UnusableBookmarkError(f"it is of the replication key {key}, not {replication_key}")
    value = _instant(entry, "replication_key_value", now) if "replication_key_value" in entry else None
    return Bookmark(replication_key, value, _progress(entry.get("progress"), now))


def _progress(entry: object, now: datetime) -> ReadProgress | None:
    if entry is None:
        return None
    if not isinstance(entry, dict):
        raise UnusableBookmarkError("its progress is damaged")
    return ReadProgress(_instant(entry, "started", now), _instant(entry, "reached", None))


def _instant(entry: Mapping[str, Any], name: str, now: datetime | None) -> datetime:
    instant = parse_timestamp(entry.get(name))
    if instant is None:
        raise UnusableBookmarkError(f"its {name} is no date")
    if now is None or instant <= now:
        return instant
    if instant > now + _CLOCKS_DIFFER_BY:
        raise UnusableBookmarkError(f"its {name} lies in the future")
    return now - _CLOCKS_DIFFER_BY  # what has changed since the run before may be dated earlier than it says
