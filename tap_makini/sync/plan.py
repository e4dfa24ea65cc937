"""The plan of a run: which lists are read, and for which streams."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from tap_makini.streams import (
    ChildStream,
    ConnectionsStream,
    KeysStream,
    LinesStream,
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

    from tap_makini.config import Settings
    from tap_makini.connections.connection import Connection
    from tap_makini.sync.state import State


class Plan:
    """Makes the jobs of a run.

    Args:
        streams: All streams, those of lists in the order in which they are to be read.
        settings: The settings.
        state: Where bookmarks are kept.
        version: Of full tables, for ACTIVATE_VERSION; None where it is not asked for.
    """

    def __init__(self, streams: Sequence[MakiniStream], settings: Settings, state: State, version: int | None) -> None:
        self._lists = [stream for stream in streams if isinstance(stream, ListStream)]
        self._dependents = [
            stream for stream in streams if isinstance(stream, (LinesStream, ChildStream)) and stream.selected
        ]
        self._keys = _selected(stream for stream in streams if isinstance(stream, KeysStream))
        self._reconciliations = _selected(stream for stream in streams if isinstance(stream, ReconciliationsStream))
        self._settings = settings
        self._state = state
        self._version = version

    def jobs(self, connections: Iterable[Connection]) -> list[ListSync]:
        """Give the jobs of all connections."""
        return [job for connection in connections for job in self._jobs(connection)]

    def _jobs(self, connection: Connection) -> Iterator[ListSync]:
        for stream in self._lists:
            outputs = list(self._outputs(stream, connection))
            if outputs:
                yield ListSync(stream, connection, outputs, self._settings, self._state)

    def _outputs(self, stream: ListStream, connection: Connection) -> Iterator[Partition]:
        """Give what takes from the records of a list; it is read once for all of them."""
        if stream.selected:
            yield Partition(stream, connection, self._version_of(stream, stream))
        for dependent in self._dependents:
            if dependent.parent is stream:
                yield self._dependent_output(dependent, connection)
        if stream.selected and self._is_to_be_reconciled(stream, connection):
            yield from self._reconciling_outputs(stream, connection)

    def _dependent_output(self, stream: LinesStream | ChildStream, connection: Connection) -> Partition:
        version = self._version_of(stream, stream.parent)
        if isinstance(stream, ChildStream):
            return ChildListPartition(stream, connection, version, self._settings.max_parallel)
        return LinesPartition(stream, connection, version)

    def _version_of(self, stream: MakiniStream, parent: ListStream) -> int | None:
        is_read_whole = stream.filter_key is None or parent.filter_key is None
        return self._version if is_read_whole else None

    def _is_to_be_reconciled(self, stream: ListStream, connection: Connection) -> bool:
        days = self._settings.reconcile_days
        if days is None or len(stream.endpoint.key) != 1 or isinstance(stream, ConnectionsStream):
            return False
        due = datetime.now(timezone.utc) - timedelta(days=days)
        return not self._state.is_reconciled(stream.name, connection.name, due)

    def _reconciling_outputs(self, stream: ListStream, connection: Connection) -> Iterator[Partition]:
        if self._keys is not None and self._reconciliations is not None:
            keys = ReconciledKeysPartition(self._keys, connection, stream)
            yield keys
            yield ReconciliationPartition(self._reconciliations, connection, keys, self._state)


def _selected(streams: Iterable[MakiniStream]) -> MakiniStream | None:
    return next((stream for stream in streams if stream.selected), None)
