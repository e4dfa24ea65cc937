"""A job: one list of one connection, read to its end for all outputs that need it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeAlias

from tap_makini.errors import EntityAbsentError, IncompleteError, MakiniError, NothingNewError
from tap_makini.pagination.list_reader import ListReader
from tap_makini.sync.partition import Delivery, Partition, PartitionEnd
from tap_makini.timestamps import format_whole_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from tap_makini.config import Settings
    from tap_makini.connections.connection import Connection
    from tap_makini.pagination.list_reader import Batch, Shortage
    from tap_makini.streams import ListStream
    from tap_makini.sync.state import State

Event: TypeAlias = "Delivery | PartitionEnd"


class ListSync:
    """Reads one list of one connection.

    Args:
        stream: The list's stream, which need not be selected.
        connection: Where to read it.
        outputs: What takes its rows; the traffic is the first one's.
        settings: The settings.
        state: Where bookmarks are kept.
    """

    def __init__(
        self,
        stream: ListStream,
        connection: Connection,
        outputs: Sequence[Partition],
        settings: Settings,
        state: State,
    ) -> None:
        self.connection = connection
        self.outputs = tuple(outputs)
        self._live = list(outputs)
        self._stream = stream
        self._settings = settings
        self._state = state

    def events(self) -> Iterator[Event]:
        """Read the list to its end.

        Yields:
            What to write, of each output as soon as the first page is there, even if there are no records; and which
            output has ended before the others. What ends one does not end the others.

        Raises:
            NothingNewError: Makini has not synced the connection since it was read whole, and it is to be left out.
            EntityAbsentError: The connection does not offer the entity; nothing has been delivered.
            IncompleteError: The list was read to its end, and the server counts more records than came.
            MakiniError: The list could not be read to its end.
        """
        for output in self.outputs:
            output.begun_at = time.time()
        self._leave_if_nothing_is_new()
        for output in self.outputs:
            output.open(self._state, self._settings, self._stream.filter_key)
        bound = self._bound()
        fetcher = self._stream.source(self.connection, self.outputs[0].traffic)
        reading = ListReader(fetcher, bound, reached=self._reached())
        for output in self.outputs:
            output.outcome = reading.outcome
        for batch in self._batches(reading):
            for output in tuple(self._live):
                yield from self._guarded(output, output.take(batch, bound))
            if not self._live:
                return
        for output in tuple(self._live):
            yield from self._guarded(output, output.finish(reading.outcome))
        if reading.outcome.shortages:
            raise _incomplete(reading.outcome.shortages, fetcher.replication_key)

    def _bound(self) -> datetime | None:
        """Give the earliest instant that any output needs; None for everything."""
        bounds = [output.bound for output in self.outputs]
        given = [bound for bound in bounds if bound is not None]
        return min(given) if len(given) == len(bounds) else None

    def _reached(self) -> datetime | None:
        """Give the instant before which all outputs have everything by earlier runs; None where one has not."""
        reached = [output.reached for output in self.outputs if output.reached is not None]
        return min(reached) if len(reached) == len(self.outputs) else None

    def _guarded(self, output: Partition, deliveries: Iterator[Delivery]) -> Iterator[Event]:
        try:
            yield from deliveries
        except Exception as error:  # noqa: BLE001 - what it means is for the reader of the events to say
            self._live.remove(output)
            yield PartitionEnd(output, error)

    def _leave_if_nothing_is_new(self) -> None:
        integration = self.connection.integration
        synced_at = integration.synced_at
        if not (self._settings.skip_unsynced and integration.is_settled and synced_at):
            return
        if self._state.is_unsynced(self.connection.name, synced_at, self.connection.selection, integration.id):
            raise NothingNewError(
                f"Makini has not synced {self.connection} since its last complete run", "Nothing to do."
            )

    def _batches(self, reading: ListReader) -> Iterator[Batch]:
        begun = False
        try:
            for batch in reading.batches():
                begun = True
                yield batch
        except EntityAbsentError as error:
            if not begun:
                raise
            raise MakiniError(
                f"the entity was taken away while it was read: {error.cause}",
                "Run again; the bookmark covers what was read.",
                error.request_id,
            ) from error


def _incomplete(shortages: Sequence[Shortage], replication_key: str | None) -> IncompleteError:
    """Tell how many records are missing, and where."""
    places = [
        f"{shortage.came:,} of {shortage.expected:,} records came"
        + (f" with {replication_key} from {format_whole_seconds(shortage.start)} on" if shortage.start else "")
        for shortage in shortages
    ]
    return IncompleteError(
        f"{'; '.join(places)}: the server puts records of equal rank in another order on each page, or counts some "
        "that it does not list",
        f"{'The bookmark stays before them, and the' if replication_key else 'The'} next run asks for other pages. A "
        "page_size above the larger of these numbers brings them at once, where the server grants it.",
    )
