"""Reads, writes, kills, resumes and changes of the server's ways in any order, against a model: the source itself."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from makini_sandbox import Behaviour, ManualClock, Sandbox
from makini_sandbox.clock import isoformat
from pagination.arrangements import dates_in_disorder, tie_of
from pagination.disturbance import KINDS, Disturbance
from pagination.harness import NOON, SLUG, Replica, run, source
from tap_makini.errors import StreamsFailedError

LOOKBACK_SECONDS = 86_400
PAGE_SIZE = {"page_size": 10}
AVERAGE_RECORD = 450

WAYS: dict[str, tuple[Any, ...]] = {
    "filter": ("second", "day", "ignored", "refused"),
    "order": ("honoured", "ignored", "newest_first"),
    "tie_order": ("stable", "by_page_size"),
    "max_page_size": (None, 10, 4),
    "page_size_ignored": (False, True),
    "refuse_sort": (False, True),
}
a_way = st.sampled_from([(name, value) for name, values in WAYS.items() for value in values])
a_row = st.integers(min_value=0, max_value=10_000)
kinds = st.lists(st.sampled_from(KINDS), unique=True, max_size=2).map(tuple)


class Reads(RuleBasedStateMachine):
    """A source that lives, and a tap that is run from time to time."""

    def __init__(self) -> None:
        super().__init__()
        self._open = ExitStack()
        self.clock = ManualClock(NOON)
        self.replica = Replica()
        self.disturbance = Disturbance(self.clock, ())
        self.sandbox: Sandbox
        self.changes = 0

    @initialize(rows=st.sampled_from([1, 40, 90]), has_tie=st.booleans(), ways=st.lists(a_way, max_size=3))
    def begin(self, rows: int, ways: list[tuple[str, Any]], *, has_tie: bool) -> None:
        behaviour = Behaviour(**dict(ways), default_page_size=12)
        self.sandbox = self._open.enter_context(source(rows, behaviour, self.clock))
        (tie_of(5, 60) if has_tie else dates_in_disorder)(self.sandbox)
        self.sandbox.on_request(self.disturbance)

    def _name(self) -> str:
        self.changes += 1
        return f"written {self.changes}"

    def _key(self, number: int) -> str:
        keys = self.sandbox.store.keys(SLUG)
        return keys[number % len(keys)]

    @rule(count=st.integers(1, 15))
    def insert(self, count: int) -> None:
        for _ in range(count):
            self.sandbox.store.insert(SLUG, name=self._name())

    @rule(age=st.integers(0, LOOKBACK_SECONDS - 3_600))
    def insert_older(self, age: int) -> None:
        updated = isoformat(self.clock() - timedelta(seconds=age))
        self.sandbox.store.insert(SLUG, name=self._name(), updatedAt=updated)

    @rule(first=a_row, count=st.integers(1, 15))
    def update(self, first: int, count: int) -> None:
        for number in range(count):
            self.sandbox.store.update(SLUG, self._key(first + number), name=self._name())

    @precondition(lambda self: self.sandbox.store.count(SLUG) > 1)
    @rule(number=a_row)
    def remove(self, number: int) -> None:
        self.sandbox.store.remove(SLUG, self._key(number))

    @rule(seconds=st.sampled_from([1, 60, 7_200]))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @rule(way=a_way)
    def server_changes_its_ways(self, way: tuple[str, Any]) -> None:
        self.sandbox.behaviour.merge(dict([way]))

    @rule(during=kinds)
    def read(self, during: tuple[str, ...]) -> None:
        self._run(during)

    @rule(during=kinds, records=st.integers(1, 120), bytes_more=st.integers(0, AVERAGE_RECORD))
    def read_and_die(self, during: tuple[str, ...], records: int, bytes_more: int) -> None:
        self._run(during, kill_at=records * AVERAGE_RECORD + bytes_more)

    def _run(self, during: tuple[str, ...], kill_at: int | None = None) -> None:
        self.clock.advance(1)
        self.disturbance.kinds = during
        self.disturbance.start()
        try:
            run(self.sandbox, self.replica, PAGE_SIZE, kill_at=kill_at)
        except StreamsFailedError as error:
            # where as many rows as a page holds come in front at each request, the reader never gets on, and says so
            if not during or "repeats page" not in str(error):
                raise
        self.disturbance.is_on = False

    def teardown(self) -> None:
        with self._open:
            self._run(())  # ends what a kill may have left
            self._run(())
            assert not self.replica.lacks(self.sandbox)


TestReads = Reads.TestCase
TestReads.settings = settings(
    max_examples=60, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)
