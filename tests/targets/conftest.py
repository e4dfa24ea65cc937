from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from makini_sandbox import ManualClock, Sandbox
from makini_sandbox.entities import ENTITIES
from targets.databases import PostgresLoader
from targets.expected import stream_of
from targets.hostile import HOSTILE
from targets.loader import Loader
from targets.postgres import Postgres
from targets.programs import read_messages, selecting

if TYPE_CHECKING:
    from collections.abc import Iterator

MakeLoader = Callable[[type[Loader]], Loader]

NOON = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)


@pytest.fixture(scope="session")
def server() -> Iterator[Postgres]:
    """A PostgreSQL server."""
    with tempfile.TemporaryDirectory(prefix="makini-postgres-") as folder:
        # pytest's own temporary folders may be entered by their owner only
        Path(folder).chmod(0o755)
        server = Postgres(Path(folder))
        server.start()
        yield server
        server.stop()


@pytest.fixture
def make_loader(tmp_path: Path, request: pytest.FixtureRequest) -> MakeLoader:
    """Makes a target of some kind; the server is started for the first that needs it."""

    def make(kind: type[Loader]) -> Loader:
        if issubclass(kind, PostgresLoader):
            return kind(tmp_path, request.getfixturevalue("server"))
        return kind(tmp_path)

    return make


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox that a test may change."""
    with Sandbox(rows=30, clock=ManualClock(NOON)) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def hostile_sandbox() -> Iterator[Sandbox]:
    """A sandbox with hostile records among the ordinary ones."""
    with Sandbox(rows=30, clock=ManualClock(NOON)) as sandbox:
        for hostile in HOSTILE:
            sandbox.store.insert_raw(hostile.slug, hostile.body)
        yield sandbox


@pytest.fixture(scope="session")
def messages(hostile_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What the tap makes of all streams; one column is declared an integer, since none of the API's is."""
    catalog = selecting(map(stream_of, ENTITIES))
    work_orders = next(entry for entry in catalog["streams"] if entry["tap_stream_id"] == "work_orders")
    work_orders["schema"]["properties"]["materialCount"] = {"type": ["integer", "null"]}
    config = {"api_url": hostile_sandbox.url, "api_token": hostile_sandbox.token}
    return read_messages(tmp_path_factory.mktemp("tap"), config, catalog=catalog)
