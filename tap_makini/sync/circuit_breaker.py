"""Which troubles are a whole connection's, and which connections have been read whole."""

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

_OF_THE_WHOLE = (ConnectionClosedError, CredentialError, NothingNewError)
_FAILURES_IN_A_ROW = 4  # each has lasted for max_wait_seconds; a few streams may be broken by themselves
_WEIGHT_OF_SILENCE = 2  # a server that does not respond at all; a single stream may time out because it is large


def is_unheard_of(connection: Connection) -> bool:
    """Whether Makini does not say what a connection is."""
    return isinstance(connection.integration.error, EntityAbsentError)


def _weight(output: Partition, error: Exception | None) -> int:
    """Return how much an error says against the whole server; 0 if it is the stream's alone."""
    if isinstance(error, UnreachableError):
        return _WEIGHT_OF_SILENCE
    has_failed_only = output.traffic.requests <= output.traffic.repeats + 1
    return int(has_failed_only and isinstance(error, TransientError) and not isinstance(error, BadBodyError))


class CircuitBreaker:
    """Keeps count of each connection's outputs, and of how they end.

    Args:
        outputs: All outputs.
    """

    def __init__(self, outputs: Sequence[Partition]) -> None:
        self._left = Counter(id(output.connection) for output in outputs)
        self._are_several = len(self._left) > 1
        self._failing: Counter[int] = Counter()
        self._broken: set[int] = set()
        self._found: set[int] = set()
        self._has_heard_of_any = False

    def judged(self, output: Partition, error: Exception | None) -> Exception | None:
        """Tell an entity that is absent from a connection that is gone.

        It is gone where nothing at all is there and Makini does not say what the connection is. That it says so of
        another one settles it at once; otherwise it may be an API that never does, and all entities are tried.

        Args:
            output: An output that has ended.
            error: What ended it before its end.

        Returns:
            The error in the kind that says what follows from it.
        """
        connection = output.connection
        if error is None:
            self._found.add(id(connection))
            self._has_heard_of_any |= connection.integration.id is not None
        is_settled = self._has_heard_of_any or (self._are_several and self._left[id(connection)] == 1)
        has_nothing = is_unheard_of(connection) and id(connection) not in self._found
        if isinstance(error, EntityAbsentError) and has_nothing and is_settled:
            return ConnectionClosedError(
                f"Makini gives nothing of the connection: {error.cause}",
                "See in Makini whether it is still there and active; it may have to be authorised anew.",
                error.request_id,
            )
        return error

    def end(self, output: Partition, error: Exception | None, *, is_whole: bool) -> bool:
        """Note how an output has ended.

        Args:
            output: The output.
            error: What ended it before its end.
            is_whole: Whether all there is has been read.

        Returns:
            Whether the connection's other jobs need not be tried.
        """
        key = id(output.connection)
        self._left[key] -= 1
        if not is_whole:
            self._broken.add(key)
        weight = _weight(output, error)
        self._failing[key] = weight and self._failing[key] + weight
        return isinstance(error, _OF_THE_WHOLE) or self._failing[key] >= _FAILURES_IN_A_ROW

    def is_whole(self, connection: Connection) -> bool:
        """Whether all outputs of a connection have ended with all there is."""
        return not self._left[id(connection)] and id(connection) not in self._broken
