"""A run: jobs are read, what they deliver is written, and each one's trouble stays its own."""

from __future__ import annotations

import json
import logging
from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING

from singer_sdk.exceptions import MapExpressionError, StreamMapConfigError
from singer_sdk.singerlib.messages import ActivateVersionMessage

from tap_makini.errors import CredentialError, EntityAbsentError, MakiniError
from tap_makini.interruption import Interrupted
from tap_makini.job import Delivery
from tap_makini.progress import Progress
from tap_makini.schedule import Schedule
from tap_makini.summary import Result, Status, Summary, by_cause

if TYPE_CHECKING:
    from collections.abc import Sequence

    from singer_sdk.metrics import Counter as RecordCounter

    from tap_makini.job import Job
    from tap_makini.state import State
    from tap_makini.writer import LineWriter

logger = logging.getLogger(__name__)

_MOST_PLACES = 10


class NothingReadError(Exception):
    """The run could not begin: a setting or a credential is wrong. The message says which."""


class StreamsFailedError(Exception):
    """Some streams failed; the others are complete. The message says which, why and what to do."""


class Sync:
    """Runs jobs.

    Args:
        jobs: What to read.
        workers: How many jobs to run at once.
        state: The state that they keep.
        writer: Takes the messages.

    Attributes:
        summary: What came of the jobs so far.
    """

    def __init__(self, jobs: Sequence[Job], workers: int, state: State, writer: LineWriter) -> None:
        self._schedule = Schedule(jobs)
        self._workers = workers
        self._state = state
        self._writer = writer
        self._tables = Tables(jobs, writer)
        self._metrics: dict[Job, Metrics] = {}
        self._results = {job: Result(job.stream.name, job.connection.name, job.source.traffic) for job in jobs}
        self.summary = Summary(list(self._results.values()))

    def run(self) -> None:
        """Run the jobs; one that fails does not stop the others.

        Raises:
            NothingReadError: Nothing could be read at all.
            StreamsFailedError: Some streams failed.
            Interrupted: The process was told to stop; STATE is written.
        """
        try:
            with Progress(self.summary):
                for job, event in self._schedule.run(self._workers):
                    if isinstance(event, Delivery):
                        self._write(job, event)
                    else:
                        self._end(job, event)
        except Interrupted:
            self._writer.write_state(self._state.value, anew=True)
            raise
        self._writer.write_state(self._state.value)
        conclude(self.summary)

    def _write(self, job: Job, delivery: Delivery) -> None:
        self._tables.begin(job)
        result = self._results[job]
        if job not in self._metrics:
            self._metrics[job] = Metrics(job)
            result.status = Status.RUNNING
            result.expected = job.outcome.expected if job.outcome else None
        self._writer.write_lines(delivery.lines)
        result.records += delivery.records
        self._metrics[job].records.increment(delivery.records)
        if delivery.once_written:
            delivery.once_written()
            self._writer.write_state(self._state.value, may_wait=True)

    def _end(self, job: Job, error: Exception | None) -> None:
        result = self._results[job]
        if job in self._metrics:
            self._metrics.pop(job).close()
        if error is None:
            result.status = Status.COMPLETE
        elif isinstance(error, EntityAbsentError):
            logger.warning(
                "Stream %s is left out, since the connection does not offer it: %s.", result.name, error.cause
            )
            result.status, result.error = Status.ABSENT, error
        else:
            self._fail(job, result, error)
        self._tables.end(job, is_whole=result.status is not Status.FAILED)
        self._writer.write_state(self._state.value, may_wait=True)
        tell_oddities(job, result)

    def _fail(self, job: Job, result: Result, error: Exception) -> None:
        if not isinstance(error, MakiniError):
            logger.debug("Stream %s failed", result.name, exc_info=error)
            is_of_maps = isinstance(error, (MapExpressionError, StreamMapConfigError))
            remedy = "Check the setting stream_maps." if is_of_maps else "This is a fault of the tap: report it."
            error = MakiniError(f"{type(error).__name__}: {error}", remedy)
        logger.error("Stream %s failed: %s", result.name, error)
        result.status, result.error = Status.FAILED, error
        if isinstance(error, CredentialError):
            job.connection.client.gate.shut(error)
            for dropped in self._schedule.drop(job.connection):
                self._results[dropped].status, self._results[dropped].error = Status.DROPPED, error
                self._tables.end(dropped, is_whole=False)


