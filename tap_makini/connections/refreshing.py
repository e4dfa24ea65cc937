"""Provide a connection's token by refreshing, with the pair of tokens kept in a file."""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING

from tap_makini.connections.token_store import REAUTHORIZE, TokenPair
from tap_makini.errors import CredentialError, MakiniError, RequestRefusedError, UntouchedError, WaitTooLongError
from tap_makini.http.authenticators import AccessToken, RenewingAuthenticator, request_token
from tap_makini.http.client import retry
from tap_makini.http.rate_limiter import RateLimiter
from tap_makini.redaction import mask, redact_logs
from tap_makini.signals import deferred_signals

if TYPE_CHECKING:
    from tap_makini.connections.token_store import TokenStore
    from tap_makini.http.transport import Transport

logger = logging.getLogger(__name__)

_SECONDS_TO_WRITE = 5.0


class RefreshingAuthenticator(RenewingAuthenticator):
    """Provide a connection's token; each refresh returns a new pair and invalidates the old one (v3 guide).

    An access token is valid for 30 days and a refresh token for 31, so a pair is replaced at half its life: a pipeline
    that runs every two weeks never finds it expired.

    Args:
        transport: Sends the requests.
        store: Keeps the pair.
        client_id: The setting.
        client_secret: The setting.
        refresh_token: The first one to use, as long as the store does not hold what came of it.
        max_wait: Seconds to wait for a server that cannot be reached.
    """

    renewed_after_share = 0.5

    def __init__(  # noqa: PLR0913 - each is a setting
        self,
        transport: Transport,
        store: TokenStore,
        *,
        client_id: str,
        client_secret: str,
        refresh_token: str | None,
        max_wait: float,
    ) -> None:
        super().__init__()
        self._transport = transport
        self._store = store
        self._client_id = client_id
        self._client_secret = client_secret
        self._first = refresh_token
        self._max_wait = max_wait
        self._rate_limiter = RateLimiter()
        for secret in (client_secret, refresh_token):
            redact_logs(secret)

    def fetch(self, refused: str | None) -> AccessToken:
        """Return the stored token if it is another one and still valid; otherwise refresh.

        Raises:
            CredentialError: The pair is invalid, or may be, or could not be kept.
            MakiniError: There is no new pair; the old one is not used up.
        """
        with self._store.locked():
            pair = self._stored()
            if (
                pair is not None
                and pair.access_token != refused
                and not _access_token(pair).is_due(self.renewed_after_share)
            ):
                return _access_token(pair)
            spent = pair.refresh_token if pair else self._first
            if spent is None:
                raise CredentialError("there is neither a token file nor a refresh token", REAUTHORIZE)
            redact_logs(spent)
            try:
                return retry(lambda: self._rotate(spent), self._rate_limiter, self._max_wait, "a new pair of tokens")
            except (UntouchedError, WaitTooLongError) as error:
                if pair is None or pair.access_token == refused or _access_token(pair).is_due(1.0):
                    raise
                logger.warning("%s: the access token is still valid, but not refreshed: %s", self._store, error.cause)
                return _access_token(pair)

    def _stored(self) -> TokenPair | None:
        """Read the pair, unless the setting refresh_token has been changed since."""
        pair = self._store.read()
        if pair is None:
            return None
        for secret in (pair.access_token, pair.refresh_token):
            redact_logs(secret)
        is_of_these_settings = self._first is None or pair.origin in {None, _fingerprint(self._first)}
        return pair if is_of_these_settings else None

    def _rotate(self, spent: str) -> AccessToken:
        """Exchange the pair, once, and keep the new one; signals in between are deferred."""
        with deferred_signals(self._transport.timeout + _SECONDS_TO_WRITE), self._store.replacement() as replacement:
            token = self._refresh(spent)
            pair = TokenPair(
                access_token=token.token,
                refresh_token=token.refresh_token or spent,
                issued_at=token.issued_at,
                expires_at=token.expires_at,
                origin=_fingerprint(self._first) if self._first else None,
            )
            for secret in (pair.access_token, pair.refresh_token):
                redact_logs(secret)
            replacement.write(pair)
            return _access_token(pair)

    def _refresh(self, spent: str) -> AccessToken:
        """Request a new pair; only an `UntouchedError` may be retried, since anything else may have spent the old."""
        form = {
            "grant_type": "refresh_token",
            "client_id": self._client_id,
            "client_secret": self._client_secret,
            "refresh_token": spent,
        }
        try:
            return request_token(self._transport, form=form)
        except UntouchedError:
            raise
        except (CredentialError, RequestRefusedError) as error:
            raise CredentialError(
                f"Makini does not accept the refresh token, which is valid once and for 31 days: {mask(error.cause)}",
                f"Check the settings client_id and client_secret. {REAUTHORIZE}",
                error.request_id,
            ) from None
        except MakiniError as error:
            raise CredentialError(
                f"the refresh may or may not have been done, so the stored tokens may be invalid: {mask(error.cause)}",
                f"Run again. If the refresh token is then not accepted: {REAUTHORIZE}",
                error.request_id,
            ) from None


def _access_token(pair: TokenPair) -> AccessToken:
    return AccessToken(pair.access_token, pair.issued_at, pair.expires_at, pair.refresh_token)


def _fingerprint(refresh_token: str) -> str:
    return hashlib.sha256(refresh_token.encode()).hexdigest()
