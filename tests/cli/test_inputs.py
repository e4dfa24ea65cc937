from __future__ import annotations

import io
import json

import pytest

from tap_makini.inputs import InputError, checked_catalog, checked_state, settings_from_environment
from tap_makini.settings import SETTINGS


@pytest.mark.parametrize("text", ["", "{nope", "nope", '{"bookmarks": {}', "[" * 100_000])
def test_a_text_that_is_not_json(text: str) -> None:
    with pytest.raises(InputError, match="The state is not JSON"):
        checked_state(io.StringIO(text))
    with pytest.raises(InputError, match="The catalog is not JSON"):
        checked_catalog(io.StringIO(text))


@pytest.mark.parametrize("text", ["[]", "null", "7", '"state"'])
def test_json_that_is_no_object(text: str) -> None:
    with pytest.raises(InputError, match="must be a JSON object"):
        checked_state(io.StringIO(text))
    with pytest.raises(InputError, match="must be a JSON object"):
        checked_catalog(io.StringIO(text))


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(InputError, match="The state is not JSON"):
        checked_state(io.TextIOWrapper(io.BytesIO(b"\xff\xfe\x00"), encoding="utf-8"))


@pytest.mark.parametrize("streams", [[{}], [7], 7])
def test_an_object_that_is_no_catalog(streams: object) -> None:
    with pytest.raises(InputError, match="The catalog is damaged"):
        checked_catalog(io.StringIO(json.dumps({"streams": streams})))


def test_what_is_sound_can_be_read_again() -> None:
    text = '{"bookmarks": {}}'
    assert checked_state(io.StringIO(text)).read() == text


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
def test_environment_variables(monkeypatch: pytest.MonkeyPatch, name: str, text: str, value: object) -> None:
    monkeypatch.setenv(f"SOME_TAP_{name.upper()}", text)
    assert settings_from_environment(SETTINGS, "SOME_TAP_") == {name: value}
