"""Define what all paginators share: rows, batches, the outcome of reading, and the paginator itself."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import msgspec

from tap_makini.errors import IncompleteError
from tap_makini.rawjson import REFUSED, NotJSONError, members
from tap_makini.timestamps import format_timestamp, parse_timestamps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime

MOST_PASSES = 3
"""How many times to read a list at most until two passes are equal."""
_TIMESTAMP, _FIRST_VALUE = attrgetter("timestamp"), attrgetter("value0")


class Row(msgspec.Struct, frozen=True, gc=False):
    """A record's JSON and timestamp: None if its replication key is null, missing or unreadable."""

    raw: bytes
    timestamp: datetime | None


class Batch(NamedTuple):
    """Rows to deliver.

    Attributes:
        rows: The rows.
        reached: With these rows, everything before this timestamp has been delivered; None if that is not known, so
            that an interrupted sync has to start again.
        voids_reached: Whether earlier values of `reached` are void.
    """

    rows: list[Row]
    reached: datetime | None = None
    voids_reached: bool = False


class Shortage(NamedTuple):
    """Records that the server counts and does not list.

    Attributes:
        start_value: The timestamp from which on they are missing; None if that may be anywhere in the list.
        received: How many distinct keys were received.
        expected: How many the server counts.
    """

    start_value: datetime | None
    received: int
    expected: int


@dataclass
class Outcome:
    """What a list reader has seen.

    Attributes:
        count: How many rows were delivered.
        latest: The latest timestamp of any row.
        undated: How many rows had no readable timestamp.
        incomplete_from: The timestamp from which on records may be missing; None if there is none.
        is_all_incomplete: Whether the whole list has to be read again.
        expected: How many records the server counts in the list, if it says so.
        shortages: Where fewer records came than the server counts.
    """

    count: int = 0
    latest: datetime | None = None
    undated: int = 0
    incomplete_from: datetime | None = None
    is_all_incomplete: bool = False
    expected: int | None = None
    shortages: list[Shortage] = field(default_factory=list)

    def note(self, rows: list[Row]) -> None:
        """Count delivered rows, and track the latest timestamp."""
        timestamps = dated(rows)
        self.count += len(rows)
        self.undated += len(rows) - len(timestamps)
        if timestamps:
            newest = max(timestamps)
            self.latest = newest if self.latest is None else max(self.latest, newest)

    def expect(self, total: int | None) -> None:
        """Note how many records the server counts."""
        self.expected = total

    @property
    def is_complete(self) -> bool:
        """Whether nothing can have been missed so far."""
        return not self.is_all_incomplete and self.incomplete_from is None

    def mark_incomplete(self, start_value: datetime | None, received: int = 0, expected: int | None = None) -> None:
        """Mark everything from a timestamp on as incomplete, so that the next run reads it again.

        Args:
            start_value: The timestamp; None for the whole list.
            received: How many distinct keys of it were received.
            expected: How many the server counts; None if it does not count them.
        """
        if start_value is None:
            self.is_all_incomplete = True
        elif self.incomplete_from is None or start_value < self.incomplete_from:
            self.incomplete_from = start_value
        if expected is not None and received < expected:
            self.shortages.append(Shortage(start_value, received, expected))


def incomplete(shortages: Sequence[Shortage], replication_key: str | None) -> IncompleteError:
    """Return the error for a list that was read to its end, but of which records are missing.

    Args:
        shortages: Where they are missing.
        replication_key: What the list is read incrementally by; None for a full table.
    """
    places = [
        f"received {shortage.received:,} of {shortage.expected:,} records"
        + (f" with {replication_key} from {format_timestamp(start, 'seconds')} on" if start else "")
        for shortage in shortages
        for start in [shortage.start_value]
    ]
    if not any(shortage.start_value for shortage in shortages):
        return IncompleteError(
            f"{'; '.join(places)}: the pages of the list do not hold all the records that the server counts",
            "Set page_size above the larger of these numbers if the server accepts it. Otherwise, report it to Makini.",
        )
    return IncompleteError(
        f"{'; '.join(places)}: the server orders records with equal timestamps differently on each page, or counts "
        "records that it does not return",
        "The bookmark stays before them, and the next run requests other pages. A page_size above the larger of these "
        "numbers returns them at once, if the server accepts it.",
    )


