"""Decide which list is read next, and read several at once.

Worker threads only read. Their events are consumed, and what they deliver is written, in the main thread, where signals
arrive. While other connections have work, a connection that waits occupies only one worker.

The threads are not those of an executor: the queue of events is bounded, so that memory is constant, and the
interpreter does not wait for the threads at its end, however long a server keeps them.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from queue import Queue
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tap_makini.connections.connection import Connection
    from tap_makini.sync.list_sync import Event, ListSync

ListEvent: TypeAlias = "tuple[ListSync, Event | Exception | None]"
"""A list sync, and an event of its own, the error that ended it, or None for its end."""


class Scheduler:
    """Runs list syncs, fairly over connections.

    Args:
        list_syncs: All list syncs, those of a connection in the order in which they are to be read.
    """

    def __init__(self, list_syncs: Iterable[ListSync]) -> None:
        self._waiting: dict[int, deque[ListSync]] = {}
        self._running: Counter[int] = Counter()
        self._lock = threading.Lock()
        for list_sync in list_syncs:
            self._waiting.setdefault(id(list_sync.connection), deque()).append(list_sync)

    def next(self) -> ListSync | None:
        """Return a list sync of the connection that has the fewest running, and has started none for the longest."""
        with self._lock:
            if not self._waiting:
                return None
            chosen = min(self._waiting, key=self._running.__getitem__)
            waiting = self._waiting.pop(chosen)
            list_sync = waiting.popleft()
            if waiting:
                self._waiting[chosen] = waiting  # after all others
            self._running[chosen] += 1
            return list_sync

    def finish(self, list_sync: ListSync) -> None:
        """Note that a list sync has ended."""
        with self._lock:
            self._running[id(list_sync.connection)] -= 1

    def drop(self, connection: Connection) -> list[ListSync]:
        """Remove and return the list syncs of a connection that have not begun."""
        with self._lock:
            return list(self._waiting.pop(id(connection), ()))

    def run(self, workers: int) -> Iterator[ListEvent]:
        """Run the list syncs.

        Args:
            workers: How many at once; 1 runs them one after the other, in the calling thread, so that equal
                responses give equal events. Connections take turns, each with its lists in the order given.

        Yields:
            Their events.
        """
        return self._work() if workers == 1 else self._work_in_threads(workers)

    def _work(self) -> Iterator[ListEvent]:
        while (list_sync := self.next()) is not None:
            try:
                for event in list_sync.events():
                    yield list_sync, event
            except Exception as error:  # noqa: BLE001 - the sync decides what it means
                yield list_sync, error
            else:
                yield list_sync, None
            self.finish(list_sync)

    def _work_in_threads(self, workers: int) -> Iterator[ListEvent]:
        events: Queue[ListEvent | None] = Queue(maxsize=2 * workers)

        def work() -> None:
            try:
                for event in self._work():
                    events.put(event)
            finally:
                events.put(None)  # even if the thread dies, since the loop below waits for it

        for number in range(workers):
            threading.Thread(target=work, name=f"list-{number + 1}", daemon=True).start()
        while workers:
            event = events.get()
            if event is None:
                workers -= 1
            else:
                yield event
