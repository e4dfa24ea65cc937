"""The outputs of a reconciliation: the keys of a whole list, and at its end that these were all."""

from __future__ import annotations

import logging
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from tap_makini.conform import record_key
from tap_makini.pagination.rows import digest
from tap_makini.rawjson import members
from tap_makini.sync.partition import Delivery, Partition
from tap_makini.timestamps import format_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_makini.config import Settings
    from tap_makini.connections.connection import Connection
    from tap_makini.pagination.list_reader import Outcome
    from tap_makini.pagination.rows import Row
    from tap_makini.streams import ListStream, MakiniStream
    from tap_makini.sync.state import State

logger = logging.getLogger(__name__)


class _OfList(Partition):
    """An output of a reconciliation, which has no bookmark: the list is read whole.

    Args:
        stream: Whose lines.
        connection: Where the records come from.
        of: The list.
    """

    def __init__(self, stream: MakiniStream, connection: Connection, of: ListStream) -> None:
        super().__init__(stream, connection, None)
        self.of = of

    @property
    def name(self) -> str:
        """The stream, and of what."""
        return f"{self.stream.name} of {self.of.name}"

    @property
    def reconciled_at(self) -> datetime:
        """When the list was begun to be read."""
        return datetime.fromtimestamp(self.begun_at, timezone.utc)

    def open(self, state: State, settings: Settings, key: str | None) -> None:
        """Take up no bookmark."""


class ReconciledKeysPartition(_OfList):
    """Takes the key of each record of a list, and so has the list read whole.

    Args:
        stream: Whose lines.
        connection: Where the records come from.
        of: The list.

    Attributes:
        is_whole: Whether it has taken all there are.
    """

    def __init__(self, stream: MakiniStream, connection: Connection, of: ListStream) -> None:
        super().__init__(stream, connection, of)
        self._seen = set[bytes]()
        self.is_whole = False
        (self._key,) = of.endpoint.key

    def _deliveries(self, rows: list[Row], extracted: datetime) -> Iterator[Delivery]:
        lines = self._record_lines.of(self._records(rows), extracted)
        yield Delivery(self, lines, len(lines))

    def _records(self, rows: Iterable[Row]) -> Iterator[bytes]:
        told = {"stream": self.of.name, "reconciled_at": format_timestamp(self.reconciled_at)}
        ending = msgspec.json.encode(told)[1:]
        for row in rows:
            key = record_key(members(row.raw), self._key, row.raw)
            self._seen.add(digest(key))
            yield b'{"key":%b,%b' % (key, ending)

    @property
    def count(self) -> int:
        """How many keys it has taken."""
        return len(self._seen)

    def finish(self, outcome: Outcome) -> Iterator[Delivery]:
        """Note that no key is left, if there are as many as the server counts.

        A record whose time goes back meanwhile slips through a read by time.
        """
        self.is_whole = outcome.expected is None or self.count >= outcome.expected
        return super().finish(outcome)


class ReconciliationPartition(_OfList):
    """Tells at the end of a list that all its keys have been told.

    Args:
        stream: Whose lines.
        connection: Where the records come from.
        keys: What has told them.
        state: Where it is noted when that was.
    """

    takes_each_row = False

    def __init__(
        self, stream: MakiniStream, connection: Connection, keys: ReconciledKeysPartition, state: State
    ) -> None:
        super().__init__(stream, connection, keys.of)
        self._keys = keys
        self._state = state

    def _deliveries(self, rows: list[Row], extracted: datetime) -> Iterator[Delivery]:  # noqa: ARG002 - none yet
        yield Delivery(self)

    def finish(self, outcome: Outcome) -> Iterator[Delivery]:
        """Tell that the list was read whole, if it was.

        Yields:
            One record.
        """
        keys, of = self._keys, self.of.name
        if not (outcome.is_settled and keys.is_whole):
            logger.warning("Stream %s could not be reconciled; the next run tries again.", of)
            return
        record = {"stream": of, "keys": keys.count, "reconciled_at": format_timestamp(keys.reconciled_at)}
        lines = self._record_lines.of([msgspec.json.encode(record)], datetime.now(timezone.utc))
        note = partial(self._state.reconciled, of, self.connection.name, keys.reconciled_at)
        yield Delivery(self, lines, len(lines), note)
