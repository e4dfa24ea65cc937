"""A transport without a network: its answers come from a function, and it keeps what it was asked."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from tap_makini.http.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Asked(NamedTuple):
    method: str
    path: str
    token: str | None
    sent: dict[str, str]


class ScriptedTransport(Transport):
    def __init__(self, answer: Callable[[Asked], Any]) -> None:
        super().__init__("https://api.test", 1.0, "test")
        self._answer = answer
        self._lock = threading.Lock()
        self.asked: list[Asked] = []

    def get(self, path: str, params: Mapping[str, str], token: str, within: float = 0.0) -> bytes:  # noqa: ARG002 - the interface
        return self._give(Asked("GET", path, token, dict(params)))

    def post(self, path: str, *, token: str | None = None, form: object = None, document: object = None) -> bytes:
        sent: Any = form or document or {}
        return self._give(Asked("POST", path, token, dict(sent)))

    def _give(self, asked: Asked) -> bytes:
        with self._lock:
            self.asked.append(asked)
            answer = self._answer(asked)
        if isinstance(answer, BaseException):
            raise answer
        return answer if isinstance(answer, bytes) else msgspec.json.encode(answer)


def in_turn(*answers: Any) -> Callable[[Asked], Any]:  # noqa: ANN401 - bytes, JSON or errors
    """Give answers one after the other; one more request than answers is a fault."""
    left = iter(answers)
    return lambda _: next(left)
