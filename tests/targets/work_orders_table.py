"""A table of work orders on PostgreSQL, many of which were changed at the same instant."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from psycopg import sql
from psycopg.rows import dict_row

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from psycopg import Connection
    from typing_extensions import LiteralString

Index = Literal["updated_at", "updated_at, key"]
Operator = Literal[">=", "<"]
Conditions = dict[Operator, datetime]

_NOTHING = sql.SQL("")

_TABLE = sql.SQL(
    """
    CREATE TABLE work_orders (
        key text PRIMARY KEY,
        title text NOT NULL,
        instructions text NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL
    ) WITH (autovacuum_enabled = off)
    """
)
_INDEXES: dict[Index, sql.SQL] = {
    "updated_at": sql.SQL("CREATE INDEX ON work_orders (updated_at)"),
    "updated_at, key": sql.SQL("CREATE INDEX ON work_orders (updated_at, key)"),
}
# Keys are hashes, so their order has nothing to do with the order in time.
_INSERT = sql.SQL(
    """
    INSERT INTO work_orders
    SELECT left(encode(sha256(n::text::bytea), 'hex'), 40), 'Work order ' || n, repeat(md5(n::text), 6),
        %(first)s, %(first)s + (n - %(before)s - 1) * %(interval)s::interval
    FROM generate_series(%(before)s + 1, %(before)s + %(count)s) n
    """
)
_UPDATE = sql.SQL(
    """
    UPDATE work_orders SET updated_at = %(instant)s
    WHERE key IN (SELECT key FROM work_orders ORDER BY key LIMIT %(count)s)
    """
)


class Version(NamedTuple):
    """A work order as of one change.

    Attributes:
        instant: When it was changed.
        key: Which one it is.
    """

    instant: datetime
    key: str


class Page(NamedTuple):
    """Rows of one page, and the number of rows on all pages."""

    rows: Sequence[dict[str, Any]]
    total: int


class WorkOrdersTable:
    """Holds the work orders, and pages through them the way Laravel's `paginate()` does.

    Args:
        connection: To an empty database, with autocommit. Plans must not be prepared: Laravel plans each query anew.
        index: What is indexed besides the primary key.
        work_mem: The memory of one sort, in PostgreSQL's notation.
    """

    def __init__(self, connection: Connection, index: Index | None, work_mem: str) -> None:
        self._connection = connection
        connection.execute(sql.SQL("SET work_mem = {}").format(sql.Literal(work_mem)))
        connection.execute(_TABLE)
        if index is not None:
            connection.execute(_INDEXES[index])

    def add(self, count: int, first: datetime, interval: timedelta = timedelta(0)) -> None:
        """Insert work orders that were changed at one instant, or one after the other."""
        values = {"first": first, "interval": interval, "count": count, "before": self._count()}
        self._connection.execute(_INSERT, values)

    def change(self, count: int, instant: datetime) -> None:
        """Change work orders from all over the table at one instant."""
        self._connection.execute(_UPDATE, {"count": count, "instant": instant})

    def scatter(self) -> None:
        """Store the rows in an order that has nothing to do with time."""
        self._connection.execute(sql.SQL("CLUSTER work_orders USING work_orders_pkey"))

    def analyze(self) -> None:
        """Collect what the planner decides by, as autovacuum does soon after a change."""
        self._connection.execute(sql.SQL("VACUUM ANALYZE work_orders"))

    def versions(self) -> set[Version]:
        """Return all work orders as they are now."""
        rows = self._connection.execute(sql.SQL("SELECT updated_at, key FROM work_orders"))
        return {Version(*row) for row in rows}

    def page(self, conditions: Conditions, order: Sequence[tuple[str, bool]], limit: int, offset: int) -> Page:
        """Count the rows that meet the conditions and return some of them.

        Args:
            conditions: What `updated_at` is compared with, by SQL operator.
            order: Columns to sort by, each with whether it is descending.
            limit: The most rows to return.
            offset: How many rows to skip.
        """
        where = _joined(
            " WHERE ",
            (
                sql.SQL("updated_at {} {}").format(sql.SQL(operator), sql.Literal(instant))
                for operator, instant in conditions.items()
            ),
            " AND ",
        )
        total = self._count(where)
        columns = (sql.Identifier(name) + sql.SQL(" DESC" if descending else " ASC") for name, descending in order)
        query = sql.SQL("SELECT * FROM work_orders{}{} LIMIT {} OFFSET {}").format(
            where, _joined(" ORDER BY ", columns, ", "), sql.Literal(limit), sql.Literal(offset)
        )
        with self._connection.cursor(row_factory=dict_row) as cursor:
            return Page(cursor.execute(query).fetchall() if total else [], total)

    def _count(self, where: sql.Composable = _NOTHING) -> int:
        [[count]] = self._connection.execute(sql.SQL("SELECT count(*) FROM work_orders{}").format(where))
        return int(count)


def _joined(clause: LiteralString, parts: Iterable[sql.Composable], separator: LiteralString) -> sql.Composable:
    """Write a clause of a query; nothing where it has no parts."""
    joined = sql.SQL(separator).join(parts)
    return sql.SQL(clause) + joined if joined != sql.Composed([]) else _NOTHING
