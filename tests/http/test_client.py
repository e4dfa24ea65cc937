"""The client over a real socket, since headers, redirects and cut bodies are what they are only on the wire."""

from __future__ import annotations

import json
import logging
import socket
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from cli.jumping_clock import jumping_clock

from tap_makini.errors import BadBodyError, CredentialError, EntityAbsentError, MakiniError, TransientError
from tap_makini.http.authenticators import StaticAuthenticator
from tap_makini.http.client import Client, RequestStats
from tap_makini.http.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN = "s3cret-token"  # noqa: S105 - opens nothing
PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@dataclass
class Answer:
    """What the server sends back; with `length` other than None it promises so many bytes."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None


class Server(ThreadingHTTPServer):
    """Gives answers, one after the other and the last one again and again, and keeps what it was asked.

    Attributes:
        answers: The answers.
        asked: The request lines' targets with the headers of each request.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers = [Answer()]
        self.asked: list[tuple[str, dict[str, str]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers.items())))
        answer = self.server.answers.pop(0) if len(self.server.answers) > 1 else self.server.answers[0]
        self.send_response_only(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body) if answer.length is None else answer.length))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's interface
        """Keep quiet."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in PROXY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def waits() -> Iterator[list[float]]:
    """Note waits instead of waiting."""
    with jumping_clock() as clock:
        yield clock.waits


def client_of(url: str, **changes: Any) -> Client:  # noqa: ANN401 - arguments of any type
    transport: dict[str, Any] = {"api_url": url, "timeout": 10, "user_agent": "acme/1.0"}
    transport |= {name: changes.pop(name) for name in transport.keys() & changes.keys()}
    return Client(Transport(**transport), StaticAuthenticator(TOKEN), **{"max_wait": 0, **changes})


def ask(client: Client) -> bytes:
    return client.get("/api/eam/assets", {"page": "1"}, bytes)


# --- what is sent ----------------------------------------------------------------------------------


def test_headers(server: Server) -> None:
    ask(client_of(server.url))
    ((_, headers),) = server.asked

    assert headers["Authorization"] == f"Bearer {TOKEN}"
    assert headers["Accept"] == "application/json"
    assert headers["User-Agent"] == "acme/1.0"


@pytest.mark.parametrize("slashes", ["", "/", "/base", "/base/"])
def test_address(server: Server, slashes: str) -> None:
    client = client_of(server.url + slashes)
    params = {"page": "2", "filter[updatedAt:gteq]": "2025-01-02T03:04:05Z"}
    client.get("/api/eam/purchase-orders.line-items", params, bytes)
    client.get("/api/eam/assets", {}, bytes)
    base = slashes.rstrip("/")

    assert [target for target, _ in server.asked] == [
        f"{base}/api/eam/purchase-orders.line-items?page=2&filter%5BupdatedAt%3Agteq%5D=2025-01-02T03%3A04%3A05Z",
        f"{base}/api/eam/assets",
    ]


def test_a_cursor_may_hold_any_character(server: Server) -> None:
    client_of(server.url).get("/x", {"cursor": "a&b=c d+ü#"}, bytes)

    assert server.asked[0][0] == "/x?cursor=a%26b%3Dc+d%2B%C3%BC%23"


def test_netrc_does_not_replace_the_token(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    ask(client_of(server.url))

    assert server.asked[0][1]["Authorization"] == f"Bearer {TOKEN}"


def test_a_proxy_of_the_environment_is_used(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", server.url)
    ask(client_of("http://makini.example"))

    assert server.asked[0][0] == "http://makini.example/api/eam/assets?page=1"


# --- what comes back -------------------------------------------------------------------------------


def test_the_body_is_given_to_what_reads_it(server: Server) -> None:
    server.answers = [Answer(body=b'{"data":[1,2]}')]

    assert client_of(server.url).get("/x", {}, lambda body: json.loads(body)["data"]) == [1, 2]


def test_a_redirect_is_refused_and_the_token_goes_nowhere_else(server: Server) -> None:
    server.answers = [Answer(302, headers={"Location": f"{server.url}/elsewhere"})]

    with pytest.raises(MakiniError, match=r"302.*redirects: check the setting api_url"):
        ask(client_of(server.url))
    assert len(server.asked) == 1


@pytest.mark.parametrize("location", ["http://[", "//", "\x80", "javascript:"])
def test_a_redirect_to_nowhere_is_refused_all_the_same(server: Server, location: str) -> None:
    server.answers = [Answer(302, headers={"Location": location})]

    with pytest.raises(MakiniError, match="api_url"):
        ask(client_of(server.url))


@pytest.mark.parametrize(("status", "kind"), [(401, CredentialError), (404, EntityAbsentError)])
def test_an_error_for_good_is_not_repeated(server: Server, status: int, kind: type[MakiniError]) -> None:
    server.answers = [Answer(status, b'{"message":"why"}', {"X-Request-Id": "id-1"})]

    with pytest.raises(kind, match=f"{status} .why. .Makini request id id-1."):
        ask(client_of(server.url, max_wait=900))
    assert len(server.asked) == 1


def test_a_passing_trouble_is_waited_out_and_told(
    server: Server, waits: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    busy = Answer(429, b'{"message":"slow down"}', {"Retry-After": "7"})
    server.answers = [busy, Answer(503), Answer(body=b"done")]

    with caplog.at_level(logging.WARNING):
        assert ask(client_of(server.url, max_wait=900)) == b"done"
    assert len(server.asked) == 3
    assert waits[0] >= 7
    assert "/api/eam/assets" in caplog.text
    assert "429 (slow down)" in caplog.text
    assert TOKEN not in caplog.text


def test_a_body_that_its_reader_does_not_trust_is_asked_for_again(server: Server, waits: list[float]) -> None:
    server.answers = [Answer(body=b"bad"), Answer(body=b"good")]

    def read(body: bytes) -> bytes:
        if body == b"bad":
            raise BadBodyError("the body is no JSON list")
        return body

    stats = RequestStats()

    assert client_of(server.url, max_wait=900).get("/x", {}, read, stats) == b"good"
    assert stats == RequestStats(requests=2, repeats=1, waited=sum(waits))


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (Answer(body=b'{"data":[', length=5_000), "the response was cut off"),
        (Answer(body=b"no gzip", headers={"Content-Encoding": "gzip"}), "the response was cut off"),
    ],
    ids=["cut", "undecodable"],
)
def test_a_cut_answer_is_a_passing_trouble(server: Server, answer: Answer, cause: str) -> None:
    server.answers = [answer]

    with pytest.raises(TransientError, match=cause):
        ask(client_of(server.url))


def test_a_server_that_does_not_answer_is_a_passing_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = client_of(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.01)
        with pytest.raises(TransientError, match="no response within request_timeout_seconds"):
            ask(client)


def test_a_server_that_is_not_there_is_a_passing_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as soon_gone:
        url = f"http://127.0.0.1:{soon_gone.getsockname()[1]}"

    with pytest.raises(TransientError, match=r"connection failed \(Connection refused\)\. Check the setting api_url"):
        ask(client_of(url))


@pytest.mark.parametrize(
    "changes", [{"api_url": "http://*.example"}, {"user_agent": "a\nb"}, {"user_agent": "\u2603"}], ids=str
)
def test_a_request_that_cannot_be_made_is_an_error_for_good(changes: dict[str, Any]) -> None:
    with pytest.raises(MakiniError, match="no request could be made") as caught:
        ask(client_of(**{"url": "http://127.0.0.1:1", "max_wait": 900, **changes}))

    assert not isinstance(caught.value, TransientError)
    assert TOKEN not in str(caught.value)


# --- the server's clock ----------------------------------------------------------------------------


def date(offset: timedelta) -> str:
    return format_datetime(datetime.now(timezone.utc) + offset, usegmt=True)


@pytest.mark.parametrize("ahead", [timedelta(hours=-3), timedelta(days=3)])
def test_the_skew_of_the_clock_is_that_of_the_last_response(server: Server, ahead: timedelta) -> None:
    client = client_of(server.url)
    assert client.clock_skew == timedelta(0)
    server.answers = [Answer(headers={"Date": date(ahead)}), Answer()]

    ask(client)
    assert ahead - timedelta(minutes=1) < client.clock_skew <= ahead
    ask(client)
    assert client.clock_skew == timedelta(0)


@pytest.mark.parametrize("text", ["", "now", "2025-01-02T03:04:05Z", f"Wed, 01 Jan 2025 00:00:00 +{9**20}"])
def test_a_date_that_cannot_be_read_says_nothing_of_the_clock(server: Server, text: str) -> None:
    server.answers = [Answer(headers={"Date": text})]
    client = client_of(server.url)
    ask(client)

    assert client.clock_skew == timedelta(0)
