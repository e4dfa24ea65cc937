"""Pair records, in the bytes they came in, with their replication key and their primary key."""

from __future__ import annotations

import hashlib
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from tap_makini.rawjson import REFUSED, NotJSONError, members
from tap_makini.timestamps import parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

_TIMESTAMP = attrgetter("timestamp")


class Row(NamedTuple):
    """A record's JSON, and when it was last changed: None if its replication key is null, absent or unreadable."""

    raw: bytes
    timestamp: datetime | None


class RowReader:
    """Find the replication key and the primary key in records without decoding the rest of them.

    Args:
        replication_key: The property that holds the timestamp; None for a full-table stream.
        key: The primary key; empty where a stream has none, so that its records are told apart by their content.
    """

    def __init__(self, replication_key: str | None, key: Sequence[str] = ()) -> None:
        self._replication_key = replication_key
        self._key = tuple(key)
        self._timestamp = _PropertyReader((replication_key,) if replication_key else ())
        self._keys = _PropertyReader(self._key)

    def rows(self, records: Iterable[bytes]) -> list[Row]:
        """Pair each record with its timestamp."""
        if self._replication_key is None:
            return [Row(raw, None) for raw in records]
        rows, decode = [], self._timestamp.decode
        for raw in records:
            try:
                value = decode(raw).value0
            except REFUSED:
                (value,) = self._timestamp.values(raw)
            rows.append(Row(raw, parse_timestamp(value)))
        return rows

    def key_values(self, row: Row) -> tuple[object, ...]:
        """Return the values of the primary key; empty where the stream has none."""
        return self._keys.values(row.raw)

    def key(self, row: Row) -> bytes:
        """Return 16 bytes that name the record, whichever version of it this is."""
        values = self.key_values(row)
        if not values or None in values:
            return digest(row.raw)
        return digest(repr(values).encode("utf-8", "surrogatepass"))


class _PropertyReader:
    """Reads some properties of a JSON object.

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
        """Return the values, None for a property that is null, absent or unreadable."""
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


def dated(rows: Iterable[Row]) -> list[datetime]:
    """Return the timestamps of the rows that have one."""
    return list(filter(None, map(_TIMESTAMP, rows)))


def is_ascending(timestamps: list[datetime]) -> bool:
    """Whether no timestamp is before the one in front of it."""
    return sorted(timestamps) == timestamps


def digest(raw: bytes) -> bytes:
    """Name a record's content in 16 bytes, to know it again without keeping it."""
    return hashlib.blake2b(raw, digest_size=16).digest()
