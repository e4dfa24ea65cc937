from __future__ import annotations

import random
from typing import Any

import pytest
from scripted_transport import Asked, ScriptedTransport

from tap_makini.connections.admin_api import AdminApi
from tap_makini.connections.connection import ConnectionEntry, named_connections, pick
from tap_makini.errors import BadBodyError, CredentialError, EntityAbsentError, MakiniError, RequestRefusedError
from tap_makini.http.authenticators import StaticAuthenticator


def entry(key: str, name: str | None = None, status: str | None = "Active", created_at: str = "") -> dict[str, Any]:
    return {"key": key, "name": name, "status": status, "created_at": created_at, "email": "a@b.example"}


class Api:
    """An Admin API with so many connections a page.

    Args:
        entries: The connections.
        size: How many on a page.
        pages: What becomes of the parameter `page`: it works, is ignored, or is refused.
        meta: Whether there is a `meta`.
    """

    def __init__(self, entries: list[Any], size: int = 100, pages: str = "work", *, meta: bool = True) -> None:
        self._entries = entries
        self._size = size
        self._pages = pages
        self._meta = meta
        self.transport = ScriptedTransport(self._respond)
        self.admin = AdminApi(self.transport, StaticAuthenticator("admin"), 0.0)

    def _respond(self, asked: Asked) -> Any:  # noqa: ANN401 - JSON or an error
        if asked.method == "POST":
            return {"token": f"token-of-{asked.path.split('/')[-2]}"}
        if self._pages == "refused" and "page" in asked.sent:
            return RequestRefusedError("the server answered 422", "Report it.")
        number = int(asked.sent.get("page", "1")) if self._pages == "work" else 1
        total = len(self._entries)
        body: dict[str, Any] = {"data": self._entries[(number - 1) * self._size : number * self._size]}
        if self._meta:
            body["meta"] = {"current_page": number, "last_page": -(-total // self._size), "total": total}
        return body

    def names(self) -> list[str | None]:
        return [connection.name for connection in self.admin.list_connections().active]


SEVEN = [entry(f"k{number}", f"Plant {number}") for number in range(7)]
PLANTS = [f"Plant {number}" for number in range(7)]


@pytest.mark.parametrize("meta", [True, False])
def test_all_pages_are_read(meta: bool) -> None:  # noqa: FBT001 - the case
    api = Api(SEVEN, size=3, meta=meta)
    assert api.names() == PLANTS
    assert len(api.transport.asked) == (3 if meta else 4)
    assert api.transport.asked[0].sent == {}


def test_a_single_page_costs_a_single_request() -> None:
    api = Api(SEVEN)
    assert api.names() == PLANTS
    assert len(api.transport.asked) == 1


@pytest.mark.parametrize(("pages", "requests"), [("ignored", 2), ("refused", 3)])
def test_pages_that_do_not_work_end_the_list_and_what_is_missing_is_said(
    pages: str, requests: int, caplog: pytest.LogCaptureFixture
) -> None:
    api = Api(SEVEN, size=3, pages=pages)
    assert api.names() == PLANTS[:3]
    assert len(api.transport.asked) == requests
    assert "lists 3 of 7 connections" in caplog.text


def test_a_page_that_is_forbidden_is_an_error() -> None:
    listed = {"data": SEVEN[:3], "meta": {"last_page": 3}}
    forbidden = EntityAbsentError("the server answered 403", "Deselect it.")
    transport = ScriptedTransport(lambda asked: forbidden if "page" in asked.sent else listed)
    with pytest.raises(MakiniError, match="page 2 is not available: the server answered 403"):
        AdminApi(transport, StaticAuthenticator("admin"), 0.0).list_connections()


def test_a_list_that_says_that_more_connections_follow_logs_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    listed = {"data": SEVEN[:3], "links": {"next": "/?page=2"}}
    admin = AdminApi(ScriptedTransport(lambda _: listed), StaticAuthenticator("admin"), 0.0)
    assert len(admin.list_connections().active) == 3
    assert "lists 3 of more connections" in caplog.text


def test_only_active_connections_are_read_and_the_others_named() -> None:
    statuses = ["ACTIVE", "active", "Inactive", "Pending", "In progress", None]
    api = Api([entry(f"k{number}", f"P{number}", status) for number, status in enumerate(statuses)])
    listing = api.admin.list_connections()
    assert [connection.name for connection in listing.active] == ["P0", "P1", "P5"]
    assert listing.inactive == [("P2", "Inactive"), ("P3", "Pending"), ("P4", "In progress")]


def test_each_connection_has_a_token_of_its_own() -> None:
    api = Api([entry("k1", "One"), entry("k2", "Two")])
    listing = api.admin.list_connections()
    assert len(api.transport.asked) == 1, "a token is minted only when it is needed"
    assert [connection.authenticator.token() for connection in listing.active] == ["token-of-k1", "token-of-k2"]


def test_equal_names_are_kept_apart_whatever_the_order() -> None:
    twins = [
        entry("aaaaaaaaaa1", "Acme", created_at="2025-03-01T00:00:00Z"),
        entry("bbbbbbbbbb2", "Acme", created_at="2025-01-01T00:00:00Z"),
        entry("aaaaaaaaaa3", " Acme ", status="Inactive", created_at="2025-04-01T00:00:00Z"),
        entry("cccc", "", created_at="2025-05-01T00:00:00Z"),
    ]
    for seed in range(5):
        random.Random(seed).shuffle(twins)  # noqa: S311 - no secret
        listing = Api(twins).admin.list_connections()
        tokens = {connection.name: connection.authenticator.token() for connection in listing.active}
        assert tokens == {
            "Acme": "token-of-bbbbbbbbbb2",
            "Acme (aaaaaaaa)": "token-of-aaaaaaaaaa1",
            "cccc": "token-of-cccc",
        }
        assert listing.inactive == [("Acme (aaaaaaaaaa3)", "Inactive")]


def test_a_name_stays_when_a_twin_is_created() -> None:
    first = entry("zz", "Acme", created_at="2025-01-01T00:00:00Z")
    second = entry("aa", "Acme", created_at="2025-02-01T00:00:00Z")
    assert Api([first]).names() == ["Acme"]
    assert Api([second, first]).names() == ["Acme", "Acme (aa)"]


def test_entries_without_a_key_are_skipped(caplog: pytest.LogCaptureFixture) -> None:
    assert Api([{"name": "x"}, "text", None, {"id": 7, "name": "Seven"}]).names() == ["Seven"]
    assert "without a key" in caplog.text


@pytest.mark.parametrize("body", [b"<html>", b"{}", b'{"data":null}', b'{"data":{}}', b"7"])
def test_a_response_without_a_list_is_refused(body: bytes) -> None:
    admin = AdminApi(ScriptedTransport(lambda _: body), StaticAuthenticator("admin"), 0.0)
    with pytest.raises(BadBodyError):
        admin.list_connections()


def test_a_refused_list_names_the_client() -> None:
    refusal = EntityAbsentError("the server answered 403", "Deselect it.")
    admin = AdminApi(ScriptedTransport(lambda _: refusal), StaticAuthenticator("admin"), 0.0)
    with pytest.raises(CredentialError, match="client_id"):
        admin.list_connections()


CONNECTIONS = [
    ConnectionEntry(name, StaticAuthenticator("t0ken")) for name in ("Acme East", "Acme West", "Beta [old]", "Gamma")
]


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        ([], ["Acme East", "Acme West", "Beta [old]", "Gamma"]),
        (["Gamma", "Acme East"], ["Acme East", "Gamma"]),
        (["Acme*"], ["Acme East", "Acme West"]),
        (["Beta [old]"], ["Beta [old]"]),
        (["!Acme*"], ["Beta [old]", "Gamma"]),
        (["Acme*", "!*West"], ["Acme East"]),
        (["acme*"], []),
    ],
)
def test_connection_names_pick_by_pattern(patterns: list[str], names: list[str]) -> None:
    assert [connection.name for connection in pick(CONNECTIONS, patterns)] == names


def test_a_pattern_that_matches_nothing_is_named(caplog: pytest.LogCaptureFixture) -> None:
    pick(CONNECTIONS, ["Gamma", "Delta", "!Epsilon"])
    assert "'Delta'" in caplog.text
    assert "'Epsilon'" in caplog.text
    assert "'Gamma'" not in caplog.text


def test_connections_of_the_settings_have_the_tokens_set_there() -> None:
    (connection,) = named_connections([{"name": "One", "api_token": "t0ken"}])
    assert (connection.name, connection.authenticator.token()) == ("One", "t0ken")
