"""Issue tokens for connections, and know until when they are valid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from makini_sandbox.behaviour import Behaviour
    from makini_sandbox.clock import Clock
    from makini_sandbox.store import Store

CLIENT_ID = "sandbox-client"
CLIENT_SECRET = "sandbox-client-secret"  # noqa: S105 - opens nothing but the sandbox


@dataclass(frozen=True)
class Connection:
    """One customer's system.

    Attributes:
        name: Name of the connection.
        token: Token that opens it, at any time.
        store: Its data.
    """

    name: str
    token: str
    store: Store


@dataclass(frozen=True)
class _Issued:
    connection: Connection | None
    expires_at: datetime
    refresh_token: str | None = None


class Tokens:
    """The tokens that were issued: admin tokens, minted ones, and pairs that end when they are refreshed.

    Args:
        connections: The connections that there are, by their own tokens.
        behaviour: Returns the behavior.
        clock: Returns the time.
    """

    def __init__(self, connections: Mapping[str, Connection], behaviour: Callable[[], Behaviour], clock: Clock) -> None:
        self._connections = connections
        self._behaviour = behaviour
        self._clock = clock
        self._issued: dict[str, _Issued] = {}
        self._refreshable: dict[str, Connection] = {}
        self._count = 0

    def issue_admin(self) -> str:
        """Issue an admin token."""
        return self._issue("admin", None)

    def mint(self, connection: Connection) -> str:
        """Issue a token for a connection."""
        return self._issue("minted", connection)

    def begin_pair(self, connection: Connection) -> str:
        """Issue a refresh token for a connection, as an authorization by its owner does."""
        self._count += 1
        token = f"refresh-token-{self._count}"
        self._refreshable[token] = connection
        return token

    def refresh(self, refresh_token: str) -> tuple[str, str] | None:
        """Issue a new pair and end the old one.

        Returns:
            Access token and refresh token; None if the refresh token is not, or no longer, valid.
        """
        connection = self._refreshable.pop(refresh_token, None)
        if connection is None:
            return None
        self._issued = {
            token: issued for token, issued in self._issued.items() if issued.refresh_token != refresh_token
        }
        new_refresh_token = self.begin_pair(connection)
        return self._issue("access", connection, new_refresh_token), new_refresh_token

    def is_admin(self, token: str) -> bool:
        """Return whether a token opens the Admin API now."""
        issued = self._valid(token)
        return issued is not None and issued.connection is None

    def connection(self, token: str) -> Connection | None:
        """Return the connection that an issued token opens now."""
        issued = self._valid(token)
        return issued.connection if issued else None

    def expire_all(self) -> None:
        """End all tokens except refresh tokens."""
        self._issued.clear()

    def expires_in(self) -> object:
        """Return what a response says of the lifetime of a token issued now."""
        behaviour = self._behaviour()
        if behaviour.expires_in == "duration":
            return behaviour.token_seconds
        epoch = int(self._expiry().astimezone(timezone.utc).timestamp())
        return str(epoch) if behaviour.expires_in == "epoch_text" else epoch

    def _valid(self, token: str) -> _Issued | None:
        issued = self._issued.get(token)
        if issued is None or self._clock() >= issued.expires_at:
            return None
        is_gone = issued.connection is not None and issued.connection.token not in self._connections
        return None if is_gone else issued

    def _issue(self, kind: str, connection: Connection | None, refresh_token: str | None = None) -> str:
        self._count += 1
        token = f"{kind}-token-{self._count}"
        self._issued[token] = _Issued(connection, self._expiry(), refresh_token)
        return token

    def _expiry(self) -> datetime:
        return self._clock() + timedelta(seconds=self._behaviour().token_seconds)
