"""Describe streams of what belongs to the records of another stream, and is read with them: lines and child lists.

All are deselected by default. Lines take no request of their own, a child list takes one for each parent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_makini.identifiers import dependent_stream_name, shorten
from tap_makini.schema import PARENT_KEY_COLUMN, PARENT_UPDATE_COLUMN, POSITION_COLUMN, of_parent
from tap_makini.streams.base import DEFAULTS, MakiniStream, StreamOptions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from singer_sdk import Tap

    from tap_makini.endpoints import Child
    from tap_makini.streams.lists import ListStream


class DependentStream(MakiniStream):
    """What belongs to the records of a list.

    Its rows hold the key of the parent, and the time of the parent's last update: rows whose time is not that of the
    parent belong to an older version of it.

    Attributes:
        parent: The stream of the parents.
    """

    selected_by_default = False

    def __init__(  # noqa: PLR0913, PLR0917 - what a stream is made of
        self,
        tap: Tap,
        parent: ListStream,
        name: str,
        schema: Mapping[str, Any],
        key: tuple[str, ...],
        options: StreamOptions = DEFAULTS,
    ) -> None:
        self.parent = parent
        replication_key = PARENT_UPDATE_COLUMN if parent.endpoint.replication_key else None
        extended = of_parent(dict(schema), has_position=POSITION_COLUMN in key, is_dated=replication_key is not None)
        super().__init__(tap, name, extended, (PARENT_KEY_COLUMN, *key), replication_key, options)


class LinesStream(DependentStream):
    """An array of objects within each record, as a table.

    Args:
        tap: The tap.
        parent: The stream of the records.
        name: Its name.
        array: The property that holds the array.
        options: The settings that apply to all streams.
    """

    def __init__(self, tap: Tap, parent: ListStream, name: str, array: str, options: StreamOptions = DEFAULTS) -> None:
        self.array = array
        item = parent.endpoint.schema["properties"][array]["items"]
        super().__init__(tap, parent, name, item, (POSITION_COLUMN,), options)


class ChildStream(DependentStream):
    """A list that each record has.

    Args:
        tap: The tap.
        parent: The stream of the records.
        name: Its name.
        child: The list.
        options: The settings that apply to all streams.
    """

    def __init__(
        self, tap: Tap, parent: ListStream, name: str, child: Child, options: StreamOptions = DEFAULTS
    ) -> None:
        self.child = child
        super().__init__(tap, parent, name, child.schema, child.key or (POSITION_COLUMN,), options)


def dependents(tap: Tap, parent: ListStream, options: StreamOptions = DEFAULTS) -> Iterator[DependentStream]:
    """Return the streams of what belongs to a list's records; none if these have no key of exactly one property."""
    if len(parent.endpoint.key) != 1:
        return
    taken = set[str]()
    for array in _arrays_of_objects(parent.endpoint.schema):
        yield LinesStream(tap, parent, _name(parent, array, taken), array, options)
    for child in parent.endpoint.children:
        yield ChildStream(tap, parent, _name(parent, child.name, taken), child, options)


def _arrays_of_objects(schema: Mapping[str, Any]) -> Iterator[str]:
    for name, column in schema["properties"].items():
        if "properties" in column.get("items", {}):
            yield name


def _name(parent: ListStream, part: str, taken: set[str]) -> str:
    """Return a name that differs from those taken in more than case and punctuation."""
    name = dependent_stream_name(parent.name, part)
    while name in taken:
        name = shorten(f"{name}_list")
    taken.add(name)
    return name
