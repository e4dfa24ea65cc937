"""A run: jobs are read, what they deliver is written, and each one's trouble stays its own."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from typing import TYPE_CHECKING

from singer_sdk.exceptions import MapExpressionError, StreamMapConfigError

from tap_makini.entities import CONNECTIONS
from tap_makini.errors import CredentialError, EntityAbsentError, MakiniError, NothingNewError
from tap_makini.running.interruption import Interrupted
from tap_makini.running.job import Delivery
from tap_makini.running.progress import Progress
from tap_makini.running.report import conclude, tell_oddities
from tap_makini.running.schedule import Schedule
from tap_makini.running.summary import Result, Status, Summary
from tap_makini.running.tables import Tables
from tap_makini.running.trouble import Connections

if TYPE_CHECKING:
    from collections.abc import Sequence

    from singer_sdk.metrics import Counter as RecordCounter

    from tap_makini.running.job import Job
    from tap_makini.running.state import State
    from tap_makini.running.writer import LineWriter

logger = logging.getLogger(__name__)


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
        self._connections = Connections(jobs)
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
        if result.status is Status.WAITING:
            self._begin(job, result)
        self._writer.write_lines(delivery.lines)
        result.records += delivery.records
        self._metrics[job].records.increment(delivery.records)
        if delivery.once_written:
            delivery.once_written()
            self._writer.write_state(self._state.value, may_wait=True)

    def _begin(self, job: Job, result: Result) -> None:
        self._metrics[job] = Metrics(job)
        result.status = Status.RUNNING
        result.expected = job.outcome.expected if job.outcome else None
        identity = job.connection.integration.id
        if identity is not None:
            self._state.know(job.connection.name, identity)

    def _end(self, job: Job, error: Exception | None) -> None:
        if job in self._metrics:
            self._metrics.pop(job).close()
        result = self._results[job]
        error = self._connections.judged(job, error)
        self._judge(result, error)
        is_done = result.status in {Status.COMPLETE, Status.ABSENT}
        is_settled = job.outcome is None or job.outcome.is_settled
        # rows that slipped through are still in the table, and must not be dropped from it
        self._tables.end(job, is_whole=result.status is Status.COMPLETE and is_settled)
        if self._connections.end(job, error, is_whole=is_done and is_settled):
            self._drop_others(job, result)
        if self._connections.is_whole(job.connection):
            self._note_complete(job)
        self._writer.write_state(self._state.value, may_wait=True)
        tell_oddities(job, result)

    def _judge(self, result: Result, error: Exception | None) -> None:
        """Say what the end of a job means."""
        if error is None:
            result.status = Status.COMPLETE
            return
        if not isinstance(error, MakiniError):
            logger.debug("Stream %s failed", result.name, exc_info=error)
            is_of_maps = isinstance(error, (MapExpressionError, StreamMapConfigError))
            remedy = "Check the setting stream_maps." if is_of_maps else "This is a fault of the tap: report it."
            error = MakiniError(f"{type(error).__name__}: {error}", remedy)
        result.error = error
        if isinstance(error, NothingNewError):
            result.status = Status.SKIPPED
        elif isinstance(error, EntityAbsentError):
            result.status = Status.ABSENT
            # not every server tells of the connection itself
            level = logging.INFO if result.stream == CONNECTIONS.stream else logging.WARNING
            reason = f"since the connection does not offer it: {error.cause}"
            logger.log(level, "Stream %s is left out, %s.", result.name, reason)
        else:
            result.status = Status.FAILED
            # that a token is refused is told once, at the end
            level = logging.DEBUG if isinstance(error, CredentialError) else logging.ERROR
            logger.log(level, "Stream %s failed: %s", result.name, error)

    def _drop_others(self, job: Job, result: Result) -> None:
        """Leave a connection's other jobs alone, since they would fare no better."""
        skipped = result.status is Status.SKIPPED
        if skipped:
            logger.info("Connection %s is skipped: %s.", job.connection, result.error and result.error.cause)
        elif result.error is not None:
            job.connection.client.gate.shut(result.error)
        for other in self._schedule.drop(job.connection):
            dropped = self._results[other]
            dropped.status, dropped.error = (Status.SKIPPED if skipped else Status.DROPPED), result.error
            self._tables.end(other, is_whole=False)
            self._connections.end(other, None, is_whole=False)

    def _note_complete(self, job: Job) -> None:
        integration = job.connection.integration
        if integration.is_settled and integration.synced_at:
            self._state.complete(job.connection.name, integration.synced_at, job.connection.selection)


class Metrics:
    """The Singer SDK's own counts of a stream."""

    def __init__(self, job: Job) -> None:
        self._open = ExitStack()
        self.records: RecordCounter = self._open.enter_context(job.stream.get_record_counter())
        timer = self._open.enter_context(job.stream.get_sync_timer())
        timer.start_time = job.begun_at
        if job.connection.name is not None:
            context = {"connection": job.connection.name}
            self.records.with_context(context)
            timer.with_context(context)

    def close(self) -> None:
        """Log the counts."""
        self._open.close()
