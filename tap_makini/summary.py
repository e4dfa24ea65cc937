"""What came of a run: of each stream of each connection, in words for people and for machines."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_makini.errors import MakiniError


class Status(Enum):
    """How a stream of a connection ended."""

    RUNNING = "running"
    COMPLETE = "complete"
    ABSENT = "absent"
    FAILED = "failed"


@dataclass
class Result:
    """What came of one stream of one connection.

    Attributes:
        stream: The stream's name.
        connection: The connection's name; None where it has none.
        status: How it ended.
        records: How many records have been written.
        error: Why it is absent or failed.
    """

    stream: str
    connection: str | None
    status: Status = Status.RUNNING
    records: int = 0
    error: MakiniError | None = None

    @property
    def name(self) -> str:
        """Name the stream, and the connection where there is more than one."""
        return self.stream if self.connection is None else f"{self.connection}/{self.stream}"


class Summary:
    """The results of a run.

    Args:
        results: One for each job.
    """

    def __init__(self, results: list[Result]) -> None:
        self.results = results

    def with_status(self, status: Status) -> list[Result]:
        """Give the results that ended so."""
        return [result for result in self.results if result.status is status]

    @property
    def records(self) -> int:
        """How many records have been written."""
        return sum(result.records for result in self.results)


def by_cause(failed: Iterable[Result]) -> str:
    """Tell what failed and why; a trouble that several streams share is told once."""
    names: dict[str, list[str]] = {}
    for result in failed:
        names.setdefault(str(result.error), []).append(result.name)
    return " | ".join(f"{', '.join(streams)}: {story}" for story, streams in names.items())
