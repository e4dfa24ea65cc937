"""Decide when to stop reading a connection, and know which connections have been read in full."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tap_makini.errors import (
    BadBodyError,
    ConnectionClosedError,
    CredentialError,
    EntityAbsentError,
    NothingNewError,
    TransientError,
    UnreachableError,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_makini.connections.connection import Connection
    from tap_makini.sync.partition import Partition

_OF_THE_CONNECTION = (ConnectionClosedError, CredentialError, NothingNewError)
_FAILURES_IN_A_ROW = 4  # each has lasted for max_wait_seconds; a few streams may be broken by themselves
_WEIGHT_OF_SILENCE = 2  # a server that does not respond at all; a single stream may time out because it is large


def _weight(partition: Partition, error: Exception | None) -> int:
    """Return how much an error says against the whole server; 0 if it concerns the stream alone."""
    if isinstance(error, UnreachableError):
        return _WEIGHT_OF_SILENCE
    has_failed_only = partition.request_stats.requests <= partition.request_stats.retries + 1
    return int(has_failed_only and isinstance(error, TransientError) and not isinstance(error, BadBodyError))


class CircuitBreaker:
    """Counts the partitions of each connection, and how they end.

    Args:
        partitions: All partitions.
    """

    def __init__(self, partitions: Sequence[Partition]) -> None:
        self._left = Counter(id(partition.connection) for partition in partitions)
        self._are_several = len(self._left) > 1
        self._failing: Counter[int] = Counter()
        self._incomplete: set[int] = set()
        self._has_entities: set[int] = set()
        self._knows_connections = False

    def classify(self, partition: Partition, error: Exception | None) -> Exception | None:
        """Distinguish a missing entity from a missing connection.

        A connection is missing if it offers nothing at all, and Makini does not describe it. If Makini describes
        another one, that settles it; otherwise the API may describe none, and all entities are tried.

        Args:
            partition: A partition that has ended.
            error: The error that ended it; None if it was read to its end.

        Returns:
            The error, in the kind that says what follows from it.
        """
        connection = partition.connection
        if error is None:
            self._has_entities.add(id(connection))
            self._knows_connections |= connection.integration.id is not None
        is_settled = self._knows_connections or (self._are_several and self._left[id(connection)] == 1)
        is_unknown = isinstance(connection.integration.error, EntityAbsentError)
        is_empty = is_unknown and id(connection) not in self._has_entities
        if isinstance(error, EntityAbsentError) and is_empty and is_settled:
            return ConnectionClosedError(
                f"Makini offers nothing for the connection: {error.cause}",
                "Check in Makini whether it still exists and is active; it may have to be authorized again.",
                error.request_id,
            )
        return error

    def opens(self, partition: Partition, error: Exception | None) -> bool:
        """Count an error, and return whether to drop the connection's other lists.

        Args:
            partition: A partition that has ended.
            error: The error that ended it; None if it was read to its end.
        """
        key, weight = id(partition.connection), _weight(partition, error)
        self._failing[key] = weight and self._failing[key] + weight
        return isinstance(error, _OF_THE_CONNECTION) or self._failing[key] >= _FAILURES_IN_A_ROW

    def end(self, partition: Partition, *, is_complete: bool) -> None:
        """Count the end of a partition, and whether everything has been read."""
        self._left[id(partition.connection)] -= 1
        if not is_complete:
            self._incomplete.add(id(partition.connection))

    def is_complete(self, connection: Connection) -> bool:
        """Return whether all partitions of a connection have ended, with everything read."""
        return not self._left[id(connection)] and id(connection) not in self._incomplete
