"""The state of a run: a bookmark for each incremental stream, and what other runs have put there.

With one unnamed connection a stream's entry is its bookmark, as the Singer SDK has it. Named connections have theirs
below `connections` in the same entry, by name, so that size and time stay linear in their number:

    {"replication_key": "updatedAt",
     "connections": {"acme": {"replication_key_value": "2025-01-02T03:04:05.000000Z"}}}
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from tap_makini.bookmark import Bookmark, UnusableBookmarkError, read_bookmark

if TYPE_CHECKING:
    from tap_makini.reading import Outcome

logger = logging.getLogger(__name__)

CONNECTIONS = "connections"
_KEY = "replication_key"


class State:
    """The bookmarks of all streams and connections; those that are not read stay as they are.

    Args:
        value: The value of STATE messages, changed in place.
    """

    def __init__(self, value: dict[str, Any]) -> None:
        self.value = value

    def open(self, stream: str, replication_key: str, connection: str | None = None) -> OpenBookmark:
        """Take up a bookmark; one that cannot be relied on is reported, and the stream read as if there were none.

        Args:
            stream: The stream's name.
            replication_key: Its replication key.
            connection: The connection's name; None for the only one.
        """
        now = datetime.now(timezone.utc)
        try:
            bookmark = read_bookmark(self._entry(stream, connection), replication_key, now)
        except UnusableBookmarkError as reason:
            name = stream if connection is None else f"{connection}/{stream}"
            logger.warning(
                "The bookmark of stream %s is not usable: %s. The stream is read as if there were none.", name, reason
            )
            bookmark = Bookmark(replication_key)
        return OpenBookmark(self, stream, connection, bookmark)

    def _entry(self, stream: str, connection: str | None) -> object:
        entry = self.value.get("bookmarks", {}).get(stream)
        if connection is None:
            return entry
        named = entry.get(CONNECTIONS) if isinstance(entry, dict) else entry
        own = named.get(connection) if isinstance(named, dict) else named
        if isinstance(own, dict) and own and isinstance(entry, dict) and _KEY in entry:
            return {_KEY: entry[_KEY], **own}
        return own

    def keep(self, stream: str, connection: str | None, bookmark: Bookmark) -> None:
        """Put a bookmark in its place."""
        bookmarks = self.value.setdefault("bookmarks", {})
        written = bookmark.to_state()
        present = bookmarks.get(stream)
        same_key = isinstance(present, dict) and present.get(_KEY, bookmark.replication_key) == bookmark.replication_key
        named = present.get(CONNECTIONS) if same_key and isinstance(present.get(CONNECTIONS), dict) else {}
        if connection is None:
            bookmarks[stream] = {**written, CONNECTIONS: named} if named else written
            return
        entry = present if same_key else {}
        entry[_KEY] = written.pop(_KEY)
        entry[CONNECTIONS] = named
        named[connection] = written
        bookmarks[stream] = entry


class OpenBookmark:
    """A stream's bookmark while the stream is read.

    Args:
        state: Where it is kept.
        stream: The stream's name.
        connection: The connection's name.
        bookmark: Where the stream stands.
    """

    def __init__(self, state: State, stream: str, connection: str | None, bookmark: Bookmark) -> None:
        self._state = state
        self._stream = stream
        self._connection = connection
        self._bookmark = bookmark
        self._was_resumed = bookmark.progress is not None
        self._is_doubtful = False
        self._begun = datetime.now(timezone.utc)

    def bound(self, start_date: datetime | None, lookback: timedelta) -> datetime | None:
        """Give the earliest instant to read; None for everything."""
        return self._bookmark.bound(start_date, lookback)

    def reach(self, instant: datetime, clock_behind: timedelta) -> None:
        """Note that everything before an instant is written.

        Args:
            instant: The instant.
            clock_behind: How far the server's clock is behind ours, never positive.
        """
        started = self._bookmark.started(self._begun + clock_behind)
        self._keep(self._bookmark.interrupted(started, instant))

    def withdraw(self) -> None:
        """Take back what an interrupted read reached, since the server does not do what that relied on."""
        self._is_doubtful = self._was_resumed
        self._keep(self._bookmark.abandoned())

    def complete(self, outcome: Outcome, clock_behind: timedelta) -> None:
        """Note that the stream has been read to its end.

        Args:
            outcome: What was seen.
            clock_behind: How far the server's clock is behind ours, never positive.
        """
        started = self._bookmark.started(self._begun + clock_behind)
        if outcome.is_unsettled or self._is_doubtful:
            logger.warning(
                "Stream %s changed while it was read, and some records may have slipped through: "
                "the next run starts where this one did.",
                self._stream,
            )
            self._keep(self._bookmark.abandoned())
        else:
            self._keep(self._bookmark.completed(started, outcome.latest, outcome.unsettled_from))

    def _keep(self, bookmark: Bookmark) -> None:
        self._bookmark = bookmark
        self._state.keep(self._stream, self._connection, bookmark)
