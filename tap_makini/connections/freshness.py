"""What Makini says of a connection itself: which system it is, and whether its data still moves."""

from __future__ import annotations

import logging
from datetime import datetime  # noqa: TC003 - a field's type
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from tap_makini.errors import BadBodyError, CredentialError, EntityAbsentError, MakiniError
from tap_makini.pagination.list_reader import PageFetcher, PageSize
from tap_makini.pagination.response import Page
from tap_makini.query_parameters import V3_UNSIZED
from tap_makini.rawjson import REFUSED
from tap_makini.timestamps import parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_makini.connections.connection import Connection
    from tap_makini.http.client import Client
    from tap_makini.pagination.page_request import PageRequest

logger = logging.getLogger(__name__)

PATH = "/api/integrations/current"
_SETTLED = {"done", "fulldone"}
_STOPPED = {"error", "fail"}


class Integration(NamedTuple):
    """The answer of `GET /api/integrations/current` (v3 spec); each part None where it is missing.

    Attributes:
        id: Makini's id of the connection.
        company_name: The customer's name.
        provider: The connected system.
        sync_status: Of Makini's own copy: `inprogress`, `done`, `fulldone`, `error` or `fail`.
        synced_at: When that copy was last brought up to date.
        record: All of it, as JSON.
        trouble: Why nothing is known.
    """

    id: str | None = None
    company_name: str | None = None
    provider: str | None = None
    sync_status: str | None = None
    synced_at: datetime | None = None
    record: bytes | None = None
    trouble: MakiniError | None = None

    @property
    def name(self) -> str | None:
        """What the API calls the connection."""
        return self.company_name or self.id

    @property
    def is_settled(self) -> bool:
        """Whether Makini's copy is complete, and it is known since when."""
        return self.sync_status in _SETTLED and self.synced_at is not None


def look_up(client: Client) -> Integration:
    """Ask what a connection is; nothing depends on the answer, so a trouble is no error.

    Args:
        client: Asks on the connection's behalf.

    Returns:
        What is known.
    """
    try:
        return client.get(PATH, {}, _read, patience=0.0)
    except MakiniError as error:
        logger.debug("%s tells nothing: %s", PATH, error)
        return Integration(trouble=error)


def warn_if_stale(integration: Integration, connection: str) -> None:
    """Say that a connection's data does not move, or is moving just now."""
    if integration.sync_status in _STOPPED:
        logger.warning(
            "Makini's own sync of %s has status '%s': its data has stopped moving. The source system may refuse the "
            "stored credentials; have the connection re-authorised in Makini.",
            connection,
            integration.sync_status,
        )
    elif integration.sync_status == "inprogress":
        logger.warning("Makini is syncing %s just now: what is read may be part of the data.", connection)


def _read(body: bytes) -> Integration:
    try:
        document = msgspec.json.decode(body)
    except REFUSED:
        raise BadBodyError("the body is no JSON") from None
    data = document.get("data", document) if isinstance(document, dict) else None
    if not isinstance(data, dict):
        raise BadBodyError("'data' is no object")
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


class IntegrationSource(PageFetcher):
    """The list of the one connection that is read, for the stream `connections`.

    Args:
        connection: The connection.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection.client, PATH, None, PageSize(1), V3_UNSIZED)
        self._connection = connection

    def fetch(self, query: PageRequest, unlike: Sequence[bytes] = ()) -> Page:  # noqa: ARG002 - there is but one page
        """Give what Makini says of the connection; it has been asked already.

        Raises:
            CredentialError: The token is not accepted.
            EntityAbsentError: Makini says nothing.
        """
        integration = self._connection.integration
        if isinstance(integration.trouble, CredentialError):
            raise integration.trouble
        if integration.record is None:
            raise EntityAbsentError("Makini says nothing of the connection", "Deselect the stream connections.")
        return Page([integration.record], number=1, last=1, size=1, total=1)
