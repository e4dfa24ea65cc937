"""The API as a vendor with many customers meets it: one sandbox, in which each connection has manners of its own."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse

from makini_sandbox import Behaviour, Sandbox
from makini_sandbox.app import build_app
from makini_sandbox.server import ThreadedServer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from starlette.types import Receive, Scope, Send
    from typing_extensions import Self


@dataclass
class Manner:
    """How the API treats one connection, beside what the sandbox does.

    Attributes:
        latency: Seconds that each response takes.
        status: The status of every response; None for what is asked for.
        limit: Requests until further ones are refused, however long they take; None for any number.
        window: Seconds from the first refusal until there is room again.
        cookie: Whether each response sets one.
        refused: How many requests were refused each time, by when that began.
    """

    latency: float = 0.0
    status: int | None = None
    limit: int | None = None
    window: float = 1.0
    cookie: bool = False
    refused: Counter[float] = field(default_factory=Counter, init=False)
    _closed_at: float | None = field(default=None, init=False)
    _taken: int = field(default=0, init=False)

    def seconds_to_wait(self) -> float:
        """Count a request; returns the seconds until there is room for it, 0 if there is."""
        now = time.monotonic()
        if self._closed_at is not None and now >= self._closed_at + self.window:
            self._closed_at, self._taken = None, 0
        if self.limit is None or self._taken < self.limit:
            self._taken += 1
            return 0.0
        if self._closed_at is None:
            self._closed_at = now
        self.refused[self._closed_at] += 1
        return self._closed_at + self.window - now


@dataclass(frozen=True)
class Exchange:
    """One request under a known token, and its response."""

    connection: str
    path: str
    status: int
    cookies: str | None


class Vendor:
    """A vendor's connections, served while the context is entered.

    Args:
        names: Of the connections.
        manners: How those are treated that are not treated as usual, by name.
        behaviour: Of the sandbox, towards all.
        rows: Rows an entity.
        sizes: Rows of single entities, by slug.

    Attributes:
        sandbox: Holds the data.
        started: The connection of each request so far, with a response or without.
        exchanges: All requests that have got their response.
        most_at_once: The most requests that were under way at the same time.
    """

    def __init__(
        self,
        names: Iterable[str],
        *,
        manners: Mapping[str, Manner] | None = None,
        behaviour: Behaviour | None = None,
        rows: int = 3,
        sizes: Mapping[str, int] | None = None,
    ) -> None:
        behaviour = behaviour or Behaviour(quirks=False)
        connections = {token_of(name): name for name in names}
        self.sandbox = Sandbox(connections=connections, behaviour=behaviour, rows=rows, sizes=sizes)
        self.manners = dict(manners or {})
        self.started: list[str] = []
        self.exchanges: list[Exchange] = []
        self.most_at_once = 0
        self._at_once = 0
        self._app = build_app(self.sandbox)
        self._server = ThreadedServer(self, "127.0.0.1", 0, verbose=False)

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.stop()
        if self.sandbox.failures:
            raise self.sandbox.failures[0]

    @property
    def url(self) -> str:
        """Its address."""
        return self._server.url

    @property
    def names(self) -> list[str]:
        """Names of its connections."""
        return [connection.name for connection in self.sandbox.connections.values()]

    def settings(self, **others: object) -> dict[str, Any]:
        """Give the settings that have all connections read."""
        listed = [{"name": name, "api_token": token_of(name)} for name in self.names]
        return {"api_url": self.url, "connections": listed, **others}

    def held(self, slug: str, names: Iterable[str] | None = None) -> set[tuple[str, str]]:
        """Give connection and key of all rows of an entity."""
        chosen = self.names if names is None else names
        stores = {name: self.sandbox.connections[token_of(name)].store for name in chosen}
        return {(name, key) for name, store in stores.items() for key in store.keys(slug)}

    def requests(self, status: int | None = None) -> Counter[str]:
        """Count the requests of each connection, of one status if it is given."""
        return Counter(one.connection for one in self.exchanges if status in {None, one.status})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode().lower(): text.decode() for name, text in scope["headers"]}
        name = self._name(headers.get("authorization", "").removeprefix("Bearer "))
        manner = self.manners.get(name, Manner())

        async def note(message: Any) -> None:  # noqa: ANN401 - of ASGI
            if message["type"] == "http.response.start":
                self.exchanges.append(Exchange(name, scope["path"], message["status"], headers.get("cookie")))
                if manner.cookie:
                    message["headers"] = [*message["headers"], (b"set-cookie", f"session={name}; Path=/".encode())]
            await send(message)

        self.started.append(name)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            if manner.latency:
                await asyncio.sleep(manner.latency)
            refused = _refusal(manner)
            await (refused or self._app)(scope, receive, note)
        finally:
            self._at_once -= 1

    def _name(self, token: str) -> str:
        found = self.sandbox.connections.get(token) or self.sandbox.tokens.connection(token)
        return found.name if found else ""


def _refusal(manner: Manner) -> JSONResponse | None:
    if manner.status is not None:
        return JSONResponse({"message": "No."}, manner.status)
    if wait := manner.seconds_to_wait():
        return JSONResponse({"message": "Too many."}, 429, {"Retry-After": str(-int(-wait // 1))})
    return None


def token_of(name: str) -> str:
    """Give the token of a connection; no part of it is a part of a name, since parts of tokens are masked too."""
    return f"token/of+{blake2b(name.encode(), digest_size=20).hexdigest()}="


def named(count: int) -> list[str]:
    """Make up names."""
    return [f"plant-{number:03}" for number in range(count)]


def rows_of(messages: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Give connection and key of records."""
    return [(message["record"]["_makini_connection"], message["record"]["key"]) for message in messages]


def summary(errors: str) -> list[dict[str, Any]]:
    """Read the line of the log that is for machines."""
    [line] = [line for line in errors.splitlines() if "Summary: " in line]
    results: list[dict[str, Any]] = json.loads(line.partition("Summary: ")[2])
    return results
