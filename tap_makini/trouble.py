"""Which troubles are a whole connection's, and which connections have been read whole."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tap_makini.errors import CredentialError, NothingNewError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_makini.connection import OpenConnection
    from tap_makini.job import Job

_IN_A_ROW = 2  # a single stream may time out because it is large


class Connections:
    """Keeps count of each connection's jobs, and of how they end.

    Args:
        jobs: All jobs.
    """

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._left = Counter(id(job.connection) for job in jobs)
        self._unreachable: Counter[int] = Counter()
        self._broken: set[int] = set()

    def end(self, job: Job, error: Exception | None, *, is_whole: bool) -> bool:
        """Note how a job has ended.

        Args:
            job: The job.
            error: What ended it before its end.
            is_whole: Whether all there is has been read.

        Returns:
            Whether the connection's other jobs need not be tried.
        """
        key = id(job.connection)
        self._left[key] -= 1
        if not is_whole:
            self._broken.add(key)
        self._unreachable[key] = self._unreachable[key] + 1 if isinstance(error, UnreachableError) else 0
        return isinstance(error, (CredentialError, NothingNewError)) or self._unreachable[key] >= _IN_A_ROW

    def is_whole(self, connection: OpenConnection) -> bool:
        """Whether all jobs of a connection have ended with all there is."""
        return not self._left[id(connection)] and id(connection) not in self._broken
