"""Keep the state: a bookmark for each incremental stream, and what is known about connections from earlier runs.

With one unnamed connection, a stream's entry is its bookmark, as in the Singer SDK. Named connections have theirs
below `connections` in the same entry, by name, so that size and time stay linear in their number:

    {"replication_key": "updatedAt",
     "connections": {"acme": {"replication_key_value": "2025-01-02T03:04:05.000000Z"}}}

Bookmarks belong to names, since the name of a connection is part of the key of each row: a connection with a new name
is read in full, or its table would hold nothing older than the bookmark under that name. Makini's id of each connection
is kept beside the bookmarks, so that a name that is reused for another customer does not take over bookmarks. So is the
time of Makini's last sync before the last complete run, so that the connection can be skipped until the next one. A
stream without a bookmark has `"delivered": true` in its place once it has delivered records, so that it fails if the
connection no longer offers it. `reconciled` holds, by stream and connection, when all keys were sent.
"""

from __future__ import annotations

import copy
import logging
from datetime import datetime, timedelta, timezone
from typing import Any

from tap_makini.identifiers import qualified_name
from tap_makini.sync.bookmark import DELIVERED, Bookmark, UnusableBookmarkError, read_bookmark
from tap_makini.timestamps import format_timestamp, parse_timestamp

logger = logging.getLogger(__name__)

CONNECTIONS = "connections"
_RECONCILED = "reconciled"
_SIGNS_OF_DELIVERY = {DELIVERED, "replication_key_value", "progress"}
_KEY = "replication_key"
_UNNAMED = ""


class State:
    """The bookmarks of all streams and connections; those that are not read remain as they are.

    Args:
        value: The value of STATE messages, changed in place.
    """

    def __init__(self, value: dict[str, Any]) -> None:
        self.value = value
        if not _is_of_times(value.get(_RECONCILED, {})):
            del value[_RECONCILED]  # then all streams are reconciled again
        self._before = copy.deepcopy(value)
        self._noted = set[str | None]()

    def bookmark(
        self,
        stream: str,
        replication_key: str,
        connection: str | None = None,
        identity: str | None = None,
        clock_skew: timedelta = timedelta(0),
    ) -> Bookmark:
        """Return the bookmark of a stream; an unusable one logs a warning, and counts as none.

        Args:
            stream: The stream's name.
            replication_key: Its replication key.
            connection: The connection's name; None for the only one.
            identity: Makini's id of the connection. A name that belonged to another connection in the last run has
                no bookmark.
            clock_skew: The server's clock minus this machine's.
        """
        now = datetime.now(timezone.utc) + clock_skew
        entry = None if self._was_another(connection, identity) else _entry(self.value, stream, connection)
        try:
            return read_bookmark(entry, replication_key, now)
        except UnusableBookmarkError as reason:
            name = qualified_name(stream, connection)
            logger.warning(
                "Stream %s: the bookmark is ignored, because %s. The stream is read in full, or from start_date.",
                name,
                reason,
            )
            return Bookmark(replication_key)

    def has_delivered(self, stream: str, connection: str | None, identity: str | None) -> bool:
        """Return whether an earlier run has delivered records of a stream."""
        if self._was_another(connection, identity):
            return False
        entry = _entry(self._before, stream, connection)
        return isinstance(entry, dict) and bool(entry.keys() & _SIGNS_OF_DELIVERY)

    def note_delivered(self, stream: str, connection: str | None) -> None:
        """Note that records of a stream have been delivered, unless its bookmark implies it."""
        entry = self.value.setdefault("bookmarks", {}).setdefault(stream, {})
        if connection is not None:
            entry = entry.setdefault(CONNECTIONS, {}).setdefault(connection, {})
        if not entry.keys() & _SIGNS_OF_DELIVERY:
            entry[DELIVERED] = True

    def is_unsynced(
        self, connection: str | None, synced_at: datetime, selection: str, identity: str | None = None
    ) -> bool:
        """Return whether Makini has not synced a connection since the last complete run of the same streams.

        Args:
            connection: The connection's name.
            synced_at: When Makini last synced it.
            selection: A fingerprint of the streams that are read.
            identity: Makini's id of the connection.
        """
        known = _known(self._before).get(connection or _UNNAMED)
        if not isinstance(known, dict) or _is_another(known, identity):
            return False
        return known.items() >= _completion(synced_at, selection).items()

    def note_identity(self, connection: str | None, identity: str) -> None:
        """Note Makini's id of a connection, and forget what is known about another one that had its name.

        The first time in a run, a warning says whether the connection had another name before.
        """
        if connection in self._noted:
            return
        self._noted.add(connection)
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

    def note_complete(self, connection: str | None, synced_at: datetime, selection: str) -> None:
        """Note that all streams of a connection are complete; the arguments are those of `is_unsynced`."""
        self._note(connection, _completion(synced_at, selection))

    def is_reconciled(self, stream: str, connection: str | None, since: datetime) -> bool:
        """Return whether all keys of a stream have been sent since an instant; a time in the future does not count."""
        times = self.value.get(_RECONCILED, {}).get(stream, {})
        at = parse_timestamp(times.get(connection or _UNNAMED))
        return at is not None and since <= at <= datetime.now(timezone.utc)

    def note_reconciled(self, stream: str, connection: str | None, at: datetime) -> None:
        """Note that all keys of a stream were sent."""
        self.value.setdefault("bookmarks", {})  # without which it is not a Singer state
        times = self.value.setdefault(_RECONCILED, {}).setdefault(stream, {})
        times[connection or _UNNAMED] = format_timestamp(at)

    def _note(self, connection: str | None, facts: dict[str, str]) -> None:
        known, name = _known(self.value), connection or _UNNAMED
        self.value.setdefault("bookmarks", {})  # without which it is not a Singer state
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
        """Return whether a name belonged to another connection before, whose bookmarks do not apply to this one."""
        return _is_another(_known(self._before).get(connection or _UNNAMED), identity)

    def keep(self, stream: str, connection: str | None, bookmark: Bookmark) -> None:
        """Put a bookmark into the state."""
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
    """Return the entry of an unnamed connection; nothing if there are only named ones."""
    if not isinstance(entry, dict):
        return entry
    own = {name: value for name, value in entry.items() if name != CONNECTIONS}
    return {} if own.keys() == {_KEY} and CONNECTIONS in entry else own
