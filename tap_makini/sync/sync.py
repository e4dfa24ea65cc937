"""A run: jobs are read, what they deliver is written, and each one's trouble stays its own."""

from __future__ import annotations

import logging
from contextlib import ExitStack
from typing import TYPE_CHECKING

from singer_sdk.exceptions import MapExpressionError, StreamMapConfigError

from tap_makini.entities import CONNECTIONS
from tap_makini.errors import CredentialError, EntityAbsentError, MakiniError, NothingNewError
from tap_makini.sync.circuit_breaker import CircuitBreaker
from tap_makini.sync.interruption import Interrupted
from tap_makini.sync.partition import Delivery, PartitionEnd
from tap_makini.sync.progress import Progress
from tap_makini.sync.report import conclude, tell_oddities
from tap_makini.sync.scheduler import Scheduler
from tap_makini.sync.summary import Result, Status, Summary
from tap_makini.sync.tables import Tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from singer_sdk.metrics import Counter as RecordCounter

    from tap_makini.sync.list_sync import Event, ListSync
    from tap_makini.sync.partition import Partition
    from tap_makini.sync.state import State
    from tap_makini.sync.writer import LineWriter

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

    def __init__(self, jobs: Sequence[ListSync], workers: int, state: State, writer: LineWriter) -> None:
        outputs = [output for job in jobs for output in job.outputs]
        self._schedule = Scheduler(jobs)
        self._workers = workers
        self._state = state
        self._writer = writer
        self._tables = Tables(outputs, writer)
        self._connections = CircuitBreaker(outputs)
        self._metrics: dict[Partition, Metrics] = {}
        self._left = dict.fromkeys(outputs)
        self._results = {output: Result(output.name, output.connection.name, output.traffic) for output in outputs}
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
                    self._heed(job, event)
            self._writer.write_state(self._state.value)
        except Interrupted:
            self._writer.write_state(self._state.value or {"bookmarks": {}}, anew=True)
            raise
        conclude(self.summary)

    def _heed(self, job: ListSync, event: Event | Exception | None) -> None:
        if isinstance(event, Delivery):
            self._write(event)
        elif isinstance(event, PartitionEnd):
            self._end(event.output, event.error)
        else:
            left = [output for output in job.outputs if output in self._left]
            for output in left:
                self._end(output, event, is_told=output is not left[0])

    def _write(self, delivery: Delivery) -> None:
        output = delivery.output
        self._tables.begin(output)
        result = self._results[output]
        if result.status is Status.WAITING:
            self._begin(output, result)
        self._writer.write_lines(delivery.lines)
        result.records += delivery.records
        self._metrics[output].records.increment(delivery.records)
        if delivery.once_written:
            delivery.once_written()
            self._writer.write_state(self._state.value, may_wait=True)

    def _begin(self, output: Partition, result: Result) -> None:
        self._metrics[output] = Metrics(output)
        result.status = Status.RUNNING
        result.expected = output.expected
        identity = output.connection.integration.id
        if identity is not None:
            self._state.know(output.connection.name, identity)

    def _end(self, output: Partition, error: Exception | None, *, is_told: bool = False) -> None:
        """Note that an output has ended; `is_told` if the log says of another one why, since they share the list."""
        del self._left[output]
        if output in self._metrics:
            self._metrics.pop(output).close()
        result = self._results[output]
        error = self._connections.judged(output, error)
        self._judge(output, result, error, is_told=is_told)
        is_done = result.status in {Status.COMPLETE, Status.ABSENT}
        is_settled = output.outcome is None or output.outcome.is_settled
        # rows that slipped through are still in the table, and must not be dropped from it
        self._tables.end(output, is_whole=result.status is Status.COMPLETE and is_settled)
        if self._connections.end(output, error, is_whole=is_done and is_settled) and not is_told:
            self._drop_others(output, result)
        if self._connections.is_whole(output.connection):
            self._note_complete(output)
        self._writer.write_state(self._state.value, may_wait=True)
        tell_oddities(output, result)

    def _judge(self, output: Partition, result: Result, error: Exception | None, *, is_told: bool) -> None:
        """Say what the end of a job means."""
        if error is None:
            result.status = Status.COMPLETE
            return
        if not isinstance(error, MakiniError):
            logger.debug("Stream %s failed", result.name, exc_info=error)
            is_of_maps = isinstance(error, (MapExpressionError, StreamMapConfigError))
            remedy = "Check the setting stream_maps." if is_of_maps else "This is a fault of the tap: report it."
            error = MakiniError(f"{type(error).__name__}: {error}", remedy)
        if isinstance(error, EntityAbsentError) and output.has_delivered:
            error = MakiniError(
                f"the connection no longer offers it, though earlier runs have read it: {error.cause}",
                "Restore the permission in Makini or the source system, or deselect the stream.",
                error.request_id,
            )
        result.error = error
        if isinstance(error, NothingNewError):
            result.status = Status.SKIPPED
        elif isinstance(error, EntityAbsentError):
            result.status = Status.ABSENT
            # not every server tells of the connection itself
            level = logging.INFO if is_told or result.stream == CONNECTIONS.stream else logging.WARNING
            reason = f"since the connection does not offer it: {error.cause}"
            logger.log(level, "Stream %s is left out, %s.", result.name, reason)
        else:
            result.status = Status.FAILED
            # that a token is refused is told once, at the end
            level = logging.DEBUG if is_told or isinstance(error, CredentialError) else logging.ERROR
            logger.log(level, "Stream %s failed: %s", result.name, error)

    def _drop_others(self, output: Partition, result: Result) -> None:
        """Leave a connection's other jobs alone, since they would fare no better."""
        skipped = result.status is Status.SKIPPED
        if skipped:
            logger.info("Connection %s is skipped: %s.", output.connection, result.error and result.error.cause)
        elif result.error is not None:
            output.connection.client.rate_limiter.shut(result.error)
        for job in self._schedule.drop(output.connection):
            for other in job.outputs:
                self._drop(other, Status.SKIPPED if skipped else Status.DROPPED, result.error)

    def _drop(self, output: Partition, status: Status, error: MakiniError | None) -> None:
        del self._left[output]
        dropped = self._results[output]
        dropped.status, dropped.error = status, error
        self._tables.end(output, is_whole=False)
        self._connections.end(output, None, is_whole=False)

    def _note_complete(self, output: Partition) -> None:
        connection = output.connection
        integration = connection.integration
        if integration.is_settled and integration.synced_at:
            self._state.complete(connection.name, integration.synced_at, connection.selection)


class Metrics:
    """The Singer SDK's own counts of a stream."""

    def __init__(self, output: Partition) -> None:
        self._open = ExitStack()
        self.records: RecordCounter = self._open.enter_context(output.stream.get_record_counter())
        timer = self._open.enter_context(output.stream.get_sync_timer())
        timer.start_time = output.begun_at
        if output.connection.name is not None:
            context = {"connection": output.connection.name}
            self.records.with_context(context)
            timer.with_context(context)

    def close(self) -> None:
        """Log the counts."""
        self._open.close()
