"""A sandbox that the tap calls directly, without a server: half the time, where a socket proves nothing more."""

from __future__ import annotations

import threading
from itertools import count
from typing import TYPE_CHECKING, ClassVar
from unittest.mock import patch
from urllib.parse import unquote, urlencode

from requests.structures import CaseInsensitiveDict

from makini_sandbox import Sandbox
from makini_sandbox.app import build_app
from tap_makini.http.response import Response
from tap_makini.http.transport import Request, Transport

if TYPE_CHECKING:
    from types import TracebackType

    from starlette.types import ASGIApp, Message, Scope
    from typing_extensions import Self

_numbers = count(1)


class DirectSandbox(Sandbox):
    """Respond to the tap in this process, in its own threads, one request after the other.

    What only a socket can do, such as a response that is cut off, takes a `Sandbox`.
    """

    @property
    def url(self) -> str:
        """The address, which has a meaning in this process only."""
        return self._url

    def __enter__(self) -> Self:
        self._url = f"http://sandbox-{next(_numbers)}.test"
        self._app = build_app(self)
        self._turn = threading.Lock()
        _DirectTransport.sandboxes[self._url] = self
        self._patch = patch("tap_makini.discovery.Transport", _DirectTransport)
        self._patch.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._patch.stop()
        del _DirectTransport.sandboxes[self._url]
        super().__exit__(kind, error, traceback)

    def respond(self, request: Request, token: str | None) -> Response:
        """Return the response to a GET; one that takes a socket fails the test when the sandbox is left."""
        scope: Scope = {
            "type": "http",
            "method": request.method,
            "path": unquote(request.path),
            "query_string": urlencode(request.params).encode(),
            "scheme": "http",
            "headers": [
                (b"accept", request.accept.encode()),
                (b"authorization", f"Bearer {token}".encode()),
                (b"host", self._url.removeprefix("http://").encode()),
            ],
        }
        with self._turn:
            try:
                start, *bodies = _messages(self._app, scope)
            except Exception as error:
                self.failures.append(error)
                raise
        headers = {name.decode("latin-1"): text.decode("latin-1") for name, text in start["headers"]}
        return Response(start["status"], CaseInsensitiveDict(headers), b"".join(body["body"] for body in bodies))


class _DirectTransport(Transport):
    """Send requests for a direct sandbox's address to it, and others over the network."""

    sandboxes: ClassVar[dict[str, DirectSandbox]] = {}

    def __init__(self, api_url: str, timeout: float, user_agent: str) -> None:
        super().__init__(api_url, timeout, user_agent)
        self._sandbox = self.sandboxes.get(api_url)

    def exchange(self, request: Request, token: str | None = None) -> Response:
        if self._sandbox is None:
            return super().exchange(request, token)
        return self._sandbox.respond(request, token)


def _messages(app: ASGIApp, scope: Scope) -> list[Message]:
    """Return what an application sends in response to a request.

    Raises:
        RuntimeError: The response takes a socket.
    """
    messages: list[Message] = []

    async def receive() -> Message:
        raise RuntimeError("a request has no body here, and no client goes away")

    async def send(message: Message) -> None:
        messages.append(message)

    for _ in app(scope, receive, send).__await__():
        raise RuntimeError("only a server can wait")
    if messages[-1].get("more_body"):
        raise RuntimeError("only a socket can be cut off")
    return messages
