"""Serve the sandbox, from which all programs read, in a process of its own."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

if TYPE_CHECKING:
    from collections.abc import Iterator

_GREETING = re.compile(r"at (?P<url>\S+) with token (?P<token>\S+)")
_QUERIES = ("", "?sort[updatedAt]=0", "?sort[updatedAt]=1")


class Server:
    """A sandbox that is being served.

    Attributes:
        environment: Variables that tell a program where it is.
    """

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._token = token
        self.environment = {"TAP_MAKINI_API_URL": url, "TAP_MAKINI_API_TOKEN": token}

    def warm_up(self) -> None:
        """Generate the rows, and sort them in each order."""
        for query in _QUERIES:
            self._get(f"/api/eam/work-orders{query}")

    def requests_so_far(self) -> int:
        """Return how many requests to the API the server has answered; this one does not count."""
        return len(self._get("/sandbox/requests"))

    def _get(self, path: str) -> Any:  # noqa: ANN401 - any JSON
        request = Request(self._url + path, headers={"Authorization": f"Bearer {self._token}"})  # noqa: S310 - loopback
        with urlopen(request) as response:  # noqa: S310 - loopback
            return json.load(response)


@contextmanager
def serve(rows: int) -> Iterator[Server]:
    """Serve a number of work orders."""
    command = [sys.executable, "-m", "makini_sandbox", "--rows", f"work-orders={rows}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - the sandbox
        greeting = _GREETING.search(process.stdout.readline() if process.stdout else "")
        if greeting is None:
            raise RuntimeError("the sandbox did not start")
        server = Server(greeting["url"], greeting["token"])
        server.warm_up()
        try:
            yield server
        finally:
            process.terminate()
