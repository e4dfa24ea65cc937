"""What came of a run: of each stream of each connection, in words for people and for machines."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

from tap_makini.http.client import RequestStats
from tap_makini.redaction import presentable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_makini.errors import MakiniError


_MOST_NAMES = 8


class Status(Enum):
    """How a stream of a connection stands."""

    WAITING = "waiting"
    RUNNING = "running"
    COMPLETE = "complete"
    ABSENT = "absent"
    FAILED = "failed"
    SKIPPED = "skipped"
    """Not read, since nothing is new."""
    DROPPED = "dropped"
    """Not begun, since its connection is in trouble."""


@dataclass
class Result:
    """What came of one stream of one connection.

    Attributes:
        stream: The stream's name.
        connection: The connection's name; None where it has none.
        traffic: What it has cost.
        status: How it stands.
        records: How many records have been written.
        expected: How many records the server counts, where it has said so.
        drifts: At how many places its records differ from the schema.
        error: Why it is absent, failed or dropped.
    """

    stream: str
    connection: str | None
    traffic: RequestStats = field(default_factory=RequestStats)
    status: Status = Status.WAITING
    records: int = 0
    expected: int | None = None
    drifts: int = 0
    error: MakiniError | None = None

    @property
    def name(self) -> str:
        """Name the stream, and the connection where there is more than one."""
        return self.stream if self.connection is None else f"{self.connection}/{self.stream}"

    def to_dict(self) -> dict[str, Any]:
        """Give the result for a machine."""
        told = {
            "connection": self.connection,
            "stream": self.stream,
            "status": self.status.value,
            "records": self.records,
            "requests": self.traffic.requests,
            "repeats": self.traffic.repeats,
            "waited_seconds": round(self.traffic.waited, 1),
            "drifts": self.drifts,
        }
        return told if self.error is None else {**told, "error": str(self.error)}


class Summary:
    """The results of a run.

    Args:
        results: One for each job.
    """

    def __init__(self, results: list[Result]) -> None:
        self.results = results

    def with_status(self, *statuses: Status) -> list[Result]:
        """Give the results that stand so."""
        return [result for result in self.results if result.status in statuses]

    @property
    def records(self) -> int:
        """How many records have been written."""
        return sum(result.records for result in self.results)

    def by_connection(self) -> dict[str | None, list[Result]]:
        """Give the results of each connection, by its name."""
        results: dict[str | None, list[Result]] = {}
        for result in self.results:
            results.setdefault(result.connection, []).append(result)
        return results

    def table(self) -> list[str]:
        """Lay the results out for people: a line a stream, or a line a connection where there are several."""
        connections = self.by_connection()
        if len(connections) < 2:  # noqa: PLR2004 - several
            told = [r for r in self.results if r.records or r.status not in {Status.COMPLETE, Status.SKIPPED}]
            return _table("stream", [(result.stream, [result]) for result in told]) if told else []
        return _table("connection", [(str(name), results) for name, results in connections.items()])


def _table(heading: str, rows: list[tuple[str, list[Result]]]) -> list[str]:
    cells = [(heading, "status", "records", "requests", "repeats", "waited s", "drifts")]
    cells += [
        (
            presentable(name),
            _stand(results),
            f"{sum(result.records for result in results):,}",
            f"{sum(result.traffic.requests for result in results):,}",
            f"{sum(result.traffic.repeats for result in results):,}",
            f"{sum(result.traffic.waited for result in results):,.0f}",
            f"{sum(result.drifts for result in results):,}",
        )
        for name, results in rows
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    words = 2  # the first columns; the others are numbers
    return [
        "  ".join(
            cell.ljust(width) if index < words else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in cells
    ]


def _stand(results: list[Result]) -> str:
    counts = Counter(result.status.value for result in results)
    if len(results) == 1:
        return results[0].status.value
    return ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))


def by_cause(failed: Iterable[Result]) -> str:
    """Tell what failed and why; a trouble that several streams share is told once, with one request id."""
    sharing: dict[tuple[str, str], list[Result]] = {}
    for result in failed:
        if result.error is not None:
            sharing.setdefault((result.error.cause, result.error.remedy), []).append(result)
    return " | ".join(f"{_listed(list(_names(results)))}: {results[0].error}" for results in sharing.values())


def _names(results: list[Result]) -> Iterator[str]:
    """Name streams, or connections with several of them: one connection must not hide the next one."""
    counts = Counter(result.connection for result in results)
    for name, count in counts.items():
        if name is None or count == 1:
            yield from (result.name for result in results if result.connection == name)
        else:
            yield f"{name} ({count} streams)"


def _listed(names: list[str]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
