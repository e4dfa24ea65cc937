"""Describe the streams that list which records still exist, so that a database can find those that have vanished.

The tap does not know what a database holds, and a list does not say what it no longer has. So each reconciliation
sends the keys that it has seen, and then that these were all: a key that only an earlier one has seen is gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_makini.streams.base import DEFAULTS, MakiniStream, StreamOptions

if TYPE_CHECKING:
    from singer_sdk import Tap

KEYS = "reconciled_keys"
RECONCILIATIONS = "reconciliations"

_TEXT = {"type": ["string", "null"]}
_INSTANT = {"type": ["string", "null"], "format": "date-time"}


def _columns(**columns: Any) -> dict[str, Any]:  # noqa: ANN401 - a JSON schema
    return {"type": "object", "properties": {"stream": _TEXT, **columns, "reconciled_at": _INSTANT}}


class KeysStream(MakiniStream):
    """Each key of each reconciled stream, with the last time at which it existed."""

    def __init__(self, tap: Tap, options: StreamOptions = DEFAULTS) -> None:
        super().__init__(tap, KEYS, _columns(key=_TEXT), ("stream", "key"), None, options)


class ReconciliationsStream(MakiniStream):
    """The last complete reconciliation of each stream."""

    def __init__(self, tap: Tap, options: StreamOptions = DEFAULTS) -> None:
        columns = _columns(keys={"type": ["integer", "null"]})
        super().__init__(tap, RECONCILIATIONS, columns, ("stream",), None, options)
