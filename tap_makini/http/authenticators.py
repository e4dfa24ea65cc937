"""Provide a connection's access token, and replace it when it expires or is refused.

A connection's token is set, minted by the Admin API or obtained by refreshing (v3 guide). All threads of a connection
share one authenticator, so that no two of them ever request a token at the same time.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import msgspec

from tap_makini.errors import BadBodyError, MakiniError, TransientError, WaitTooLongError
from tap_makini.http.response import error_for_response, seconds_until
from tap_makini.http.transport import Request
from tap_makini.rawjson import REFUSED
from tap_makini.redaction import redact_logs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_makini.http.transport import Transport

logger = logging.getLogger(__name__)

TOKEN_PATH = "/link/token"  # noqa: S105 - where tokens are issued (v3 guide)
TEMPORARY_ERRORS = (TransientError, WaitTooLongError)
"""Errors after which a token may be available later."""

_RENEWED_AFTER_SHARE = 0.9
_PROVEN_AFTER_SECONDS = 60.0
_TOKEN_NAMES = ("access_token", "token")


class AccessToken(NamedTuple):
    """An access token as it was issued.

    Attributes:
        token: The token.
        issued_at: In seconds since 1970.
        expires_at: In seconds since 1970; None if unknown.
        refresh_token: What the next pair is obtained with, if there is one.
    """

    token: str
    issued_at: float
    expires_at: float | None = None
    refresh_token: str | None = None

    def is_due(self, share: float) -> bool:
        """Return whether a share of its life has passed, so that it should be replaced."""
        if self.expires_at is None:
            return False
        return time.time() >= self.issued_at + share * (self.expires_at - self.issued_at)

    def has_served(self) -> bool:
        """Return whether it was issued so long ago that it must have been accepted since."""
        return time.time() >= self.issued_at + _PROVEN_AFTER_SECONDS


def request_token(
    transport: Transport, *, form: Mapping[str, str] | None = None, document: Mapping[str, str] | None = None
) -> AccessToken:
    """Request a token once, with credentials as a form or as JSON.

    Raises:
        MakiniError: None was issued.
    """
    response = transport.exchange(Request("POST", TOKEN_PATH, form=form, document=document))
    error = error_for_response("POST", response)
    if error is not None:
        raise error
    return read_access_token(response.content)


def read_access_token(body: bytes) -> AccessToken:
    """Read a response that issues a token, under either name, at the top level or under `data` (v3 guide).

    Args:
        body: The body as received.

    Returns:
        The token.

    Raises:
        BadBodyError: There is no token in it.
    """
    try:
        document = msgspec.json.decode(body)
    except REFUSED:
        raise BadBodyError("the body is not JSON") from None
    for level in (document, document.get("data") if isinstance(document, dict) else None):
        if not isinstance(level, dict):
            continue
        token = next((level[name] for name in _TOKEN_NAMES if is_token(level.get(name))), None)
        if token is not None:
            refresh_token = level.get("refresh_token")
            now = time.time()
            expires_at = read_expiry(level.get("expires_in"), now)
            return AccessToken(token, now, expires_at, refresh_token if is_token(refresh_token) else None)
    raise BadBodyError("the response contains no token")


def read_expiry(expires_in: Any, now: float) -> float | None:  # noqa: ANN401 - any JSON
    """Read `expires_in`, which is a time in most samples of the v3 guide, sometimes as text, and a duration in one.

    Args:
        expires_in: The value.
        now: Seconds since 1970.

    Returns:
        When the token expires, later than now; None if the value does not say.
    """
    if isinstance(expires_in, bool) or not isinstance(expires_in, (int, float, str)):
        return None
    try:
        number = float(expires_in)
    except (ValueError, OverflowError):
        return None
    expires_at = now + seconds_until(number, now) if math.isfinite(number) else now
    return expires_at if expires_at > now else None


def is_token(value: object) -> bool:
    """Return whether a value can be a token: visible ASCII characters without spaces."""
    return isinstance(value, str) and value.isascii() and value.isprintable() and value != "" and " " not in value


class Authenticator(Protocol):
    """Provide a connection's access token; thread-safe."""

    def token(self) -> str:
        """Return the token to use now, which may have to be requested first.

        Raises:
            MakiniError: There is none.
        """

    def renew(self, refused: str, *, was_accepted: bool) -> bool:
        """Replace a token that the API has refused with 401.

        Args:
            refused: That token.
            was_accepted: Whether the API has accepted it before, so that it must have expired.

        Returns:
            Whether there is another one now. There is not if none is issued, or if the refused one was itself a
            replacement and has never been accepted.

        Raises:
            TransientError, WaitTooLongError: A token may be available later.
        """


class StaticAuthenticator:
    """Provide a token that was set, and cannot be replaced.

    Args:
        token: The token.
    """

    def __init__(self, token: str) -> None:
        self._token = token
        redact_logs(token)

    def token(self) -> str:
        """Return the token."""
        return self._token

    def renew(self, refused: str, *, was_accepted: bool) -> bool:  # noqa: ARG002 - the protocol
        """Return that there is no other token."""
        return False


class RenewingAuthenticator(ABC):
    """Provide a token that is requested when it is needed, and again when it expires or is refused.

    Args:
        name: What the log calls the token.

    Attributes:
        renewed_after_share: The share of a token's life after which the next one is requested.
    """

    renewed_after_share = _RENEWED_AFTER_SHARE

    def __init__(self, name: str = "the access token") -> None:
        self._name = name
        self._lock = threading.Lock()
        self._current: AccessToken | None = None
        self._is_replacement = False
        self._final_error: MakiniError | None = None

    @abstractmethod
    def fetch(self, refused: str | None) -> AccessToken:
        """Get a token; only one thread at a time runs this.

        Args:
            refused: The token that the API no longer accepts, if that is the reason.

        Raises:
            MakiniError: There is none.
        """

    def token(self) -> str:
        """Return the token to use now.

        Raises:
            MakiniError: There is none; once that is certain, none is requested again.
        """
        with self._lock:
            if self._final_error is not None:
                raise self._final_error
            if self._current is None or self._current.is_due(self.renewed_after_share):
                self._is_replacement = False
                return self._fetch(None)
            return self._current.token

    def renew(self, refused: str, *, was_accepted: bool) -> bool:
        """Replace a token that the API has refused, unless another thread just has."""
        with self._lock:
            if self._current is None or self._current.token != refused:
                return self._final_error is None
            is_proven = was_accepted or self._current.has_served() or not self._is_replacement
            if self._final_error is not None or not is_proven:
                return False
            try:
                token = self._fetch(refused)
            except TEMPORARY_ERRORS:
                raise
            except MakiniError as error:
                logger.warning("Makini refused %s and issues no other: %s", self._name, error)
                return False
            self._is_replacement = True
            return token != refused

    def _fetch(self, refused: str | None) -> str:
        try:
            self._current = self.fetch(refused)
        except TEMPORARY_ERRORS:
            raise
        except MakiniError as error:
            self._final_error = error
            raise
        redact_logs(self._current.token)
        return self._current.token
