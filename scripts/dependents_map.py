"""The part of `docs/entities.md` on streams of what belongs to the records of others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_makini.streams import ChildStream, DependentStream, LinesStream
from tap_makini.tap import TapMakini

if TYPE_CHECKING:
    from collections.abc import Iterator

_SAME_ITEMS = "work_orders_materials"
"""The stream whose item type child lists have, too."""


def dependents_table() -> str:
    """Return a row for each such stream."""
    heading = "| stream | what it is | key | incremental by | columns |"
    return "\n".join([heading, "| --- | --- | --- | --- | --- |", *map(_row, _dependents())]) + "\n"


def _dependents() -> Iterator[DependentStream]:
    tap = TapMakini(config={}, validate_config=False, setup_mapper=False)
    for name in sorted(tap.streams):
        stream = tap.streams[name]
        if isinstance(stream, DependentStream):
            yield stream


def _row(stream: DependentStream) -> str:
    keys = ", ".join(f"`{name}`" for name in stream.primary_keys)
    incremental = f"`{stream.replication_key}`" if stream.replication_key else "read whole"
    return f"| `{stream.name}` | {_what(stream)} | {keys} | {incremental} | {_columns(stream)} |"


def _what(stream: DependentStream) -> str:
    parent = f"[`{stream.parent.name}`](#{stream.parent.name})"
    return f"child list of {parent}" if isinstance(stream, ChildStream) else f"lines of {parent}"


def _columns(stream: DependentStream) -> str:
    if isinstance(stream, LinesStream):
        return f"`{stream.array}[]` there"
    return f"those of [`{_SAME_ITEMS}`](#{_SAME_ITEMS})"
