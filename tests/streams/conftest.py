from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cli.conftest import catalog, files

from .harness import knowing

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["catalog", "files"]


@pytest.fixture(scope="module")
def few_lists() -> Iterator[None]:
    """Let the tap know two lists beside raw tables."""
    with knowing("uom", "vendors"):
        yield
