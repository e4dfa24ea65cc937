from __future__ import annotations

import socket
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLCertVerificationError
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from urllib3.exceptions import MaxRetryError, SSLError
from urllib3.util import parse_url

from tap_makini.connections.admin_api import AdminApi
from tap_makini.errors import CredentialError, MakiniError, RequestRefusedError, TransientError
from tap_makini.http.authenticators import StaticAuthenticator
from tap_makini.http.transport import (
    Request,
    Transport,
    UntouchedError,
    UnusableNameError,
    error_for_response,
    path_segment,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass
class Answer:
    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None


class Server(ThreadingHTTPServer):
    daemon_threads = True
    answer = Answer()

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str, str, dict[str, str]]] = []


class Handler(BaseHTTPRequestHandler):
    server: Server

    def respond(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        self.server.asked.append((self.command, self.path, body, dict(self.headers)))
        answer = self.server.answer
        self.send_response(answer.status)
        length = len(answer.body) if answer.length is None else answer.length
        for name, value in {**answer.headers, "Content-Length": str(length)}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    do_GET = do_POST = respond  # noqa: N815 - the names that the server looks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the server's name for it
        """Say nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def transport(server: Server) -> Transport:
    return Transport(f"http://127.0.0.1:{server.server_port}/", 5.0, "test/1")


def send(transport: Transport, method: str, path: str, token: str | None = None, **request: Any) -> bytes:  # noqa: ANN401
    asked = Request(method, path, **request)
    response = transport.exchange(asked, token)
    if error := error_for_response(asked, response):
        raise error
    return response.content


def test_what_is_sent(server: Server, transport: Transport) -> None:
    send(transport, "GET", "/list", "t0ken", params={"page": "2"})
    send(transport, "POST", "/link/token", form={"a": "b c"})
    send(transport, "POST", "/link/token", document={"a": "b"})
    send(transport, "POST", "/mint", "t0ken")
    (get, form, document, bare) = server.asked
    assert get[:3] == ("GET", "/list?page=2", "")
    assert get[3]["Authorization"] == bare[3]["Authorization"] == "Bearer t0ken"
    assert (get[3]["User-Agent"], get[3]["Accept"]) == ("test/1", "application/json")
    assert form[:3] == ("POST", "/link/token", "a=b+c")
    assert form[3]["Content-Type"] == "application/x-www-form-urlencoded"
    assert document[2].replace(" ", "") == '{"a":"b"}'
    assert document[3]["Content-Type"] == "application/json"
    assert "Authorization" not in form[3]
    assert bare[2] == ""


@pytest.mark.parametrize("status", [200, 201])
def test_success_gives_the_body(server: Server, transport: Transport, status: int) -> None:
    server.answer = Answer(status, b"body")
    assert send(transport, "POST", "/x") == b"body"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(401), CredentialError),
        (Answer(400), RequestRefusedError),
        (Answer(503), TransientError),
        (Answer(302, headers={"Location": "/elsewhere"}), MakiniError),
        (Answer(200, b"half", length=10), TransientError),
    ],
)
def test_trouble(server: Server, transport: Transport, answer: Answer, kind: type[MakiniError]) -> None:
    server.answer = answer
    with pytest.raises(MakiniError) as caught:
        send(transport, "POST", "/x", "t0ken")
    assert type(caught.value) is kind
    assert "t0ken" not in str(caught.value)
    assert len(server.asked) == 1


def test_too_many_requests_are_not_acted_upon(server: Server, transport: Transport) -> None:
    server.answer = Answer(429, headers={"Retry-After": "7"})
    with pytest.raises(UntouchedError) as caught:
        send(transport, "POST", "/x")
    assert caught.value.retry_after == 7.0


def test_unreached_server_has_not_acted() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(UntouchedError):
        send(Transport(f"http://127.0.0.1:{port}", 5.0, "test"), "POST", "/x")


def test_connection_that_breaks_later_leaves_it_open_what_was_done(server: Server, transport: Transport) -> None:
    server.RequestHandlerClass = HangingUp
    with pytest.raises(TransientError) as caught:
        send(transport, "POST", "/x")
    assert not isinstance(caught.value, UntouchedError)


class HangingUp(Handler):
    def respond(self) -> None:
        self.close_connection = True

    do_GET = do_POST = respond  # noqa: N815 - the names that the server looks for


def test_a_certificate_that_is_not_trusted_is_named_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    expired = SSLCertVerificationError()
    expired.verify_message = "certificate has expired"

    def refuse(*_: object, **__: object) -> None:
        raise requests.exceptions.SSLError(MaxRetryError(None, "/x", SSLError(expired)))  # type: ignore[arg-type] # no pool

    monkeypatch.setattr(requests.Session, "send", refuse)
    with pytest.raises(UntouchedError, match=r"certificate is not trusted \(certificate has expired\)"):
        send(Transport("https://api.test", 5.0, "test"), "POST", "/x")


def test_address_that_is_none() -> None:
    with pytest.raises(MakiniError, match="no request could be made"):
        send(Transport("nonsense", 5.0, "test"), "POST", "/x")


# --- names in paths --------------------------------------------------------------------------------

ODD_NAMES = [
    "...",
    "a..b",
    "..a",
    "%2e%2e",
    "%2E",
    "a%2Fb",
    "a%252Fb",
    "/BIC/X",
    "a/b",
    "a//b",
    "a/",
    "a\\b",
    "a?b=c&d",
]
ODD_NAMES += [
    "#1",
    "a;b",
    "a b",
    " ",
    "100%",
    "Ünï",
    "表",
    "a\x00b",
    "\r\nHost: x",
    "~",
    "[x]",
    "{key}",
    "@",
    ":",
    "a|b",
]
NO_NAMES = ["", ".", "..", "../token", "../../token", "a/..", "a/../b", "./a", "a/.", "a\\..\\b", "..\\a", "\ud800"]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_name_stays_one_segment_of_the_path(server: Server, transport: Transport, name: str) -> None:
    send(transport, "POST", f"/before/{path_segment(name)}/after")
    send(transport, "GET", f"/before/{path_segment(name)}/after", "any")
    for _, target, _, _ in server.asked:
        _, before, segment, after = target.split("/")
        assert (before, unquote(segment), after) == ("before", name, "after")


@pytest.mark.parametrize("name", NO_NAMES)
def test_a_name_that_would_leave_its_place_is_named_and_not_asked_for(
    server: Server, transport: Transport, name: str
) -> None:
    server.answer = Answer(200, b'{"token":"t0ken"}')
    with pytest.raises(UnusableNameError) as caught:
        path_segment(name)
    assert repr(name) in str(caught.value)
    with pytest.raises(CredentialError) as refused:
        AdminApi(transport, StaticAuthenticator("t0ken"), 0.0).mint(name)
    assert repr(name) in str(refused.value)
    assert server.asked == []


@given(st.text(st.characters(), max_size=12) | st.text("./\\%2eEfF;?#\ud800", max_size=6))
def test_any_name_stays_in_its_place_or_is_refused(name: str) -> None:
    try:
        segment = path_segment(name)
    except UnusableNameError:
        return
    prepared = requests.Request("GET", f"http://api.test/before/{segment}/after").prepare()
    for url in (prepared.url, parse_url(f"{prepared.url}").url):
        *_, before, sent, after = f"{url}".split("/")
        assert (before, unquote(sent), after) == ("before", name, "after")
    decoded = unquote(prepared.path_url).replace("\\", "/").split("/")
    assert not {".", ".."} & {*decoded}
