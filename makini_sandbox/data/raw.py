"""The source system's own tables: no two alike, and none with a key.

The names and columns are made up: nothing is published about what real ones hold.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from makini_sandbox.data import vocabulary
from makini_sandbox.data.draft import Draft

if TYPE_CHECKING:
    from collections.abc import Callable

    from makini_sandbox.data.world import World

Row = dict[str, Any]
_HALF = 0.5


def _work_order(draft: Draft) -> Row:
    return {
        "WONUM": f"{draft.number + 1000}",
        "STATUSDATE": draft.moment(),
        "ESTLABHRS": Decimal(draft.below(4000)).scaleb(-2),
        "HISTORYFLAG": draft.random() < _HALF,
        "WOPRIORITY": draft.below(5) if draft.random() < _HALF else None,
        "DESCRIPTION": draft.pick(vocabulary.SENTENCES),
        "rowstamp": draft.number * 7919,
    }


def _part(draft: Draft) -> Row:
    return {
        "Part no.": f"P-{draft.number:05d}",
        "Bin": {"aisle": draft.pick("ABC"), "shelf": draft.below(20)},
        "Alternates": [f"P-{draft.below(100):05d}" for _ in range(draft.below(3))],
        "Price (EUR)": str(Decimal(draft.below(10_000)).scaleb(-2)),
        "Last count": None if draft.random() < _HALF else draft.moment()[:10],
    }


def _log_entry(draft: Draft) -> Row:
    # Each entry stands twice, as in a log without a number.
    written_twice = Draft(draft.world, draft.slug, draft.number // 2)
    return {
        "at": written_twice.moment(),
        "user": written_twice.pick(vocabulary.PEOPLE),
        "action": written_twice.pick(vocabulary.TASKS),
        "value": written_twice.below(10) if written_twice.random() < _HALF else "n/a",
    }


_TABLES: dict[str, Callable[[Draft], Row] | None] = {
    "dbo.WORKORDER": _work_order,
    "Site/Parts list": _part,
    "audit_log": _log_entry,
    "ARCHIVE_2019": None,
}


def raw_tables(world: World, count: int) -> dict[str, list[Row]]:
    """The rows of each table of a connection, by the table's name.

    Args:
        world: The facts of the connection.
        count: Rows of each table but the one that is always empty.
    """
    return {
        name: [make(Draft(world, f"raw/{name}", number)) for number in range(count)] if make else []
        for name, make in _TABLES.items()
    }
