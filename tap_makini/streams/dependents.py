"""Streams of what belongs to the records of another one, and comes with them: lines and child lists.

All are off by default. Lines cost no request, a child list costs one for each parent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_makini.identifiers import dependent_stream_name, shorten
from tap_makini.schema import PARENT_KEY_COLUMN, PARENT_UPDATE_COLUMN, POSITION_COLUMN, of_parent
from tap_makini.streams.base import MakiniStream

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_makini.endpoints import Child
    from tap_makini.streams.lists import ListStream
    from tap_makini.tap import TapMakini


class DependentStream(MakiniStream):
    """What belongs to the records of a list.

    Its rows carry the parent's key and the time of the parent's last update: rows whose time is not that of the parent
    are of an older version of it. They are read when the parent is.

    Attributes:
        parent: The stream of the parents.
    """

    selected_by_default = False

    def __init__(
        self,
        tap: TapMakini,
        parent: ListStream,
        name: str,
        schema: Mapping[str, Any],
        key: tuple[str, ...],
    ) -> None:
        self.parent = parent
        replication_key = PARENT_UPDATE_COLUMN if parent.endpoint.replication_key else None
        extended = of_parent(dict(schema), has_position=POSITION_COLUMN in key, is_dated=replication_key is not None)
        super().__init__(tap, name, extended, (PARENT_KEY_COLUMN, *key), replication_key)


class LinesStream(DependentStream):
    """An array of objects within each record, as a table.

    Args:
        tap: The tap.
        parent: The stream of the records.
        name: Its name.
        array: The array's property.
    """

    def __init__(self, tap: TapMakini, parent: ListStream, name: str, array: str) -> None:
        self.array = array
        item = parent.endpoint.schema["properties"][array]["items"]
        super().__init__(tap, parent, name, item, (POSITION_COLUMN,))


class ChildStream(DependentStream):
    """A list that each record has.

    Args:
        tap: The tap.
        parent: The stream of the records.
        name: Its name.
        child: The list.
    """

    def __init__(self, tap: TapMakini, parent: ListStream, name: str, child: Child) -> None:
        self.child = child
        super().__init__(tap, parent, name, child.schema, child.key or (POSITION_COLUMN,))


def dependents(tap: TapMakini, parent: ListStream) -> Iterator[DependentStream]:
    """Give the streams of what a list's records bring along; none where they have no key of one part."""
    if len(parent.endpoint.key) != 1:
        return
    taken = set[str]()
    for array in _arrays_of_objects(parent.endpoint.schema):
        yield LinesStream(tap, parent, _name(parent, array, taken), array)
    for child in parent.endpoint.children:
        yield ChildStream(tap, parent, _name(parent, child.name, taken), child)


def _arrays_of_objects(schema: Mapping[str, Any]) -> Iterator[str]:
    for name, column in schema["properties"].items():
        if "properties" in column.get("items", {}):
            yield name


def _name(parent: ListStream, part: str, taken: set[str]) -> str:
    """Name a stream, and tell apart what is alike but for case and signs."""
    name = dependent_stream_name(parent.name, part)
    while name in taken:
        name = shorten(f"{name}_list")
    taken.add(name)
    return name
