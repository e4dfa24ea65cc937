"""A server on this machine that sends the responses it is given, and keeps the requests."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest


@dataclass
class CannedResponse:
    """What the server sends; with `length` other than None it announces so many bytes."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None


class ReceivedRequest(NamedTuple):
    method: str
    target: str
    body: str
    headers: dict[str, str]


class LoopbackServer(ThreadingHTTPServer):
    """Sends responses one after the other, and the last one again and again.

    Attributes:
        responses: The responses.
        requests: The requests so far.
        hangs_up: Whether it closes the connection instead.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.responses = [CannedResponse()]
        self.requests: list[ReceivedRequest] = []
        self.hangs_up = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: LoopbackServer

    def respond(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        self.server.requests.append(ReceivedRequest(self.command, self.path, body, dict(self.headers.items())))
        if self.server.hangs_up:
            self.close_connection = True
            return
        responses = self.server.responses
        response = responses.pop(0) if len(responses) > 1 else responses[0]
        self.send_response_only(response.status)
        length = len(response.body) if response.length is None else response.length
        for name, value in {**response.headers, "Content-Length": str(length)}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(response.body)

    do_GET = do_POST = respond  # noqa: N815 - the names that the base class looks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's interface
        """Log nothing."""


def use_no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@contextmanager
def loopback_server(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Iterator[LoopbackServer]:
    """Run a server; a `.netrc` has other credentials for it, which no request may use."""
    use_no_proxies(monkeypatch)
    netrc = folder / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with LoopbackServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()
