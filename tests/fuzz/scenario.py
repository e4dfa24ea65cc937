"""A scenario: a store, a server, and runs of the tap, drawn from a seed."""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from fuzz.behavior import Behavior
from fuzz.store import Change, Fraction, Shape, chance

if TYPE_CHECKING:
    from random import Random

Way: TypeAlias = Literal["SIGKILL", "SIGTERM", "pipe"]
Mode: TypeAlias = Literal["plain", "activate", "reconcile", "lines", "children"]

_PLAIN_SHAPE = Shape()
_PLAIN_BEHAVIOR = Behavior()
_CHANGES: tuple[Change, ...] = get_args(Change)


@dataclass(frozen=True)
class Kill:
    """How a run ends before its time.

    Attributes:
        way: A signal, or the target closes its end of the pipe.
        requests: The request at which it happens; 0 if `lines` says when.
        lines: After how many lines of output it happens.
    """

    way: Way
    requests: int = 0
    lines: int = 0


@dataclass(frozen=True)
class Run:
    """One run of the tap while the store changes.

    Attributes:
        changes_before: How many mutations there are before it.
        noise: The share of requests before which the store changes.
        noisy_requests: How many requests have such changes; a reader that is slower than the changes would never end.
        kill: How it is stopped, if it is.
        loses_tail: Whether the target commits only a part of what was written, though the run came to its end.
    """

    changes_before: int = 0
    noise: float = 0.0
    noisy_requests: int = 0
    kill: Kill | None = None
    loses_tail: bool = False


@dataclass(frozen=True)
class Scenario:
    """All that a scenario depends on but the time of day.

    Attributes:
        seed: What chance depends on within it.
        streams: The lists to read.
        mode: What is tried: streams as they are; ACTIVATE_VERSION, reconciliation, lines or child lists.
        full_table: Whether all streams are read whole at each run.
        page_size: The setting.
        lookback_minutes: The setting.
        max_parallel: The setting.
        bookmarked: Whether an earlier run is assumed, which left a bookmark among the rows.
        fraction: What the store keeps of a second.
        shape: What the rows are like at first.
        behavior: How the server behaves.
        changes: In which ways rows change; a way that is named twice is twice as likely.
        runs: The runs before the quiet one.
    """

    seed: int
    streams: tuple[str, ...] = ("work_orders",)
    mode: Mode = "plain"
    full_table: bool = False
    page_size: int = 10
    lookback_minutes: int = 0
    max_parallel: int = 1
    bookmarked: bool = False
    fraction: Fraction = "micros"
    shape: Shape = _PLAIN_SHAPE
    behavior: Behavior = _PLAIN_BEHAVIOR
    changes: tuple[Change, ...] = ("update",)
    runs: tuple[Run, ...] = ()

    @property
    def effective_page(self) -> int:
        """How many rows a page holds."""
        largest = self.behavior.largest_page
        return largest if self.behavior.page_size == "ignored" else min(self.page_size, largest)

    @property
    def oldest(self) -> timedelta:
        """How old the time of a late row may be: beyond the look-back, no reader can find it."""
        return timedelta(minutes=self.lookback_minutes * 0.5)


def source(value: object) -> str:
    """Write a dataclass as Python source, leaving out what is at its default."""
    if isinstance(value, tuple):
        return f"({', '.join(map(source, value))}{',' * (len(value) == 1)})"
    if not is_dataclass(value):
        return repr(value)
    said = [(field, getattr(value, field.name)) for field in fields(value)]
    shown = [f"{field.name}={source(each)}" for field, each in said if each != field.default]
    return f"{type(value).__name__}({', '.join(shown)})"


def draw(seed: int) -> Scenario:
    """Draw the scenario of a seed."""
    random = chance("scenario", seed)
    mode: Mode = random.choices(get_args(Mode), [66, 10, 8, 9, 7])[0]
    page_size = random.choice([5, 6, 8, 10, 12, 15, 20, 40])
    behavior = _behavior(random, page_size)
    streams = _streams(random, mode)
    is_small = mode == "children"
    largest = min(6 * page_size, 40) if is_small else min(12 * page_size, 300)
    return Scenario(
        seed=seed,
        streams=streams,
        mode=mode,
        full_table=mode == "activate" or (mode in {"lines", "children"} and random.random() < 0.2),
        page_size=page_size,
        lookback_minutes=random.choice([10, 1440] if behavior.uses_replicas else [0, 0, 1, 10, 1440]),
        max_parallel=random.choice([1, 1, 1, 1, 4]),
        bookmarked=mode == "plain" and random.random() < 0.35,
        fraction="micros" if mode in {"lines", "children"} else random.choice(get_args(Fraction)),
        shape=_shape(random, largest),
        behavior=behavior,
        changes=_changes(random),
        runs=tuple(_run(random, page_size) for _ in range(random.choice([0, 1, 1, 2, 2, 3]))),
    )


