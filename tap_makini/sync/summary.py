"""Summarize a run: the result of each stream of each connection, for people and for machines."""

from __future__ import annotations

import json
import logging
from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any

from tap_makini.errors import CredentialError, NothingReadError, StreamsFailedError
from tap_makini.http.client import RequestStats
from tap_makini.identifiers import CONNECTIONS, qualified_name
from tap_makini.redaction import presentable
from tap_makini.streams import ListStream
from tap_makini.sync.partition import Partition, warn_of_changes

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from tap_makini.errors import MakiniError

logger = logging.getLogger(__name__)

_MOST_NAMES = 8
_MOST_PLACES = 10


class Status(Enum):
    """The status of a stream of a connection."""

    WAITING = "waiting"
    RUNNING = "running"
    COMPLETE = "complete"
    ABSENT = "absent"
    FAILED = "failed"
    SKIPPED = "skipped"
    """Not read, since there is nothing new."""
    DROPPED = "dropped"
    """Not begun, since an error concerns the whole connection."""


@dataclass(frozen=True)
class Result:
    """The result of one stream of one connection, so far.

    Attributes:
        stream: The stream's name.
        connection: The connection's name; None where it has none.
        request_stats: Counts the requests.
        status: Its status.
        records: How many records have been written.
        expected: How many records the server counts; None if that is unknown.
        drifts: In how many places its records differ from the schema.
        error: Why it is absent, failed, skipped or dropped.
    """

    stream: str
    connection: str | None
    request_stats: RequestStats = field(default_factory=RequestStats)
    status: Status = Status.WAITING
    records: int = 0
    expected: int | None = None
    drifts: int = 0
    error: MakiniError | None = None

    @property
    def name(self) -> str:
        """The name of the stream, with that of the connection if it has one."""
        return qualified_name(self.stream, self.connection)

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will be read."""
        return self.status not in {Status.WAITING, Status.RUNNING}

    def to_dict(self) -> dict[str, Any]:
        """Return the result for a machine."""
        fields = {
            "connection": self.connection,
            "stream": self.stream,
            "status": self.status.value,
            "records": self.records,
            "requests": self.request_stats.requests,
            "repeats": self.request_stats.retries,
            "waited_seconds": round(self.request_stats.waited, 1),
            "drifts": self.drifts,
        }
        return fields if self.error is None else {**fields, "error": str(self.error)}


class Summary:
    """The results of a run.

    Args:
        results: One for each partition; a view of results that are replaced while it runs.
    """

    def __init__(self, results: Collection[Result]) -> None:
        self._results = results

    @property
    def results(self) -> list[Result]:
        """The results as they are now."""
        return list(self._results)

    def with_status(self, *statuses: Status) -> list[Result]:
        """Return the results of these statuses."""
        return [result for result in self.results if result.status in statuses]

    @property
    def records(self) -> int:
        """How many records have been written."""
        return sum(result.records for result in self.results)

    def by_connection(self) -> dict[str | None, list[Result]]:
        """Return the results of each connection, by its name."""
        results: dict[str | None, list[Result]] = {}
        for result in self.results:
            results.setdefault(result.connection, []).append(result)
        return results

    def table(self) -> list[str]:
        """Return a table for people: a line for each stream, or for each connection if there are several."""
        connections = self.by_connection()
        if len(connections) < 2:  # noqa: PLR2004 - several
            shown = [r for r in self.results if r.records or r.status not in {Status.COMPLETE, Status.SKIPPED}]
            return _table("stream", [(result.stream, [result]) for result in shown]) if shown else []
        return _table("connection", [(str(name), results) for name, results in connections.items()])


def _table(heading: str, rows: list[tuple[str, list[Result]]]) -> list[str]:
    cells = [(heading, "status", "records", "requests", "repeats", "waited s", "drifts")]
    cells += [
        (
            presentable(name),
            _status(results),
            f"{sum(result.records for result in results):,}",
            f"{sum(result.request_stats.requests for result in results):,}",
            f"{sum(result.request_stats.retries for result in results):,}",
            f"{sum(result.request_stats.waited for result in results):,.0f}",
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


def _status(results: list[Result]) -> str:
    counts = Counter(result.status.value for result in results)
    if len(results) == 1:
        return results[0].status.value
    return ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))


def by_cause(failed: Iterable[Result]) -> str:
    """Return what failed and why; an error that several streams share appears once, with one request id."""
    sharing: dict[tuple[str, str], list[Result]] = {}
    for result in failed:
        if result.error is not None:
            sharing.setdefault((result.error.cause, result.error.remedy), []).append(result)
    return " | ".join(f"{_listed(list(_names(results)))}: {results[0].error}" for results in sharing.values())


def _names(results: list[Result]) -> Iterator[str]:
    """Return the names of streams, or of connections with several: one connection must not hide the next."""
    counts = Counter(result.connection for result in results)
    for name, count in counts.items():
        if name is None or count == 1:
            yield from (result.name for result in results if result.connection == name)
        else:
            yield f"{name} ({count} streams)"


def _listed(names: list[str]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def log_oddities(partition: Partition, result: Result) -> None:
    """Log how the records of a partition differ from the schema, without their values."""
    outcome = partition.outcome
    if outcome.undated and partition.stream.filter_key:
        logger.warning(
            "Stream %s: %s is not readable in some records (%d), and incremental reads do not see them change: "
            "use reconcile_days, or FULL_TABLE for this stream.",
            result.name,
            partition.stream.filter_key,
            outcome.undated,
        )
    if outcome.is_all_incomplete and not outcome.shortages and _is_list_read_whole(partition):
        warn_of_changes(result.name, "reads it in full again")
    if result.drifts:
        places = [f"{drift.example} ({drift.kind}, {drift.count} in all)" for drift in partition.drift.values()]
        logger.info("Stream %s: values that fit no column are in _makini_extra: %s.", result.name, _shortened(places))
    if result.records and partition.never_seen:
        logger.info("Stream %s: no record has %s.", result.name, _shortened(partition.never_seen))


def _is_list_read_whole(partition: Partition) -> bool:
    """Return whether it is a list without a bookmark: the others log by themselves that they changed."""
    return isinstance(partition.stream, ListStream) and partition.stream.filter_key is None


def _shortened(places: list[str]) -> str:
    more = len(places) - _MOST_PLACES
    return ", ".join(places[:_MOST_PLACES]) + (f" and {more} more" if more > 0 else "")


def conclude(summary: Summary) -> None:
    """Log the results of a run.

    Raises:
        NothingReadError: Nothing could be read at all.
        StreamsFailedError: Some streams failed.
    """
    complete, absent = summary.with_status(Status.COMPLETE), summary.with_status(Status.ABSENT)
    failed = summary.with_status(Status.FAILED, Status.DROPPED)
    refused = [result for result in failed if isinstance(result.error, CredentialError)]
    if refused and not summary.records and len(refused) + len(absent) == len(summary.results):
        raise NothingReadError(by_cause(refused) if refused[0].connection else str(refused[0].error))
    logger.info("Summary: %s", json.dumps([result.to_dict() for result in summary.results]))
    for line in summary.table():
        logger.info("%s", line)
    logger.info(
        "Records written: %d. Streams: %d complete, %d not offered, %d skipped, %d failed.",
        summary.records,
        len(complete),
        len(absent),
        len(summary.with_status(Status.SKIPPED)),
        len(failed),
    )
    if not summary.results:
        logger.warning("No stream is selected, so nothing was read.")
    if failed:
        raise StreamsFailedError(f"Incomplete: {by_cause(failed)}")
    if absent and all(result.status is Status.ABSENT for result in summary.results if not _is_of_connection(result)):
        raise NothingReadError(
            "No selected stream is offered by this connection: check the settings api_url, api_token and products."
        )


def _is_of_connection(result: Result) -> bool:
    return result.stream == CONNECTIONS
