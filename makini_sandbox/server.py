"""Serve an application on a socket of its own, in a thread, until it is stopped."""

from __future__ import annotations

import asyncio
import socket
from threading import Event, Thread
from typing import TYPE_CHECKING

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from makini_sandbox.responses import TRANSPORT

if TYPE_CHECKING:
    from starlette.types import ASGIApp

_BACKLOG = 128
# Longer than any pause of a client, as is usual for servers behind a load balancer.
_KEEP_ALIVE_SECONDS = 75


class _Protocol(HttpToolsProtocol):
    """Gives responses access to the transport, which a fault needs to reset a connection."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {TRANSPORT: {"transport": self.transport}}


class _UvicornServer(uvicorn.Server):
    """Starts and stops without the waits of a server in production."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None

    def stop(self) -> None:
        """Ask the server to stop; safe from any thread."""
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self.ready.set()
        await self._stop.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for sock in sockets or []:
            sock.close()
        for connection in list(self.server_state.connections):
            if connection.transport is not None:
                connection.transport.abort()
        tasks = list(self.server_state.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class ThreadedServer:
    """Serves an application from a thread.

    Attributes:
        url: Where it listens, without a slash at the end.
    """

    def __init__(self, app: ASGIApp, host: str, port: int, *, verbose: bool) -> None:
        self._socket = socket.create_server((host, port), backlog=_BACKLOG)
        self.url = f"http://{host}:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(
            app,
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_config=uvicorn.config.LOGGING_CONFIG if verbose else None,
            log_level="info" if verbose else "critical",
            access_log=verbose,
            date_header=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        )
        self._server = _UvicornServer(config)
        self._thread = Thread(target=self._run, name="makini-sandbox", daemon=True)

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])

    def start(self) -> None:
        """Start, and return when requests are accepted."""
        self._thread.start()
        self._server.ready.wait()

    def stop(self) -> None:
        """Drop all connections and stop."""
        self._server.stop()
        self._thread.join()
