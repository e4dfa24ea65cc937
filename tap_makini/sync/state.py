"""The state of a run: a bookmark for each incremental stream, and what other runs have put there.

With one unnamed connection a stream's entry is its bookmark, as the Singer SDK has it. Named connections have theirs
below `connections` in the same entry, by name, so that size and time stay linear in their number:

    {"replication_key": "updatedAt",
     "connections": {"acme": {"replication_key_value": "2025-01-02T03:04:05.000000Z"}}}

Bookmarks belong to names, since a connection's name is part of the key of each row: one under a new name is read in
full, or its table would hold nothing older than the bookmark under that name. What Makini calls each connection is kept
beside the bookmarks, so that a name which stands for another customer now does not take over bookmarks; and when it had
been synced at its last complete run, so that it can be left out until it is synced again. A stream without a bookmark
has `"delivered": true` in its place once it has delivered records, so that it is missed if the connection no longer
offers it. Below `reconciled` is noted, by stream and connection, when all keys were told.
"""

from __future__ import annotations

import copy
import logging
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from tap_makini.sync.bookmark import DELIVERED, Bookmark, UnusableBookmarkError, read_bookmark
from tap_makini.timestamps import format_timestamp, parse_timestamp

if TYPE_CHECKING:
    from tap_makini.pagination.list_reader import Outcome

logger = logging.getLogger(__name__)

CONNECTIONS = "connections"
_RECONCILED = "reconciled"
_SIGNS_OF_DELIVERY = {DELIVERED, "replication_key_value", "progress"}
_KEY = "replication_key"
_UNNAMED = ""


class State:
    """The bookmarks of all streams and connections; those that are not read stay as they are.

    Args:
        value: The value of STATE messages, changed in place.
    """

    def __init__(self, value: dict[str, Any]) -> None:
        self.value = value
        if not _is_of_times(value.get(_RECONCILED, {})):
            del value[_RECONCILED]  # then all is told again
        self._before = copy.deepcopy(value)
        self._known_now = set[str | None]()

    def open(
        self,
        stream: str,
        replication_key: str,
        connection: str | None = None,
        identity: str | None = None,
        clock_skew: timedelta = timedelta(0),
    ) -> OpenBookmark:
        """Take up a bookmark; one that cannot be relied on is reported, and the stream read as if there were none.

        Args:
            stream: The stream's name.
            replication_key: Its replication key.
            connection: The connection's name; None for the only one.
            identity: What Makini calls the connection. A name that stood for another connection at the end of the run
                before has no bookmark.
            clock_skew: The server's clock minus this machine's.
        """
        now = datetime.now(timezone.utc) + clock_skew
        entry = None if self._was_another(connection, identity) else _entry(self.value, stream, connection)
        try:
            bookmark = read_bookmark(entry, replication_key, now)
        except UnusableBookmarkError as reason:
            name = stream if connection is None else f"{connection}/{stream}"
            logger.warning(
                "The bookmark of stream %s is not usable: %s. The stream is read as if there were none.", name, reason
            )
            bookmark = Bookmark(replication_key)
        return OpenBookmark(self, stream, connection, bookmark)

    def has_delivered(self, stream: str, connection: str | None, identity: str | None) -> bool:
        """Whether an earlier run has delivered records of a stream."""
        if self._was_another(connection, identity):
            return False
        entry = _entry(self._before, stream, connection)
        return isinstance(entry, dict) and bool(entry.keys() & _SIGNS_OF_DELIVERY)

    def note_delivered(self, stream: str, connection: str | None) -> None:
        """Note that records of a stream have been delivered, unless its bookmark says so."""
        entry = self.value.setdefault("bookmarks", {}).setdefault(stream, {})
        if connection is not None:
            entry = entry.setdefault(CONNECTIONS, {}).setdefault(connection, {})
        if not entry.keys() & _SIGNS_OF_DELIVERY:
            entry[DELIVERED] = True

    def is_unsynced(
        self, connection: str | None, synced_at: datetime, selection: str, identity: str | None = None
    ) -> bool:
        """Whether Makini has not synced a connection since the last complete run that read the same.

        Args:
            connection: The connection's name.
            synced_at: When Makini last synced it.
            selection: Names what is read.
            identity: What Makini calls the connection.
        """
        known = _known(self._before).get(connection or _UNNAMED)
        if not isinstance(known, dict) or _is_another(known, identity):
            return False
        return known.items() >= _completion(synced_at, selection).items()

    def know(self, connection: str | None, identity: str) -> None:
        """Note what Makini calls a connection, and forget what is known of another one that had its name.

        The first time in a run, a warning says if the connection had another name before.
        """
        if connection in self._known_now:
            return
        self._known_now.add(connection)
        is_another = self._was_another(connection, identity)
        if is_another or not self._has_bookmarks(connection):
            self._warn_of_old_names(connection, identity)
        if is_another:
            self._forget(connection)
        self._note(connection, {"id": identity})

    def _has_bookmarks(self, connection: str | None) -> bool:
        return any(_entry(self._before, stream, connection) for stream in self._before.get("bookmarks", {}))

    def _warn_of_old_names(self, connection: str | None, identity: str) -> None:
        known = _known(self._before).items()
        names = [name for name, facts in known if isinstance(facts, dict) and facts.get("id") == identity]
        if not names or (connection or _UNNAMED) in names:
            return
        old = ", ".join(f"'{name}'" for name in names if name != _UNNAMED)
        logger.warning(
            "%s %s before: it is read in full %s. %s stay in the tables; docs/connections.md says how to remove or "
            "rename them.",
            "The connection" if connection is None else f"Connection '{connection}'",
            f"was called {old}" if old else "was read without a name",
            "without a name" if connection is None else "under its new name",
            f"Rows of {old}" if old else "Rows from before",
        )

    def complete(self, connection: str | None, synced_at: datetime, selection: str) -> None:
        """Note that a connection was read whole; the arguments are those of `is_unsynced`."""
        self._note(connection, _completion(synced_at, selection))

    def is_reconciled(self, stream: str, connection: str | None, since: datetime) -> bool:
        """Whether all keys of a stream have been told since an instant; not, if that is said to be yet to come."""
        times = self.value.get(_RECONCILED, {}).get(stream, {})
        at = parse_timestamp(times.get(connection or _UNNAMED))
        return at is not None and since <= at <= datetime.now(timezone.utc)

    def reconciled(self, stream: str, connection: str | None, at: datetime) -> None:
        """Note that all keys of a stream were told."""
        self.value.setdefault("bookmarks", {})  # without which a state is none
        times = self.value.setdefault(_RECONCILED, {}).setdefault(stream, {})
        times[connection or _UNNAMED] = format_timestamp(at)

    def _note(self, connection: str | None, facts: dict[str, str]) -> None:
        known, name = _known(self.value), connection or _UNNAMED
        self.value.setdefault("bookmarks", {})  # without which a state is none
        present = known.get(name)
        self.value[CONNECTIONS] = {**known, name: {**(present if isinstance(present, dict) else {}), **facts}}

    def _forget(self, connection: str | None) -> None:
        name = connection or _UNNAMED
        self.value[CONNECTIONS] = {known: facts for known, facts in _known(self.value).items() if known != name}
        for times in self.value.get(_RECONCILED, {}).values():
            times.pop(name, None)
        bookmarks = self.value.get("bookmarks", {})
        for stream, entry in [*bookmarks.items()]:
            named = entry.get(CONNECTIONS) if isinstance(entry, dict) else None
            if connection is not None and isinstance(named, dict):
                named.pop(connection, None)
            elif connection is None and isinstance(named, dict):
                bookmarks[stream] = {_KEY: entry.get(_KEY), CONNECTIONS: named}
            elif connection is None:
                del bookmarks[stream]

    def _was_another(self, connection: str | None, identity: str | None) -> bool:
        """Whether a name stood for another connection before, whose bookmarks are of no use to this one."""
        return _is_another(_known(self._before).get(connection or _UNNAMED), identity)

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


