from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from singer_sdk.plugin_base import JSONSchemaValidator

from tap_makini.config import SECRETS, SETTINGS, Settings, credential_faults, faults, secrets
from tap_makini.config_schema import settings_from_environment
from tap_makini.entities import PRODUCTS
from tap_makini.timestamps import parse_timestamp

TOKEN = {"api_token": "abcd-1234"}
MARK = "v4lu3"
INTEGERS = ["lookback_minutes", "page_size", "max_wait_seconds", "request_timeout_seconds"]
TEXTS = ["api_token", "api_url", "start_date", "user_agent"]


def faults_of(config: dict[str, Any]) -> list[str]:
    given_config = copy.deepcopy(config)  # the validator fills in defaults
    return faults(JSONSchemaValidator(SETTINGS).iter_errors(given_config), given_config)


# --- what is right ---------------------------------------------------------------------------------


def test_a_token_is_all_that_has_to_be_set() -> None:
    assert faults_of(TOKEN) == []
    assert Settings.from_config(TOKEN).api_url == "https://api.makini.io"
    assert Settings.from_config(TOKEN).products == PRODUCTS
    assert Settings.from_config(TOKEN).start_date is None


def test_null_stands_for_the_default() -> None:
    nulls = dict.fromkeys(SETTINGS["properties"]) | TOKEN

    assert faults_of(nulls) == []
    assert Settings.from_config(nulls) == Settings.from_config(TOKEN)


def test_every_setting_has_title_and_description() -> None:
    for name, declared in SETTINGS["properties"].items():
        assert {"title", "description"} <= declared.keys(), name


@pytest.mark.parametrize(
    "config",
    [
        {"start_date": "2025-01-31"},
        {"start_date": "2025-01-31T10:00:00+02:00"},
        {"api_url": "http://localhost:8080/makini/"},
        {"api_url": "https://[::1]:8443"},
        {"products": ["wms"]},
        {"lookback_minutes": 0, "max_wait_seconds": 0, "page_size": 1, "request_timeout_seconds": 1},
        {"user_agent": "acme-elt/1.0 (data@acme.example)"},
        {"emit_activate_version_messages": True},
    ],
)
def test_right_settings_are_accepted(config: dict[str, Any]) -> None:
    assert faults_of(TOKEN | config) == []


def test_whole_numbers_may_be_written_with_a_fraction_of_zero() -> None:
    settings = Settings.from_config(TOKEN | {"page_size": 50.0})

    assert faults_of(TOKEN | {"page_size": 50.0}) == []
    assert str(settings.page_size) == "50"


def test_values_are_checked_ones() -> None:
    settings = Settings.from_config(TOKEN | {"start_date": "2025-01-31T02:00:00+02:00", "products": ["erp", "eam"]})

    assert settings.start_date == parse_timestamp("2025-01-31")
    assert settings.products == ("erp", "eam")


def test_a_list_of_one_text_may_be_given_as_that_text() -> None:
    assert Settings.from_config(TOKEN | {"openapi_file": "a.json"}).openapi_file == ("a.json",)
    assert Settings.from_config(TOKEN | {"openapi_file": ["a.json", "b.json"]}).openapi_file == ("a.json", "b.json")


def test_secrets_are_found_whatever_the_types_are() -> None:
    assert {"api_token", "client_secret", "refresh_token"} <= set(SECRETS)
    entries = [{"name": "a", "api_token": "tok-1"}, {"name": "b", "api_token": 7}, "tok-2"]
    config = {"api_token": "tok-0", "connections": entries, "client_id": "me", "client_secret": "mine"}
    assert list(secrets(config)) == ["tok-0", "tok-1", 7, "tok-2", "mine", None]
    assert list(secrets({"connections": "tok-3"})) == [None, None, None]


