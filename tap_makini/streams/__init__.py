"""Streams: what the tap offers, as the Singer SDK sees it; jobs read it."""

from tap_makini.streams.base import MakiniStream
from tap_makini.streams.dependents import ChildStream, DependentStream, LinesStream, dependents
from tap_makini.streams.lists import ConnectionsStream, ListStream
from tap_makini.streams.raw import RawStream
from tap_makini.streams.reconciled import KeysStream, ReconciliationsStream

__all__ = [
    "ChildStream",
    "ConnectionsStream",
    "DependentStream",
    "KeysStream",
    "LinesStream",
    "ListStream",
    "MakiniStream",
    "RawStream",
    "ReconciliationsStream",
    "dependents",
]