def _streams(random: Random, mode: Mode) -> tuple[str, ...]:
    if mode in {"lines", "children"}:
        return ("work_orders",)
    if mode == "activate":
        return random.choice([("uom",), ("uom", "work_orders")])
    choices = [("work_orders",), ("work_orders",), ("work_orders", "uom"), ("meter_readings",), ("uom",)]
    return random.choice(choices)


def _shape(random: Random, largest: int) -> Shape:
    return Shape(
        rows=random.choice([0, 1, random.randrange(largest + 1), *[random.randrange(largest // 2, largest + 1)] * 4]),
        bulks=random.choice([0, 0, 1, 1, 2, 3]),
        bulk_pages=random.choice([0.5, 1.0, 1.5, 2.0, 3.0, 4.0]),
        days=random.choice([0, 0, 3, 20, 40]),
        crowded=random.random() < 0.3,
        in_order=random.random() < 0.5,
        undated=random.choice([0, 0, 0, 0, 1, random.randrange(30)]),
        future=random.choice([0, 0, 0, 0, 1, 3]),
    )


def _changes(random: Random) -> tuple[Change, ...]:
    return tuple(random.choices(_CHANGES, [4, 3, 2, 2, 4, 1, 1], k=random.randrange(1, 7)))


def _run(random: Random, page_size: int) -> Run:
    kill = None
    if random.random() < 0.45:
        way: Way = random.choice(["SIGKILL", "SIGKILL", "SIGTERM", "pipe"])
        by_lines = way == "pipe" or random.random() < 0.5
        most = 6 * page_size if by_lines else 25
        kill = Kill(way, **{"lines" if by_lines else "requests": random.randrange(2, most)})
    return Run(
        changes_before=random.choice([0, 0, 3, 10, 40]),
        noise=random.choice([0.0, 0.3, 0.7, 1.0, 1.0]),
        noisy_requests=random.choice([5, 15, 40]),
        kill=kill,
        loses_tail=kill is None and random.random() < 0.15,
    )


def _behavior(random: Random, page_size: int) -> Behavior:
    """Draw a server: most do all but one or two things as they should."""
    drawn: dict[str, Any] = {
        "largest_page": random.choice([100, 100, max(page_size - 2, 3), 7]),
        "page_size": random.choice(["clamped", "clamped", "clamped", "refused", "ignored"]),
        "undated_last": random.random() < 0.5,
        "keeps_undated": random.random() < 0.2,
        "suffix": random.choice(["Z", "Z", "+00:00"]),
        "refusal": random.choice([400, 422]),
        "blames": random.random() < 0.7,
        "child_counts": random.random() < 0.6,
        "ties": random.choice(["scan", "key"]),
        "skew": random.choice([0, 0, 0, -3600, -90, 90, 3600]),
    }
    oddities = [_odd_ties, _odd_filter, _odd_order, _cursors, _odd_counts, _odd_keys, _lagging]
    count = random.choices([0, 1, 2, 3], [20, 45, 25, 10])[0]
    for oddity in random.choices(oddities, [30, 25, 15, 15, 10, 10, 8], k=count):
        drawn |= oddity(random)
    if drawn.get("lagging") and drawn.get("counts") == "absent":
        del drawn["lagging"]  # nobody can know what such a response lacks
    return Behavior(**drawn)


def _odd_ties(random: Random) -> dict[str, Any]:
    return {"ties": random.choice(["unstable", "limit", "limit"])}


def _odd_filter(random: Random) -> dict[str, Any]:
    kind = random.choice(["inclusive", "exclusive", "day", "day", "text", "ignored", "refused"])
    return {
        "filter": kind,
        "zone": random.choice([-11, -5, 0, 2, 9, 14]),
        "converts_bound": random.random() < 0.5,
        "upper_bound": random.choice(["honored", "honored", "ignored", "refused"]),
    }


def _odd_order(random: Random) -> dict[str, Any]:
    return {"order": random.choice(["text", "reversed", "ignored", "ignored", "refused"])}


def _cursors(random: Random) -> dict[str, Any]:
    return {
        "paging": random.choice(["snapshot", "keyset", "offset", "offset"]),
        "cursor_place": random.choice(["top", "meta"]),
        "counts": random.choice(["right", "absent"]),
    }


def _odd_counts(random: Random) -> dict[str, Any]:
    return {"counts": random.choice(["stale", "stale", "stale", "absent"])}


def _odd_keys(random: Random) -> dict[str, Any]:
    return {
        "key_sort": random.choice(["honored", "ignored", "refused"]),
        "several_sorts": random.choice(["first", "last", "refused"]),
        "key_filter": random.choice(["honored", "ignored", "refused"]),
        "upper_bound": random.choice(["honored", "ignored", "refused"]),
    }


def _lagging(random: Random) -> dict[str, Any]:
    return {"lagging": random.choice([0.1, 0.3, 0.6])}
