"""The queries that docs/values.md gives for `_makini_extra` work, whatever a source has sent in other rows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from targets.databases import DuckDB, MeltanoPostgres
from targets.hostile import HOSTILE

if TYPE_CHECKING:
    from makini_sandbox import Sandbox
    from targets.conftest import MakeLoader

PAGE = (Path(__file__).parents[2] / "docs" / "values.md").read_text(encoding="utf-8")
FIELD = "/x_text"


def documented(database: str) -> str:
    """Give the query for a database, for a field that a hostile record has."""
    found = re.search(rf"-- {database}\n(SELECT key, .*)::(?:numeric|DOUBLE) (FROM .*);", PAGE)
    assert found is not None
    return f"{found[1]} AS found {found[2]}".replace("/riskScore", FIELD)


def work_orders(messages: bytes) -> bytes:
    return b"".join(line for line in messages.splitlines(keepends=True) if b'"stream":"work_orders"' in line[:60])


def keys_with_field(sandbox: Sandbox) -> list[str]:
    assert sandbox.store.count("work-orders") > len(HOSTILE) / 2
    return [hostile.columns["key"] for hostile in HOSTILE if FIELD in hostile.extra]


def test_the_documented_query_finds_extra_values_in_postgresql(
    make_loader: MakeLoader, messages: bytes, hostile_sandbox: Sandbox
) -> None:
    loader = make_loader(MeltanoPostgres)
    assert isinstance(loader, MeltanoPostgres)
    loader.load(work_orders(messages))
    query = documented("PostgreSQL").replace("work_orders", "makini.work_orders")
    found = loader.server.query(loader.database, f"SELECT key FROM ({query}) t WHERE found IS NOT NULL")  # noqa: S608
    assert found.splitlines() == keys_with_field(hostile_sandbox)


def test_the_documented_query_finds_extra_values_in_duckdb(
    make_loader: MakeLoader, messages: bytes, hostile_sandbox: Sandbox
) -> None:
    loader = make_loader(DuckDB)
    assert isinstance(loader, DuckDB)
    loader.load(work_orders(messages))
    found = loader.query(documented("DuckDB"))
    assert [row["key"] for row in found if row["found"] is not None] == keys_with_field(hostile_sandbox)
