from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_makini.sync.partition import Delivery
from tap_makini.sync.scheduler import Scheduler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_makini.connections.connection import Connection
    from tap_makini.sync.list_sync import ListSync
    from tap_makini.sync.partition import Partition
    from tap_makini.sync.scheduler import ListEvent

MOST_SECONDS = 30


@dataclass(eq=False)
class StubListSync:
    """A list sync of so many deliveries.

    Attributes:
        connection: Whose it is; equal names are one connection.
        name: Distinguishes it from others.
        pages: How many deliveries it makes.
        error: What it ends with.
        before_page: Called before each delivery.
    """

    connection: str
    name: str = "list"
    pages: int = 1
    error: Exception | None = None
    before_page: Callable[[], object] = lambda: None
    delivered: list[Delivery] = field(default_factory=list)

    def events(self) -> Iterator[Delivery]:
        for number in range(self.pages):
            self.before_page()
            self.delivered.append(Delivery(cast("Partition", self), [b"%d\n" % number], 1))
            yield self.delivered[-1]
        if self.error is not None:
            raise self.error


NOBODY = StubListSync("nobody")


def schedule(*lists: StubListSync) -> Scheduler:
    return Scheduler(cast("list[ListSync]", lists))


def ran(events: Iterator[ListEvent]) -> list[tuple[StubListSync, object]]:
    return [(cast("StubListSync", each), event) for each, event in events]


def order(events: list[tuple[StubListSync, object]]) -> list[str]:
    """Return the names of the list syncs in the order of their ends."""
    return [each.name for each, event in events if event is None]


def lists_of(**counts: int) -> list[StubListSync]:
    return [StubListSync(name, f"{name}{number}") for name, count in counts.items() for number in range(count)]


# --- which list is next -------------------------------------------------------------------------------


def test_without_lists_there_are_no_events() -> None:
    assert schedule().next() is None
    assert ran(schedule().run(1)) == []
    assert ran(schedule().run(3)) == []


def test_a_connection_without_running_lists_comes_first() -> None:
    plan = schedule(*lists_of(a=3, b=1, c=1))
    names = [cast("StubListSync", plan.next()).name for _ in range(5)]

    assert names == ["a0", "b0", "c0", "a1", "a2"]
    assert plan.next() is None


def test_a_connection_whose_list_has_ended_comes_before_one_with_many_lists() -> None:
    plan = schedule(*lists_of(a=4, b=3))
    first, second = plan.next(), plan.next()
    assert (cast("StubListSync", first).name, cast("StubListSync", second).name) == ("a0", "b0")
    plan.finish(cast("ListSync", second))

    assert cast("StubListSync", plan.next()).name == "b1"


@given(st.dictionaries(st.sampled_from("abcd"), st.integers(0, 5)), st.data())
def test_each_list_is_started_once_and_the_connection_with_the_fewest_running_comes_first(
    counts: dict[str, int], data: st.DataObject
) -> None:
    lists = lists_of(**counts)
    plan = schedule(*lists)
    left = Counter(counts)
    taken: list[StubListSync] = []
    running: list[StubListSync] = []
    while (each := plan.next()) is not None:
        stub = cast("StubListSync", each)
        at_work = Counter(other.connection for other in running)
        waiting = [name for name, count in left.items() if count]
        assert at_work[stub.connection] == min(at_work[name] for name in waiting)
        left[stub.connection] -= 1
        taken.append(stub)
        running.append(stub)
        for ended in data.draw(st.sets(st.integers(0, len(running) - 1))):
            plan.finish(cast("ListSync", running[ended]))
            running[ended] = NOBODY
        running = [other for other in running if other is not NOBODY]

    for name in counts:
        assert [each for each in taken if each.connection == name] == [
            each for each in lists if each.connection == name
        ]


def test_the_lists_of_a_dropped_connection_are_returned_and_not_started() -> None:
    lists = lists_of(a=3, b=2)
    plan = schedule(*lists)
    running = cast("StubListSync", plan.next())
    assert running is lists[0]

    dropped = cast("list[StubListSync]", plan.drop(cast("Connection", "a")))
    assert dropped == lists[1:3]
    assert not plan.drop(cast("Connection", "a"))
    plan.finish(cast("ListSync", running))
    left = cast("list[StubListSync | None]", [plan.next(), plan.next(), plan.next()])
    assert left == [*lists[3:], None]


# --- one at a time ---------------------------------------------------------------------------------


