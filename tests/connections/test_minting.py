from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from scripted_transport import Asked, ScriptedTransport, in_turn

from tap_makini.connections.admin_api import AdminApi, AdminAuthenticator, MintingAuthenticator
from tap_makini.errors import CredentialError, EntityAbsentError, TransientError, WaitTooLongError
from tap_makini.http.authenticators import StaticAuthenticator
from tap_makini.http.response import Response

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = 1_772_366_400.0
ADMIN = {"access_token": "admin-1", "expires_in": 3600}
UNAUTHORIZED = CredentialError("the server answered 401", "Check the setting api_token.")


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "time", clock)
    monkeypatch.setattr(time, "monotonic", clock)
    monkeypatch.setattr(time, "sleep", lambda seconds: setattr(clock, "now", clock.now + seconds))
    return clock


class Minter:
    """Give admin tokens, and tokens for connections, each with a number of its own."""

    def __init__(self, expires_in: Any = 300) -> None:  # noqa: ANN401 - any JSON
        self.expires_in = expires_in
        self.minted = 0
        self.admin_tokens = 0

    def __call__(self, asked: Asked) -> Any:  # noqa: ANN401 - JSON or an error
        if asked.path == "/link/token":
            self.admin_tokens += 1
            return {"access_token": f"admin-{self.admin_tokens}", "expires_in": 3600}
        if asked.token != f"admin-{self.admin_tokens}":
            return UNAUTHORIZED
        self.minted += 1
        return {"token": f"minted-{self.minted}", "expires_in": self.expires_in}


def minted(respond: Callable[[Asked], Any], key: str = "k1") -> tuple[MintingAuthenticator, ScriptedTransport]:
    transport = ScriptedTransport(respond)
    admin = AdminApi(transport, AdminAuthenticator(transport, "id", "s3cret-of-client", 10.0), 10.0)
    return MintingAuthenticator(admin, key, "acme"), transport


def test_a_static_token_cannot_be_renewed() -> None:
    source = StaticAuthenticator("t0ken")
    assert (source.token(), source.renew("t0ken", was_accepted=False)) == ("t0ken", False)


def test_two_requests_lead_to_a_minted_token() -> None:
    source, transport = minted(Minter(), "k/1 ä")
    assert source.token() == source.token() == "minted-1"
    credentials = {"grant_type": "client_credentials", "client_id": "id", "client_secret": "s3cret-of-client"}
    assert transport.asked == [
        Asked("POST", "/link/token", None, credentials),
        Asked("POST", "/api/system/connections/k%2F1%20%C3%A4/token", "admin-1", {}),
    ]


@pytest.mark.parametrize("expires_in", [300, "300", NOW + 300, str(int(NOW) + 300)])
def test_a_token_is_minted_anew_shortly_before_its_end(clock: Clock, expires_in: Any) -> None:  # noqa: ANN401 - any JSON
    source, _ = minted(Minter(expires_in))
    source.token()
    clock.now = NOW + 260
    assert source.token() == "minted-1"
    clock.now = NOW + 275
    assert source.token() == "minted-2"


def test_an_unknown_end_is_found_out_by_refusal_only(clock: Clock) -> None:
    source, _ = minted(Minter("soon"))
    source.token()
    clock.now = NOW + 10**8
    assert source.token() == "minted-1"
    assert source.renew("minted-1", was_accepted=False)
    assert source.token() == "minted-2"


def test_a_token_is_renewed_once_and_given_up_when_that_is_refused_too() -> None:
    vendor = Minter()
    source, _ = minted(vendor)
    assert source.renew(source.token(), was_accepted=False)
    assert [source.renew("minted-2", was_accepted=False) for _ in range(3)] == [False] * 3
    assert vendor.minted == 2


def test_an_accepted_token_may_end_and_be_renewed_again_and_again() -> None:
    source, _ = minted(Minter())
    for number in range(1, 6):
        token = source.token()
        assert token == f"minted-{number}"
        assert source.renew(token, was_accepted=True)


def test_a_token_that_has_served_for_a_while_counts_as_accepted(clock: Clock) -> None:
    source, _ = minted(Minter())
    assert source.renew(source.token(), was_accepted=False)
    clock.now += 100
    assert source.renew("minted-2", was_accepted=False)