class Paginator(Protocol):
    """Reads a whole list.

    Attributes:
        name: What the log calls it.
    """

    name: str

    def batches(self) -> Iterator[Batch]:
        """Read the list.

        Yields:
            The rows, page by page.

        Raises:
            DisprovedError: A response shows that the server does not honor what this paginator relies on.
            MakiniError: The list could not be read.
        """
        ...


class DisprovedError(Exception):
    """A response contradicts what a paginator relies on.

    Args:
        reason: What the server does not honor.
        lasts: Whether that holds for the next run too.
    """

    def __init__(self, reason: str, *, lasts: bool = True) -> None:
        super().__init__(reason)
        self.lasts = lasts


class RowReader:
    """Read the replication key and the primary key of records without decoding the rest of them.

    Args:
        replication_key: The property that holds the timestamp; None for a full-table stream.
        key: The primary key; empty if there is none, so that records are identified by their content.
    """

    def __init__(self, replication_key: str | None, key: Sequence[str] = ()) -> None:
        self._replication_key = replication_key
        self._key = tuple(key)
        self._timestamp = _PropertyReader((replication_key,) if replication_key else ())
        self._keys = _PropertyReader(self._key)

    def rows(self, records: Sequence[bytes]) -> list[Row]:
        """Pair each record with its timestamp."""
        if self._replication_key is None:
            return [Row(raw, None) for raw in records]
        try:
            values = list(map(_FIRST_VALUE, map(self._timestamp.decode, records)))
        except REFUSED:
            values = [self._timestamp.values(raw)[0] for raw in records]
        return list(map(Row, records, parse_timestamps(values)))

    def key_values(self, row: Row) -> tuple[object, ...]:
        """Return the values of the primary key; empty if the stream has none."""
        return self._keys.values(row.raw)

    def key(self, row: Row) -> bytes:
        """Return a 16-byte digest of the record's key, the same for all versions of the record."""
        values = self.key_values(row)
        if not values or None in values:
            return digest(row.raw)
        return digest(repr(values).encode("utf-8", "surrogatepass"))


class _PropertyReader:
    """Read some properties of a JSON object.

    Args:
        names: The properties.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(names)
        self._fields = [f"value{number}" for number in range(len(names))]
        probe = msgspec.defstruct(
            "Probe",
            [(field, Any, None) for field in self._fields],
            rename=dict(zip(self._fields, self._names, strict=True)),
        )
        self.decode: Callable[[bytes], Any] = msgspec.json.Decoder(probe).decode

    def values(self, raw: bytes) -> tuple[object, ...]:
        """Return the values; None for a property that is null, missing or unreadable."""
        if not self._names:
            return ()
        try:
            found = self.decode(raw)
        except REFUSED:
            return self._values_leniently(raw)
        return tuple(getattr(found, field) for field in self._fields)

    def _values_leniently(self, raw: bytes) -> tuple[object, ...]:
        try:
            parts = members(raw)
            return tuple(
                None if (part := parts.get(name)) is None else msgspec.json.decode(part) for name in self._names
            )
        except (NotJSONError, *REFUSED):
            return (None,) * len(self._names)


def rows_from(rows: Sequence[Row], start_value: datetime) -> list[Row]:
    """Return the rows that are not before a timestamp; those without one may not be."""
    return [row for row in rows if row.timestamp is None or row.timestamp >= start_value]


def dated(rows: Iterable[Row]) -> list[datetime]:
    """Return the timestamps of the rows that have one."""
    return list(filter(None, map(_TIMESTAMP, rows)))


def is_ascending(timestamps: list[datetime]) -> bool:
    """Return whether timestamps never decrease."""
    return sorted(timestamps) == timestamps


def digest(raw: bytes) -> bytes:
    """Return a 16-byte digest of a record's content."""
    return hashlib.blake2b(raw, digest_size=16).digest()
