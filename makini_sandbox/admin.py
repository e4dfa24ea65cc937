"""Respond to the Admin API and the token endpoint: connections, and tokens for them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

import msgspec

from makini_sandbox.clock import isoformat
from makini_sandbox.query import page_number
from makini_sandbox.responses import Refusal, json_response
from makini_sandbox.tokens import CLIENT_ID, CLIENT_SECRET

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from makini_sandbox.state import State
    from makini_sandbox.tokens import Connection

_TOKEN_PATH = "/link/token"  # noqa: S105 - a path
_LIST_PATH = "/api/system/connections"


class AdminApi:
    """Responds to the requests of a vendor."""

    def __init__(self, state: State) -> None:
        self._state = state

    def serves(self, path: str) -> bool:
        """Return whether a path belongs to it."""
        return path == _TOKEN_PATH or path.startswith("/api/system/")

    def respond(self, request: Request, body: bytes) -> Response:
        """Return the response to a request.

        Raises:
            Refusal: The response is an error.
        """
        path = request.url.path
        if path == _TOKEN_PATH:
            return json_response(self._grant(request, body))
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not self._state.tokens.is_admin(token):
            raise Refusal(401, "The admin token is missing, unknown or expired.")
        if path == _LIST_PATH and request.method == "GET":
            return json_response(self._list(request))
        key = unquote(path.removeprefix(f"{_LIST_PATH}/").removesuffix("/token"))
        if request.method != "POST" or path.removesuffix("/token") == path:
            raise Refusal(404, "There is no such path.")
        return json_response(self._mint(key))

    def _grant(self, request: Request, body: bytes) -> dict[str, object]:
        if request.method != "POST":
            raise Refusal(405, "Tokens are requested by POST.")
        fields = _fields(request, body)
        if (fields.get("client_id"), fields.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            raise Refusal(401, "The client is unknown.")
        tokens = self._state.tokens
        common: dict[str, object] = {"token_type": "Bearer", "expires_in": tokens.expires_in()}
        if fields.get("grant_type") == "client_credentials":
            return {**common, "access_token": tokens.issue_admin()}
        pair = tokens.refresh(fields.get("refresh_token", "")) if fields.get("grant_type") == "refresh_token" else None
        if pair is None:
            raise Refusal(400, "The grant is not, or no longer, valid.")
        return {**common, "access_token": pair[0], "refresh_token": pair[1]}

    def _list(self, request: Request) -> dict[str, object]:
        behaviour = self._state.behaviour
        if behaviour.admin_pages == "refused" and "page" in request.query_params:
            raise Refusal(422, "page: there is no such parameter.", parameter="page")
        number = page_number(request.query_params) if behaviour.admin_pages == "honoured" else 1
        listed = [self._described(connection) for connection in self._state.connections.values()]
        size = behaviour.admin_page_size
        meta = {
            "current_page": number,
            "last_page": max(1, -(-len(listed) // size)),
            "per_page": size,
            "total": len(listed),
        }
        return {"data": listed[(number - 1) * size : number * size], "meta": meta}

    def _described(self, connection: Connection) -> dict[str, object]:
        now = isoformat(self._state.clock())
        return {
            "key": connection_key(connection.name),
            "name": connection.name,
            "email": "owner@plant.example",
            "status": self._status(connection),
            "integration_name": "sandbox",
            "scopes": [],
            "tags": [],
            "user_metadata": {},
            "client_id": CLIENT_ID,
            "created_at": "2025-01-01T00:00:00Z",
            "updated_at": now,
            "connected_at": now,
        }

    def _status(self, connection: Connection) -> str:
        return self._state.behaviour.connection_statuses.get(connection.name, "Active")

    def _mint(self, key: str) -> dict[str, object]:
        found = [one for one in self._state.connections.values() if connection_key(one.name) == key]
        if not found:
            raise Refusal(404, "There is no such connection.")
        if self._status(found[0]) != "Active":
            raise Refusal(403, "The connection is not active.")
        tokens = self._state.tokens
        return {"token": tokens.mint(found[0]), "expires_in": tokens.expires_in()}


def connection_key(name: str) -> str:
    """Return the key of a connection: 40 characters, like those of rows."""
    return hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()


def _fields(request: Request, body: bytes) -> dict[str, Any]:
    """Read the fields of a form or of a JSON document."""
    if "json" not in request.headers.get("content-type", ""):
        return dict(parse_qsl(body.decode("utf-8", "replace")))
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.MsgspecError:
        raise Refusal(422, "The body is not a JSON object.") from None
