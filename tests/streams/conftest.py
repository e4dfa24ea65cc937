from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cli.conftest import catalog, files
from few_lists import few_lists

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["catalog", "files"]


@pytest.fixture(scope="module")
def _few_lists() -> Iterator[None]:
    with few_lists({"assets", "uom", "vendors"}):
        yield
