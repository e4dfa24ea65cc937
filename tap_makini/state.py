"""The state of a run: a bookmark for each incremental stream, and what other runs have put there."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from tap_makini.bookmark import Bookmark, UnusableBookmarkError, read_bookmark

if TYPE_CHECKING:
    from tap_makini.reading import Outcome

logger = logging.getLogger(__name__)


class State:
    """The bookmarks of all streams; those of streams that are not read stay as they are.

    Args:
        value: The value of STATE messages, changed in place.
    """

    def __init__(self, value: dict[str, Any]) -> None:
        self.value = value

    def open(self, stream: str, replication_key: str, connection: str | None) -> OpenBookmark:  # noqa: ARG002
        """Take up a stream's bookmark; one that cannot be relied on is reported, and the stream read anew."""
        entry = self.value.get("bookmarks", {}).get(stream)
        try:
            bookmark = read_bookmark(entry, replication_key, datetime.now(timezone.utc))
        except UnusableBookmarkError as reason:
            logger.warning(
                "The bookmark of stream %s is not usable: %s. The stream is read as if there were none.", stream, reason
            )
            bookmark = Bookmark(replication_key)
        return OpenBookmark(self, stream, bookmark)

    def keep(self, stream: str, bookmark: Bookmark) -> None:
        """Put a stream's bookmark."""
        self.value.setdefault("bookmarks", {})[stream] = bookmark.to_state()


class OpenBookmark:
    """A stream's bookmark while the stream is read.

    Args:
        state: Where it is kept.
        stream: The stream's name.
        bookmark: Where the stream stands.
    """

    def __init__(self, state: State, stream: str, bookmark: Bookmark) -> None:
        self._state = state
        self._stream = stream
        self._bookmark = bookmark
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
        self._bookmark = self._bookmark.interrupted(started, instant)
        self._state.keep(self._stream, self._bookmark)

    def complete(self, outcome: Outcome, clock_behind: timedelta) -> None:
        """Note that the stream has been read to its end.

        Args:
            outcome: What was seen.
            clock_behind: How far the server's clock is behind ours, never positive.
        """
        started = self._bookmark.started(self._begun + clock_behind)
        if outcome.is_unsettled:
            logger.warning(
                "Stream %s changed while it was read, and some records may have slipped through: "
                "the next run starts where this one did.",
                self._stream,
            )
            self._bookmark = self._bookmark.abandoned()
        else:
            self._bookmark = self._bookmark.completed(started, outcome.latest, outcome.unsettled_from)
        self._state.keep(self._stream, self._bookmark)
