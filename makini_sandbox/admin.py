"""The Admin API and the token endpoint: connections, and tokens for them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

import msgspec

from makini_sandbox.clock import isoformat
from makini_sandbox.query import page_number
from makini_sandbox.refusal import Refusal
from makini_sandbox.responses import json_response
from makini_sandbox.tokens import CLIENT_ID, CLIENT_SECRET

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from makini_sandbox.sandbox import Connection, Sandbox

_TOKEN_PATH = "/link/token"  # noqa: S105 - a path
_LIST_PATH = "/api/system/connections"


class AdminApi:
    """Answers what is asked on a vendor's behalf."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def answers(self, path: str) -> bool:
        """Whether a path belongs to it."""
        return path == _TOKEN_PATH or path.startswith("/api/system/")

    def answer(self, request: Request, body: bytes) -> Response:
        """The answer to a request.

        Raises:
            Refusal: Where the answer is an error.
        """
        path = request.url.path
        if path == _TOKEN_PATH:
            return _json(self._grant(request, body))
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not self._sandbox.tokens.is_admin(token):
            raise Refusal(401, "The admin token is missing, unknown or expired.")
        if path == _LIST_PATH and request.method == "GET":
            return _json(self._list(request))
        key = unquote(path.removeprefix(f"{_LIST_PATH}/").removesuffix("/token"))
        if request.method != "POST" or path.removesuffix("/token") == path:
            raise Refusal(404, "There is no such path.")
        return _json(self._mint(key))

    def _grant(self, request: Request, body: bytes) -> dict[str, object]:
        if request.method != "POST":
            raise Refusal(405, "Tokens are had by POST.")
        asked = _fields(request, body)
        if (asked.get("client_id"), asked.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            raise Refusal(401, "The client is unknown.")
        tokens = self._sandbox.tokens
        answer: dict[str, object] = {"token_type": "Bearer", "expires_in": tokens.expires_in()}
        if asked.get("grant_type") == "client_credentials":
            return {**answer, "access_token": tokens.issue_admin()}
        pair = tokens.refresh(asked.get("refresh_token", "")) if asked.get("grant_type") == "refresh_token" else None
        if pair is None:
            raise Refusal(400, "The grant is not, or no longer, good.")
        return {**answer, "access_token": pair[0], "refresh_token": pair[1]}

    def _list(self, request: Request) -> dict[str, object]:
        behaviour = self._sandbox.behaviour
        if behaviour.admin_pages == "refused" and "page" in request.query_params:
            raise Refusal(422, "page: there is no such parameter.", parameter="page")
        number = page_number(request.query_params) if behaviour.admin_pages == "honoured" else 1
        listed = [self._described(connection) for connection in self._sandbox.connections.values()]
        size = behaviour.admin_page_size
        meta = {
            "current_page": number,
            "last_page": max(1, -(-len(listed) // size)),
            "per_page": size,
            "total": len(listed),
        }
        return {"data": listed[(number - 1) * size : number * size], "meta": meta}

    def _described(self, connection: Connection) -> dict[str, object]:
        now = isoformat(self._sandbox.clock())
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
        return self._sandbox.behaviour.connection_statuses.get(connection.name, "Active")

    def _mint(self, key: str) -> dict[str, object]:
        found = [one for one in self._sandbox.connections.values() if connection_key(one.name) == key]
        if not found:
            raise Refusal(404, "There is no such connection.")
        if self._status(found[0]) != "Active":
            raise Refusal(403, "The connection is not active.")
        tokens = self._sandbox.tokens
        return {"token": tokens.mint(found[0]), "expires_in": tokens.expires_in()}


def connection_key(name: str) -> str:
    """The key of a connection: 40 characters, as the API has them."""
    return hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()


def _fields(request: Request, body: bytes) -> dict[str, Any]:
    """The fields of a form or of a JSON document."""
    if "json" not in request.headers.get("content-type", ""):
        return dict(parse_qsl(body.decode("utf-8", "replace")))
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.MsgspecError:
        raise Refusal(422, "The body is no JSON object.") from None


def _json(document: dict[str, object]) -> Response:
    return json_response(msgspec.json.encode(document), {}, compress=False)
