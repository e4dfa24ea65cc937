"""The server of one customer sends responses without end; the others are loaded, and the run ends."""

from __future__ import annotations

import gzip
import json
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from cli.harness import INSTALLED, run

if TYPE_CHECKING:
    from .conftest import Reader

SIZE = 2**30
WITH_LITTLE_MEMORY = ["sh", "-c", 'ulimit -v 1500000 && exec "$0" "$@"', INSTALLED]
SITES = [{"key": f"site-{number}", "updatedAt": "2025-01-02T03:04:05Z"} for number in range(3)]
META = {"current_page": 1, "from": 1, "last_page": 1, "per_page": 500, "to": 3, "total": 3}
PAGE = json.dumps({"data": SITES, "links": {}, "meta": META}).encode()
BOMB = gzip.compress(bytes(2**24)) * (SIZE // 2**24)


class EndlessHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        name = self.headers["Authorization"].removeprefix("Bearer token-of-")
        if not self.path.startswith("/api/eam/sites"):
            self._say(b"{}", 404)
        elif name == "bomb":
            self._say(BOMB, encoding="gzip")
        elif name == "trickle":
            self._trickle()
        else:
            self._say(PAGE)

    def _say(self, body: bytes, status: int = 200, encoding: str = "identity") -> None:
        self.send_response(status)
        self.send_header("Content-Encoding", encoding)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with suppress(ConnectionError):
            self.wfile.write(body)

    def _trickle(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "999999")
        self.end_headers()
        self.connection.settimeout(0.1)
        with suppress(ConnectionError):
            while True:
                self.wfile.write(b" ")
                with suppress(TimeoutError):
                    if self.connection.recv(1) == b"":
                        return

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_the_other_connections_are_complete(reader: Reader) -> None:
    names = ["bomb", "one", "trickle", "two"]
    with ThreadingHTTPServer(("127.0.0.1", 0), EndlessHandler) as server:
        threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
        settings = {
            "api_url": f"http://127.0.0.1:{server.server_port}",
            "connections": [{"name": name, "api_token": f"token-of-{name}"} for name in names],
            "request_timeout_seconds": 1,
            "max_wait_seconds": 1,
        }
        outcome = run(*reader.arguments(settings, ("sites",)), program=WITH_LITTLE_MEMORY)
        server.shutdown()

    assert outcome.code == 3
    came = [(message["record"]["_makini_connection"], message["record"]["key"]) for message in outcome.of("RECORD")]
    assert sorted(came) == [(name, site["key"]) for name in ("one", "two") for site in SITES]
    assert "bomb/sites: the response is larger than 128 MiB" in outcome.last_line
    assert "trickle/sites: the response was not complete after 1 s" in outcome.last_line
