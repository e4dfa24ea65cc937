"""Responses without end, in size or in time, over a real socket."""

from __future__ import annotations

import socket
import threading
import time
import tracemalloc
import zlib
from contextlib import contextmanager, suppress
from itertools import chain, repeat
from typing import TYPE_CHECKING

import pytest
from loopback import use_no_proxies

from tap_makini.errors import CredentialError, MakiniError, TransientError, UnreachableError
from tap_makini.http import adapter, transport
from tap_makini.http.authenticators import StaticAuthenticator
from tap_makini.http.client import Client
from tap_makini.http.response import Response, error_for_response
from tap_makini.http.transport import Request, Transport
from tap_makini.openapi import DocumentError, location
from tap_makini.openapi.location import Location

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

MOST = 2**16
LONG = 0.2
PACE = 0.01
MANY = 200
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
GZIP = b"Content-Encoding: gzip\r\n"
CHUNK = b"1000\r\n" + bytes(0x1000) + b"\r\n"
TIMEOUT = 10.0


class Peer:
    """A server that sends the parts it is given, on any number of connections.

    Attributes:
        parts: What it sends, bit by bit, in response to each request.
        pace: Seconds between two parts.
        connections: How many were made.
        left: Set once a client has closed a connection before all was sent.
    """

    def __init__(self, listener: socket.socket) -> None:
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self.parts: Callable[[], Iterable[bytes]] = lambda: [OK, b"Content-Length: 2\r\n\r\n{}"]
        self.pace = 0.0
        self.connections = 0
        self.left = threading.Event()
        self._listener = listener
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):  # the listener is closed
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while self._hears_a_request(connection):
                for part in self.parts():
                    if self.pace and _has_closed(connection, self.pace):
                        self.left.set()
                        return
                    try:
                        connection.sendall(part)
                    except OSError:
                        self.left.set()
                        return

    @staticmethod
    def _hears_a_request(connection: socket.socket) -> bool:
        heard = b""
        while b"\r\n\r\n" not in heard:
            more = connection.recv(4096)
            if not more:
                return False
            heard += more
        return True


def _has_closed(connection: socket.socket, seconds: float) -> bool:
    connection.settimeout(seconds)
    try:
        return connection.recv(1) == b""
    except TimeoutError:
        return False
    finally:
        connection.settimeout(None)


@pytest.fixture
def peer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Peer]:
    use_no_proxies(monkeypatch)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield Peer(listener)


@contextmanager
def no_more_memory_than(most: int) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < most


@pytest.fixture
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "MAX_BYTES", MOST)
    monkeypatch.setattr(transport, "MAX_BYTES", MOST)
    monkeypatch.setattr(transport, "_MAX_TOKEN_BYTES", MOST)
    monkeypatch.setattr(location, "MOST_BYTES", MOST)


