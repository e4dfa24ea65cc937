"""Doing several things at once, with the results in the order of what was asked."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

T = TypeVar("T")
R = TypeVar("R")


def side_by_side(work: Callable[[T], R], items: Sequence[T], workers: int) -> Iterator[R]:
    """Do the same to several things.

    An executor's threads would be waited for when the process is told to stop, for as long as a server keeps them.

    Args:
        work: What to do.
        items: What to do it to.
        workers: How many at once; 1 does it in the calling thread.

    Yields:
        What came of each, in their order.

    Raises:
        Exception: What `work` raised; what has not been begun then never is.
    """
    if workers == 1:
        yield from map(work, items)
        return
    futures = [(Future[R](), item) for item in items]
    queue = iter(futures)
    lock = threading.Lock()
    stopped = threading.Event()

    def work_off() -> None:
        while not stopped.is_set():
            with lock:
                future, item = next(queue, (None, None))
            if future is None:
                return
            try:
                future.set_result(work(item))  # type: ignore[arg-type] # there is an item to each future
            except BaseException as error:  # noqa: BLE001 - raised where it is waited for
                stopped.set()  # what comes before it in the order has been begun
                future.set_exception(error)

    for number in range(min(workers, len(items))):
        threading.Thread(target=work_off, name=f"child-{number + 1}", daemon=True).start()
    try:
        for future, _ in futures:
            yield future.result()
    finally:
        stopped.set()
