"""List the connections of your client ID, and mint their access tokens, by the Admin API (v3 guide)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, NamedTuple

from tap_makini.connections.connection import ConnectionEntry
from tap_makini.errors import (
    CredentialError,
    EntityAbsentError,
    MakiniError,
    RequestRefusedError,
)
from tap_makini.http.authenticators import (
    TEMPORARY_ERRORS,
    RenewingAuthenticator,
    read_access_token,
    request_token,
)
from tap_makini.http.client import Client, retry
from tap_makini.http.rate_limiter import RateLimiter
from tap_makini.http.transport import UnusableNameError, path_segment
from tap_makini.pagination.end_of_list import read_entries
from tap_makini.pagination.envelope import Entries, parse_entries
from tap_makini.redaction import mask, redact_logs

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_makini.http.authenticators import AccessToken, Authenticator
    from tap_makini.http.transport import Transport

logger = logging.getLogger(__name__)

CONNECTIONS_PATH = "/api/system/connections"
_ACTIVE = "active"
_SHORT_KEY_LENGTH = 8
_CHECK_CREDENTIALS = "Check the settings client_id, client_secret and api_url."


class AdminTokenError(CredentialError):
    """Makini issues no admin token."""


class ListedConnection(NamedTuple):
    """A connection as the Admin API describes it."""

    key: str
    name: str
    status: str
    created_at: str

    @property
    def is_active(self) -> bool:
        """Whether it can be read, as far as its status shows."""
        return self.status.casefold() in {_ACTIVE, ""}


class Listing(NamedTuple):
    """The connections of your client ID.

    Attributes:
        active: Those that can be read, ordered by name.
        inactive: Name and status of those that cannot.
    """

    active: list[ConnectionEntry]
    inactive: list[tuple[str, str]]


class AdminApi:
    """Request connections and their tokens; all requests share one rate limiter.

    Args:
        transport: Sends the requests.
        authenticator: Provides the admin token.
        max_wait: Seconds that a request and all its retries may take.
    """

    def __init__(self, transport: Transport, authenticator: Authenticator, max_wait: float) -> None:
        self._client = Client(transport, authenticator, max_wait=max_wait, owner="the Admin API")

    def list_connections(self) -> Listing:
        """List all connections of your client ID.

        Returns:
            The connections. Their names are unique and stay the same when others are created.

        Raises:
            CredentialError: The admin token is not accepted.
            MakiniError: The list is not available.
        """
        by_name = sorted(_distinct_names(self._list()).items(), key=lambda item: item[0])
        return Listing(
            [
                ConnectionEntry(name, MintingAuthenticator(self, listed.key, name))
                for name, listed in by_name
                if listed.is_active
            ],
            [(name, listed.status) for name, listed in by_name if not listed.is_active],
        )

    def mint(self, connection_key: str) -> AccessToken:
        """Mint a token for a connection; minting again does no harm.

        Raises:
            CredentialError: There is no such connection, or no token is issued for it.
            MakiniError: There is no token.
        """
        try:
            path = f"{CONNECTIONS_PATH}/{path_segment(connection_key)}/token"
            return self._client.post(path, read_access_token)
        except CredentialError as error:
            raise _credential_error(error) from None
        except (EntityAbsentError, RequestRefusedError, UnusableNameError) as error:
            raise CredentialError(
                f"Makini issues no token for the connection: {error.cause}",
                "Check in Makini whether the connection still exists and is active; it may need to be re-authorized.",
                error.request_id,
            ) from None

    def _list(self) -> list[ListedConnection]:
        try:
            found = read_entries(self._client, CONNECTIONS_PATH, _read_page)
        except CredentialError as error:
            raise _credential_error(error) from None
        except EntityAbsentError as error:
            raise CredentialError(
                f"the Admin API does not list the connections: {error.cause}", _CHECK_CREDENTIALS, error.request_id
            ) from None
        connections = {listed.key: listed for listed in reversed(found.items) if listed is not None}
        if found.misses_some(len(connections)):
            message = "The Admin API lists %d of %s connections. The others are not read."
            logger.warning(message, len(connections), found.total or "more")
        return list(connections.values())


def _credential_error(error: CredentialError) -> CredentialError:
    if isinstance(error, AdminTokenError):
        return error
    return CredentialError(
        f"the Admin API refuses the admin token: {mask(error.cause)}",
        "Check the settings client_id and client_secret.",
        error.request_id,
    )


def _distinct_names(listed: Iterable[ListedConnection]) -> dict[str, ListedConnection]:
    """Distinguish connections of the same name by their keys; the oldest keeps the name as it is."""
    named: dict[str, ListedConnection] = {}
    for connection in sorted(listed, key=lambda one: (one.created_at, one.key)):
        name, key = connection.name, connection.key
        candidates = (name, f"{name} ({key[:_SHORT_KEY_LENGTH]})", f"{name} ({key})", key)
        named[next((candidate for candidate in candidates if candidate not in named), key)] = connection
    return named


def _read_page(body: bytes) -> Entries[ListedConnection | None]:
    return parse_entries(body, _read_connection, "a list of connections")


def _read_connection(item: Any) -> ListedConnection | None:  # noqa: ANN401 - any JSON
    key = _text(item.get("key")) or _text(item.get("id")) if isinstance(item, dict) else ""
    if not key:
        logger.warning("The Admin API lists a connection without a key. It is not read.")
        return None
    name, status, created_at = (_text(item.get(field)) for field in ("name", "status", "created_at"))
    return ListedConnection(key, name or key, status, created_at)


def _text(value: Any) -> str:  # noqa: ANN401 - any JSON
    return str(value).strip() if isinstance(value, (str, int)) and not isinstance(value, bool) else ""


class AdminAuthenticator(RenewingAuthenticator):
    """Provide the token of the Admin API, obtained by client credentials; valid for `/api/system/*` only (v3 guide).

    Args:
        transport: Sends the requests.
        client_id: The setting.
        client_secret: The setting.
        max_wait: Seconds that a request and all its retries may take.
    """

    def __init__(self, transport: Transport, client_id: str, client_secret: str, max_wait: float) -> None:
        super().__init__("the admin token")
        self._transport = transport
        self._client_id = client_id
        self._client_secret = client_secret
        self._max_wait = max_wait
        self._rate_limiter = RateLimiter()
        redact_logs(client_secret)

    def fetch(self, refused: str | None) -> AccessToken:  # noqa: ARG002 - as good as any other reason
        """Request a token; requesting two does no harm, so transient errors are retried.

        Raises:
            CredentialError: Makini refuses the credentials.
            MakiniError: There is no token.
        """
        try:
            return retry(self._request, self._rate_limiter, self._max_wait, "an admin token")
        except TEMPORARY_ERRORS:
            raise
        except MakiniError as error:
            cause = f"Makini issues no admin token: {mask(error.cause)}"
            raise AdminTokenError(cause, _CHECK_CREDENTIALS, error.request_id) from None

    def _request(self) -> AccessToken:
        document = {
            "grant_type": "client_credentials",
            "client_id": self._client_id,
            "client_secret": self._client_secret,
        }
        return request_token(self._transport, document=document)


class MintingAuthenticator(RenewingAuthenticator):
    """Provide a connection's token, minted by the Admin API when it is needed.

    Args:
        admin: Mints it.
        connection_key: The connection's key.
        connection: The connection's name.
    """

    def __init__(self, admin: AdminApi, connection_key: str, connection: str) -> None:
        super().__init__(f"the access token of {connection}")
        self._admin = admin
        self._connection_key = connection_key

    def fetch(self, refused: str | None) -> AccessToken:  # noqa: ARG002 - as good as any other reason
        """Mint a token.

        Raises:
            MakiniError: There is no token.
        """
        return self._admin.mint(self._connection_key)
