"""Describe streams that are read along with others: lines, child lists, and the keys of reconciliations.

Lines and child lists belong to the records of another stream. All are deselected by default: lines take no request of
their own, but a child list takes one for each parent.

Reconciliations list which records still exist, so that a database can find those that have vanished. The tap does not
know what a database holds, and a list does not say what it no longer has. So each reconciliation sends the keys that it
has seen, and then that these were all: a key that only an earlier one has seen is gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_makini.identifiers import RECONCILED_KEYS, RECONCILIATIONS, dependent_stream_name
from tap_makini.schema import DATE_TIME, PARENT_KEY_COLUMN, PARENT_UPDATE_COLUMN, POSITION_COLUMN, TEXT, of_parent
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
        name = dependent_stream_name(parent.name, array, taken)
        taken.add(name)
        yield LinesStream(tap, parent, name, array, options)
    for child in parent.endpoint.children:
        name = dependent_stream_name(parent.name, child.name, taken)
        taken.add(name)
        yield ChildStream(tap, parent, name, child, options)


def _arrays_of_objects(schema: Mapping[str, Any]) -> Iterator[str]:
    for name, column in schema["properties"].items():
        if "properties" in column.get("items", {}):
            yield name


class KeysStream(MakiniStream):
    """Each key of each reconciled stream, with the last time at which it existed."""

    def __init__(self, tap: Tap, options: StreamOptions = DEFAULTS) -> None:
        super().__init__(tap, RECONCILED_KEYS, _columns(key=TEXT), ("stream", "key"), None, options)


class ReconciliationsStream(MakiniStream):
    """The last complete reconciliation of each stream."""

    def __init__(self, tap: Tap, options: StreamOptions = DEFAULTS) -> None:
        columns = _columns(keys={"type": ["integer", "null"]})
        super().__init__(tap, RECONCILIATIONS, columns, ("stream",), None, options)


def _columns(**columns: Any) -> dict[str, Any]:  # noqa: ANN401 - a JSON schema
    return {"type": "object", "properties": {"stream": TEXT, **columns, "reconciled_at": DATE_TIME}}
