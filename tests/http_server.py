"""A small HTTP server on the loopback interface; a function gives its responses."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from email.message import Message


class Received(NamedTuple):
    """A request.

    Attributes:
        method: `GET` or `POST`.
        target: The path with its query.
        headers: Names are case-insensitive.
    """

    method: str
    target: str
    headers: Message

    @property
    def path(self) -> str:
        """The path alone."""
        return self.target.partition("?")[0]


class Reply(NamedTuple):
    """A response.

    Attributes:
        body: Bytes as they are sent, and anything else as JSON.
        status: The HTTP status.
        headers: Headers beside `Content-Length`, which they may replace.
        reason: The reason phrase; None for the usual one.
    """

    body: object = b""
    status: int = 200
    headers: Mapping[str, str] = {}
    reason: str | None = None


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, respond: Callable[[Received], Reply]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.respond = respond


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        reply = self.server.respond(Received(self.command, self.path, self.headers))
        body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
        self.send_response(reply.status, reply.reason)
        for name, value in {"Content-Length": str(len(body)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - the name that the server looks for

    def handle(self) -> None:
        with suppress(ConnectionError):  # of clients that are killed
            super().handle()

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def serving(respond: Callable[[Received], Reply]) -> Iterator[str]:
    """Serve responses.

    Yields:
        The server's address.
    """
    with _Server(respond) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
