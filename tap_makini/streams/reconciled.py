"""Streams that tell which records there still are, so that a database can tell which ones have vanished.

A tap does not know what a database holds, and a list does not tell what it no longer has. So each reconciliation says
which keys it has seen, and that it has seen all there are: keys that only an earlier one has seen are gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_makini.streams.base import MakiniStream

if TYPE_CHECKING:
    from tap_makini.tap import TapMakini

KEYS = "reconciled_keys"
RECONCILIATIONS = "reconciliations"

_TEXT = {"type": ["string", "null"]}
_INSTANT = {"type": ["string", "null"], "format": "date-time"}


def _columns(**columns: Any) -> dict[str, Any]:  # noqa: ANN401 - a JSON schema
    return {"type": "object", "properties": {"stream": _TEXT, **columns, "reconciled_at": _INSTANT}}


class KeysStream(MakiniStream):
    """Each key of each reconciled stream, with the last time at which it was there."""

    def __init__(self, tap: TapMakini) -> None:
        super().__init__(tap, KEYS, _columns(key=_TEXT), ("stream", "key"), None)


class ReconciliationsStream(MakiniStream):
    """The last reconciliation of each stream that came to its end."""

    def __init__(self, tap: TapMakini) -> None:
        super().__init__(tap, RECONCILIATIONS, _columns(keys={"type": ["integer", "null"]}), ("stream",), None)
