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

    def __init__(self, answer: Callable[[Asked], Any]) -> None:
        super().__init__("https://api.test", 1.0, "test")
        self._answer = answer
        self._lock = threading.Lock()
        self.asked: list[Asked] = []

    def exchange(self, request: Request, token: str | None = None) -> Response:
        sent = request.form or request.document or request.params
        asked = Asked(request.method, request.path, token, dict(sent))
        with self._lock:
            self.asked.append(asked)
            answer = self._answer(asked)
        if isinstance(answer, BaseException):
            raise answer
        if isinstance(answer, Response):
            return answer
        return Response(200, {}, answer if isinstance(answer, bytes) else msgspec.json.encode(answer))


def in_turn(*answers: Any) -> Callable[[Asked], Any]:  # noqa: ANN401 - bytes, JSON or errors
    """Give answers one after the other; one more request than answers is a fault."""
    left = iter(answers)
    return lambda _: next(left)
