"""Request the description of a connection: which system it is, and whether its data is up to date."""

from __future__ import annotations

import logging
from datetime import datetime  # noqa: TC003 - a field's type
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from tap_makini.errors import BadBodyError, MakiniError
from tap_makini.rawjson import REFUSED, describe
from tap_makini.timestamps import parse_timestamp

if TYPE_CHECKING:
    from tap_makini.http.client import Client

logger = logging.getLogger(__name__)

PATH = "/api/integrations/current"
_SETTLED = {"done", "fulldone"}
_STOPPED = {"error", "fail"}


class Integration(NamedTuple):
    """The response of `GET /api/integrations/current` (v3 spec); None for what is missing.

    Attributes:
        id: Makini's id of the connection.
        company_name: The customer's name.
        provider: The connected system.
        sync_status: Of Makini's own copy: `inprogress`, `done`, `fulldone`, `error` or `fail`.
        synced_at: When that copy was last updated.
        record: The whole description, as JSON.
        error: Why there is no description.
    """

    id: str | None = None
    company_name: str | None = None
    provider: str | None = None
    sync_status: str | None = None
    synced_at: datetime | None = None
    record: bytes | None = None
    error: MakiniError | None = None

    @property
    def name(self) -> str | None:
        """The connection's name in the API."""
        return self.company_name or self.id

    @property
    def is_settled(self) -> bool:
        """Whether Makini's copy is complete, and the time of its last sync is known."""
        return self.sync_status in _SETTLED and self.synced_at is not None


def look_up(client: Client) -> Integration:
    """Request the connection's own description; errors are part of the result, since no stream depends on it.

    Args:
        client: The connection's client.

    Returns:
        The description.
    """
    try:
        return client.get(PATH, {}, _read, max_wait=0.0)
    except MakiniError as error:
        logger.debug("%s: %s", PATH, error)
        return Integration(error=error)


def warn_if_stale(integration: Integration, connection: str) -> None:
    """Log a warning if a connection's data is out of date, or incomplete for now."""
    if integration.sync_status in _STOPPED:
        logger.warning(
            "Makini's own sync of %s has status '%s': its data is no longer updated. The source system may refuse the "
            "stored credentials; have the connection re-authorized in Makini.",
            connection,
            integration.sync_status,
        )
    elif integration.sync_status == "inprogress":
        logger.warning("Makini is syncing %s right now: the data may be incomplete until the next run.", connection)


def _read(body: bytes) -> Integration:
    try:
        document = msgspec.json.decode(body)
    except REFUSED:
        document = None
    data = document.get("data", document) if isinstance(document, dict) else None
    if not isinstance(data, dict):
        raise BadBodyError(f"expected an object, but the body is {describe(body)}")
    return Integration(
        _text(data.get("id")),
        _text(data.get("company_name")),
        _text(data.get("provider")),
        _text(data.get("sync_status")),
        parse_timestamp(data.get("sync_updated_at")),
        msgspec.json.encode(data) if data.get("id") else None,
    )


def _text(value: Any) -> str | None:  # noqa: ANN401 - any JSON
    return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) and value != "" else None
