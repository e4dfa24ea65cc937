"""All streams, hostile records among them, through the real targets: the database holds what the sandbox served."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from makini_sandbox.entities import ENTITIES
from targets.databases import DuckDB, MeltanoPostgres, PipelinewisePostgres, SQLite
from targets.expected import expected_rows, schemas_in
from targets.files import JSONLines, MeltanoCSV, TargetCore
from targets.loader import faults

if TYPE_CHECKING:
    from makini_sandbox import Sandbox
    from targets.conftest import MakeLoader
    from targets.loader import Loader


KINDS = (MeltanoPostgres, PipelinewisePostgres, DuckDB, SQLite, JSONLines, TargetCore, MeltanoCSV)


@pytest.mark.parametrize("kind", KINDS)
def test_a_target_holds_what_was_served(
    kind: type[Loader], make_loader: MakeLoader, messages: bytes, hostile_sandbox: Sandbox
) -> None:
    """Name each value that is not as it should be."""
    loader = make_loader(kind)
    loader.load(messages)
    schemas = schemas_in(messages)
    assert len(schemas) == len(ENTITIES)
    expected = expected_rows(hostile_sandbox, schemas)
    wrong = [fault for stream, rows in expected.items() for fault in faults(loader, stream, rows, schemas[stream])]
    assert not wrong, "\n".join(wrong)
