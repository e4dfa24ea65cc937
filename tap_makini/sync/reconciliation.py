"""Send the keys of a list, then a record that says that these were all."""

from __future__ import annotations

import logging
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from tap_makini.conform import record_key
from tap_makini.identifiers import qualified_name
from tap_makini.pagination.paginator import Row, digest
from tap_makini.rawjson import members
from tap_makini.sync.partition import Delivery, Partition
from tap_makini.timestamps import format_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_makini.connections.connection import Connection
    from tap_makini.pagination.paginator import Batch, Outcome
    from tap_makini.streams import ListStream, MakiniStream
    from tap_makini.sync.state import State

logger = logging.getLogger(__name__)


class _ReconcilingPartition(Partition):
    """A partition of a reconciliation. It has no bookmark, so the list is read in full.

    Args:
        stream: The stream.
        connection: The connection.
        state: Keeps when a stream was last reconciled.
        reconciled: The stream whose list is read.
    """

    def __init__(self, stream: MakiniStream, connection: Connection, state: State, reconciled: ListStream) -> None:
        super().__init__(stream, connection, state)
        self.reconciled = reconciled

    @property
    def name(self) -> str:
        """The stream, and which stream it is about."""
        return f"{self.stream.name} of {self.reconciled.name}"

    def begin(self, replication_key: str | None) -> None:  # noqa: ARG002 - the interface's
        """Begin to read the list, without a bookmark."""
        self.began_at = datetime.now(timezone.utc)


class ReconciledKeysPartition(_ReconcilingPartition):
    """Takes the key of each record of a list; the arguments are those of its base class.

    Attributes:
        is_complete: Whether it has taken all keys.
    """

    def __init__(self, stream: MakiniStream, connection: Connection, state: State, reconciled: ListStream) -> None:
        super().__init__(stream, connection, state, reconciled)
        self.is_complete = False
        self._seen = set[bytes]()
        (self._key,) = reconciled.endpoint.key

    @property
    def count(self) -> int:
        """How many keys it has taken."""
        return len(self._seen)

    def take(self, rows: Sequence[Row], batch: Batch, outcome: Outcome) -> Iterator[Delivery]:
        """Take the keys of the rows of a batch."""
        columns = {"stream": self.reconciled.name, "reconciled_at": format_timestamp(self.began_at)}
        ending = msgspec.json.encode(columns)[1:]
        keys = [record_key(members(row.raw), self._key, row.raw) for row in rows]
        self._seen.update(map(digest, keys))
        yield from super().take([Row(b'{"key":%b,%b' % (key, ending), None) for key in keys], batch, outcome)

    def finish(self, outcome: Outcome) -> Iterator[Delivery]:
        """Note that these are all keys, if there are as many as the server counts.

        A record whose update time goes back meanwhile is missed by a keyset paginator.
        """
        self.outcome = outcome
        self.is_complete = outcome.expected is None or self.count >= outcome.expected
        return iter(())


class ReconciliationPartition(_ReconcilingPartition):
    """Sends, at the end of a list, a record that says that all its keys have been sent.

    Args:
        stream: The stream of reconciliations.
        connection: The connection.
        state: Keeps when that was.
        keys: The partition that sends the keys.
    """

    takes_each_row = False

    def __init__(
        self, stream: MakiniStream, connection: Connection, state: State, keys: ReconciledKeysPartition
    ) -> None:
        super().__init__(stream, connection, state, keys.reconciled)
        self._keys = keys

    def take(self, rows: Sequence[Row], batch: Batch, outcome: Outcome) -> Iterator[Delivery]:  # noqa: ARG002 - none before the end
        """Announce the table."""
        yield from super().take((), batch, outcome)

    def finish(self, outcome: Outcome) -> Iterator[Delivery]:
        """Send the record if the list was read in full.

        Yields:
            One record.
        """
        self.outcome = outcome
        keys, stream = self._keys, self.reconciled.name
        if not (outcome.is_complete and keys.is_complete):
            logger.warning(
                "Stream %s could not be reconciled; the next run tries again.",
                qualified_name(stream, self.connection.name),
            )
            return
        record = {"stream": stream, "keys": keys.count, "reconciled_at": format_timestamp(keys.began_at)}
        lines = self._lines([Row(msgspec.json.encode(record), None)])
        note = partial(self._state.note_reconciled, stream, self.connection.name, keys.began_at)
        yield Delivery(self, lines, len(lines), note)
