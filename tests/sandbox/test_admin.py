"""The sandbox's Admin API, used by the tap's own authenticators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from makini_sandbox import Behaviour, ManualClock
from makini_sandbox.tokens import CLIENT_ID, CLIENT_SECRET
from tap_makini.connections.admin_api import AdminApi, AdminAuthenticator
from tap_makini.connections.refreshing import RefreshingAuthenticator
from tap_makini.connections.token_store import TokenStore
from tap_makini.errors import CredentialError
from tap_makini.http.transport import Transport

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Client, Serve

TOKENS = {f"token-{name}": name for name in ("Ash", "Birch", "Cedar", "Dogwood", "Elm")}


def transport(client: Client) -> Transport:
    return Transport(client.sandbox.url, 10.0, "test")


def admin(client: Client, secret: str = CLIENT_SECRET) -> AdminApi:
    return AdminApi(transport(client), AdminAuthenticator(transport(client), CLIENT_ID, secret, 0.0), 0.0)


def status(client: Client, token: str) -> int:
    client.token = token
    return client.page("work-orders").status_code


@pytest.mark.parametrize("expires_in", ["duration", "epoch", "epoch_text"])
def test_connections_are_listed_and_tokens_minted(serve: Serve, expires_in: Any) -> None:  # noqa: ANN401 - a literal
    behaviour = Behaviour(admin_page_size=2, expires_in=expires_in, connection_statuses={"Birch": "Inactive"})
    client = serve(rows=1, connections=TOKENS, behaviour=behaviour)
    listing = admin(client).list_connections()
    assert [connection.name for connection in listing.active] == ["Ash", "Cedar", "Dogwood", "Elm"]
    assert listing.inactive == [("Birch", "Inactive")]
    token = listing.active[1].authenticator.token()
    assert status(client, token) == 200
    assert client.sandbox.requests[-1].connection == "Cedar"
    assert [request.query for request in client.sandbox.requests[1:4]] == [{}, {"page": "2"}, {"page": "3"}]


@pytest.mark.parametrize("pages", ["ignored", "refused"])
def test_pages_of_connections_may_not_work(serve: Serve, pages: Any) -> None:  # noqa: ANN401 - a literal
    client = serve(rows=1, connections=TOKENS, behaviour=Behaviour(admin_page_size=2, admin_pages=pages))
    assert len(admin(client).list_connections().active) == 2


@pytest.mark.parametrize("seconds", [300, 20])
def test_a_token_expires_after_its_seconds(serve: Serve, seconds: int) -> None:
    client = serve(rows=1, connections=TOKENS, behaviour=Behaviour(token_seconds=seconds))
    clock = client.sandbox.clock
    assert isinstance(clock, ManualClock)
    token = admin(client).list_connections().active[0].authenticator.token()
    clock.advance(seconds - 1)
    assert status(client, token) == 200
    clock.advance(1)
    assert status(client, token) == 401


def test_refused_tokens_are_renewed(serve: Serve) -> None:
    client = serve(rows=1, connections=TOKENS)
    tokens = admin(client).list_connections().active[0].authenticator
    refused = tokens.token()
    client.sandbox.tokens.expire_all()
    assert status(client, refused) == 401
    assert tokens.renew(refused, was_accepted=False)
    assert status(client, tokens.token()) == 200


def test_a_removed_connection_gets_no_token(serve: Serve) -> None:
    client = serve(rows=1, connections=TOKENS)
    connection = admin(client).list_connections().active[0]
    token = connection.authenticator.token()
    del client.sandbox.connections["token-Ash"]
    assert status(client, token) == 401
    assert not connection.authenticator.renew(token, was_accepted=False)
    with pytest.raises(CredentialError, match="404"):
        connection.authenticator.token()


def test_a_wrong_client_secret_is_refused(serve: Serve) -> None:
    with pytest.raises(CredentialError, match="client_secret"):
        admin(serve(rows=1), "wrong-secret").list_connections()


def test_a_pair_is_refreshed_once(serve: Serve, tmp_path: Path) -> None:
    client = serve(rows=1)
    first = client.sandbox.tokens.begin_pair(client.sandbox.connections[client.sandbox.token])

    def authenticator(file: str) -> RefreshingAuthenticator:
        return RefreshingAuthenticator(
            transport(client),
            TokenStore(str(tmp_path / file)),
            client_id=CLIENT_ID,
            client_secret=CLIENT_SECRET,
            refresh_token=first,
            max_wait=0.0,
        )

    tokens = authenticator("pair.json")
    old = tokens.token()
    assert status(client, old) == 200
    assert tokens.renew(old, was_accepted=False)
    assert (status(client, old), status(client, tokens.token())) == (401, 200)
    with pytest.raises(CredentialError, match="does not accept the refresh token"):
        authenticator("other.json").token()