# --- what is wrong ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "named"),
    [
        ({"api_token": "two words"}, "api_token"),
        ({"api_token": ""}, "api_token"),
        ({"api_token": "line\n"}, "api_token"),
        ({"api_token": "tökén"}, "api_token"),
        ({"api_url": "api.makini.io"}, "api_url"),
        ({"api_url": "ftp://api.makini.io"}, "api_url"),
        ({"api_url": "https://"}, "api_url"),
        ({"api_url": "https://host:port"}, "api_url"),
        ({"api_url": "https://host:99999"}, "api_url"),
        ({"api_url": "https://host/?a=b"}, "api_url"),
        ({"api_url": "https://host/#a"}, "api_url"),
        ({"api_url": "https://[::1"}, "api_url"),
        ({"api_url": "https://host name"}, "api_url"),
        ({"api_url": "https://host\n"}, "api_url"),
        ({"start_date": "31.01.2025"}, "start_date"),
        ({"start_date": "2025-02-30"}, "start_date"),
        ({"user_agent": ""}, "user_agent"),
        ({"user_agent": "a\r\nX-Other: b"}, "user_agent"),
        ({"user_agent": " a"}, "user_agent"),
        ({"user_agent": "ü"}, "user_agent"),
        ({"products": "eam"}, "products"),
        ({"products": ["eam", "crm"]}, "products.1"),
        ({"page_size": 0}, "page_size"),
        ({"page_size": 10_001}, "page_size"),
        ({"page_size": True}, "page_size"),
        ({"page_size": 1.5}, "page_size"),
        ({"lookback_minutes": -1}, "lookback_minutes"),
        ({"lookback_minutes": 10**15}, "lookback_minutes"),
        ({"request_timeout_seconds": 10**12}, "request_timeout_seconds"),
        ({"max_wait_seconds": 10**9}, "max_wait_seconds"),
        ({"emit_activate_version_messages": "yes"}, "emit_activate_version_messages"),
    ],
)
def test_a_wrong_value_is_named_by_its_setting(config: dict[str, Any], named: str) -> None:
    (fault,) = faults_of(TOKEN | config)

    assert fault.startswith(f"Setting {named}: must be ")


def test_all_faults_are_found_at_once() -> None:
    config = {"api_url": "x", "page_size": "many", "products": ["eam", "crm"], "start_date": "soon", "page_sise": 5}

    assert [" ".join(fault.split()[:3]) for fault in faults_of(config)] == [
        "Setting api_token: missing.",
        "Setting api_url: must",
        "Setting page_sise: unknown.",
        "Setting page_size: must",
        "Setting products.1: must",
        "Setting start_date: must",
    ]


marked = st.text(max_size=8).map(lambda text: f"{MARK} {text}")
unlikely = st.integers(10**17, 10**18) | st.integers(-(10**18), -(10**17))
anything = st.one_of(
    marked,
    unlikely,
    st.lists(marked, min_size=1, max_size=2),
    st.dictionaries(marked.map(str), marked, min_size=1, max_size=2),
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys([*TEXTS, *INTEGERS, "products"], anything)).filter(bool))
def test_no_message_holds_a_value(config: dict[str, Any]) -> None:
    messages = faults_of(TOKEN | config)
    joined = " ".join(messages)

    assert messages or config.keys() == {"user_agent"}  # which any visible text can be
    assert MARK not in joined
    for value in config.values():
        assert not isinstance(value, int) or str(value) not in joined
    for name, value in config.items():
        if name != "user_agent" or not isinstance(value, str):
            assert name in joined


@given(st.text(min_size=1).filter(lambda text: not text.isascii() or not text.isprintable() or " " in text))
def test_a_token_that_no_header_can_carry_is_refused_without_being_shown(token: str) -> None:
    (fault,) = faults_of({"api_token": f"{MARK}{token}"})

    assert MARK not in fault


# --- from the environment --------------------------------------------------------------------------


