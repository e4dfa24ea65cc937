"""The data of one connection, made when first asked for and open to change while it is read."""

from __future__ import annotations

import json
from decimal import Decimal
from threading import RLock
from typing import TYPE_CHECKING, Any

from makini_sandbox.child_store import ChildStore
from makini_sandbox.clock import isoformat, parse_instant
from makini_sandbox.data.items import child_items
from makini_sandbox.data.world import hash_key
from makini_sandbox.encoding import encode
from makini_sandbox.entities import ENTITIES
from makini_sandbox.table import StoredRow, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from makini_sandbox.behaviour import Behaviour
    from makini_sandbox.clock import Clock
    from makini_sandbox.data.builder import Builder
    from makini_sandbox.data.world import World
    from makini_sandbox.raw_store import RawStore


class Store:
    """Rows by slug, generated lazily; safe to use from a test while the server reads.

    Attributes:
        lock: Held while an answer is built; take it to make several changes at once.
        raw_tables: The source system's own tables.
    """

    def __init__(
        self,
        world: World,
        builder: Builder,
        raw_tables: RawStore,
        behaviour: Callable[[], Behaviour],
        clock: Clock,
    ) -> None:
        self.lock = RLock()
        self._world = world
        self._builder = builder
        self._behaviour = behaviour
        self._clock = clock
        self._tables: dict[str, Table] = {}
        self._children = ChildStore(lambda child, key: child_items(builder, world, child, key))
        self.raw_tables = raw_tables

    def table(self, slug: str) -> Table:
        """The table of an entity.

        Raises:
            KeyError: If the API has no such entity.
        """
        with self.lock:
            if slug not in self._tables:
                self._tables[slug] = Table(self._generated(ENTITIES[slug].slug))
            return self._tables[slug]

    def fields(self, slug: str) -> frozenset[str]:
        """Names of the fields that the vendor's schema of an entity has."""
        return self._builder.fields(slug)

    def count(self, slug: str) -> int:
        """Number of rows that an entity has now."""
        return len(self.table(slug))

    def keys(self, slug: str) -> list[str]:
        """Keys of all rows of an entity, in order of insertion."""
        with self.lock:
            return [row.key for row in self.table(slug).in_order(hide_deleted=False)]

    def rows(self, slug: str) -> list[dict[str, Any]]:
        """All rows of an entity, decoded, in order of insertion."""
        return [json.loads(body) for body in self.raw(slug)]

    def raw(self, slug: str) -> list[bytes]:
        """All rows of an entity as the JSON that is served, in order of insertion."""
        with self.lock:
            return [row.body for row in self.table(slug).in_order(hide_deleted=False)]

    def insert(self, slug: str, **fields: object) -> str:
        """Insert a row, made like the generated ones but for what is given.

        ``createdAt`` and ``updatedAt`` are now where not given.

        Returns:
            The key of the new row.
        """
        with self.lock:
            table = self.table(slug)
            position = table.next_position()
            row = self._builder.build(slug, position)
            now = isoformat(self._clock())
            row.update({name: now for name in ("createdAt", "updatedAt") if name in row})
            row.update(fields)
            return self._put(slug, encode(row), row, position)

    def insert_raw(self, slug: str, body: bytes) -> str:
        """Insert a row as the given bytes, which need not even be JSON.

        Returns:
            The key it is kept under: its own, or one made up where it has none.
        """
        with self.lock:
            try:
                row = json.loads(body)
            except ValueError:
                row = None
            fields = row if isinstance(row, dict) else {}
            return self._put(slug, body, fields, self.table(slug).next_position())

    def update(self, slug: str, key: str, **fields: object) -> None:
        """Change a row; ``updatedAt`` becomes now where not given.

        Raises:
            KeyError: If there is no such row.
        """
        with self.lock:
            row = self._decoded(slug, key)
            if "updatedAt" in row:
                row["updatedAt"] = isoformat(self._clock())
            row.update(fields)
            self._put(slug, encode(row), row, self.table(slug)[key].position)

    def touch(self, slug: str, count: int) -> list[str]:
        """Update the rows that were updated longest ago to now.

        Returns:
            Their keys.
        """
        with self.lock:
            ordering = self.table(slug).ordering("updatedAt", hide_deleted=False, tie_salt=None)
            keys = [row.key for row in ordering.dated[:count]]
            for key in keys:
                self.update(slug, key)
            return keys

    def delete(self, slug: str, key: str) -> None:
        """Delete a row softly: set ``deletedAt``, and ``updatedAt`` where the behaviour says so.

        Raises:
            KeyError: If there is no such row.
        """
        now = isoformat(self._clock())
        with self.lock:
            before = self._decoded(slug, key).get("updatedAt")
            moves = self._behaviour().for_slug(slug).delete_moves_updated_at
            self.update(slug, key, deletedAt=now, updatedAt=now if moves else before)

    def remove(self, slug: str, key: str) -> None:
        """Remove a row without a trace.

        Raises:
            KeyError: If there is no such row.
        """
        with self.lock:
            table = self.table(slug)
            table.remove(table[key].key)

    def children(self, slug: str, key: str, child: str) -> list[dict[str, Any]]:
        """The items under a row, decoded: the list ``child`` of the row of ``slug`` with that key.

        Raises:
            KeyError: If there is no such row or no such list.
        """
        return [json.loads(body) for body in self.raw_children(slug, key, child)]

    def raw_children(self, slug: str, key: str, child: str) -> list[bytes]:
        """The items under a row as the JSON that is served.

        Raises:
            KeyError: If there is no such row or no such list.
        """
        with self.lock:
            return self._children.bodies(slug, self.table(slug)[key].key, child)

    def set_children(self, slug: str, key: str, child: str, items: Iterable[Mapping[str, object]]) -> None:
        """Give a row other items.

        Raises:
            KeyError: If there is no such row or no such list.
        """
        with self.lock:
            self._children.set(slug, self.table(slug)[key].key, child, items)

    def set_raw(self, table: str, rows: Iterable[object]) -> None:
        """Make, or make anew, a raw table of these rows."""
        with self.lock:
            self.raw_tables.set(table, rows)

    def _decoded(self, slug: str, key: str) -> dict[str, Any]:
        body = self.table(slug)[key].body
        decoded: dict[str, Any] = json.loads(body, parse_float=Decimal)
        return decoded

    def _put(self, slug: str, body: bytes, fields: dict[str, Any], position: int) -> str:
        key = _key_of(fields) or hash_key(f"{slug}/{position}")
        self.table(slug).put(_stored(key, position, body, fields))
        return key

    def _generated(self, slug: str) -> Iterator[StoredRow]:
        undated = self._behaviour().for_slug(slug).undated_rows
        for number in range(self._world.count(slug)):
            row = self._builder.build(slug, number)
            if undated and number % 100 < undated and "updatedAt" in row:
                row["updatedAt"] = None
            yield _stored(_key_of(row) or str(number), number, encode(row), row)


def _key_of(row: dict[str, Any]) -> str | None:
    key = row.get("key") or row.get("name")
    return key if isinstance(key, str) else None


def _stored(key: str, position: int, body: bytes, fields: dict[str, Any]) -> StoredRow:
    return StoredRow(
        key,
        position,
        body,
        updated=parse_instant(fields.get("updatedAt")),
        created=parse_instant(fields.get("createdAt")),
        deleted=fields.get("deletedAt") is not None,
    )
