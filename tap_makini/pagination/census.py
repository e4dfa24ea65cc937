"""Count records by their keys, to prove that a list was read completely."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from tap_makini.pagination.paginator import digest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_makini.pagination.paginator import Row, RowReader


class _Sighting(NamedTuple):
    version: bytes
    number: int


class Census:
    """Count the distinct keys of a list over one pass through it, and over several.

    A database orders rows of equal sort value differently for each limit and offset, so pages may repeat some rows and
    never show others while nothing changes. If as many distinct keys came as the server counts, none is missing. That
    holds only while the count does not change, so a new count starts a new tally.

    Args:
        reader: Reads the primary key.

    Attributes:
        expected: How many records the server counts, by the last response with a count; None if none had one.
        in_pass: How many distinct keys the current pass had.
        repeats: Whether the current pass had an unchanged record twice, which no fixed order does.
    """

    def __init__(self, reader: RowReader) -> None:
        self._reader = reader
        self._seen: dict[bytes, _Sighting] = {}
        self._number = 0
        self._tally_began = 1
        self._in_tally = 0
        self._most = 0
        self.in_pass = 0
        self._sequence = hashlib.blake2b(digest_size=16)
        self._sequence_before: bytes | None = None
        self.expected: int | None = None
        self.repeats = False

    def begin_pass(self) -> None:
        """Begin another pass through the list."""
        self._sequence_before = self._sequence.digest() if self._number else None
        self._sequence = hashlib.blake2b(digest_size=16)
        self._number += 1
        self._most = max(self._most, self._in_tally)
        if self.expected is not None and self._in_tally > self.expected:
            self._tally_began, self._in_tally = self._number, 0  # some of them were deleted
        self.in_pass = 0
        self.repeats = False

    def add(self, rows: Iterable[Row]) -> list[Row]:
        """Count rows of the current pass.

        Args:
            rows: The rows, without those of the page before.

        Returns:
            Those that were not received before in this version.
        """
        fresh = []
        for row in rows:
            key, version = self._reader.key(row), digest(row.raw)
            before = self._seen.get(key)
            if before is None or before.version != version:
                fresh.append(row)
            self._sequence.update(version)
            if before is not None and before.number == self._number:
                self.repeats |= before.version == version
            else:
                self.in_pass += 1
                self._in_tally += before is None or before.number < self._tally_began
            self._seen[key] = _Sighting(version, self._number)
        return fresh

    def expect(self, count: int | None) -> None:
        """Note how many records the server counts now."""
        if count is None or count == self.expected:
            return
        if self.expected is not None:
            self._tally_began, self._in_tally, self._most = self._number, self.in_pass, 0
        self.expected = count

    @property
    def count(self) -> int:
        """How many distinct keys were received since the server's count last changed."""
        return max(self._most, self._in_tally)

    @property
    def is_short(self) -> bool:
        """Whether the current pass had fewer distinct keys than the server counts."""
        return self.expected is not None and self.in_pass < self.expected

    @property
    def misses_some(self) -> bool:
        """Whether the current pass cannot have had all records: it is short, or in no fixed order."""
        return self.repeats or self.is_short

    @property
    def is_complete(self) -> bool:
        """Whether several passes together had exactly as many keys as the server counted all the time.

        One pass is not enough: if one record is deleted and one created, the count stays, and hides a third one that
        was skipped between two pages. More keys than are counted show that some were deleted.
        """
        return self._number > self._tally_began and self._in_tally == self.expected

    @property
    def repeats_last_pass(self) -> bool:
        """Whether the current pass had the same versions in the same order as the one before."""
        return self._sequence.digest() == self._sequence_before
