"""Several things at once, in the order of what was asked, by no more hands than were set."""

from __future__ import annotations

import threading

import pytest

from tap_makini.sync.side_by_side import side_by_side

PATIENCE_SECONDS = 60


class Counted:
    """Work that counts how often it is under way at once, and waits until others are.

    Args:
        together: How many have to be under way before any of them may end.
    """

    def __init__(self, together: int) -> None:
        self._barrier = threading.Barrier(together, timeout=PATIENCE_SECONDS)
        self._lock = threading.Lock()
        self._now = 0
        self.most = 0

    def __call__(self, item: int) -> int:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        self._barrier.wait()
        with self._lock:
            self._now -= 1
        return -item


@pytest.mark.parametrize("workers", [1, 2, 7])
@pytest.mark.parametrize("count", [0, 1, 5, 50])
def test_results_come_in_the_order_of_the_items(workers: int, count: int) -> None:
    assert list(side_by_side(lambda item: -item, range(count), workers)) == [-item for item in range(count)]


def test_results_come_in_order_also_where_the_first_takes_longest() -> None:
    last = threading.Event()

    def work(item: int) -> int:
        if item == 9:
            last.set()
        if item == 0:
            assert last.wait(PATIENCE_SECONDS)
        return item

    assert list(side_by_side(work, range(10), 2)) == list(range(10))


@pytest.mark.parametrize(("workers", "count", "together"), [(3, 12, 3), (4, 2, 2)])
def test_as_many_at_once_as_are_asked_for_and_no_more(workers: int, count: int, together: int) -> None:
    work = Counted(together)
    assert list(side_by_side(work, range(count), workers)) == [-item for item in range(count)]
    assert work.most == together


def test_one_at_a_time_is_done_by_the_caller_when_it_asks() -> None:
    begun: list[int] = []

    def work(item: int) -> str:
        begun.append(item)
        return threading.current_thread().name

    results = side_by_side(work, range(3), 1)
    assert begun == []
    assert next(results) == threading.current_thread().name
    assert begun == [0]


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_an_error_comes_in_its_place_and_ends_all(workers: int) -> None:
    begun: list[int] = []
    seen = threading.Event()

    def work(item: int) -> int:
        begun.append(item)
        if item == 2:
            raise LookupError(item)
        if item > 2:
            assert seen.wait(PATIENCE_SECONDS)  # so that nobody runs ahead before the error is heeded
        return item

    results = side_by_side(work, range(100), workers)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(LookupError, match="2"):
        next(results)
    seen.set()
    for thread in threading.enumerate():
        if thread.name.startswith("child-"):
            thread.join(PATIENCE_SECONDS)
    assert len(begun) <= 2 + workers


def test_what_has_not_been_begun_never_is_once_nobody_wants_it() -> None:
    begun: list[int] = []
    given_up = threading.Event()

    def work(item: int) -> int:
        begun.append(item)
        if item:
            assert given_up.wait(PATIENCE_SECONDS)
        return item

    results = side_by_side(work, range(100), 2)
    assert next(results) == 0
    results.close()  # type: ignore[attr-defined] # it is a generator
    given_up.set()
    for thread in threading.enumerate():
        if thread.name.startswith("child-"):
            thread.join(PATIENCE_SECONDS)
    assert len(begun) <= 3
