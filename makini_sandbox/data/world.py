"""Know what exists in one connection's system: how many rows an entity has, their keys, and where they belong."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from makini_sandbox.entities import ENTITIES

if TYPE_CHECKING:
    from collections.abc import Mapping

ORDER_LINES = "purchase-orders.line-items"
STATUS_COUNT = 6
# Keys of master data are needed over and over, those of a million orders once each.
_CACHED_KEYS = 1000


@dataclass
class World:
    """The fixed facts from which every row of a connection is generated.

    Attributes:
        connection: Name of the connection; keys differ between connections.
        seed: Seed of all random values.
        rows: Rows per entity that `sizes` does not name; master data stay few, statuses fixed.
        until: End of the two years over which the rows are spread, in seconds since 1970.
        sizes: Rows of single entities, by slug.
    """

    connection: str
    seed: int
    rows: int
    until: int
    sizes: Mapping[str, int] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict, init=False, repr=False)
    _keys: dict[str, list[str]] = field(default_factory=dict, init=False, repr=False)

    def count(self, slug: str) -> int:
        """Return the number of rows that are generated for an entity."""
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
        """Return the 40-character hash that is a row's key."""
        if number >= _CACHED_KEYS:
            return hash_key(f"{self.connection}/{slug}/{number}")
        keys = self._keys.setdefault(slug, [])
        while number >= len(keys):
            keys.append(hash_key(f"{self.connection}/{slug}/{len(keys)}"))
        return keys[number]

    def place(self, slug: str, anchor: int) -> dict[str, int | None]:
        """Return the numbers of the asset, location, site, organization and storeroom of a row, by their slugs.

        An asset is at a location, a location on a site, a site part of an organization.

        Args:
            slug: The entity of the row.
            anchor: The number that the row's relations follow from.
        """
        if slug == "meter-readings":  # at its meter's asset
            anchor = self._wrap(anchor, "meters") or 0
        asset = self._wrap(anchor, "assets")
        location = self._location(slug, anchor if asset is None else asset)
        site = self._wrap(anchor if location is None else location, "sites")
        return {
            "assets": asset,
            "locations": location,
            "sites": site,
            "organizations": self._wrap(anchor if site is None else site, "organizations"),
            "storerooms": site if site is not None and site < self.count("storerooms") else None,
        }

    def _location(self, slug: str, number: int) -> int | None:
        if slug in {"sites", "storerooms"}:
            # A location with the number of a site is on that site.
            number = self._wrap(number, "sites") or 0
        return self._wrap(number, "locations")

    def _wrap(self, number: int, slug: str) -> int | None:
        count = self.count(slug)
        return number % count if count else None


def hash_key(text: str) -> str:
    """Return the SHA-1 of a text, as 40 hexadecimal digits."""
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def line_count(order: int) -> int:
    """Return the number of lines of an order: one, two or three, by its number."""
    return order % 3 + 1


def lines_before(order: int) -> int:
    """Return the number of lines of all orders before this one."""
    return 6 * (order // 3) + (0, 1, 3)[order % 3]


def order_of_line(line: int) -> int:
    """Return the number of the order of a line, counted over all orders."""
    return 3 * (line // 6) + (0, 1, 1, 2, 2, 2)[line % 6]
