from __future__ import annotations

import socket
from ssl import SSLCertVerificationError
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from loopback import CannedResponse, loopback_server
from requests.adapters import HTTPAdapter
from urllib3.exceptions import MaxRetryError, SSLError
from urllib3.util import parse_url

from tap_makini.connections.admin_api import AdminApi
from tap_makini.errors import (
    CredentialError,
    MakiniError,
    RequestRefusedError,
    TooManyRequestsError,
    TransientError,
    UntouchedError,
)
from tap_makini.http.authenticators import StaticAuthenticator
from tap_makini.http.response import error_for_response
from tap_makini.http.transport import Request, Transport, UnusableNameError, path_segment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from loopback import LoopbackServer


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[LoopbackServer]:
    with loopback_server(monkeypatch, tmp_path) as server:
        yield server


@pytest.fixture
def transport(server: LoopbackServer) -> Transport:
    return Transport(f"{server.url}/", 5.0, "test/1")


def send(transport: Transport, method: str, path: str, token: str | None = None, **request: Any) -> bytes:  # noqa: ANN401
    response = transport.exchange(Request(method, path, **request), token)
    if error := error_for_response(method, response):
        raise error
    return response.content


def test_a_request_has_its_headers_and_its_body(server: LoopbackServer, transport: Transport) -> None:
    send(transport, "GET", "/list", "t0ken", params={"page": "2"})
    send(transport, "POST", "/link/token", form={"a": "b c"})
    send(transport, "POST", "/link/token", document={"a": "b"})
    send(transport, "POST", "/mint", "t0ken")
    get, form, document, bare = server.requests
    assert get[:3] == ("GET", "/list?page=2", "")
    assert get.headers["Authorization"] == bare.headers["Authorization"] == "Bearer t0ken"
    assert (get.headers["User-Agent"], get.headers["Accept"]) == ("test/1", "application/json")
    assert form[:3] == ("POST", "/link/token", "a=b+c")
    assert form.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert document.body.replace(" ", "") == '{"a":"b"}'
    assert document.headers["Content-Type"] == "application/json"
    assert "Authorization" not in form.headers
    assert bare.body == ""


@pytest.mark.parametrize("status", [200, 201])
def test_a_success_gives_the_body(server: LoopbackServer, transport: Transport, status: int) -> None:
    server.responses = [CannedResponse(status, b"body")]
    assert send(transport, "POST", "/x") == b"body"


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (CannedResponse(401), CredentialError),
        (CannedResponse(400), RequestRefusedError),
        (CannedResponse(503), TransientError),
        (CannedResponse(302, headers={"Location": "/elsewhere"}), MakiniError),
        (CannedResponse(200, b"half", length=10), TransientError),
    ],
)
def test_each_response_is_an_error_of_its_kind(
    server: LoopbackServer, transport: Transport, response: CannedResponse, kind: type[MakiniError]
) -> None:
    server.responses = [response]
    with pytest.raises(MakiniError) as caught:
        send(transport, "POST", "/x", "t0ken")
    assert type(caught.value) is kind
    assert "t0ken" not in str(caught.value)
    assert len(server.requests) == 1


def test_too_many_requests_are_not_acted_upon(server: LoopbackServer, transport: Transport) -> None:
    server.responses = [CannedResponse(429, headers={"Retry-After": "7"})]
    with pytest.raises(TooManyRequestsError) as caught:
        send(transport, "POST", "/x")
    assert isinstance(caught.value, UntouchedError)
    assert caught.value.retry_after == 7.0


def test_a_server_that_is_not_reached_has_not_acted() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(UntouchedError):
        send(Transport(f"http://127.0.0.1:{port}", 5.0, "test"), "POST", "/x")


def test_a_connection_that_breaks_later_leaves_open_what_was_done(server: LoopbackServer, transport: Transport) -> None:
    server.hangs_up = True
    with pytest.raises(TransientError) as caught:
        send(transport, "POST", "/x")
    assert not isinstance(caught.value, UntouchedError)


def test_a_certificate_that_is_not_trusted_is_named_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    expired = SSLCertVerificationError()
    expired.verify_message = "certificate has expired"

    def refuse(*_: object, **__: object) -> None:
        raise requests.exceptions.SSLError(MaxRetryError(None, "/x", SSLError(expired)))  # type: ignore[arg-type] # no pool

    monkeypatch.setattr(HTTPAdapter, "send", refuse)
    with pytest.raises(UntouchedError, match=r"certificate is not trusted \(certificate has expired\)"):
        send(Transport("https://api.test", 5.0, "test"), "POST", "/x")


def test_certificates_that_do_not_exist_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/no/such/bundle.pem")
    with pytest.raises(MakiniError, match=r"invalid path: /no/such/bundle.pem") as caught:
        send(Transport("https://127.0.0.1:9", 1.0, "test"), "GET", "/")
    assert caught.value.remedy == "Check REQUESTS_CA_BUNDLE."


def test_a_malformed_address_is_an_error() -> None:
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
def test_a_name_stays_one_segment_of_the_path(server: LoopbackServer, transport: Transport, name: str) -> None:
    send(transport, "POST", f"/before/{path_segment(name)}/after")
    send(transport, "GET", f"/before/{path_segment(name)}/after", "any")
    for request in server.requests:
        _, before, segment, after = request.target.split("/")
        assert (before, unquote(segment), after) == ("before", name, "after")


@pytest.mark.parametrize("name", NO_NAMES)
def test_a_name_that_would_leave_its_place_is_named_and_not_requested(
    server: LoopbackServer, transport: Transport, name: str
) -> None:
    server.responses = [CannedResponse(200, b'{"token":"t0ken"}')]
    with pytest.raises(UnusableNameError) as caught:
        path_segment(name)
    assert repr(name) in str(caught.value)
    with pytest.raises(CredentialError) as refused:
        AdminApi(transport, StaticAuthenticator("t0ken"), 0.0).mint(name)
    assert repr(name) in str(refused.value)
    assert server.requests == []


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
