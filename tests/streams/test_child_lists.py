"""Child lists are read several at once, in the order of their parents, and by no more threads than there are slots."""

from __future__ import annotations

import json
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from tap_makini.endpoints import Child, Endpoint, PageSize
from tap_makini.errors import MakiniError
from tap_makini.pagination.paginator import Batch, Outcome, Row
from tap_makini.sync.child_lists import ChildListPartition
from tap_makini.sync.partition import StartRule
from tap_makini.sync.state import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_makini.connections.connection import Connection
    from tap_makini.streams import ChildStream

MOST_SECONDS = 60
CHILD = Child("parts", "/api/orders/{key}/parts", {"properties": {}}, ("key",))
PARENT = Endpoint("orders", "/api/orders", {"properties": {}}, ("key",))


class Server:
    """Answers each child list with one item, and counts how many requests it has at once.

    Args:
        before: Called with the number of the parent before each response.
    """

    clock_skew = None
    echoed = None

    def __init__(self, before: Callable[[int], object] = lambda _: None) -> None:
        self._before = before
        self._lock = threading.Lock()
        self._now = 0
        self.most = 0
        self.asked: list[int] = []

    def get(self, path: str, _: object, read: Callable[[bytes], object], *__: object) -> object:
        parent = int(path.split("/")[3])
        with self._lock:
            self.asked.append(parent)
            self._now += 1
            self.most = max(self.most, self._now)
        try:
            self._before(parent)
        finally:
            with self._lock:
                self._now -= 1
        return read(b'{"data":[{"key":"item"}],"meta":{"current_page":1,"last_page":1,"per_page":50,"total":1}}')


def read(server: Server, parents: int, slots: int) -> list[int]:
    """Read the lists of parents, and return the parents of the records."""
    connection = SimpleNamespace(
        name=None,
        label=None,
        client=server,
        page_size=PageSize(50),
        child_slots=threading.BoundedSemaphore(slots),
    )
    stream = SimpleNamespace(
        name="orders__parts",
        child=CHILD,
        parent=SimpleNamespace(name="orders", endpoint=PARENT),
        is_mapped=False,
        conformer=lambda _: SimpleNamespace(record=bytes),
    )
    partition = ChildListPartition(
        cast("ChildStream", stream), cast("Connection", connection), State({}), None, StartRule()
    )
    batch = Batch([Row(b'{"key":"%d"}' % number, None) for number in range(parents)])
    lines = [line for delivery in partition.take(batch.rows, batch, Outcome()) for line in delivery.lines]
    assert partition.request_stats.requests == 0  # the client counts them
    return [int(json.loads(line)["record"]["_makini_parent_key"]) for line in lines]


@pytest.mark.parametrize("slots", [1, 2, 7])
@pytest.mark.parametrize("parents", [0, 1, 49, 120])
def test_records_come_in_the_order_of_their_parents(slots: int, parents: int) -> None:
    assert read(Server(), parents, slots) == list(range(parents))


def test_records_come_in_order_though_the_first_list_takes_longest() -> None:
    last = threading.Event()

    def before(parent: int) -> None:
        if parent == 9:
            last.set()
        assert parent or last.wait(MOST_SECONDS)

    assert read(Server(before), 10, 2) == list(range(10))


@pytest.mark.parametrize(("slots", "parents"), [(1, 5), (3, 12), (4, 2)])
def test_as_many_lists_are_read_at_once_as_there_are_slots(slots: int, parents: int) -> None:
    together = min(slots, parents)
    barrier = threading.Barrier(together, timeout=MOST_SECONDS)
    server = Server(lambda _: barrier.wait())

    assert read(server, parents, slots) == list(range(parents))
    assert server.most == together


@pytest.mark.parametrize("slots", [1, 2, 4])
def test_a_list_that_fails_ends_the_stream_and_no_further_ones_are_read(slots: int) -> None:
    seen = threading.Event()

    def before(parent: int) -> None:
        if parent == 2:
            raise MakiniError("broken", "Run again.")
        if parent > 2:
            assert seen.wait(MOST_SECONDS)  # so that none runs ahead before the error is seen

    server = Server(before)
    errors: list[Exception] = []

    def run() -> None:
        try:
            read(server, 100, slots)
        except MakiniError as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    while thread.is_alive() and len(server.asked) < 2 + slots:
        thread.join(0.01)
    seen.set()
    thread.join(MOST_SECONDS)

    assert [str(error) for error in errors] == ["broken. Run again."]
    assert len(server.asked) <= 3 + 2 * slots
