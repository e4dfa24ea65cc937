"""Read one list of one connection to its end, once for all partitions that take its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from tap_makini.errors import EntityAbsentError, IncompleteError, MakiniError, NothingNewError
from tap_makini.pagination.list_reader import ListReader
from tap_makini.sync.partition import Delivery, Partition, PartitionEnd
from tap_makini.timestamps import format_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from tap_makini.connections.connection import Connection
    from tap_makini.pagination.paginator import Row, Shortage
    from tap_makini.streams import ListStream
    from tap_makini.sync.state import State

Event: TypeAlias = "Delivery | PartitionEnd"


class ListSync:
    """Reads one list of one connection.

    Args:
        stream: The stream of the list, which need not be selected.
        connection: The connection.
        partitions: What takes the rows; the first one's request stats count the requests.
        state: Tells when the connection was last read in full.
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
                        rows = [row for row in rows if row.timestamp is None or row.timestamp >= start]
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
            raise _incomplete(reader.outcome.shortages, self._stream.filter_key)

    def _guarded(self, partition: Partition, deliveries: Iterator[Delivery]) -> Iterator[Event]:
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


def _incomplete(shortages: Sequence[Shortage], replication_key: str | None) -> IncompleteError:
    """Return an error that says how many records are missing, and where."""
    places = [
        f"{shortage.came:,} of {shortage.expected:,} records came"
        + (f" with {replication_key} from {format_timestamp(shortage.start, 'seconds')} on" if shortage.start else "")
        for shortage in shortages
    ]
    return IncompleteError(
        f"{'; '.join(places)}: the server returns records of equal rank in another order on each page, or counts some "
        "that it does not list",
        f"{'The bookmark stays before them, and the' if replication_key else 'The'} next run requests other pages. A "
        "page_size above the larger of these numbers returns them at once, if the server accepts it.",
    )
