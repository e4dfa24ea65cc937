"""Which job is next, and running several of them at once.

Jobs only read; what they deliver is written by the one who iterates over the events, in the main thread, where signals
arrive. A connection that has to wait holds one worker at most while others have something to do.
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

JobEvent: TypeAlias = "tuple[ListSync, Event | Exception | None]"
"""A job, and what came of it: an event of its own, the error that ended it, or None for its end."""


class Scheduler:
    """Gives out jobs, fairly over connections.

    Args:
        jobs: All jobs, those of a connection in the order in which they are to be read.
    """

    def __init__(self, jobs: Iterable[ListSync]) -> None:
        self._waiting: dict[int, deque[ListSync]] = {}
        self._running: Counter[int] = Counter()
        self._lock = threading.Lock()
        for job in jobs:
            self._waiting.setdefault(id(job.connection), deque()).append(job)

    def take(self) -> ListSync | None:
        """Give a job of a connection that has the fewest running, and has had none for the longest time."""
        with self._lock:
            if not self._waiting:
                return None
            chosen = min(self._waiting, key=self._running.__getitem__)
            jobs = self._waiting.pop(chosen)
            job = jobs.popleft()
            if jobs:
                self._waiting[chosen] = jobs  # behind all others
            self._running[chosen] += 1
            return job

    def finish(self, job: ListSync) -> None:
        """Note that a job has ended."""
        with self._lock:
            self._running[id(job.connection)] -= 1

    def drop(self, connection: Connection) -> list[ListSync]:
        """Take back the jobs of a connection that have not begun."""
        with self._lock:
            return list(self._waiting.pop(id(connection), ()))

    def run(self, workers: int) -> Iterator[JobEvent]:
        """Run the jobs.

        Args:
            workers: How many at once; 1 runs them one after the other, in the calling thread, so that equal
                answers give equal events. Connections take turns, each with its jobs in the order given.

        Yields:
            What comes of them.
        """
        return self._work() if workers == 1 else self._work_side_by_side(workers)

    def _work(self) -> Iterator[JobEvent]:
        while (job := self.take()) is not None:
            try:
                for event in job.events():
                    yield job, event
            except Exception as error:  # noqa: BLE001 - what it means is for the reader of the events to say
                yield job, error
            else:
                yield job, None
            self.finish(job)

    def _work_side_by_side(self, workers: int) -> Iterator[JobEvent]:
        events: Queue[JobEvent | None] = Queue(maxsize=2 * workers)  # pages in flight are all the memory there is

        def work() -> None:
            try:
                for event in self._work():
                    events.put(event)
            finally:
                events.put(None)  # even if the thread dies, since it would be waited for

        for number in range(workers):
            threading.Thread(target=work, name=f"job-{number + 1}", daemon=True).start()
        while workers:
            event = events.get()
            if event is None:
                workers -= 1
            else:
                yield event