def _entry(value: dict[str, Any], stream: str, connection: str | None) -> object:
    entry = value.get("bookmarks", {}).get(stream)
    if connection is None:
        return _without_others(entry)
    named = entry.get(CONNECTIONS) if isinstance(entry, dict) else entry
    own = named.get(connection) if isinstance(named, dict) else named
    if isinstance(own, dict) and own and isinstance(entry, dict) and _KEY in entry:
        return {_KEY: entry[_KEY], **own}
    return own


def _known(value: dict[str, Any]) -> dict[str, Any]:
    known = value.get(CONNECTIONS)
    return known if isinstance(known, dict) else {}


def _is_another(known: object, identity: str | None) -> bool:
    return isinstance(known, dict) and None not in {identity, known.get("id")} and known["id"] != identity


def _is_of_times(reconciled: object) -> bool:
    return isinstance(reconciled, dict) and all(isinstance(times, dict) for times in reconciled.values())


def _completion(synced_at: datetime, selection: str) -> dict[str, str]:
    return {"synced_at": format_timestamp(synced_at), "selection": selection}


def _without_others(entry: object) -> object:
    """Give the entry of an unnamed connection; nothing where there are only named ones."""
    if not isinstance(entry, dict):
        return entry
    own = {name: value for name, value in entry.items() if name != CONNECTIONS}
    return {} if own.keys() == {_KEY} and CONNECTIONS in entry else own


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

    @property
    def reached(self) -> datetime | None:
        """The instant before which everything has been delivered; None where nothing has been."""
        return self._bookmark.reached

    @property
    def has_value(self) -> bool:
        """Whether the stream has been read before, wholly or in part."""
        return self._bookmark.value is not None or self._bookmark.progress is not None

    def reach(self, instant: datetime, clock_skew: timedelta) -> None:
        """Note that everything before an instant is written.

        Args:
            instant: The instant.
            clock_skew: The server's clock minus this machine's.
        """
        started = self._started(clock_skew)
        self._keep(self._bookmark.interrupted(started, instant))

    def withdraw(self) -> None:
        """Take back what an interrupted read reached, since the server does not do what that relied on."""
        self._is_doubtful = self._was_resumed
        self._keep(self._bookmark.abandoned())

    def complete(self, outcome: Outcome, clock_skew: timedelta) -> None:
        """Note that the stream has been read to its end.

        Args:
            outcome: What was seen.
            clock_skew: The server's clock minus this machine's.
        """
        started = self._started(clock_skew)
        if outcome.is_unsettled or self._is_doubtful:
            if not outcome.shortages:
                logger.warning(
                    "Stream %s changed while it was read, and some records may have slipped through: "
                    "the next run starts where this one did.",
                    self._stream,
                )
            self._keep(self._bookmark.abandoned())
        else:
            if outcome.unsettled_from is not None and not outcome.shortages:
                logger.warning(
                    "Stream %s changed while it was read, and some records may have slipped through: "
                    "the next run starts at %s.",
                    self._stream,
                    format_timestamp(outcome.unsettled_from),
                )
            self._keep(self._bookmark.completed(started, outcome.latest, outcome.unsettled_from))

    def _started(self, clock_skew: timedelta) -> datetime:
        """Return the moment at which the read began, by whichever clock shows the earlier time."""
        return self._bookmark.started(self._begun + min(clock_skew, timedelta(0)))

    def _keep(self, bookmark: Bookmark) -> None:
        self._bookmark = bookmark
        self._state.keep(self._stream, self._connection, bookmark)
