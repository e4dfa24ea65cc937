"""Sources as tests want them: how their rows are dated before they are read, and how pages are sized."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from makini_sandbox.clock import isoformat
from pagination.harness import NOON, SLUG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from makini_sandbox import ManualClock, Sandbox

Filtering: TypeAlias = Literal["second", "exclusive", "day", "ignored", "empty", "refused"]
Ordering: TypeAlias = Literal["honoured", "ignored", "shuffled", "newest_first"]

PAGE = 12
ROWS = 150
TIE = NOON - timedelta(days=40)

SIZES: dict[str, dict[str, Any]] = {
    "as_asked": {},
    "clamped": {"max_page_size": 10},
    "ignored": {"page_size_ignored": True, "default_page_size": 15},
}


def dates_in_disorder(sandbox: Sandbox) -> None:
    spread(sandbox, over=timedelta(days=300), until=NOON - timedelta(days=2))


def tie_of(first: int, last: int) -> Callable[[Sandbox], None]:
    def prepare(sandbox: Sandbox) -> None:
        dates_in_disorder(sandbox)
        date(sandbox, sorted(sandbox.store.keys(SLUG))[first:last], TIE)

    return prepare


def shared_seconds(sandbox: Sandbox) -> None:
    """Have each five rows share a second, so that some do across the end of a page."""
    for number, key in enumerate(sorted(sandbox.store.keys(SLUG))):
        date(sandbox, [key], TIE + timedelta(hours=number // 5))


def undated(every: int) -> Callable[[Sandbox], None]:
    def prepare(sandbox: Sandbox) -> None:
        dates_in_disorder(sandbox)
        date(sandbox, sandbox.store.keys(SLUG)[::every], None)

    return prepare


def bulk_import_then_rare_changes(sandbox: Sandbox) -> None:
    """Date the rows so that the first pages, by insertion, are of one instant, and later ones ascend but for one."""
    keys = sandbox.store.keys(SLUG)
    date(sandbox, keys, TIE)
    for number, key in enumerate(keys[2 * PAGE :]):
        date(sandbox, [key], TIE + timedelta(hours=number))
    date(sandbox, keys[-3:-2], TIE + timedelta(hours=1))


def change_most(sandbox: Sandbox, clock: ManualClock) -> None:
    clock.advance(3 * 86_400)
    for number, key in enumerate(sandbox.store.keys(SLUG)):
        if number % 3:
            clock.advance(7)
            sandbox.store.update(SLUG, key, name=f"later {number}")
    clock.advance(60)


def spread(sandbox: Sandbox, *, over: timedelta, until: datetime) -> None:
    """Date all rows anew, evenly over a stretch of time, but not in the order of their insertion."""
    keys = sorted(sandbox.store.keys(SLUG))
    for number, key in enumerate(keys, 1):
        date(sandbox, [key], until - over + over * number / len(keys))


def date(sandbox: Sandbox, keys: Iterable[str], instant: datetime | None) -> None:
    """Give rows an `updatedAt`."""
    for key in keys:
        sandbox.store.update(SLUG, key, updatedAt=None if instant is None else isoformat(instant))
