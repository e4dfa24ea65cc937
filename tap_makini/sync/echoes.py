"""Handle records in which a server sends the connection's own token back."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import msgspec

from tap_makini.rawjson import members, text_json
from tap_makini.redaction import mask
from tap_makini.schema import EXTRA_COLUMN

if TYPE_CHECKING:
    from tap_makini.conform import Conformer
    from tap_makini.connections.connection import Connection

logger = logging.getLogger(__name__)


class EchoConformer:
    """Conforms records as another conformer does, and masks the token in `_makini_extra`.

    Columns of the source's own keep the token, since a changed value would be a wrong one; a warning names them.

    Args:
        conformer: What makes the records fit.
        stream: The stream's name.
        connection: Whose records.
    """

    def __init__(self, conformer: Conformer, stream: str, connection: Connection) -> None:
        self._conformer = conformer
        self._stream = stream
        self._connection = connection
        self._has_warned = False

    @property
    def is_needed(self) -> bool:
        """Whether the server has sent the token back at all; it seldom does."""
        return self._connection.client.echoed is not None

    def record(self, raw: bytes) -> bytes:
        """Conform one record."""
        record = self._conformer.record(raw)
        echoed = self._connection.client.echoed
        if echoed is None or echoed not in record:
            return record
        parts = {name: bytes(part) for name, part in members(record).items()}
        self._warn([name for name, part in parts.items() if name != EXTRA_COLUMN and echoed in part])
        extra = parts.get(EXTRA_COLUMN, b"null")
        if extra != b"null":
            parts[EXTRA_COLUMN] = text_json(mask(msgspec.json.decode(extra, type=str)))
        return b"{%b}" % b",".join(b"%b:%b" % (text_json(name), part) for name, part in parts.items())

    def as_dict(self, raw: bytes) -> dict[str, Any]:
        """Conform one record and decode it."""
        return self._conformer.as_dict(self.record(raw))  # what is conformed already does not change

    def _warn(self, columns: list[str]) -> None:
        if columns and not self._has_warned:
            self._has_warned = True
            name = self._connection.name
            logger.warning(
                "Stream %s: the server sends the connection's token in %s, and the records hold it as it is sent. "
                "Deselect these columns, replace the token, and report it to Makini.",
                self._stream if name is None else f"{name}/{self._stream}",
                ", ".join(columns),
            )
