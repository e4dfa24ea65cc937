"""A connection's token that is had by refreshing, with the pair kept in a file."""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING

from tap_makini.connections.token_store import TokenPair
from tap_makini.errors import CredentialError, MakiniError, RequestRefusedError, WaitTooLongError
from tap_makini.http.access_token import AccessToken, read_access_token
from tap_makini.http.authenticators import TOKEN_PATH, RenewingAuthenticator, tell_wait, without_secrets
from tap_makini.http.retry import repeat
from tap_makini.http.transport import UntouchedError
from tap_makini.redaction import redact_logs
from tap_makini.signals import shielded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_makini.connections.token_store import TokenStore
    from tap_makini.http.transport import Transport

logger = logging.getLogger(__name__)

_SECONDS_TO_WRITE = 5.0
_REAUTHORISE = (
    "Have the connection re-authorised in Makini, and put its new refresh token into the setting refresh_token."
)


class RefreshingAuthenticator(RenewingAuthenticator):
    """A connection's token, refreshed for good: each refresh gives a new pair and ends the old one (v3 guide).

    An access token is good for 30 days and a refresh token for 31, so a pair is replaced at half its life: a pipeline
    that runs every two weeks never finds it dead.

    Args:
        transport: Makes the requests.
        file: Keeps the pair.
        client_id: The vendor's id.
        client_secret: The vendor's secret.
        refresh_token: What to begin with, where the file does not yet hold what came of it.
        max_wait: Seconds that may be waited for a connection to the server.
    """

    due_share = 0.5

    def __init__(  # noqa: PLR0913 - each is a setting
        self,
        transport: Transport,
        file: TokenStore,
        *,
        client_id: str,
        client_secret: str,
        refresh_token: str | None,
        max_wait: float,
    ) -> None:
        super().__init__()
        self._transport = transport
        self._file = file
        self._client_id = client_id
        self._client_secret = client_secret
        self._first = refresh_token
        self._max_wait = max_wait
        for secret in (client_secret, refresh_token):
            redact_logs(secret)

    def fetch(self, refused: str | None) -> AccessToken:
        """Take the pair in the file, if it is another one and still good, else refresh.

        Raises:
            CredentialError: The pair is dead, or may be, or could not be kept.
            MakiniError: No new pair can be had; the old one is not spent.
        """
        with self._file.locked():
            pair = self._stored()
            if pair is not None and pair.access_token != refused and not _lease(pair).is_due(self.due_share):
                return _lease(pair)
            spent = pair.refresh_token if pair else self._first
            if spent is None:
                raise CredentialError("there is neither a token file nor a refresh token", _REAUTHORISE)
            redact_logs(spent)
            try:
                return repeat(lambda: self._rotate(spent), self._max_wait, tell_wait)()
            except (UntouchedError, WaitTooLongError) as error:
                if pair is None or pair.access_token == refused or _lease(pair).is_due(1.0):
                    raise
                logger.warning("The token could not be refreshed, but is still good: %s", error.cause)
                return _lease(pair)

    def secrets(self) -> Iterator[str]:
        """Give the client secret, the refresh tokens and the access token."""
        yield self._client_secret
        if self._first is not None:
            yield self._first
        if self._lease is not None:
            yield self._lease.token
            yield from filter(None, [self._lease.refresh_token])

    def _stored(self) -> TokenPair | None:
        """Read the pair, unless the settings have since been given another beginning."""
        pair = self._file.read()
        if pair is None:
            return None
        for secret in (pair.access_token, pair.refresh_token):
            redact_logs(secret)
        is_of_these_settings = self._first is None or pair.origin in {None, _fingerprint(self._first)}
        return pair if is_of_these_settings else None

    def _rotate(self, spent: str) -> AccessToken:
        """Exchange the pair, once, and keep the new one: a signal in between is acted on when it is safe."""
        with shielded(self._transport.timeout + _SECONDS_TO_WRITE), self._file.room() as room:
            lease = self._refresh(spent)
            kept = lease._replace(refresh_token=lease.refresh_token or spent)
            for secret in (kept.token, kept.refresh_token):
                redact_logs(secret)
            pair = TokenPair(
                access_token=kept.token,
                refresh_token=kept.refresh_token or spent,
                issued_at=kept.issued_at,
                expires_at=kept.expires_at,
                origin=_fingerprint(self._first) if self._first else None,
            )
            try:
                room.write(pair)
            except OSError as error:
                raise CredentialError(
                    f"the new pair of tokens could not be kept ({error.strerror})", _REAUTHORISE
                ) from None
            return kept

    def _refresh(self, spent: str) -> AccessToken:
        """Ask for a new pair; only what the server has certainly not acted upon leaves as an error that may pass."""
        form = {
            "grant_type": "refresh_token",
            "client_id": self._client_id,
            "client_secret": self._client_secret,
            "refresh_token": spent,
        }
        try:
            return read_access_token(self._transport.post(TOKEN_PATH, form=form))
        except UntouchedError:
            raise
        except (CredentialError, RequestRefusedError) as error:
            cause = without_secrets(error.cause, iter((spent, self._client_secret)))
            raise CredentialError(
                f"Makini does not accept the refresh token, which is good once and for 31 days: {cause}",
                f"Check the settings client_id and client_secret. {_REAUTHORISE}",
                error.request_id,
            ) from None
        except MakiniError as error:
            cause = without_secrets(error.cause, iter((spent, self._client_secret)))
            raise CredentialError(
                f"the refresh has come to no clear end, so that the pair in the token file may be dead: {cause}",
                f"Run again; if the refresh token is then not accepted: {_REAUTHORISE}",
                error.request_id,
            ) from None


def _lease(pair: TokenPair) -> AccessToken:
    return AccessToken(pair.access_token, pair.issued_at, pair.expires_at, pair.refresh_token)


def _fingerprint(refresh_token: str) -> str:
    return hashlib.sha256(refresh_token.encode()).hexdigest()
