"""Tokens that a run gets for itself: minted, renewed, refreshed; and that none of them is shown to anybody."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from cli.harness import run
from cli.jumping_clock import jumping_clock

from makini_sandbox import Behaviour, Fault
from makini_sandbox.admin import connection_key
from makini_sandbox.tokens import CLIENT_ID, CLIENT_SECRET

from .vendor import Manner, Vendor, named, rows_of, token_of

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Reader

NAMES = named(7)
STREAMS = ("sites", "teams", "uom", "vendors")
VENDOR: dict[str, Any] = {"connections": None, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
TOKENS = ("minted-token-", "admin-token-", "access-token-", "refresh-token-", CLIENT_SECRET)


def minted(vendor: Vendor) -> Counter[str]:
    """Count the tokens that were given, by connection."""
    names = {connection_key(name): name for name in vendor.names}
    asked = [one for one in vendor.sandbox.requests if one.method == "POST" and one.status == 200]
    return Counter(names[one.path.split("/")[-2]] for one in asked if "/system/" in one.path)


@pytest.mark.parametrize("expires_in", ["duration", "epoch_text"])
def test_all_active_connections_of_a_vendor_are_read(reader: Reader, expires_in: Any) -> None:  # noqa: ANN401 - a knob
    statuses = {NAMES[2]: "Inactive"}
    behaviour = Behaviour(quirks=False, admin_page_size=3, connection_statuses=statuses, expires_in=expires_in)
    with Vendor(NAMES, behaviour=behaviour) as vendor:
        outcome = reader.read(vendor, *STREAMS, **VENDOR)

    active = [name for name in NAMES if name not in statuses]
    assert outcome.code == 0
    assert set(rows_of(outcome.of("RECORD", "vendors"))) == vendor.held("vendors", active)
    assert [line for line in outcome.logged("WARNING") if NAMES[2] in line and "Inactive" in line]
    assert minted(vendor) == dict.fromkeys(active, 1)


def test_a_token_that_ends_in_the_middle_is_renewed_once(reader: Reader) -> None:
    with Vendor(NAMES[:3], sizes={"vendors": 90}, manners=dict.fromkeys(NAMES[:3], Manner(latency=0.02))) as vendor:
        lists = Counter[str]()

        def expire(*_: object) -> None:
            lists["asked"] += 1
            if lists["asked"] == 9:
                vendor.sandbox.tokens.expire_all()

        vendor.sandbox.on_request(expire)
        outcome = reader.read(vendor, *STREAMS, **VENDOR, page_size=10)

    assert outcome.code == 0
    assert set(rows_of(outcome.of("RECORD", "vendors"))) == vendor.held("vendors")
    assert minted(vendor) == dict.fromkeys(NAMES[:3], 2)
    assert [one.path for one in vendor.sandbox.requests].count("/link/token") == 2


def test_a_refreshed_pair_outlives_the_run(reader: Reader, tmp_path: Path) -> None:
    file = tmp_path / "tokens.json"
    with Vendor(NAMES[:1]) as vendor:
        sandbox = vendor.sandbox
        first = sandbox.tokens.begin_pair(sandbox.connections[sandbox.token])
        settings = {**VENDOR, "refresh_token": first, "token_file": str(file)}

        assert reader.read(vendor, *STREAMS, **settings).code == 0
        assert file.stat().st_mode & 0o777 == 0o600
        assert first not in file.read_text()
        sandbox.tokens.expire_all()
        again = reader.read(vendor, *STREAMS, **settings, level="DEBUG")

    assert again.code == 0
    assert {message["record"]["key"] for message in again.of("RECORD", "vendors")} == {
        key for _, key in vendor.held("vendors")
    }
    stored = json.loads(file.read_text())
    assert "refresh-token-" in json.dumps(stored)
    assert not [token for token in (*TOKENS, first) if token in again.output + again.errors]


FAULTS: list[Fault] = [
    Fault("status", slug="sites", status=418),
    Fault("status", slug="teams", status=500),
    Fault("status", slug="vendors", status=429, retry_after=86_400),
    Fault("not_json", slug="uom", times=4),
    Fault("reset", slug="users"),
    Fault("expire_token", slug="assets", nth=3),
]


@pytest.mark.parametrize("way", [{}, VENDOR], ids=["set", "minted"])
def test_no_token_is_shown(reader: Reader, way: dict[str, Any]) -> None:
    with Vendor(NAMES, manners={NAMES[4]: Manner(status=401), NAMES[5]: Manner(status=403)}) as vendor:
        vendor.sandbox.behaviour.faults = FAULTS
        streams = (*STREAMS, "users", "assets")
        with jumping_clock():
            outcome = reader.read(vendor, *streams, **way, level="DEBUG", max_wait_seconds=3)
        vendor.sandbox.behaviour.faults = FAULTS[:1]
        config = vendor.settings(**way, products=["wms"])
        check = run(
            *reader.arguments({name: value for name, value in config.items() if value is not None}, ()),
            "--test",
            environment={"TAP_MAKINI_LOGLEVEL": "DEBUG"},
        )

    assert (outcome.code, check.code) == (3, 3)
    everything = outcome.output + outcome.errors + check.output + check.errors
    assert not [token for token in (*TOKENS, *map(token_of, NAMES)) if token in everything]


def test_a_wrong_setting_is_named_without_the_tokens(reader: Reader) -> None:
    listed = [{"name": "a", "api_token": "secret one"}, {"name": "a", "api_token": "secret-two", "url": "secret-three"}]
    outcome = run(*reader.arguments({"connections": listed}, ()), "--test")

    assert outcome.code == 1
    assert "connections.0.api_token" in outcome.errors
    assert not [
        word for word in ("secret one", "secret-two", "secret-three") if word in outcome.output + outcome.errors
    ]
