"""The Admin API: a vendor's connections, and tokens for them (v3 guide)."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from tap_makini.errors import CredentialError, EntityAbsentError, RequestRefusedError, TransientError
from tap_makini.http.access_token import read_access_token
from tap_makini.http.authenticators import RenewingAuthenticator, tell_wait, without_secrets
from tap_makini.http.rate_limiter import RateLimiter
from tap_makini.http.retry import repeat
from tap_makini.http.transport import UnusableNameError, path_segment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tap_makini.http.access_token import AccessToken
    from tap_makini.http.authenticators import Authenticator
    from tap_makini.http.transport import Transport

T = TypeVar("T")

CONNECTIONS_PATH = "/api/system/connections"


class AdminApi:
    """Asks the Admin API.

    Args:
        transport: Makes the requests.
        tokens: Gives the admin token.
        max_wait: Seconds that a request and all its repetitions may take.
    """

    def __init__(self, transport: Transport, tokens: Authenticator, max_wait: float) -> None:
        self._transport = transport
        self._tokens = tokens
        self._max_wait = max_wait
        self._gate = RateLimiter()

    def connections_page(self, params: Mapping[str, str], read: Callable[[bytes], T]) -> T:
        """Ask for a page of the list of connections.

        Args:
            params: The query.
            read: Turns the body into the result; a `TransientError` from it is repeated like any other.

        Returns:
            What `read` made of the body.

        Raises:
            CredentialError: The admin token is not good for it.
            MakiniError: The list cannot be had.
        """
        try:
            return self._authorised(
                lambda token: read(self._transport.get(CONNECTIONS_PATH, params, token, self._max_wait))
            )
        except EntityAbsentError as error:
            raise CredentialError(
                f"the list of connections cannot be had: {error.cause}",
                "Check the settings client_id, client_secret and api_url.",
                error.request_id,
            ) from None

    def mint(self, connection_key: str) -> AccessToken:
        """Have a token made for a connection; each one made is as good as the one before, so it may be repeated.

        Raises:
            CredentialError: There is no such connection, or no token is given for it.
            MakiniError: None can be had.
        """
        try:
            path = f"{CONNECTIONS_PATH}/{path_segment(connection_key)}/token"
            return self._authorised(lambda token: read_access_token(self._transport.post(path, token=token)))
        except (EntityAbsentError, RequestRefusedError, UnusableNameError) as error:
            raise CredentialError(
                f"Makini gives no token for the connection: {error.cause}",
                "See in Makini whether the connection is still there and active; it may need to be re-authorised.",
                error.request_id,
            ) from None

    def _authorised(self, ask: Callable[[str], T]) -> T:
        while True:
            token = self._tokens.token()
            try:
                answer = self._repeated(ask, token)
            except CredentialError as error:
                if self._tokens.renew(token):
                    continue
                raise CredentialError(
                    without_secrets(f"the Admin API refuses the admin token: {error.cause}", self._tokens.secrets()),
                    "Check the settings client_id and client_secret.",
                    error.request_id,
                ) from None
            self._tokens.confirm(token)
            return answer

    def _repeated(self, ask: Callable[[str], T], token: str) -> T:
        def once() -> T:
            with self._gate.passing(self._max_wait):
                try:
                    return ask(token)
                except TransientError as error:
                    if error.retry_after is not None:
                        self._gate.close(error.retry_after, is_limit=False)
                    raise

        return repeat(once, self._max_wait, tell_wait)()


class MintingAuthenticator(RenewingAuthenticator):
    """A connection's token, minted by the Admin API when it is needed.

    Args:
        admin: Mints it.
        connection_key: The connection's key.
    """

    def __init__(self, admin: AdminApi, connection_key: str) -> None:
        super().__init__()
        self._admin = admin
        self._connection_key = connection_key

    def fetch(self, refused: str | None) -> AccessToken:  # noqa: ARG002 - as good as any other reason
        """Have a token minted.

        Raises:
            MakiniError: None can be had.
        """
        return self._admin.mint(self._connection_key)

    def secrets(self) -> Iterator[str]:
        """Give the token."""
        if self._lease is not None:
            yield self._lease.token
