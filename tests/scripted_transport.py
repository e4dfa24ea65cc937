"""A transport without a network: a function gives its responses, and it keeps what it was asked."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from tap_makini.http.transport import Request, Response, Transport

if TYPE_CHECKING:
    from collections.abc import Callable


class Asked(NamedTuple):
    method: str
    path: str
    token: str | None
    sent: dict[str, str]


class ScriptedTransport(Transport):
    """Give what a function says: a response, a body, JSON for one, or an error to raise."""

    def __init__(self, respond: Callable[[Asked], Any]) -> None:
        super().__init__("https://api.test", 1.0, "test")
        self._respond = respond
        self._lock = threading.Lock()
        self.asked: list[Asked] = []

    def exchange(self, request: Request, token: str | None = None) -> Response:
        sent = request.form or request.document or request.params
        asked = Asked(request.method, request.path, token, dict(sent))
        with self._lock:
            self.asked.append(asked)
            response = self._respond(asked)
        if isinstance(response, BaseException):
            raise response
        if isinstance(response, Response):
            return response
        return Response(200, {}, response if isinstance(response, bytes) else msgspec.json.encode(response))


def in_turn(*responses: Any) -> Callable[[Asked], Any]:  # noqa: ANN401 - bytes, JSON or errors
    """Give responses one after the other; one more request than responses is a fault."""
    left = iter(responses)
    return lambda _: next(left)
