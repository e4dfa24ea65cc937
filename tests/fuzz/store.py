"""A store of rows that changes between requests, as a source system does."""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from random import Random
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Fraction: TypeAlias = Literal["none", "millis", "micros", "trimmed"]
"""Digits after the second: `trimmed` is microseconds without trailing zeros, and without the point if all are zero."""
Change: TypeAlias = Literal["update", "update_front", "insert", "insert_old", "delete", "bulk", "bulk_insert"]

OLDEST_COPY = 12
"""How many mutations ago the oldest copy is that a lagging replica may serve."""

_MOST_ROWS = 400

Rows: TypeAlias = "dict[str, Row]"


def chance(*seeds: object) -> Random:
    """Return a source of random numbers that depends on its seeds only."""
    return Random("/".join(map(str, seeds)))  # noqa: S311 - repeatable, and no secret


@dataclass(frozen=True)
class Kind:
    """A list of the API.

    Attributes:
        stream: The stream's name.
        slug: The last part of the path.
        replication_key: The property that says when a row changed; None if the rows have none.
        marker: The property that differs between versions of a row.
        appends_only: Whether rows are never updated.
    """

    stream: str
    slug: str
    replication_key: str | None
    marker: str
    appends_only: bool = False

    @property
    def is_updated(self) -> bool:
        """Whether its rows may be updated."""
        return not self.appends_only


KINDS = {
    kind.stream: kind
    for kind in (
        Kind("work_orders", "work-orders", "updatedAt", "code"),
        Kind("uom", "uom", None, "code"),
        Kind("meter_readings", "meter-readings", "createdAt", "assetKey", appends_only=True),
    )
}


@dataclass(frozen=True)
class Row:
    """One version of a row.

    Attributes:
        key: Its primary key.
        at: When it was changed; None if it has no such time.
        version: Counts its versions from 1.
        parts: How many tasks and materials it has.
    """

    key: str
    at: datetime | None
    version: int = 1
    parts: int = 0

    @property
    def marker(self) -> str:
        return f"v{self.version}"


