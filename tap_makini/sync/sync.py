"""Run a sync: read lists, write what they deliver, and keep each stream's failure to that stream."""

from __future__ import annotations

import logging
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from singer_sdk.exceptions import MapExpressionError, StreamMapConfigError
from singer_sdk.singerlib.messages import ActivateVersionMessage

from tap_makini.errors import CredentialError, EntityAbsentError, MakiniError, NothingNewError
from tap_makini.identifiers import CONNECTIONS
from tap_makini.sync.circuit_breaker import CircuitBreaker
from tap_makini.sync.interruption import Interrupted
from tap_makini.sync.partition import Delivery, PartitionEnd
from tap_makini.sync.progress import Progress
from tap_makini.sync.scheduler import Scheduler
from tap_makini.sync.summary import Result, Status, Summary, conclude, log_oddities

if TYPE_CHECKING:
    from collections.abc import Sequence

    from singer_sdk.metrics import Counter as RecordCounter

    from tap_makini.connections.connection import Connection
    from tap_makini.sync.list_sync import ListSync
    from tap_makini.sync.partition import Partition
    from tap_makini.sync.state import State
    from tap_makini.sync.writer import LineWriter

logger = logging.getLogger(__name__)


class Sync:
    """Runs list syncs.

    Args:
        list_syncs: What to read.
        workers: How many lists to read at once.
        state: The state that they advance.
        writer: Writes the messages.
        selection: A fingerprint of the streams that are read.

    Attributes:
        summary: The results so far.
    """

    def __init__(
        self, list_syncs: Sequence[ListSync], workers: int, state: State, writer: LineWriter, selection: str
    ) -> None:
        partitions = [partition for list_sync in list_syncs for partition in list_sync.partitions]
        self._scheduler = Scheduler(list_syncs)
        self._workers = workers
        self._state = state
        self._writer = writer
        self._selection = selection
        self._tables = Tables(partitions, writer)
        self._circuit_breaker = CircuitBreaker(partitions)
        self._metrics: dict[Partition, Metrics] = {}
        self._results = {each: Result(each.name, each.connection.name, each.request_stats) for each in partitions}
        self.summary = Summary(self._results.values())

    def run(self) -> None:
        """Run the list syncs; one that fails does not stop the others.

        Raises:
            NothingReadError: Nothing could be read at all.
            StreamsFailedError: Some streams failed.
            Interrupted: A signal asked the process to stop; STATE is written.
        """
        try:
            with Progress(self.summary):
                for list_sync, event in self._scheduler.run(self._workers):
                    if isinstance(event, Delivery):
                        self._write(event)
                    elif isinstance(event, PartitionEnd):
                        self._end(event.partition, event.error)
                    else:
                        self._end_list(list_sync, event)
            self._writer.write_state(self._state.value)
        except Interrupted:
            self._writer.write_state(self._state.value or {"bookmarks": {}}, force=True)
            raise
        conclude(self.summary)

    def _write(self, delivery: Delivery) -> None:
        partition = delivery.partition
        if partition not in self._metrics:
            self._begin(partition)
        self._writer.write_lines(delivery.lines)
        self._metrics[partition].records.increment(delivery.records)
        result = self._results[partition]
        self._results[partition] = replace(result, records=result.records + delivery.records)
        if delivery.once_written is not None:
            delivery.once_written()
            self._writer.write_state(self._state.value, may_wait=True)

    def _begin(self, partition: Partition) -> None:
        self._tables.announce(partition)
        self._metrics[partition] = Metrics(partition)
        self._results[partition] = replace(self._results[partition], status=Status.RUNNING, expected=partition.expected)
        identity = partition.connection.integration.id
        if identity is not None:
            self._state.note_identity(partition.connection.name, identity)

    def _end_list(self, list_sync: ListSync, error: Exception | None) -> None:
        """End all partitions of a list that have not ended; the error, which they share, is logged once."""
        left = [partition for partition in list_sync.partitions if not self._results[partition].has_ended]
        for partition in left:
            self._end(partition, error, is_logged=partition is not left[0])

    def _end(self, partition: Partition, error: Exception | None, *, is_logged: bool = False) -> None:
        """End a partition that has been read.

        Args:
            partition: The partition.
            error: The error that ended it; None if it was read to its end.
            is_logged: Whether the error has been logged.
        """
        if partition in self._metrics:
            self._metrics.pop(partition).close()
        error = self._circuit_breaker.classify(partition, error)
        cause = None if error is None else _as_makini_error(partition, self._results[partition].name, error)
        self._close(partition, _status(cause), cause)
        connection, result = partition.connection, self._results[partition]
        _log_end(result, is_logged=is_logged)
        if self._circuit_breaker.opens(partition, error) and not is_logged:
            self._drop_others(connection, result)
        integration = connection.integration
        if self._circuit_breaker.is_complete(connection) and integration.is_settled and integration.synced_at:
            self._state.note_complete(connection.name, integration.synced_at, self._selection)
        self._writer.write_state(self._state.value, may_wait=True)
        log_oddities(partition, result)

    def _close(self, partition: Partition, status: Status, error: MakiniError | None) -> None:
        """Note how a partition has ended, for its table and its connection as well."""
        result = self._results[partition]
        drifts = len(partition.drift) if result.records else 0
        self._results[partition] = replace(result, status=status, error=error, drifts=drifts)
        # records that were missed are still in the table, and must not be dropped from it
        is_settled = partition.outcome.is_complete
        self._tables.end(partition, is_complete=status is Status.COMPLETE and is_settled)
        is_complete = status in {Status.COMPLETE, Status.ABSENT} and is_settled
        self._circuit_breaker.end(partition, is_complete=is_complete)

    def _drop_others(self, connection: Connection, result: Result) -> None:
        """Drop the lists of a connection that have not begun, since they would end like this one."""
        status = Status.DROPPED
        if result.status is Status.SKIPPED:
            status = Status.SKIPPED
            logger.info("Connection %s is skipped: %s.", connection, result.error and result.error.cause)
        elif result.error is not None:
            connection.client.rate_limiter.stop(result.error)
        for list_sync in self._scheduler.drop(connection):
            for partition in list_sync.partitions:
                self._close(partition, status, result.error)


