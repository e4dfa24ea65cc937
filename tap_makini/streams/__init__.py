"""Describe what the tap offers, as the Singer SDK sees it; `tap_makini.sync` reads it."""

from tap_makini.streams.base import MakiniStream, StreamOptions
from tap_makini.streams.dependents import (
    ChildStream,
    DependentStream,
    KeysStream,
    LinesStream,
    ReconciliationsStream,
    dependents,
)
from tap_makini.streams.lists import ConnectionsStream, ListStream

__all__ = [
    "ChildStream",
    "ConnectionsStream",
    "DependentStream",
    "KeysStream",
    "LinesStream",
    "ListStream",
    "MakiniStream",
    "ReconciliationsStream",
    "StreamOptions",
    "dependents",
]
