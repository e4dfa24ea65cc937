from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from cli.harness import Files, run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def catalog() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(run("--discover").output)
    return document


@pytest.fixture
def files(tmp_path: Path, catalog: dict[str, Any]) -> Files:
    return Files(tmp_path, catalog)
