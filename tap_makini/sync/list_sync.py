"""Plan which lists are read, and for which partitions, and read each to its end."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, TypeAlias

from tap_makini.errors import EntityAbsentError, MakiniError, NothingNewError
from tap_makini.pagination.list_reader import ListReader
from tap_makini.pagination.paginator import incomplete, rows_from
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
from tap_makini.sync.partition import Delivery, Partition, PartitionEnd
from tap_makini.sync.reconciliation import ReconciledKeysPartition, ReconciliationPartition

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tap_makini.connections.connection import Connection
    from tap_makini.pagination.paginator import Row
    from tap_makini.sync.partition import StartRule
    from tap_makini.sync.state import State

Event: TypeAlias = "Delivery | PartitionEnd"


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


class ListSync:
    """Reads one list of one connection, once for all partitions that take its rows.

    Args:
        stream: The stream of the list, which need not be selected.
        connection: The connection.
        partitions: What takes the rows; the first one's request stats count the requests.
        state: Knows when the connection was last read in full.
        skip_unless_synced: A fingerprint of the streams that are read, if the connection is to be skipped when Makini
            has not synced it since they were last read in full; None to read it in any case.
    """

    def __init__(
        self,
        stream: ListStream,
        connection: Connection,
        partitions: Sequence[Partition],
        state: State,
        skip_unless_synced: str | None,
    ) -> None:
        self.connection = connection
        self.partitions = tuple(partitions)
        self._live = list(partitions)
        self._stream = stream
        self._state = state
        self._skip_unless_synced = skip_unless_synced

    def events(self) -> Iterator[Event]:
        """Read the list to its end.

        Yields:
            What each partition has to write, from the first page on, even if there are no records; and which partition
            has ended with an error, which does not end the others.

        Raises:
            NothingNewError: The connection is skipped, since Makini has not synced it since it was last read in full.
            EntityAbsentError: The connection does not offer the entity; nothing has been delivered.
            IncompleteError: The list was read to its end, and the server counts more records than it lists.
            MakiniError: The list could not be read to its end.
        """
        self._skip_if_nothing_is_new()
        for partition in self.partitions:
            partition.begin(self._stream.filter_key)
        start_value = _earliest([partition.start_value for partition in self.partitions])
        reached = _earliest([partition.reached for partition in self.partitions])
        fetcher = self._stream.page_fetcher(self.connection, self.partitions[0].request_stats)
        reader = ListReader(fetcher, start_value, reached=reached)
        has_begun = False
        try:
            for batch in reader.batches():
                has_begun = True
                for partition in tuple(self._live):
                    rows: Sequence[Row] = batch.rows
                    start = partition.start_value
                    if start is not None and start != start_value:
                        rows = rows_from(batch.rows, start)
                    yield from self._guarded(partition, partition.take(rows, batch, reader.outcome))
                if not self._live:
                    return
        except EntityAbsentError as error:
            if not has_begun:
                raise
            raise _removed_meanwhile(error) from error
        for partition in tuple(self._live):
            yield from self._guarded(partition, partition.finish(reader.outcome))
        if reader.outcome.shortages:
            raise incomplete(reader.outcome.shortages, self._stream.filter_key)

    def _guarded(self, partition: Partition, deliveries: Iterator[Delivery]) -> Iterator[Event]:
        """Keep the failure of one partition from the others."""
        try:
            yield from deliveries
        except Exception as error:  # noqa: BLE001 - the sync decides what it means
            self._live.remove(partition)
            yield PartitionEnd(partition, error)

    def _skip_if_nothing_is_new(self) -> None:
        integration, selection = self.connection.integration, self._skip_unless_synced
        synced_at = integration.synced_at
        if selection is None or synced_at is None or not integration.is_settled:
            return
        if self._state.is_unsynced(self.connection.name, synced_at, selection, integration.id):
            raise NothingNewError(
                f"Makini has not synced {self.connection} since its last complete run", "Nothing to do."
            )


def _removed_meanwhile(error: EntityAbsentError) -> MakiniError:
    return MakiniError(
        f"the entity was removed while it was read: {error.cause}",
        "Run again; the bookmark covers what was read.",
        error.request_id,
    )


def _earliest(instants: Sequence[datetime | None]) -> datetime | None:
    """Return the earliest instant; None if any is None."""
    given = [instant for instant in instants if instant is not None]
    return min(given) if len(given) == len(instants) else None
