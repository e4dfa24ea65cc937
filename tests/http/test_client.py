"""The client over a real socket, since headers, redirects and cut bodies are what they are only on the wire."""

from __future__ import annotations

import json
import logging
import os
import socket
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest
from cli.jumping_clock import jumping_clock
from loopback import CannedResponse, loopback_server
from scripted_transport import ScriptedTransport, in_turn

from tap_makini.errors import BadBodyError, CredentialError, EntityAbsentError, MakiniError, TransientError
from tap_makini.http.authenticators import StaticAuthenticator
from tap_makini.http.client import Client, RequestStats
from tap_makini.http.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from loopback import LoopbackServer

TOKEN = "s3cret-token"  # noqa: S105 - opens nothing


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[LoopbackServer]:
    with loopback_server(monkeypatch, tmp_path) as server:
        yield server


@pytest.fixture
def waits() -> Iterator[list[float]]:
    """Note waits instead of waiting."""
    with jumping_clock() as clock:
        yield clock.waits


def client_of(url: str, **changes: Any) -> Client:  # noqa: ANN401 - arguments of any type
    transport: dict[str, Any] = {"api_url": url, "timeout": 10, "user_agent": "acme/1.0"}
    transport |= {name: changes.pop(name) for name in transport.keys() & changes.keys()}
    return Client(Transport(**transport), StaticAuthenticator(TOKEN), **{"max_wait": 0, **changes})


def get(client: Client) -> bytes:
    return client.get("/api/eam/assets", {"page": "1"}, bytes)


# --- what is sent ----------------------------------------------------------------------------------


def test_a_request_has_token_media_type_and_user_agent(server: LoopbackServer) -> None:
    get(client_of(server.url))
    [request] = server.requests
    headers = request.headers

    assert headers["Authorization"] == f"Bearer {TOKEN}"
    assert headers["Accept"] == "application/json"
    assert headers["User-Agent"] == "acme/1.0"


@pytest.mark.parametrize("slashes", ["", "/", "/base", "/base/"])
def test_an_address_is_joined_with_path_and_parameters(server: LoopbackServer, slashes: str) -> None:
    client = client_of(server.url + slashes)
    params = {"page": "2", "filter[updatedAt:gteq]": "2025-01-02T03:04:05Z"}
    client.get("/api/eam/purchase-orders.line-items", params, bytes)
    client.get("/api/eam/assets", {}, bytes)
    base = slashes.rstrip("/")

    assert [request.target for request in server.requests] == [
        f"{base}/api/eam/purchase-orders.line-items?page=2&filter%5BupdatedAt%3Agteq%5D=2025-01-02T03%3A04%3A05Z",
        f"{base}/api/eam/assets",
    ]


def test_a_cursor_may_hold_any_character(server: LoopbackServer) -> None:
    client_of(server.url).get("/x", {"cursor": "a&b=c d+ü#"}, bytes)

    assert server.requests[0].target == "/x?cursor=a%26b%3Dc+d%2B%C3%BC%23"


def test_netrc_does_not_replace_the_token(server: LoopbackServer) -> None:
    assert "NETRC" in os.environ
    get(client_of(server.url))

    assert server.requests[0].headers["Authorization"] == f"Bearer {TOKEN}"


