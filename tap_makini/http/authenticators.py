"""Where a token comes from, and what is done when it ends or is refused.

A connection's token is set, minted by the Admin API or had by refreshing (v3 guide). Whatever the way, all workers of
a connection share one source, so that no two of them ever ask for a token at the same time.
"""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Protocol

from tap_makini.errors import CredentialError, MakiniError, TransientError, WaitTooLongError
from tap_makini.http.access_token import read_access_token
from tap_makini.http.retry import repeat
from tap_makini.redaction import redact_logs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_makini.http.access_token import AccessToken
    from tap_makini.http.transport import Transport

logger = logging.getLogger(__name__)

TOKEN_PATH = "/link/token"  # noqa: S105 - where tokens are had (v3 guide)
_DUE_SHARE = 0.9
_PROVEN_AFTER_SECONDS = 60.0
PASSING_TROUBLES = (TransientError, WaitTooLongError)
"""Errors after which a token may be had later."""


class Authenticator(Protocol):
    """Gives a connection's token; safe to be used by many threads."""

    def token(self) -> str:
        """Give the token to use now, which may have to be fetched first.

        Raises:
            MakiniError: None can be had.
        """

    def renew(self, refused: str) -> bool:
        """Replace a token that the API has refused with 401.

        Args:
            refused: That token.

        Returns:
            Whether another one is there now. It is not where none can be had, nor where the refused one was itself
            a replacement and has never been accepted.

        Raises:
            TransientError, WaitTooLongError: A passing trouble; a token may be had later.
        """

    def confirm(self, accepted: str) -> None:
        """Note that the API has accepted a token, so that its later refusal is an end of its own."""

    def secrets(self) -> Iterator[str]:
        """Give all that must not be seen by anybody."""


class StaticAuthenticator:
    """A token that was set, and cannot be replaced.

    Args:
        token: The token.
    """

    def __init__(self, token: str) -> None:
        self._token = token
        redact_logs(token)

    def token(self) -> str:
        """Give the token."""
        return self._token

    def renew(self, refused: str) -> bool:  # noqa: ARG002 - the protocol
        """Say that there is no other."""
        return False

    def confirm(self, accepted: str) -> None:
        """Learn nothing from it."""

    def secrets(self) -> Iterator[str]:
        """Give the token."""
        yield self._token


class RenewingAuthenticator(ABC):
    """A token that is fetched when it is needed, and again when it ends or is refused.

    Attributes:
        due_share: The share of a token's life after which the next one is fetched.
    """

    due_share = _DUE_SHARE

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lease: AccessToken | None = None
        self._is_replacement = False
        self._confirmed: str | None = None
        self._verdict: MakiniError | None = None

    @abstractmethod
    def fetch(self, refused: str | None) -> AccessToken:
        """Get a token; only one thread at a time is in here.

        Args:
            refused: The token that the API no longer takes, if that is the reason.

        Raises:
            MakiniError: None can be had.
        """

    @abstractmethod
    def secrets(self) -> Iterator[str]:
        """Give all that must not be seen by anybody."""

    def token(self) -> str:
        """Give the token to use now.

        Raises:
            MakiniError: None can be had; once that is certain, nobody asks again.
        """
        with self._lock:
            if self._verdict is not None:
                raise self._verdict
            if self._lease is None or self._lease.is_due(self.due_share):
                self._keep(self._fetch(None))
                self._is_replacement = False
            return self._current.token

    def renew(self, refused: str) -> bool:
        """Replace a token that the API has refused, unless another thread just has."""
        with self._lock:
            if self._lease is None or self._lease.token != refused:
                return self._verdict is None
            if self._verdict is not None or (self._is_replacement and not self._is_proven(self._lease)):
                return False
            try:
                self._keep(self._fetch(refused))
            except PASSING_TROUBLES:
                raise
            except MakiniError as error:
                logger.warning("The token was refused, and no other can be had: %s", error)
                return False
            self._is_replacement = True
            return self._current.token != refused

    def confirm(self, accepted: str) -> None:
        """Note that the API has accepted a token."""
        self._confirmed = accepted

    @property
    def _current(self) -> AccessToken:
        if self._lease is None:
            raise CredentialError("there is no token", "This is a fault of the tap: report it.")
        return self._lease

    def _fetch(self, refused: str | None) -> AccessToken:
        try:
            return self.fetch(refused)
        except PASSING_TROUBLES:
            raise
        except MakiniError as error:
            self._verdict = error
            raise

    def _keep(self, lease: AccessToken) -> None:
        redact_logs(lease.token)
        self._lease = lease

    def _is_proven(self, lease: AccessToken) -> bool:
        return self._confirmed == lease.token or time.time() >= lease.issued_at + _PROVEN_AFTER_SECONDS


class AdminAuthenticator(RenewingAuthenticator):
    """The token of the Admin API, had by client credentials; good for `/api/system/*` only (v3 guide).

    Args:
        transport: Makes the requests.
        client_id: The vendor's id.
        client_secret: The vendor's secret.
        max_wait: Seconds that a request and all its repetitions may take.
    """

    def __init__(self, transport: Transport, client_id: str, client_secret: str, max_wait: float) -> None:
        super().__init__()
        self._transport = transport
        self._client_id = client_id
        self._client_secret = client_secret
        self._max_wait = max_wait
        redact_logs(client_secret)

    def fetch(self, refused: str | None) -> AccessToken:  # noqa: ARG002 - as good as any other reason
        """Ask for a token; asking twice does no harm, so troubles that pass are waited out.

        Raises:
            CredentialError: Makini refuses the credentials.
            MakiniError: None can be had.
        """
        try:
            return repeat(self._ask, self._max_wait, tell_wait)()
        except PASSING_TROUBLES:
            raise
        except MakiniError as error:
            raise CredentialError(
                f"Makini gives no admin token: {without_secrets(error.cause, self.secrets())}",
                "Check the settings client_id, client_secret and api_url.",
                error.request_id,
            ) from None

    def secrets(self) -> Iterator[str]:
        """Give the client secret and the token."""
        yield self._client_secret
        if self._lease is not None:
            yield self._lease.token

    def _ask(self) -> AccessToken:
        document = {
            "grant_type": "client_credentials",
            "client_id": self._client_id,
            "client_secret": self._client_secret,
        }
        return read_access_token(self._transport.post(TOKEN_PATH, document=document))


def tell_wait(seconds: float, error: MakiniError) -> None:
    """Say that a token has to be waited for."""
    logger.warning("Waiting %.1f s before asking for a token again: %s", seconds, error.cause)


def without_secrets(text: str, secrets: Iterator[str]) -> str:
    """Mask what a server may have echoed."""
    for secret in secrets:
        text = text.replace(secret, "(secret)")
    return text
