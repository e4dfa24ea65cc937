"""What a target holds: tables by primary key, and the last state that it has committed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from random import Random

    from fuzz.output import Message
    from fuzz.store import Table

Key: TypeAlias = "tuple[object, ...]"


class Held(NamedTuple):
    """A row of a table, and of which version of the table it is."""

    record: dict[str, Any]
    version: int | None = None


class Target:
    """Upserts by primary key, and commits a state only after the records before it.

    Attributes:
        tables: The rows of each stream, by key.
        state: The state from which the next run starts.
    """

    def __init__(self) -> None:
        self.tables: dict[str, dict[Key, Held]] = {}
        self.state: dict[str, Any] = {}

    def rows(self, stream: str) -> dict[Key, Held]:
        """Return a stream's table."""
        return self.tables.setdefault(stream, {})

    def preload(self, table: Table, until: datetime, random: Random) -> None:
        """Take what an earlier run would have loaded, and the bookmark that it would have left.

        Args:
            table: The source.
            until: The bookmark. Of the rows of this very instant some may have come later.
            random: Source of chance.
        """
        kind = table.kind
        for row in table.rows.values():
            if row.at is None or row.at < until or (row.at == until and random.random() < 0.5):
                self.rows(kind.stream)[(row.key,)] = Held(table.document(row, "Z"))
            elif random.random() < 0.3 and kind.is_updated:
                old = {**table.document(row, "Z"), kind.marker: "v0"}
                self.rows(kind.stream)[(row.key,)] = Held(old)
        value = until.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        entry = {"replication_key": kind.replication_key, "replication_key_value": value}
        self.state.setdefault("bookmarks", {})[kind.stream] = entry

    def commit(self, messages: Iterable[Message]) -> None:
        """Take all messages."""
        for message in messages:
            self._take(message)

    def commit_part(self, messages: Sequence[Message], random: Random) -> None:
        """Take what a target may have committed that dies: up to any state, and any more rows than that.

        Args:
            messages: All that was written.
            random: Source of chance.
        """
        states = [place for place, message in enumerate(messages) if message["type"] == "STATE"]
        latest = states[-3:]
        state = random.choice([None, random.choice(states), *latest, *latest]) if states else None
        least = 0 if state is None else state + 1
        most = random.choice([least, len(messages), random.randint(least, len(messages))])
        before = self.state
        self.commit(messages[:most])
        self.state = before if state is None else messages[state]["value"]

    def _take(self, message: Message) -> None:
        if message["type"] == "RECORD":
            key = tuple(message["record"].get(name) for name in message["key_properties"])
            self.rows(message["stream"])[key] = Held(message["record"], message.get("version"))
        elif message["type"] == "STATE":
            self.state = message["value"]
        elif message["type"] == "ACTIVATE_VERSION":
            kept = {
                key: held
                for key, held in self.rows(message["stream"]).items()
                if held.version is not None and held.version >= message["version"]
            }
            self.tables[message["stream"]] = kept

    def bookmark(self, stream: str) -> datetime | None:
        """Return up to when a stream is complete, as the state says."""
        entry = self.state.get("bookmarks", {}).get(stream, {})
        return instant(entry.get("replication_key_value"))


def instant(text: str | None) -> datetime | None:
    """Read a time as the tap writes it."""
    return None if text is None else datetime.fromisoformat(_padded(text.replace("Z", "+00:00")))


def _padded(text: str) -> str:
    """Write fractions with six digits, since Python 3.10 reads no other ones but three."""
    head, point, tail = text.partition(".")
    if not point:
        return text
    digits = tail[: len(tail) - len(tail.lstrip("0123456789"))]
    return f"{head}.{digits[:6].ljust(6, '0')}{tail[len(digits) :]}"
