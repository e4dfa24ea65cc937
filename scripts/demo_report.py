"""Show what the demo's database holds: `demo_report.py DATABASE RUN_STARTED_AT`."""

from __future__ import annotations

import sys
from typing import NamedTuple

import duckdb

SCHEMA = "makini"


class TableCount(NamedTuple):
    """Rows of one table: all of them, and those that the latest run wrote."""

    table: str
    rows: int
    loaded: int


def table_counts(connection: duckdb.DuckDBPyConnection, started_at: str) -> list[TableCount]:
    """Count the rows of each table of the schema.

    Args:
        connection: An open database.
        started_at: When the latest run started: ISO 8601 in local time, which is what the loader writes.
    """
    tables = connection.execute(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = ? ORDER BY 1",
        [SCHEMA],
    ).fetchall()
    return [count_rows(connection, table, started_at) for (table,) in tables]


def count_rows(connection: duckdb.DuckDBPyConnection, table: str, started_at: str) -> TableCount:
    """Count the rows of one table."""
    loaded = "FILTER (WHERE _sdc_batched_at >= CAST(? AS TIMESTAMP))"
    # The name comes from the database itself.
    query = f'SELECT count(*), count(*) {loaded} FROM "{SCHEMA}"."{table}"'  # noqa: S608
    row = connection.execute(query, [started_at]).fetchone()
    return TableCount(table, *row)


def render(counts: list[TableCount]) -> str:
    """Format the counts as a table with a total."""
    total = TableCount(f"{len(counts)} tables", sum(c.rows for c in counts), sum(c.loaded for c in counts))
    width = max(len(count.table) for count in [*counts, total])
    heading = f"{'table':<{width}}  {'rows in database':>16}  {'loaded in this run':>18}"
    lines = [f"{c.table:<{width}}  {c.rows:>16,}  {c.loaded:>18,}" for c in [*counts, total]]
    rule = "-" * len(heading)
    return "\n".join([heading, rule, *lines[:-1], rule, lines[-1]])


def main() -> None:
    """Print the report."""
    database, started_at = sys.argv[1:]
    with duckdb.connect(database, read_only=True) as connection:
        print(render(table_counts(connection, started_at)))


if __name__ == "__main__":
    main()
