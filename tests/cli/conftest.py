from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from few_lists import few_lists

from .harness import Files, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def catalog() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(run("--discover").output)
    return document


@pytest.fixture(scope="module")
def module_files(tmp_path_factory: pytest.TempPathFactory, catalog: dict[str, Any]) -> Files:
    return Files(tmp_path_factory.mktemp("files"), catalog)


@pytest.fixture
def files(tmp_path: Path, catalog: dict[str, Any]) -> Files:
    return Files(tmp_path, catalog)


@pytest.fixture(scope="module")
def _few_lists(catalog: dict[str, Any]) -> Iterator[None]:  # noqa: ARG001 - made before, it has all lists
    with few_lists({"accounts", "assets", "sites", "uom", "users", "work_orders"}):
        yield
