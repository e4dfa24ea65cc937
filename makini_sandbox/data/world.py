"""What exists in one connection's system: how many rows an entity has and which key each bears."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from makini_sandbox.entities import ENTITIES

if TYPE_CHECKING:
    from collections.abc import Mapping

ORDER_LINES = "purchase-orders.line-items"
STATUS_COUNT = 6
# Keys of master data are asked for over and over, those of a million orders once each.
_KEPT = 1000


@dataclass
class World:
    """The fixed facts from which every row of a connection is generated.

    Attributes:
        connection: Name of the connection; keys differ between connections.
        seed: Source of all chance.
        rows: Rows an entity, unless ``sizes`` names it; master data stay few, statuses fixed.
        sizes: Rows of single entities, by slug.
        until: End of the two years over which the rows are spread, in seconds since 1970.
    """

    connection: str
    seed: int
    rows: int
    until: int
    sizes: Mapping[str, int] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict, init=False, repr=False)
    _keys: dict[str, list[str]] = field(default_factory=dict, init=False, repr=False)

    def count(self, slug: str) -> int:
        """Number of rows that are generated for an entity."""
        count = self._counts.get(slug)
        if count is None:
            count = self._counts[slug] = self._size(slug)
        return count

    def _size(self, slug: str) -> int:
        if slug in self.sizes:
            return self.sizes[slug]
        if slug == ORDER_LINES:
            return lines_before(self.count("purchase-orders"))
        entity = ENTITIES[slug]
        if entity.most is None:
            return self.rows
        return entity.most if entity.fixed else min(entity.most, self.rows)

    def key(self, slug: str, number: int) -> str:
        """The 40-character hash that the API gives as a row's key."""
        if number >= _KEPT:
            return hash_key(f"{self.connection}/{slug}/{number}")
        keys = self._keys.setdefault(slug, [])
        while number >= len(keys):
            keys.append(hash_key(f"{self.connection}/{slug}/{len(keys)}"))
        return keys[number]


def hash_key(text: str) -> str:
    """The SHA-1 of a text, as 40 hexadecimal digits."""
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def line_count(order: int) -> int:
    """Number of lines of an order: one, two or three, by its number."""
    return order % 3 + 1


def lines_before(order: int) -> int:
    """Number of lines of all orders before this one."""
    return 6 * (order // 3) + (0, 1, 3)[order % 3]


def order_of_line(line: int) -> int:
    """Number of the order that a line, counted over all orders, belongs to."""
    return 3 * (line // 6) + (0, 1, 1, 2, 2, 2)[line % 6]
