"""Loading again: the same twice changes nothing, and what changed at the source takes the place of what was there."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from targets.databases import DuckDB, MeltanoPostgres, PipelinewisePostgres, SQLite
from targets.expected import expected_rows, schemas_in
from targets.loader import faults
from targets.programs import last_state, read_messages, selecting

if TYPE_CHECKING:
    from pathlib import Path

    from makini_sandbox import Sandbox
    from targets.conftest import MakeLoader
    from targets.loader import Loader

STREAMS = ("work_orders", "purchase_orders", "uom")


@pytest.mark.parametrize("kind", [MeltanoPostgres, PipelinewisePostgres, DuckDB, SQLite])
def test_loading_again_and_incrementally_leaves_what_is_served(
    kind: type[Loader], make_loader: MakeLoader, sandbox: Sandbox, tmp_path: Path
) -> None:
    loader = make_loader(kind)
    config = {"api_url": sandbox.url, "api_token": sandbox.token, "lookback_minutes": 0}
    first = read_messages(tmp_path, config, catalog=selecting(STREAMS))
    loader.load(first)
    loader.load(first)
    assert faults_in(loader, first, sandbox) == []

    change(sandbox)
    second = read_messages(tmp_path, config, catalog=selecting(STREAMS), state=last_state(first))
    assert records_of(second, "work_orders") < records_of(first, "work_orders") // 2
    loader.load(second)
    assert faults_in(loader, second, sandbox) == []


def change(sandbox: Sandbox) -> None:
    """Update, delete and insert, an hour later."""
    sandbox.clock.advance(3600)  # type: ignore[attr-defined] # the fixture's clock is moved by hand
    store = sandbox.store
    first, second, *_ = store.keys("work-orders")
    store.update("work-orders", first, title="changed\u2028", estimatedTime="7.25", tasks="[]", newField={"a": 1})
    store.delete("work-orders", second)
    store.insert("work-orders", title="new")
    store.update("uom", store.keys("uom")[0], name="changed")


def faults_in(loader: Loader, messages: bytes, sandbox: Sandbox) -> list[str]:
    """Name what the target does not hold as the sandbox serves it now."""
    schemas = schemas_in(messages)
    assert schemas.keys() == set(STREAMS)
    expected = expected_rows(sandbox, schemas)
    return [fault for stream, rows in expected.items() for fault in faults(loader, stream, rows, schemas[stream])]


def records_of(messages: bytes, stream: str) -> int:
    """Count the records of a stream."""
    lines = (json.loads(line) for line in messages.splitlines())
    return sum(line["type"] == "RECORD" and line["stream"] == stream for line in lines)
