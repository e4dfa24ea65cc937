from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cli.conftest import catalog, files

from tap_makini.entities import ENTITIES

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["catalog", "files"]

FEW = {"assets", "uom", "vendors"}


@pytest.fixture(scope="module")
def few_lists() -> Iterator[None]:
    """Have the tap know few lists, since describing all of them takes longer than reading a raw table."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tap_makini.discovery.ENTITIES", [entity for entity in ENTITIES if entity.stream in FEW])
        yield