def _status(error: MakiniError | None) -> Status:
    """Return the status of a stream that an error has ended; None if it was read to its end."""
    if error is None:
        return Status.COMPLETE
    if isinstance(error, NothingNewError):
        return Status.SKIPPED
    return Status.ABSENT if isinstance(error, EntityAbsentError) else Status.FAILED


def _as_makini_error(partition: Partition, name: str, error: Exception) -> MakiniError:
    if not isinstance(error, MakiniError):
        logger.debug("Stream %s failed", name, exc_info=error)
        is_of_maps = isinstance(error, (MapExpressionError, StreamMapConfigError))
        remedy = "Check the setting stream_maps." if is_of_maps else "This is a bug in the tap: report it."
        return MakiniError(f"{type(error).__name__}: {error}", remedy)
    if isinstance(error, EntityAbsentError) and partition.has_delivered:
        return MakiniError(
            f"the connection no longer offers it, though earlier runs have read it: {error.cause}",
            "Restore the permission in Makini or the source system, or deselect the stream.",
            error.request_id,
        )
    return error


def _log_end(result: Result, *, is_logged: bool) -> None:
    """Log why a stream is absent or failed, once for all that share the reason."""
    if result.status is Status.ABSENT:
        # not every server offers the stream of the connection itself
        level = logging.INFO if is_logged or result.stream == CONNECTIONS else logging.WARNING
        reason = f"since the connection does not offer it: {result.error and result.error.cause}"
        logger.log(level, "Stream %s is left out, %s.", result.name, reason)
    elif result.status is Status.FAILED:
        # a refused token is logged once, at the end
        level = logging.DEBUG if is_logged or isinstance(result.error, CredentialError) else logging.ERROR
        logger.log(level, "Stream %s failed: %s", result.name, result.error)


class Tables:
    """The tables that the records of all connections go to.

    One SCHEMA announces each of them before its first record. An ACTIVATE_VERSION, upon which a target drops all older
    rows, is sent once the stream has been read to its end in every connection, and never if it failed in one.

    Args:
        partitions: All partitions.
        writer: Writes the messages.
    """

    def __init__(self, partitions: Sequence[Partition], writer: LineWriter) -> None:
        self._writer = writer
        self._announced: set[str] = set()
        self._left = Counter(partition.stream.name for partition in partitions)
        self._incomplete: set[str] = set()

    def announce(self, partition: Partition) -> None:
        """Write the SCHEMA of a partition's table, unless that has been done."""
        if partition.stream.name not in self._announced:
            partition.stream.write_schema()
            self._announced.add(partition.stream.name)

    def end(self, partition: Partition, *, is_complete: bool) -> None:
        """Count the end of a partition, and write an ACTIVATE_VERSION if it was the last one of its table."""
        name, version = partition.stream.name, partition.version
        self._left[name] -= 1
        if not is_complete:
            self._incomplete.add(name)
        is_last = not self._left[name] and name in self._announced
        if version is not None and is_last and name not in self._incomplete:
            self._writer.write_message(ActivateVersionMessage(name, version))


class Metrics:
    """The Singer SDK's metrics of a partition."""

    def __init__(self, partition: Partition) -> None:
        self._open = ExitStack()
        self.records: RecordCounter = self._open.enter_context(partition.stream.get_record_counter())
        timer = self._open.enter_context(partition.stream.get_sync_timer())
        timer.start_time = partition.began_at.timestamp()
        if partition.connection.name is not None:
            context = {"connection": partition.connection.name}
            self.records.with_context(context)
            timer.with_context(context)

    def close(self) -> None:
        """Log the metrics."""
        self._open.close()