def from_environment(monkeypatch: pytest.MonkeyPatch, **variables: str) -> dict[str, Any]:
    for name in SETTINGS["properties"]:
        monkeypatch.delenv(f"TAP_MAKINI_{name.upper()}", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(f"TAP_MAKINI_{name.upper()}", value)
    return settings_from_environment(SETTINGS, "TAP_MAKINI_")


def test_a_variable_is_read_as_its_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    config = from_environment(
        monkeypatch,
        api_token="abcd-1234",  # noqa: S106 - opens nothing
        products='["wms", "eam"]',
        page_size="50",
        emit_activate_version_messages="true",
        start_date="2025-01-31",
    )
    settings = Settings.from_config(config)

    assert faults_of(config) == []
    assert (settings.products, settings.page_size) == (("wms", "eam"), 50)
    assert settings.emit_activate_version_messages
    assert settings.start_date == parse_timestamp("2025-01-31")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("page_size", "7", 7),
        ("page_size", "abc", "abc"),
        ("page_size", "", ""),
        ("products", '["eam"]', ["eam"]),
        ("products", "eam,erp", ["eam", "erp"]),
        ("emit_activate_version_messages", "True", True),
        ("emit_activate_version_messages", "off", False),
        ("emit_activate_version_messages", "perhaps", "perhaps"),
        ("api_token", "abc", "abc"),
    ],
)
def test_variables_are_named_after_their_settings(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str, value: object
) -> None:
    monkeypatch.setenv(f"SOME_TAP_{name.upper()}", text)
    assert settings_from_environment(SETTINGS, "SOME_TAP_") == {name: value}


@pytest.mark.parametrize("text", ["false", "0", "no"])
def test_flags_of_the_environment_can_be_off(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    config = from_environment(monkeypatch, emit_activate_version_messages=text)

    assert config["emit_activate_version_messages"] is False


def test_wrong_values_of_the_environment_are_named_like_all_others(monkeypatch: pytest.MonkeyPatch) -> None:
    config = from_environment(
        monkeypatch, page_size=f"{MARK} many", emit_activate_version_messages=f"{MARK} maybe", api_url=MARK
    )
    messages = faults_of(TOKEN | config)

    assert [message.split()[1].rstrip(":") for message in messages] == [
        "api_url",
        "emit_activate_version_messages",
        "page_size",
    ]
    assert MARK not in " ".join(messages)


@pytest.mark.parametrize(
    ("config", "fault"),
    [
        ({}, "Setting api_token: missing. Set it, connections, or client_id and client_secret."),
        (
            {"api_token": None},
            "Setting api_token: missing. Set it, connections, or client_id and client_secret.",
        ),
        (
            {"connections": []},
            "Setting api_token: missing. Set it, connections, or client_id and client_secret.",
        ),
        ({"client_id": "me"}, "Setting client_secret: missing. client_id needs it."),
        ({"client_secret": "mine"}, "Setting client_id: missing. client_secret needs it."),
        (
            {"client_id": "me", "client_secret": "mine", "refresh_token": "once"},
            "Setting token_file: missing. refresh_token needs it.",
        ),
        (
            TOKEN | {"client_id": "me", "client_secret": "mine"},
            "Settings api_token and client_id: both are set. Set only one of them.",
        ),
        (
            {"connections": [{"name": "a", "api_token": "tok-1"}, {"name": "a", "api_token": "tok-2"}]},
            "Setting connections: each name must be unique.",
        ),
        (
            {"connections": [{"name": "", "api_token": "tok-1"}]},
            "Setting connections: a name is empty.",
        ),
        (
            {"connections": [{"name": "a", "api_token": "two words"}]},
            ("Setting connections.0.api_token: must be visible characters without spaces, as Makini issues them."),
        ),
        ({"connections": [{"name": "a"}]}, "Setting connections.0.api_token: missing."),
    ],
)
def test_whose_data_to_read_must_be_said_in_one_whole_way(config: dict[str, Any], fault: str) -> None:
    assert faults_of(config) == [fault]


def test_discovery_needs_no_credential_but_takes_no_half_of_one() -> None:
    assert list(credential_faults({}, is_complete=False)) == []
    assert list(credential_faults({"client_id": "me"}, is_complete=False)) != []
