"""Read, advance and write bookmarks: up to which instant a stream is complete, and how far an interrupted sync got.

A stream's entry in the state looks like this; the first two members are those of the Singer SDK:

    {"replication_key": "updatedAt",
     "replication_key_value": "2025-01-02T03:04:05.000000Z",
     "progress": {"started": "2025-01-03T…Z", "reached": "2025-01-02T…Z"}}

A complete sync moves the value to the latest instant seen, but not beyond the moment at which the sync started, and
never back. A resumed sync counts as started when the interrupted one was: records that changed in between, with an
older date, are then still within the look-back of the next run.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tap_makini.timestamps import format_timestamp, parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Mapping

DELIVERED = "delivered"
_CLOCKS_DIFFER_BY = timedelta(minutes=1)


class UnusableBookmarkError(Exception):
    """A stream's entry in the state is not a usable bookmark; the message says why."""


@dataclass(frozen=True)
class ReadProgress:
    """An interrupted sync: when it started, and up to which instant it had written everything."""

    started: datetime
    reached: datetime


@dataclass(frozen=True)
class Bookmark:
    """How far a stream has been read.

    Attributes:
        replication_key: The property that the instants are values of.
        value: Everything that changed before this has been written; None if nothing has.
        progress: How far a sync beyond that had come when it was interrupted.
    """

    replication_key: str
    value: datetime | None = None
    progress: ReadProgress | None = None

    @property
    def reached(self) -> datetime | None:
        """The instant before which everything has been written; None if nothing has been."""
        return self.value if self.progress is None else self.progress.reached

    def interrupted(self, began: datetime, reached: datetime) -> Bookmark:
        """Return the bookmark after everything up to an instant has been written.

        Args:
            began: When the sync began; one that resumes another counts as begun when that was.
            reached: The instant.
        """
        if self.progress is not None:
            began, reached = self.progress.started, max(reached, self.progress.reached)
        return Bookmark(self.replication_key, self.value, ReadProgress(began, reached))

    def completed(self, began: datetime, latest: datetime | None, unsettled_from: datetime | None) -> Bookmark:
        """Return the bookmark after a sync has read the list to its end.

        Args:
            began: When it began; one that resumes another counts as begun when that was.
            latest: The latest instant seen.
            unsettled_from: The instant from which records may have been missed; None if none can have been.
        """
        began, reached = (began, None) if self.progress is None else (self.progress.started, self.progress.reached)
        seen = [instant for instant in (latest, reached) if instant is not None]
        if not seen:
            return self
        moved = min(max(seen), began, unsettled_from or began)
        return Bookmark(self.replication_key, moved if self.value is None else max(self.value, moved))

    def abandoned(self) -> Bookmark:
        """Return the bookmark after a sync that may have missed records: the next one starts where it did."""
        return Bookmark(self.replication_key, self.value)

    def to_state(self) -> dict[str, Any]:
        """Return the stream's entry in the state."""
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
        entry: The entry; None or an empty object if there is none yet.
        replication_key: The stream's replication key.
        now: The current time, by the server's clock.

    Returns:
        The bookmark.

    Raises:
        UnusableBookmarkError: The entry has another replication key, an unknown form, or invalid dates.
    """
    if entry is None or entry == {} or (isinstance(entry, dict) and entry.keys() == {DELIVERED}):
        return Bookmark(replication_key)
    if not isinstance(entry, dict) or not isinstance(entry.get("replication_key", ""), str):
        raise UnusableBookmarkError("its form is unknown to this version")
    key = entry.get("replication_key")
    if key is None and entry.keys() & {"replication_key_value", "progress"}:
        key = replication_key
    if key is None:
        raise UnusableBookmarkError("its form is unknown to this version")
    if key != replication_key:
        raise UnusableBookmarkError(f"its replication key is {key}, not {replication_key}")
    value = _instant(entry, "replication_key_value", now) if "replication_key_value" in entry else None
    return Bookmark(replication_key, value, _progress(entry.get("progress"), now))


def _progress(entry: object, now: datetime) -> ReadProgress | None:
    if entry is None:
        return None
    if not isinstance(entry, dict):
        raise UnusableBookmarkError("its progress is not an object")
    return ReadProgress(_instant(entry, "started", now), _instant(entry, "reached", None))


def _instant(entry: Mapping[str, Any], name: str, now: datetime | None) -> datetime:
    instant = parse_timestamp(entry.get(name))
    if instant is None:
        raise UnusableBookmarkError(f"its {name} is not a date")
    if now is None or instant <= now:
        return instant
    if instant > now + _CLOCKS_DIFFER_BY:
        raise UnusableBookmarkError(f"its {name} is in the future")
    return now - _CLOCKS_DIFFER_BY  # later changes may carry earlier dates than the bookmark
