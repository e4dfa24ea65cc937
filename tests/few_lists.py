"""A tap that knows few lists: describing all of them takes longer than reading one."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest.mock import patch

from tap_makini.entities import ENTITIES

if TYPE_CHECKING:
    from collections.abc import Collection
    from contextlib import AbstractContextManager


def few_lists(streams: Collection[str]) -> AbstractContextManager[object]:
    """Have the tap in this process know the lists of these streams only."""
    return patch("tap_makini.discovery.ENTITIES", [entity for entity in ENTITIES if entity.stream in streams])
