"""A transport without a network: a function makes its responses, and it keeps what it was asked."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from tap_makini.http.response import Response
from tap_makini.http.transport import Request, Transport

if TYPE_CHECKING:
    from collections.abc import Callable


class Asked(NamedTuple):
    method: str
    path: str
    token: str | None
    sent: dict[str, str]


class ScriptedTransport(Transport):
    """Returns what a function returns: a response, a body, JSON for one, or an error to raise."""

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
            result = self._respond(asked)
        if isinstance(result, BaseException):
            raise result
        if isinstance(result, Response):
            return result
        return Response(200, {}, result if isinstance(result, bytes) else msgspec.json.encode(result))


def in_turn(*results: Any) -> Callable[[Asked], Any]:  # noqa: ANN401 - bytes, JSON or errors
    """Return results one after the other; one more request than results is a fault."""
    left = iter(results)
    return lambda _: next(left)
