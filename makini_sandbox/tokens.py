"""Tokens that the double gives out, and until when they are good."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from makini_sandbox.sandbox import Connection, Sandbox

CLIENT_ID = "sandbox-client"
CLIENT_SECRET = "sandbox-client-secret"  # noqa: S105 - opens nothing but the sandbox


@dataclass(frozen=True)
class _Issued:
    connection: Connection | None
    expires_at: datetime
    refresh_token: str | None = None


class Tokens:
    """What has been given out: admin tokens, minted ones, and pairs that end when they are refreshed."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._issued: dict[str, _Issued] = {}
        self._refreshable: dict[str, Connection] = {}
        self._count = 0

    def issue_admin(self) -> str:
        """Give an admin token."""
        return self._issue("admin", None)

    def mint(self, connection: Connection) -> str:
        """Give a token for a connection."""
        return self._issue("minted", connection)

    def begin_pair(self, connection: Connection) -> str:
        """Give a refresh token for a connection, as an authorisation by its owner does."""
        return self._refresh_token(connection)

    def refresh(self, refresh_token: str) -> tuple[str, str] | None:
        """Give a new pair and end the old one.

        Returns:
            Access token and refresh token; None where the refresh token is not, or no longer, good.
        """
        connection = self._refreshable.pop(refresh_token, None)
        if connection is None:
            return None
        self._issued = {
            token: issued for token, issued in self._issued.items() if issued.refresh_token != refresh_token
        }
        following = self._refresh_token(connection)
        return self._issue("access", connection, following), following

    def is_admin(self, token: str) -> bool:
        """Whether a token opens the Admin API now."""
        issued = self._valid(token)
        return issued is not None and issued.connection is None

    def connection(self, token: str) -> Connection | None:
        """The connection that a token opens now."""
        issued = self._valid(token)
        return issued.connection if issued else None

    def expire_all(self) -> None:
        """End all tokens but refresh tokens."""
        self._issued.clear()

    def expires_in(self) -> object:
        """What an answer says of a token given out now."""
        behaviour = self._sandbox.behaviour
        if behaviour.expires_in == "duration":
            return behaviour.token_seconds
        epoch = int(self._expiry().astimezone(timezone.utc).timestamp())
        return str(epoch) if behaviour.expires_in == "epoch_text" else epoch

    def _valid(self, token: str) -> _Issued | None:
        issued = self._issued.get(token)
        if issued is None or self._sandbox.clock() >= issued.expires_at:
            return None
        is_gone = issued.connection is not None and issued.connection.token not in self._sandbox.connections
        return None if is_gone else issued

    def _issue(self, kind: str, connection: Connection | None, refresh_token: str | None = None) -> str:
        self._count += 1
        token = f"{kind}-token-{self._count}"
        self._issued[token] = _Issued(connection, self._expiry(), refresh_token)
        return token

    def _refresh_token(self, connection: Connection) -> str:
        self._count += 1
        token = f"refresh-token-{self._count}"
        self._refreshable[token] = connection
        return token

    def _expiry(self) -> datetime:
        return self._sandbox.clock() + timedelta(seconds=self._sandbox.behaviour.token_seconds)
