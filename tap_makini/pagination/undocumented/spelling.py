"""Names of which nobody documents how they are spelt."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST_TOLD = 5
_LENGTH = 30


def plain_name(name: str) -> str:
    """Give what all spellings of a name share: `TABLE_NAME`, `tableName` and `Table name` are `tablename`."""
    return "".join(filter(str.isalnum, name)).casefold()


def told(names: Iterable[str]) -> str:
    """Write the first of some names for a person, whatever signs they hold."""
    return ", ".join("".join(filter(str.isprintable, name))[:_LENGTH] for name in sorted(names)[:_MOST_TOLD])