class Metrics:
    """The Singer SDK's own counts of a stream."""

    def __init__(self, job: Job) -> None:
        self._open = ExitStack()
        self.records: RecordCounter = self._open.enter_context(job.stream.get_record_counter())
        timer = self._open.enter_context(job.stream.get_sync_timer())
        if job.connection.name is not None:
            context = {"connection": job.connection.name}
            self.records.with_context(context)
            timer.with_context(context)

    def close(self) -> None:
        """Log the counts."""
        self._open.close()


class Tables:
    """The tables that the records of all connections go to.

    Each is announced by one SCHEMA, ahead of its first record. An ACTIVATE_VERSION, upon which a target drops all
    older rows, is sent once the stream has been read to its end in every connection, and never if one broke off.
    """

    def __init__(self, jobs: Sequence[Job], writer: LineWriter) -> None:
        self._writer = writer
        self._begun: set[str] = set()
        self._left = Counter(job.stream.name for job in jobs)
        self._broken: set[str] = set()

    def begin(self, job: Job) -> None:
        """Announce a job's table, unless it has been."""
        if job.stream.name not in self._begun:
            job.stream.write_schema()
            self._begun.add(job.stream.name)

    def end(self, job: Job, *, is_whole: bool) -> None:
        """Note that a job has ended."""
        name = job.stream.name
        self._left[name] -= 1
        if not is_whole:
            self._broken.add(name)
        if job.version is not None and not self._left[name] and name in self._begun and name not in self._broken:
            self._writer.write_message(ActivateVersionMessage(name, job.version))


def tell_oddities(job: Job, result: Result) -> None:
    """Log what the schema did not foresee in a stream's records, without their values."""
    result.drifts = len(job.drift)
    if job.outcome and job.outcome.undated and job.stream.filter_key:
        logger.info("Stream %s: %d records have no readable replication key.", result.name, job.outcome.undated)
    if job.drift:
        places = [f"{drift.example} ({drift.kind}, {drift.count} in all)" for drift in job.drift.values()]
        logger.info("Stream %s: what no column takes is in _makini_extra: %s.", result.name, _shortened(places))
    if result.records and job.never_seen:
        logger.info("Stream %s: no record has %s.", result.name, _shortened(job.never_seen))


def _shortened(places: list[str]) -> str:
    more = len(places) - _MOST_PLACES
    return ", ".join(places[:_MOST_PLACES]) + (f" and {more} more" if more > 0 else "")


def conclude(summary: Summary) -> None:
    """Log what came of a run.

    Raises:
        NothingReadError: Nothing could be read at all.
        StreamsFailedError: Some streams failed.
    """
    complete, absent = summary.with_status(Status.COMPLETE), summary.with_status(Status.ABSENT)
    failed = summary.with_status(Status.FAILED, Status.DROPPED)
    refused = [result for result in failed if isinstance(result.error, CredentialError)]
    if failed and len(refused) == len(summary.results) and not summary.records:
        raise NothingReadError(" | ".join(sorted({str(result.error) for result in refused})))
    logger.info("Summary: %s", json.dumps([result.to_dict() for result in summary.results]))
    for line in summary.table():
        logger.info("%s", line)
    logger.info(
        "%d records of %d streams are written; %d streams are not offered, %d failed.",
        summary.records,
        len(complete),
        len(absent),
        len(failed),
    )
    if not summary.results:
        logger.warning("No stream is selected, so nothing was read.")
    if absent and not (complete or failed):
        raise NothingReadError(
            "No selected stream is offered by this connection: check the settings api_url, api_token and products."
        )
    if failed:
        raise StreamsFailedError(f"Incomplete: {by_cause(failed)}")