def test_one_worker_reads_in_the_given_order_and_in_the_calling_thread() -> None:
    threads: list[threading.Thread] = []
    lists = [
        StubListSync("a", str(number), 2, before_page=lambda: threads.append(threading.current_thread()))
        for number in range(3)
    ]
    events = ran(schedule(*lists).run(1))

    assert events == [event for each in lists for event in [*((each, page) for page in each.delivered), (each, None)]]
    assert set(threads) == {threading.current_thread()}


def test_one_worker_lets_connections_take_turns() -> None:
    assert order(ran(schedule(*lists_of(a=3, b=1, c=2)).run(1))) == ["a0", "b0", "c0", "a1", "c1", "a2"]


def test_one_worker_reads_no_page_ahead() -> None:
    each = StubListSync("a", pages=3)
    events = schedule(each).run(1)
    next(events)

    assert len(each.delivered) == 1


def test_a_drop_takes_effect_while_lists_run() -> None:
    lists = lists_of(a=3, b=1)
    plan = schedule(*lists)
    ended = []
    for each, event in plan.run(1):
        if event is None:
            ended.append(cast("StubListSync", each).name)
        plan.drop(cast("Connection", "a"))

    assert ended == ["a0", "b0"]


# --- several at once -------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_the_deliveries_of_a_list_stay_in_order_and_its_end_comes_last(workers: int) -> None:
    lists = [StubListSync(connection, f"{connection}{n}", pages=n) for connection in "abc" for n in range(12)]
    events = ran(schedule(*lists).run(workers))

    for each in lists:
        assert [event for other, event in events if other is each] == [*each.delivered, None]


@pytest.mark.parametrize("workers", [1, 3])
def test_an_error_ends_its_list_and_no_other(workers: int) -> None:
    error = RuntimeError("boom")
    lists = [
        StubListSync("a", "broken", 2, error),
        StubListSync("a", "stillborn", 0, error),
        StubListSync("a", "whole", 2),
    ]
    events = ran(schedule(*lists).run(workers))

    ends = {each.name: event for each, event in events if not isinstance(event, Delivery)}
    assert ends == {"broken": error, "stillborn": error, "whole": None}
    assert [event for each, event in events if each is lists[0]] == [*lists[0].delivered, error]
    assert len(events) == 7


def test_as_many_lists_run_at_once_as_there_are_workers() -> None:
    together = threading.Barrier(3)
    lists = [StubListSync(name, name, before_page=lambda: together.wait(MOST_SECONDS)) for name in "abc"]
    events = ran(schedule(*lists).run(3))

    assert sorted(order(events)) == ["a", "b", "c"]


def test_a_connection_that_waits_occupies_one_worker_only() -> None:
    go_on = threading.Event()
    slow = [StubListSync("slow", f"slow{n}", before_page=lambda: go_on.wait(MOST_SECONDS)) for n in range(4)]
    quick = [StubListSync("quick", f"quick{n}") for n in range(20)]
    ended = []
    for each, event in schedule(*slow, *quick).run(2):
        if event is None:
            ended.append(cast("StubListSync", each).name)
        if ended[-1:] == ["quick18"]:
            go_on.set()

    assert ended[:19] == [f"quick{n}" for n in range(19)]
    assert len(ended) == 24


def test_no_more_pages_are_read_ahead_than_the_queue_holds() -> None:
    workers = 2
    most_ahead = 3 * workers  # the queue's, and one in the hands of each worker
    read = threading.Semaphore(0)
    lists = [StubListSync(name, name, 1_000, before_page=read.release) for name in "ab"]
    events = schedule(*lists).run(workers)
    next(events)
    for _ in range(most_ahead + 1):
        assert read.acquire(timeout=MOST_SECONDS)
    for taken, _ in enumerate(events, start=2):
        assert sum(len(each.delivered) for each in lists) <= taken + most_ahead
    assert sum(len(each.delivered) for each in lists) == 2_000


class ThreadExit(BaseException):
    """Ends a thread, and is no error of a list sync."""


@pytest.mark.timeout(MOST_SECONDS)
def test_a_thread_that_dies_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    died: list[object] = []
    monkeypatch.setattr(threading, "excepthook", died.append)

    def die() -> None:
        raise ThreadExit

    lists = [StubListSync("a", "dying", before_page=die), StubListSync("b", "whole")]
    events = ran(schedule(*lists).run(2))

    assert order(events) == ["whole"]
    assert len(died) == 1
