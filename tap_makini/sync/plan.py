"""Plan a run: which lists are read, and for which partitions."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from tap_makini.streams import (
    ChildStream,
    ConnectionsStream,
    DependentStream,
    KeysStream,
    ListStream,
    MakiniStream,
    ReconciliationsStream,
)
from tap_makini.sync.child_lists import ChildListPartition
from tap_makini.sync.lines import LinesPartition
from tap_makini.sync.list_sync import ListSync
from tap_makini.sync.partition import Partition
from tap_makini.sync.reconciliation import ReconciledKeysPartition, ReconciliationPartition

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tap_makini.connections.connection import Connection
    from tap_makini.sync.partition import StartRule
    from tap_makini.sync.state import State


class Plan:
    """Creates the list syncs of a run.

    Args:
        streams: All streams, those of lists in the order in which they are to be read.
        state: Holds the bookmarks.
        start: Where to start reading.
        version: The version of full tables, for ACTIVATE_VERSION; None for none.
        reconcile_days: After how many days to reconcile a stream; None for never.
        skip_unless_synced: A fingerprint of the streams that are read, if connections that Makini has not synced since
            they were last read in full are to be skipped; None to read all.
    """

    def __init__(  # noqa: PLR0913 - plain values, from the settings
        self,
        streams: Sequence[MakiniStream],
        state: State,
        start: StartRule,
        *,
        version: int | None = None,
        reconcile_days: int | None = None,
        skip_unless_synced: str | None = None,
    ) -> None:
        self._lists = [stream for stream in streams if isinstance(stream, ListStream)]
        self._dependents = [stream for stream in streams if isinstance(stream, DependentStream) and stream.selected]
        self._keys = _selected(stream for stream in streams if isinstance(stream, KeysStream))
        self._reconciliations = _selected(stream for stream in streams if isinstance(stream, ReconciliationsStream))
        self._state = state
        self._start = start
        self._version = version
        self._reconcile_days = reconcile_days
        self._skip_unless_synced = skip_unless_synced

    def list_syncs(self, connections: Iterable[Connection]) -> list[ListSync]:
        """Return a list sync for each list of each connection that any partition takes rows of."""
        return [
            ListSync(stream, connection, partitions, self._state, self._skip_unless_synced)
            for connection in connections
            for stream in self._lists
            if (partitions := list(self._partitions(stream, connection)))
        ]

    def _partitions(self, stream: ListStream, connection: Connection) -> Iterator[Partition]:
        """Return what takes the rows of a list."""
        if stream.selected:
            yield Partition(stream, connection, self._state, self._version_of(stream, stream), self._start)
        for dependent in self._dependents:
            if dependent.parent is stream:
                yield self._dependent_partition(dependent, connection)
        if stream.selected and self._is_reconciliation_due(stream, connection):
            yield from self._reconciling_partitions(stream, connection)

    def _dependent_partition(self, stream: DependentStream, connection: Connection) -> Partition:
        version = self._version_of(stream, stream.parent)
        if isinstance(stream, ChildStream):
            return ChildListPartition(stream, connection, self._state, version, self._start)
        return LinesPartition(stream, connection, self._state, version, self._start)

    def _version_of(self, stream: MakiniStream, parent: ListStream) -> int | None:
        is_full_table = stream.filter_key is None or parent.filter_key is None
        return self._version if is_full_table else None

    def _is_reconciliation_due(self, stream: ListStream, connection: Connection) -> bool:
        days = self._reconcile_days
        if days is None or len(stream.endpoint.key) != 1 or isinstance(stream, ConnectionsStream):
            return False
        due = datetime.now(timezone.utc) - timedelta(days=days)
        return not self._state.is_reconciled(stream.name, connection.name, due)

    def _reconciling_partitions(self, stream: ListStream, connection: Connection) -> Iterator[Partition]:
        if self._keys is not None and self._reconciliations is not None:
            keys = ReconciledKeysPartition(self._keys, connection, self._state, stream)
            yield keys
            yield ReconciliationPartition(self._reconciliations, connection, self._state, keys)


def _selected(streams: Iterable[MakiniStream]) -> MakiniStream | None:
    return next((stream for stream in streams if stream.selected), None)
