"""Bound how much of a response is read, and for how long.

requests bounds neither. Its timeout starts over with each byte, so a server that trickles bytes never times out, in the
headers or in the body; and a body is decoded to its end, though 2 MiB of it may become 2 GiB. So the adapter
below reads each body itself, in pieces, and the socket is read through something that counts bytes and knows when the
response has to be complete. Whatever requests does with a response, such as following its redirect, happens to one
that has been read.
"""

from __future__ import annotations

import functools
import http.client
import io
import math
import time
from contextlib import contextmanager
from contextvars import ContextVar
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple

from requests.adapters import HTTPAdapter

from tap_makini.errors import MakiniError, UnreachableError

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    import requests
    from urllib3 import HTTPConnectionPool, PoolManager

MAX_BYTES = 128 * 2**20
"""The largest body that is read, decoded: a list without pages may be long, and `max_parallel` of them come at once."""

_MAX_ERROR_BYTES = 64 * 2**10
_CHUNK_BYTES = 64 * 2**10


class _Deadline(NamedTuple):
    """When a response has to be complete, by `time.monotonic`, and how long it has had by then."""

    at: float
    seconds: float


_NEVER = _Deadline(math.inf, math.inf)
_deadline = ContextVar("_deadline", default=_NEVER)


@contextmanager
def complete_within(seconds: float) -> Iterator[None]:
    """Bound the time that each request made within the context may take, up to the last byte of its response.

    Resolving the host's name is not bounded. Connecting has its own timeout.

    Args:
        seconds: From now on.
    """
    before = _deadline.set(_Deadline(time.monotonic() + seconds, seconds))
    try:
        yield
    finally:
        _deadline.reset(before)


class BoundedAdapter(HTTPAdapter):
    """Read responses to their end before returning them, within a size and the time of `complete_within`.

    Of a response that refuses the request only the beginning is read: its status says what follows from it, however
    long the body is. A connection on which something is left to be read is closed.

    Args:
        max_bytes: The largest body that is read, decoded.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - the base class's interface
        """Make the manager of connections to servers."""
        super().init_poolmanager(*args, **options)
        _bound(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **options: Any) -> PoolManager:  # noqa: ANN401 - the base class's interface
        """Return the manager of connections to a proxy."""
        manager: PoolManager = super().proxy_manager_for(*args, **options)
        _bound(manager)
        return manager

    def send(self, *args: Any, **options: Any) -> requests.Response:  # noqa: ANN401 - the base class's interface
        """Send a request, and read the response.

        Raises:
            MakiniError: The response is too large.
            UnreachableError: It takes too long.
        """
        response = super().send(*args, **options)
        is_success = HTTPStatus.OK <= response.status_code < HTTPStatus.MULTIPLE_CHOICES
        limit = self._max_bytes if is_success else _MAX_ERROR_BYTES
        chunks: list[bytes] = []
        size = 0
        for chunk in response.iter_content(_CHUNK_BYTES):
            chunks.append(chunk)
            size += len(chunk)
            if size > limit:
                response.close()
                if is_success:
                    raise _too_large(limit)
                break
        response._content = b"".join(chunks)  # noqa: SLF001 - where `content` finds it
        return response


def _too_large(limit: int) -> MakiniError:
    return MakiniError(
        f"the response is larger than {limit / 2**20:g} MiB",
        "Lower page_size; if the list has no pages, report it to Makini.",
    )


def _bound(manager: PoolManager) -> None:
    pools = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {scheme: _bounded(pool) for scheme, pool in pools.items()}


@functools.cache
def _bounded(pool: type[HTTPConnectionPool]) -> type[HTTPConnectionPool]:
    """Derive a pool whose connections read responses within bounds from any kind of pool (TLS, SOCKS)."""
    connection: type = pool.ConnectionCls
    if getattr(connection, "response_class", None) is _Response:
        return pool
    return type("Pool", (pool,), {"ConnectionCls": type("Connection", (connection,), {"response_class": _Response})})


class _Response(http.client.HTTPResponse):
    """Read a response through `_Incoming`, from its status line on."""

    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:  # noqa: ANN401 - the base class's
        super().__init__(sock, *args, **options)
        self.fp = io.BufferedReader(_Incoming(self.fp.detach(), sock), _CHUNK_BYTES)


class _Incoming(io.RawIOBase):
    """The bytes of one response, as they come from the socket.

    Args:
        raw: Reads them.
        sock: Where from, with the timeout for each read.
    """

    def __init__(self, raw: io.RawIOBase, sock: socket.socket) -> None:
        self._raw = raw
        self._sock = sock
        self._timeout = sock.gettimeout() or math.inf
        self._deadline = _deadline.get()
        self._bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401 - anything that holds bytes
        """Read what is there, or wait for it.

        Raises:
            MakiniError: It is too much: headers, trailers and the framing of chunks count.
            UnreachableError: The time is over, though the response has begun.
            TimeoutError: The time is over, and nothing came.
        """
        left = self._deadline.at - time.monotonic()
        if left <= 0:
            raise self._too_slow() if self._bytes else TimeoutError
        if left < self._timeout:
            self._sock.settimeout(left)
        try:
            count = self._raw.readinto(buffer)
        except TimeoutError:
            if left < self._timeout and self._bytes:
                raise self._too_slow() from None
            raise
        self._bytes += count or 0
        if self._bytes > MAX_BYTES:
            raise _too_large(MAX_BYTES)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()

    def _too_slow(self) -> UnreachableError:
        return UnreachableError(
            f"the response was not complete after {self._deadline.seconds:.0f} s",
            "Run again later, or raise max_wait_seconds and request_timeout_seconds.",
        )
