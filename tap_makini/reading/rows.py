"""Records as a reading sees them: the bytes they came in, and the instant of their replication key."""

from __future__ import annotations

import hashlib
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from tap_makini.instant import parse_instant
from tap_makini.rawjson import REFUSED, NotJSONError, members

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime


class Row(NamedTuple):
    """A record's JSON, and when it was last changed: None where its replication key is null, absent or unreadable."""

    raw: bytes
    instant: datetime | None


class RowReader:
    """Finds the instant in records without decoding the rest of them.

    Args:
        replication_key: The property that holds it; None for a full-table stream.
    """

    def __init__(self, replication_key: str | None) -> None:
        self._replication_key = replication_key
        probe = msgspec.defstruct("Probe", [("value", Any, None)], rename={"value": replication_key or ""})
        self._decode = msgspec.json.Decoder(probe).decode

    def rows(self, records: Iterable[bytes]) -> list[Row]:
        """Pair each record with its instant."""
        if self._replication_key is None:
            return [Row(raw, None) for raw in records]
        return [Row(raw, parse_instant(self._value(raw))) for raw in records]

    def _value(self, raw: bytes) -> object:
        try:
            return self._decode(raw).value  # type: ignore[attr-defined] # the struct is made at run time
        except REFUSED:
            return self._value_leniently(raw)

    def _value_leniently(self, raw: bytes) -> object:
        try:
            value = members(raw).get(self._replication_key or "")
            return None if value is None else msgspec.json.decode(value)
        except (NotJSONError, *REFUSED):
            return None


def dated(rows: Iterable[Row]) -> list[datetime]:
    """Give the instants of the rows that have one."""
    return [row.instant for row in rows if row.instant is not None]


def is_ascending(instants: Sequence[datetime]) -> bool:
    """Whether no instant is before the one in front of it."""
    return all(earlier <= later for earlier, later in pairwise(instants))


class Sighted:
    """What one pass over a list has seen, in its order; passes that have seen the same are equal."""

    def __init__(self) -> None:
        self._digests: list[bytes] = []

    def add(self, rows: Iterable[Row]) -> None:
        """Take in rows, in the order in which they come."""
        self._digests.extend(digest(row.raw) for row in rows)

    def is_short_of(self, count: int) -> bool:
        """Whether fewer different records have been seen than that: then others must have been missed."""
        return len(set(self._digests)) < count

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sighted) and self._digests == other._digests

    __hash__ = None  # type: ignore[assignment] # it grows


def digest(raw: bytes) -> bytes:
    """Name a record's content in 16 bytes, to know it again without keeping it."""
    return hashlib.blake2b(raw, digest_size=16).digest()