class Clock:
    """Show the server's time.

    Args:
        skew: Seconds that it is ahead of this machine's.
        fraction: What the store keeps of a second.
    """

    def __init__(self, skew: float, fraction: Fraction) -> None:
        self._skew = timedelta(seconds=skew)
        self.fraction = fraction

    def now(self) -> datetime:
        """Return the present as the store writes it."""
        return self.kept(datetime.now(timezone.utc) + self._skew)

    def kept(self, instant: datetime) -> datetime:
        """Return what the store keeps of an instant."""
        if self.fraction == "none":
            return instant.replace(microsecond=0)
        if self.fraction == "millis":
            return instant.replace(microsecond=instant.microsecond // 1000 * 1000)
        return instant

    def text(self, instant: datetime | None, suffix: str = "Z") -> str | None:
        """Write an instant as the API shows it."""
        if instant is None:
            return None
        whole = instant.strftime("%Y-%m-%dT%H:%M:%S")
        digits = {"none": "", "millis": f".{instant.microsecond // 1000:03}", "micros": f".{instant.microsecond:06}"}
        trimmed = f".{instant.microsecond:06}".rstrip("0").rstrip(".")
        return whole + digits.get(self.fraction, trimmed) + suffix


class Table:
    """The rows of one list, in the order in which a database would scan them, with copies of how they were.

    Args:
        kind: Which list.
        clock: The server's clock.
    """

    def __init__(self, kind: Kind, clock: Clock) -> None:
        self.kind = kind
        self.clock = clock
        self.rows: Rows = {}
        self._copies: deque[Rows] = deque(maxlen=OLDEST_COPY + 1)
        self._serial = 0

    def copy(self, age: int) -> Rows:
        """Return the rows as they were some mutations ago."""
        return self.rows if age <= 0 or not self._copies else self._copies[max(len(self._copies) - age, 0)]

    def catch_up(self) -> None:
        """Bring all replicas up to date."""
        self._copies.clear()

    def keys_in_all_copies(self) -> set[str]:
        """Return the keys that every replica has."""
        return set(self.rows).intersection(*self._copies)

    def put(self, at: datetime | None, key: str | None = None, parts: int = 0) -> None:
        """Write a row, as its next version if there is one; its place in a scan becomes the last."""
        before = self.rows.pop(key, None) if key is not None else None
        kept = None if at is None else self.clock.kept(at)
        if before is not None:
            row = replace(before, at=kept, version=before.version + 1, parts=parts)
        else:
            self._serial += 1
            row = Row(hashlib.sha1(f"{self.kind.stream}/{self._serial}".encode()).hexdigest(), kept, 1, parts)  # noqa: S324 - keys look like that
        self.rows[row.key] = row

    def mutate(self, change: Change, random: Random, size: int, oldest: timedelta) -> None:
        """Change rows in one way.

        Args:
            change: The way.
            random: Source of chance.
            size: How many rows a bulk change is about.
            oldest: How far in the past the time of a late row may be.
        """
        self._copies.append(dict(self.rows))
        now = self.clock.now()
        at = now if self.kind.replication_key else None
        if change == "insert_old" and at is not None:
            at -= oldest * random.random()
        size = min(size, max(_MOST_ROWS - len(self.rows), 1))
        if change in {"update", "update_front"} and self.kind.is_updated:
            for key in self._chosen(random, 1, front=change == "update_front"):
                self.put(at, key, random.randrange(4))
        elif change == "delete":
            for key in self._chosen(random, 1, front=random.random() < 0.5):
                del self.rows[key]
        elif change == "bulk" and self.kind.is_updated:
            for key in self._chosen(random, size, front=False):
                self.put(at, key, random.randrange(4))
        else:
            for _ in range(size if change.startswith("bulk") else 1):
                self.put(at, parts=random.randrange(4))

    def _chosen(self, random: Random, count: int, *, front: bool) -> Sequence[str]:
        """Choose rows to change: rows without a time never, since a filter would hide the change."""
        keys = [row.key for row in self.rows.values() if row.at is not None or not self.kind.replication_key]
        keys = [key for key in keys if self._is_past(key)]
        if front and keys:
            by_time = min(keys, key=lambda key: self.rows[key].at or datetime.min.replace(tzinfo=timezone.utc))
            return [random.choice([keys[0], by_time])]
        return random.sample(keys, min(count, len(keys)))

    def _is_past(self, key: str) -> bool:
        """Whether a row is not dated in the future: an update would move it back in time."""
        at = self.rows[key].at
        return at is None or at <= self.clock.now()

    def document(self, row: Row, suffix: str) -> dict[str, Any]:
        """Return a row as the API shows it."""
        body: dict[str, Any] = {"key": row.key, self.kind.marker: row.marker}
        if self.kind.replication_key:
            body[self.kind.replication_key] = self.clock.text(row.at, suffix)
        if self.kind.stream == "work_orders":
            body["tasks"] = [{"key": f"{row.key[:8]}-t{place}", "code": code} for place, code in enumerate(parts(row))]
        return body


def parts(row: Row) -> Iterator[str]:
    """Yield what identifies each task or material of a row."""
    return (f"{row.marker}/{place}" for place in range(row.parts))


@dataclass(frozen=True)
class Shape:
    """What the rows are like before the first run.

    Attributes:
        rows: How many there are.
        bulks: How many bulk imports there were; all rows of one share an instant.
        bulk_pages: How many pages the rows of one fill.
        days: Over how many days the other rows are spread, up to now.
        crowded: Whether half of the rows share a second with another one, but not the fraction.
        in_order: Whether a scan finds them in the order of their time.
        undated: How many rows have no time.
        future: How many rows are dated in the future.
    """

    rows: int = 100
    bulks: int = 0
    bulk_pages: float = 2.0
    days: int = 20
    crowded: bool = False
    in_order: bool = True
    undated: int = 0
    future: int = 0

    def fill(self, table: Table, page_size: int, random: Random) -> None:
        """Write the rows."""
        now = table.clock.now()
        instants = list(self._instants(now, page_size, random))
        instants.sort(key=lambda instant: instant or now)
        if not self.in_order:
            random.shuffle(instants)
        for instant in instants:
            table.put(instant if table.kind.replication_key else None, parts=random.randrange(4))

    def _instants(self, now: datetime, page_size: int, random: Random) -> Iterator[datetime | None]:
        left = self.rows
        yield from [None] * min(self.undated, left)
        left -= min(self.undated, left)
        for _ in range(min(self.future, left)):
            left -= 1
            yield now + timedelta(days=random.randrange(1, 30), seconds=random.randrange(86_400))
        for _ in range(self.bulks):
            size = min(max(round(self.bulk_pages * page_size) + random.randint(-1, 1), 0), left)
            left -= size
            yield from [self._instant(now, random)] * size
        before = self._instant(now, random)
        for _ in range(left):
            is_crowded = self.crowded and random.random() < 0.5
            before = before.replace(microsecond=_micros(random)) if is_crowded else self._instant(now, random)
            yield min(before, now)

    def _instant(self, now: datetime, random: Random) -> datetime:
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        start = midnight - timedelta(days=self.days) if self.days else now - timedelta(hours=1)
        seconds = random.randrange(max(int((now - start).total_seconds()), 1))
        return (start + timedelta(seconds=seconds)).replace(microsecond=_micros(random))


def _micros(random: Random) -> int:
    return random.choice([0, 0, 500_000, 250_000, random.randrange(1_000_000)])
