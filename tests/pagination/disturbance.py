"""What happens to rows while they are read."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

from makini_sandbox.clock import isoformat
from pagination.harness import SLUG

if TYPE_CHECKING:
    from collections.abc import Callable

    from makini_sandbox import ManualClock, RecordedRequest, Sandbox

_LOOKBACK = timedelta(days=1)
_FEWEST = 10
_LONGEST = 40

KINDS = ("update", "insert", "insert_older", "remove")


class Disturbance:
    """Changes three rows in each of some ways at each request, until it is over.

    A second passes at each request. A reader that is slower than what is inserted would never come to an end, so the
    changes stop after a number of requests.

    Args:
        clock: The source's clock.
        kinds: What happens, of `KINDS`.
        seed: Source of chance.
    """

    def __init__(self, clock: ManualClock, kinds: tuple[str, ...], seed: int = 1) -> None:
        self.kinds = kinds
        self.is_on = False
        self._clock = clock
        self._random = Random(seed)  # noqa: S311 - repeatable, and no secret
        self._changes = 0
        self._requests = 0
        self._does: dict[str, Callable[[Sandbox], object]] = {
            "update": self._update,
            "insert": lambda sandbox: sandbox.store.insert(SLUG, name=self._name()),
            "insert_older": self._insert_older,
            "remove": self._remove,
        }

    def start(self) -> None:
        """Begin to change rows."""
        self._requests = 0
        self.is_on = True

    def __call__(self, sandbox: Sandbox, request: RecordedRequest) -> None:  # noqa: ARG002 - the sandbox's interface
        """Take note of a request."""
        if not self.is_on or self._requests >= _LONGEST:
            return
        self._requests += 1
        self._clock.advance(1)
        with sandbox.store.lock:
            for kind in self.kinds:
                for _ in range(3):
                    self._does[kind](sandbox)

    def _name(self) -> str:
        self._changes += 1
        return f"change {self._changes}"

    def _some(self, sandbox: Sandbox) -> str | None:
        """Give a row: the one at the front of the list as often as any other, since that shifts all others."""
        keys = sandbox.store.keys(SLUG)
        if len(keys) <= _FEWEST:
            return None
        dated = sandbox.store.table(SLUG).ordering("updatedAt", hide_deleted=False, tie_salt=None).dated
        fronts = [keys[0], dated[0].key if dated else keys[0]]
        return self._random.choice([*fronts, self._random.choice(keys), self._random.choice(keys)])

    def _update(self, sandbox: Sandbox) -> None:
        if key := self._some(sandbox):
            sandbox.store.update(SLUG, key, name=self._name())

    def _insert_older(self, sandbox: Sandbox) -> None:
        age = self._random.randrange(int(_LOOKBACK.total_seconds()) - 60)
        updated = isoformat(self._clock() - timedelta(seconds=age))
        sandbox.store.insert(SLUG, name=self._name(), updatedAt=updated)

    def _remove(self, sandbox: Sandbox) -> None:
        if key := self._some(sandbox):
            sandbox.store.remove(SLUG, key)
