from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli.harness import Files

_CATALOG = Path(__file__).parents[2] / "catalog" / "catalog.json"


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path, json.loads(_CATALOG.read_text(encoding="utf-8")))