def test_a_refusal_of_a_token_that_is_gone_already_mints_nothing() -> None:
    vendor = Minter()
    source, _ = minted(vendor)
    source.token()
    assert source.renew("minted-0", was_accepted=False)
    assert vendor.minted == 1


def test_workers_never_mint_at_the_same_time() -> None:
    workers = 16
    vendor = Minter()
    source, _ = minted(vendor)
    all_here = threading.Barrier(workers, timeout=10)

    def work(_: int) -> tuple[str, bool, str]:
        all_here.wait()
        first = source.token()
        all_here.wait()
        return first, source.renew(first, was_accepted=False), source.token()

    with ThreadPoolExecutor(workers) as pool:
        results = set(pool.map(work, range(workers)))
    assert results == {("minted-1", True, "minted-2")}
    assert (vendor.minted, vendor.admin_tokens) == (2, 1)


def test_an_admin_token_is_renewed_when_it_is_refused() -> None:
    vendor = Minter()
    source, transport = minted(vendor)
    other = MintingAuthenticator(source._admin, "k2", "other")  # noqa: SLF001 - two connections of one vendor
    source.token()
    vendor.admin_tokens = 7
    assert other.token() == "minted-2"
    assert transport.asked[-1].token == "admin-8"  # noqa: S105 - made up


def test_a_connection_that_is_gone_is_requested_once() -> None:
    gone = EntityAbsentError("the server answered 404", "Deselect it.")
    source, transport = minted(in_turn(ADMIN, gone))
    for _ in range(3):
        with pytest.raises(CredentialError, match="no token for the connection: the server answered 404"):
            source.token()
    assert len(transport.asked) == 2


def test_a_connection_that_goes_during_the_run_gets_no_new_token(caplog: pytest.LogCaptureFixture) -> None:
    gone = EntityAbsentError("the server answered 404", "Deselect it.")
    source, transport = minted(in_turn(ADMIN, {"token": "minted-1"}, gone))
    with caplog.at_level(logging.WARNING):
        assert not source.renew(source.token(), was_accepted=False)
    assert not source.renew("minted-1", was_accepted=False)
    assert "Makini refused the access token of acme and issues no other:" in caplog.text
    assert len(transport.asked) == 3


def test_minting_is_retried_and_waits_as_asked(clock: Clock) -> None:
    busy = Response(429, {"Retry-After": "5"}, b"")
    source, _ = minted(in_turn(ADMIN, busy, {"token": "minted-1"}))
    assert source.token() == "minted-1"
    assert clock.now >= NOW + 5


def test_an_outage_is_reported_and_may_pass(clock: Clock) -> None:
    outage = [TransientError("the server answered 500", retry_after=6.0)] * 2
    source, _ = minted(in_turn(ADMIN, {"token": "minted-1"}, *outage, {"token": "minted-2"}))
    token = source.token()
    with pytest.raises(WaitTooLongError):
        source.renew(token, was_accepted=False)
    clock.now += 10
    assert source.renew(token, was_accepted=False)
    assert source.token() == "minted-2"


def test_refused_client_credentials_name_the_settings_and_no_secret() -> None:
    error = CredentialError("the server answered 401 (secret s3cret-of-client is wrong)", "Check api_token.", "req-1")
    source, _ = minted(in_turn(error))
    with pytest.raises(CredentialError) as caught:
        source.token()
    story = str(caught.value)
    assert "client_id, client_secret" in story
    assert "req-1" in story
    assert "s3cret-of-client" not in story


def test_an_admin_token_that_is_refused_twice_is_an_error() -> None:
    responses = (ADMIN, UNAUTHORIZED, {"access_token": "admin-2"}, UNAUTHORIZED)
    source, _ = minted(in_turn(*responses))
    with pytest.raises(CredentialError, match="refuses the admin token"):
        source.token()


def test_secrets_are_kept_out_of_the_logs(caplog: pytest.LogCaptureFixture) -> None:
    source, _ = minted(Minter())
    token = source.token()
    logging.getLogger("x").warning("%s and s3cret-of-client", token)
    assert caplog.messages == ["(secret) and (secret)"]
