"""Make one row: its number, its dates, its random values, and the rows that it refers to."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING, TypeVar

from makini_sandbox.data.world import ORDER_LINES, STATUS_COUNT, World, lines_before

if TYPE_CHECKING:
    from collections.abc import Sequence

_T = TypeVar("_T")
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
SPAN_SECONDS = 2 * 365 * 86_400


def iso(seconds: int) -> str:
    """Write an instant (seconds since 1970) as the API does: `2025-01-02T03:04:05Z`."""
    day, second = divmod(seconds, 86_400)
    minute, second = divmod(second, 60)
    hour, minute = divmod(minute, 60)
    return f"{_day(day)}T{hour:02d}:{minute:02d}:{second:02d}Z"


@lru_cache(maxsize=4096)
def _day(day: int) -> str:
    return date.fromordinal(_EPOCH_ORDINAL + day).isoformat()


class Draft:
    """The source of a row's values.

    All that rows must agree on (a work order's asset, that asset's location, the location's site, the vendor of an
    order and of its invoice) follows from `anchor` by arithmetic, so no row has to be generated to make another one.
    Lines have the anchor of the row that they are part of.
    """

    __slots__ = ("_place", "anchor", "created", "number", "random", "slug", "status", "updated", "world")

    def __init__(self, world: World, slug: str, number: int, anchor: int | None = None) -> None:
        self.world = world
        self.slug = slug
        self.number = number
        self.anchor = number if anchor is None else anchor
        # For variety, not for secrets: a row must be the same every time.
        self.random = Random(f"{world.seed}/{world.connection}/{slug}/{number}").random  # noqa: S311
        self.created = world.until - 1 - int(self.random() * SPAN_SECONDS)
        self.updated = self.created + int(self.random() * (world.until - self.created))
        self.status = int(self.random() * STATUS_COUNT)
        self._place: dict[str, int | None] | None = None

    def below(self, limit: int) -> int:
        """Return a whole number from 0 to `limit - 1`."""
        return int(self.random() * limit)

    def pick(self, choices: Sequence[_T]) -> _T:
        """Return one of the choices."""
        return choices[int(self.random() * len(choices))]

    def any_of(self, slug: str) -> str | None:
        """Return the key of any row of an entity, None if it has none."""
        count = self.world.count(slug)
        return self.world.key(slug, int(self.random() * count)) if count else None

    def related(self, slug: str) -> str | None:
        """Return the key of the row of an entity that has this row's anchor."""
        count = self.world.count(slug)
        return self.world.key(slug, self.anchor % count) if count else None

    def own(self, slug: str) -> str | None:
        """Return the key of the asset, location, site, organization or storeroom that this row belongs to."""
        if self._place is None:
            self._place = self.world.place(self.slug, self.anchor)
        number = self._place[slug]
        return None if number is None else self.world.key(slug, number)

    @property
    def order(self) -> int:
        """Number of the purchase order that this row is, belongs to or follows from."""
        orders = self.world.count("purchase-orders")
        return self.anchor % orders if orders else self.anchor

    @property
    def currency(self) -> int:
        """Number of the currency of that purchase order."""
        return self.order % self.world.count("currencies")

    def of_order(self, slug: str) -> str | None:
        """Return a key that a purchase order and all that follows from it agree on, that of the vendor for one."""
        count = self.world.count(slug)
        return self.world.key(slug, self.order % count) if count else None

    def order_line(self) -> str | None:
        """Return the key of the first line of the purchase order that this row refers to."""
        if not self.world.count("purchase-orders"):
            return None
        return self.world.key(ORDER_LINES, lines_before(self.order))

    def moment(self) -> str:
        """Return an instant between the creation of the row and its last update."""
        return iso(self.created + self.below(self.updated - self.created + 1))

    def deadline(self) -> str:
        """Return an instant in the 60 days after the creation of the row."""
        return iso(self.created + self.below(60 * 86_400))
