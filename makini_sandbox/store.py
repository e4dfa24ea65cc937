"""Keep the data of one connection, made when first needed and open to changes while it is read."""

from __future__ import annotations

import json
from decimal import Decimal
from threading import RLock
from typing import TYPE_CHECKING, Any

from makini_sandbox.clock import isoformat, parse_instant
from makini_sandbox.data.world import hash_key
from makini_sandbox.entities import CHILD_LISTS, ENTITIES
from makini_sandbox.table import StoredRow, Table, encode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from makini_sandbox.behaviour import Behaviour
    from makini_sandbox.clock import Clock
    from makini_sandbox.data.builder import Builder
    from makini_sandbox.data.raw import RawTables

_CHILD_LISTS = {(child.parent, child.name): child for child in CHILD_LISTS}


class Store:
    """Rows by slug; safe to use from a test while the server reads.

    Args:
        builder: Makes the rows.
        raw_tables: The source system's own tables.
        behaviour: Returns the behavior.
        clock: Returns the time.

    Attributes:
        lock: Held while a response is built; take it to make several changes at once.
        raw_tables: The source system's own tables.
    """

    def __init__(
        self, builder: Builder, raw_tables: RawTables, behaviour: Callable[[], Behaviour], clock: Clock
    ) -> None:
        self.lock = RLock()
        self.raw_tables = raw_tables
        self._builder = builder
        self._behaviour = behaviour
        self._clock = clock
        self._tables: dict[str, Table] = {}
        self._changed_children: dict[tuple[str, str], list[bytes]] = {}

    def table(self, slug: str) -> Table:
        """Return the table of an entity.

        Raises:
            KeyError: The API has no such entity.
        """
        with self.lock:
            if slug not in self._tables:
                self._tables[slug] = Table(self._generated(ENTITIES[slug].slug))
            return self._tables[slug]

    def fields(self, slug: str) -> frozenset[str]:
        """Return the names of the fields of the vendor's schema of an entity."""
        return self._builder.fields(slug)

    def count(self, slug: str) -> int:
        """Return the number of rows that an entity has now."""
        return len(self.table(slug))

    def keys(self, slug: str) -> list[str]:
        """Return the keys of all rows of an entity, in order of insertion."""
        with self.lock:
            return [row.key for row in self.table(slug).in_order(hide_deleted=False)]

    def rows(self, slug: str) -> list[dict[str, Any]]:
        """Return all rows of an entity, decoded, in order of insertion."""
        return [json.loads(body) for body in self.raw(slug)]

    def raw(self, slug: str) -> list[bytes]:
        """Return all rows of an entity as the JSON that is served, in order of insertion."""
        with self.lock:
            return [row.body for row in self.table(slug).in_order(hide_deleted=False)]

    def insert(self, slug: str, **fields: object) -> str:
        """Insert a row, made like the generated ones except for the given fields.

        `createdAt` and `updatedAt` are now if not given.

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
            The key that it is kept under: its own, or one made up if it has none.
        """
        with self.lock:
            try:
                row = json.loads(body)
            except ValueError:
                row = None
            fields = row if isinstance(row, dict) else {}
            return self._put(slug, body, fields, self.table(slug).next_position())

    def update(self, slug: str, key: str, **fields: object) -> None:
        """Change a row; `updatedAt` becomes now if not given.

        Raises:
            KeyError: There is no such row.
        """
        with self.lock:
            row = self._decoded(slug, key)
            if "updatedAt" in row:
                row["updatedAt"] = isoformat(self._clock())
            row.update(fields)
            self._put(slug, encode(row), row, self.table(slug)[key].position)

    def touch(self, slug: str, count: int) -> list[str]:
        """Set `updatedAt` of the rows that were updated longest ago to now.

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
        """Delete a row softly: set `deletedAt`, and `updatedAt` if the behavior says so.

        Raises:
            KeyError: There is no such row.
        """
        now = isoformat(self._clock())
        with self.lock:
            before = self._decoded(slug, key).get("updatedAt")
            moves = self._behaviour().for_slug(slug).delete_moves_updated_at
            self.update(slug, key, deletedAt=now, updatedAt=now if moves else before)

    def remove(self, slug: str, key: str) -> None:
        """Remove a row without a trace.

        Raises:
            KeyError: There is no such row.
        """
        with self.lock:
            table = self.table(slug)
            table.remove(table[key].key)

    def children(self, slug: str, key: str, child: str) -> list[dict[str, Any]]:
        """Return the items of the list `child` below the row of `slug` with a key, decoded.

        Raises:
            KeyError: There is no such row or no such list.
        """
        return [json.loads(body) for body in self.raw_children(slug, key, child)]

    def raw_children(self, slug: str, key: str, child: str) -> list[bytes]:
        """Return the items below a row as the JSON that is served.

        Raises:
            KeyError: There is no such row or no such list.
        """
        with self.lock:
            parent, listed = self.table(slug)[key].key, _CHILD_LISTS[slug, child]
            changed = self._changed_children.get((listed.slug, parent))
            return [encode(item) for item in self._builder.children(listed, parent)] if changed is None else changed

    def set_children(self, slug: str, key: str, child: str, items: Iterable[Mapping[str, object]]) -> None:
        """Give a row other items.

        Raises:
            KeyError: There is no such row or no such list.
        """
        with self.lock:
            parent, listed = self.table(slug)[key].key, _CHILD_LISTS[slug, child]
            self._changed_children[listed.slug, parent] = [encode(item) for item in items]

    def set_raw(self, table: str, rows: Iterable[object]) -> None:
        """Create or replace a raw table."""
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
        for number in range(self._builder.world.count(slug)):
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