def test_a_proxy_of_the_environment_is_used(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", server.url)
    get(client_of("http://makini.example"))

    assert server.requests[0].target == "http://makini.example/api/eam/assets?page=1"


def test_the_variable_no_proxy_is_honored(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    get(client_of(server.url))

    assert server.requests[0].target == "/api/eam/assets?page=1"


def test_a_cookie_is_not_sent_back(server: LoopbackServer) -> None:
    server.responses = [CannedResponse(headers={"Set-Cookie": "session=1; Path=/"})]
    client = client_of(server.url)
    get(client)
    get(client)

    assert "Cookie" not in server.requests[1].headers


def test_credentials_in_the_address_do_not_replace_the_token(server: LoopbackServer) -> None:
    get(client_of(server.url.replace("//", "//somebody:password@")))

    assert server.requests[0].headers["Authorization"] == f"Bearer {TOKEN}"


# --- what comes back -------------------------------------------------------------------------------


def test_the_body_is_passed_to_the_reader(server: LoopbackServer) -> None:
    server.responses = [CannedResponse(body=b'{"data":[1,2]}')]

    assert client_of(server.url).get("/x", {}, lambda body: json.loads(body)["data"]) == [1, 2]


def test_a_redirect_is_refused_and_the_token_goes_nowhere_else(server: LoopbackServer) -> None:
    server.responses = [CannedResponse(302, headers={"Location": f"{server.url}/elsewhere"})]

    with pytest.raises(MakiniError, match=r"302.*redirects: check the setting api_url"):
        get(client_of(server.url))
    assert len(server.requests) == 1


@pytest.mark.parametrize("location", ["http://[", "//", "\x80", "javascript:"])
def test_a_redirect_to_nowhere_is_refused_all_the_same(server: LoopbackServer, location: str) -> None:
    server.responses = [CannedResponse(302, headers={"Location": location})]

    with pytest.raises(MakiniError, match=r"302.*redirects: check the setting api_url"):
        get(client_of(server.url))


@pytest.mark.parametrize(("status", "kind"), [(401, CredentialError), (404, EntityAbsentError)])
def test_a_permanent_error_is_not_repeated(server: LoopbackServer, status: int, kind: type[MakiniError]) -> None:
    server.responses = [CannedResponse(status, b'{"message":"why"}', {"X-Request-Id": "id-1"})]

    with pytest.raises(kind, match=f"{status} .why. .Makini request id id-1."):
        get(client_of(server.url, max_wait=900))
    assert len(server.requests) == 1


def test_a_transient_error_is_waited_out_and_logged(
    server: LoopbackServer, waits: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    busy = CannedResponse(429, b'{"message":"slow down"}', {"Retry-After": "7"})
    server.responses = [busy, CannedResponse(503), CannedResponse(body=b"done")]

    with caplog.at_level(logging.WARNING):
        assert get(client_of(server.url, max_wait=900)) == b"done"
    assert len(server.requests) == 3
    assert waits[0] >= 7
    assert "/api/eam/assets" in caplog.text
    assert "429 (slow down)" in caplog.text
    assert TOKEN not in caplog.text


@pytest.mark.usefixtures("waits")
@pytest.mark.parametrize(
    ("owner", "named"), [(None, "/api/eam/assets again: "), ("acme", "/api/eam/assets of acme again: ")]
)
def test_the_log_says_whose_request_is_retried(
    server: LoopbackServer, caplog: pytest.LogCaptureFixture, owner: str | None, named: str
) -> None:
    server.responses = [CannedResponse(503), CannedResponse(body=b"done")]
    with caplog.at_level(logging.WARNING):
        assert get(client_of(server.url, max_wait=900, owner=owner)) == b"done"
    assert f" s before requesting {named}" in caplog.text


def test_a_bad_body_is_requested_again(server: LoopbackServer, waits: list[float]) -> None:
    server.responses = [CannedResponse(body=b"bad"), CannedResponse(body=b"good")]

    def read(body: bytes) -> bytes:
        if body == b"bad":
            raise BadBodyError("the body is no JSON list")
        return body

    stats = RequestStats()

    assert client_of(server.url, max_wait=900).get("/x", {}, read, stats) == b"good"
    assert stats == RequestStats(requests=2, retries=1, waited=sum(waits))


@pytest.mark.timeout(20)
@pytest.mark.parametrize("error", [TransientError("reset"), MakiniError("too large", ""), KeyboardInterrupt()])
def test_a_request_without_a_response_does_not_block_the_next_one(error: BaseException) -> None:
    client = Client(ScriptedTransport(in_turn(error, b"{}")), StaticAuthenticator(TOKEN), max_wait=0)
    client.rate_limiter.release(client.rate_limiter.acquire(1), {}, TransientError("503", retry_after=0.0))
    with pytest.raises(type(error)):
        get(client)

    assert get(client) == b"{}"


@pytest.mark.parametrize(
    ("response", "cause"),
    [
        (CannedResponse(body=b'{"data":[', length=5_000), "the response was cut off"),
        (CannedResponse(body=b"no gzip", headers={"Content-Encoding": "gzip"}), "the response was cut off"),
    ],
    ids=["cut", "undecodable"],
)
def test_a_cut_response_is_a_transient_error(server: LoopbackServer, response: CannedResponse, cause: str) -> None:
    server.responses = [response]

    with pytest.raises(TransientError, match=cause):
        get(client_of(server.url))


def test_no_response_is_a_transient_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = client_of(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.01)
        with pytest.raises(TransientError, match="no response within request_timeout_seconds"):
            get(client)


def test_a_refused_connection_is_a_transient_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as soon_gone:
        url = f"http://127.0.0.1:{soon_gone.getsockname()[1]}"

    with pytest.raises(TransientError, match=r"connection failed \(Connection refused\)\. Check the setting api_url"):
        get(client_of(url))


@pytest.mark.parametrize(
    "changes", [{"api_url": "http://*.example"}, {"user_agent": "a\nb"}, {"user_agent": "\u2603"}], ids=str
)
def test_a_request_that_cannot_be_made_is_a_permanent_error(changes: dict[str, Any]) -> None:
    with pytest.raises(MakiniError, match="no request could be made") as caught:
        get(client_of(**{"url": "http://127.0.0.1:1", "max_wait": 900, **changes}))

    assert not isinstance(caught.value, TransientError)
    assert TOKEN not in str(caught.value)


# --- the server's clock ----------------------------------------------------------------------------


def date(offset: timedelta) -> str:
    return format_datetime(datetime.now(timezone.utc) + offset, usegmt=True)


@pytest.mark.parametrize("ahead", [timedelta(hours=-3), timedelta(days=3)])
def test_clock_skew_is_that_of_the_last_response(server: LoopbackServer, ahead: timedelta) -> None:
    client = client_of(server.url)
    assert client.clock_skew == timedelta(0)
    server.responses = [CannedResponse(headers={"Date": date(ahead)}), CannedResponse()]

    get(client)
    assert ahead - timedelta(minutes=1) < client.clock_skew <= ahead
    get(client)
    assert client.clock_skew == timedelta(0)


@pytest.mark.parametrize("text", ["", "now", "2025-01-02T03:04:05Z", f"Wed, 01 Jan 2025 00:00:00 +{9**20}"])
def test_an_unreadable_date_means_no_clock_skew(server: LoopbackServer, text: str) -> None:
    server.responses = [CannedResponse(headers={"Date": text})]
    client = client_of(server.url)
    get(client)

    assert client.clock_skew == timedelta(0)