def bomb(size: int) -> bytes:
    squeezer = zlib.compressobj(9, wbits=31)
    return b"".join(squeezer.compress(bytes(2**20)) for _ in range(size // 2**20)) + squeezer.flush()


BOMB = bomb(64 * 2**20)
ENDLESS: dict[str, Callable[[], Iterable[bytes]]] = {
    "announced": lambda: [OK, b"Content-Length: 999999999999\r\n\r\n", *repeat(bytes(MOST), 1000)],
    "until closed": lambda: [OK, b"Connection: close\r\n\r\n", *repeat(bytes(MOST), 1000)],
    "chunked": lambda: [OK, CHUNKED, *repeat(CHUNK, 10_000)],
    "bomb": lambda: [OK, GZIP, b"Content-Length: %d\r\n\r\n" % len(BOMB), BOMB],
    "bomb in chunks": lambda: [OK, GZIP, CHUNKED, b"%x\r\n" % len(BOMB), BOMB, *repeat(CHUNK, 10_000)],
    "trailers": lambda: chain([OK, CHUNKED, b"0\r\n"], repeat(b"X-Trailer: x\r\n", 1_000_000)),
    "chunk extensions": lambda: [OK, CHUNKED, *repeat(b"1;" + bytes(1000) + b"\r\nx\r\n", 100_000)],
}


@pytest.mark.usefixtures("_small")
@pytest.mark.parametrize(
    ("way", "kind"), [*(("get", kind) for kind in ENDLESS), ("post", "announced"), ("post", "bomb")]
)
def test_a_response_that_is_too_large_is_an_error_for_good(peer: Peer, kind: str, way: str) -> None:
    peer.parts = ENDLESS[kind]
    with no_more_memory_than(30 * MOST), pytest.raises(MakiniError, match=r"larger than 0.0625 MiB") as caught:
        ask(peer, way)
    assert not isinstance(caught.value, TransientError)
    assert kind == "bomb" or peer.left.wait(TIMEOUT)  # a bomb has been sent by then


def ask(peer: Peer, way: str = "get") -> bytes:
    chosen = Transport(peer.url, LONG if peer.pace else TIMEOUT, "test")
    return send(chosen, way)


def send(chosen: Transport, way: str = "get", seconds: float = 0.0) -> bytes:
    request = Request(way.upper(), "/x", deadline=time.monotonic() + seconds)
    response = chosen.exchange(request, "any")
    if error := error_for_response(request.method, response):
        raise error
    return response.content


@pytest.mark.usefixtures("_small")
@pytest.mark.parametrize("size", [0, 1, MOST - 500])
@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_response_of_allowed_size_comes_whole_and_the_connection_is_kept(
    peer: Peer, size: int, *, is_chunked: bool
) -> None:
    body = bytes(size)
    length = CHUNKED if is_chunked else b"Content-Length: %d\r\n\r\n" % size
    framed = (b"%x\r\n%b\r\n" % (size, body) if size else b"") + b"0\r\n\r\n"
    peer.parts = lambda: [OK, length, framed if is_chunked else body]
    kept = Transport(peer.url, TIMEOUT, "test")
    assert [send(kept) for _ in range(3)] == [body] * 3
    assert peer.connections == 1


@pytest.mark.usefixtures("_small")
def test_after_a_response_that_is_too_large_the_next_one_is_read(peer: Peer) -> None:
    ordinary, peer.parts = peer.parts, ENDLESS["announced"]
    kept = Transport(peer.url, TIMEOUT, "test")
    with pytest.raises(MakiniError, match="larger than"):
        send(kept)
    peer.parts = ordinary
    assert send(kept) == b"{}"
    assert peer.connections == 2


@pytest.mark.parametrize(
    ("status", "kind"), [(b"401 No", CredentialError), (b"503 Later", TransientError), (b"302 There", MakiniError)]
)
@pytest.mark.parametrize("way", ["get", "post"])
def test_of_a_refusal_without_end_the_status_counts(
    peer: Peer, status: bytes, kind: type[MakiniError], way: str
) -> None:
    head = b"HTTP/1.1 %b\r\nLocation: /x\r\n" % status
    peer.parts = lambda: [head, CHUNKED, *repeat(CHUNK, 10_000)]
    with no_more_memory_than(30 * MOST), pytest.raises(kind, match=f"answered {status[:3].decode()}"):
        ask(peer, way)
    assert peer.left.wait(TIMEOUT)


# --- time ------------------------------------------------------------------------------------------


def trickling(before: bytes, drop: bytes = b"x") -> Callable[[], Iterable[bytes]]:
    return lambda: [before, *repeat(drop, MANY)]


SLOW = {
    "status line": trickling(b"HTTP/1.1 200 "),
    "headers": trickling(OK),
    "header lines": trickling(OK, b"X-More: x\r\n"),
    "continue": trickling(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "body": trickling(OK + b"Content-Length: 1000000\r\n\r\n"),
    "body until closed": trickling(OK + b"Connection: close\r\n\r\n"),
    "chunks": trickling(OK + CHUNKED, b"1\r\nx\r\n"),
    "size of a chunk": trickling(OK + CHUNKED, b"0"),
    "trailers": trickling(OK + CHUNKED + b"0\r\n", b"X-More: x\r\n"),
    "refusal": trickling(b"HTTP/1.1 500 No\r\nContent-Length: 1000000\r\n\r\n"),
    "stopped": lambda: [OK, b"Content-Length: 9\r\n\r\n", *repeat(b"", MANY)],
}


@pytest.mark.parametrize(("way", "kind"), [*(("get", kind) for kind in SLOW), ("post", "headers"), ("post", "body")])
def test_a_server_that_never_comes_to_an_end_is_given_up_in_time(peer: Peer, kind: str, way: str) -> None:
    peer.parts, peer.pace = SLOW[kind], PACE
    began = time.monotonic()
    with pytest.raises(UnreachableError, match="not complete after"):
        ask(peer, way)
    assert LONG <= time.monotonic() - began < MANY * PACE / 2
    assert peer.left.wait(TIMEOUT)


def test_a_proxy_that_never_comes_to_an_end_is_given_up_in_time(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    peer.parts, peer.pace = SLOW["headers"], PACE
    monkeypatch.setenv("https_proxy", peer.url)
    with pytest.raises(UnreachableError, match="not complete after"):
        send(Transport("https://api.test", LONG, "test"))


def test_a_server_that_is_slow_may_take_the_time_that_there_is(peer: Peer) -> None:
    drops = 50
    peer.parts = lambda: [OK, b"Content-Length: %d\r\n\r\n" % drops, *repeat(b"x", drops)]
    peer.pace = PACE
    slow = Transport(peer.url, drops * PACE / 2, "test")
    assert send(slow, seconds=TIMEOUT) == b"x" * drops


def test_the_time_is_what_is_left_of_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a clock that only waits and responses move."""
    now = [0.0]
    given: list[float] = []

    class Busy(Transport):
        def exchange(self, request: Request, token: str | None = None) -> Response:  # noqa: ARG002 - the interface
            given.append(request.deadline - now[0])
            now[0] += 25
            return Response(503, {"Retry-After": "10"}, b"")

    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    client = Client(Busy("http://api.test", 1.0, "test"), StaticAuthenticator("any"), max_wait=100)
    with pytest.raises(MakiniError):
        client.get("/x", {}, bytes)
    assert len(given) > 1
    assert given == sorted(given, reverse=True)
    assert (given[0], given[1] < 70) == (100, True)


# --- documents -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("_small")
@pytest.mark.parametrize("kind", ["announced", "bomb"])
def test_a_document_is_bounded_in_size(peer: Peer, kind: str) -> None:
    peer.parts = ENDLESS[kind]
    with no_more_memory_than(30 * MOST), pytest.raises(DocumentError, match="larger than"):
        Location(f"{peer.url}/api.json").fetch(TIMEOUT, "test")


@pytest.mark.parametrize("kind", ["headers", "body"])
def test_a_document_is_bounded_in_time(peer: Peer, kind: str) -> None:
    peer.parts, peer.pace = SLOW[kind], PACE
    with pytest.raises(DocumentError, match="not complete after"):
        Location(f"{peer.url}/api.json").fetch(LONG, "test")
    assert peer.left.wait(TIMEOUT)


def test_redirects_to_a_document_are_bounded(peer: Peer) -> None:
    """A redirect whose own body has no end leads on; one that leads to itself does not for ever."""
    peer.parts = lambda: [b"HTTP/1.1 302 There\r\nLocation: /x\r\n", CHUNKED, *repeat(CHUNK, 1000)]
    with no_more_memory_than(60 * MOST), pytest.raises(DocumentError, match="too many redirects"):
        Location(f"{peer.url}/api.json").fetch(TIMEOUT, "test")
