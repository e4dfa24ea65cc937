from __future__ import annotations

import io
import json

import pytest

from tap_makini.cli import InputError, checked_catalog, checked_state
from tap_makini.config import SETTINGS
from tap_makini.config_schema import settings_from_environment


@pytest.mark.parametrize("text", ["", "{nope", "nope", '{"bookmarks": {}', "[" * 100_000])
def test_a_text_that_is_not_json(text: str) -> None:
    with pytest.raises(InputError, match="State: not valid JSON"):
        checked_state(io.StringIO(text))
    with pytest.raises(InputError, match="Catalog: not valid JSON"):
        checked_catalog(io.StringIO(text))


@pytest.mark.parametrize("text", ["[]", "null", "7", '"state"'])
def test_json_that_is_no_object(text: str) -> None:
    with pytest.raises(InputError, match="It must be a JSON object"):
        checked_state(io.StringIO(text))
    with pytest.raises(InputError, match="It must be a JSON object"):
        checked_catalog(io.StringIO(text))


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(InputError, match="State: not valid JSON"):
        checked_state(io.TextIOWrapper(io.BytesIO(b"\xff\xfe\x00"), encoding="utf-8"))


def catalog_of(**changes: object) -> dict[str, object]:
    return {"streams": [{"tap_stream_id": "assets", "metadata": [], **changes}]}


@pytest.mark.parametrize(
    ("catalog", "lines"),
    [
        ({}, ["Catalog: 'streams' must be an array."]),
        ({"streams": 7}, ["Catalog: 'streams' must be an array."]),
        (
            {"streams": [7, {}]},
            ["Catalog, stream number 1: Expected 'object'", "Catalog, stream number 2: Object missing"],
        ),
        (catalog_of(tap_stream_id=7), ["Catalog, stream 7: tap_stream_id: Expected 'str'"]),
        (catalog_of(stream="machines"), ["Catalog, stream assets: 'stream' is 'machines', but must be"]),
        (catalog_of(key_properties="key"), ["Catalog, stream assets: key_properties: Expected 'array"]),
        (catalog_of(replication_key=["updatedAt"]), ["Catalog, stream assets: replication_key: Expected 'str"]),
        (catalog_of(replication_method="incremental"), ["Catalog, stream assets: replication_method: Invalid enum"]),
        (catalog_of(metadata={"selected": True}), ["Catalog, stream assets: metadata: Expected 'array'"]),
        (catalog_of(metadata=None), ["Catalog, stream assets: metadata: Expected 'array'"]),
        (catalog_of(metadata=["selected"]), ["Catalog, stream assets: metadata[0]: Expected 'object'"]),
        (
            catalog_of(metadata=[{"metadata": {}}]),
            ["Catalog, stream assets: metadata[0]: Object missing required field 'br"],
        ),
        (
            catalog_of(metadata=[{"breadcrumb": "properties", "metadata": {}}]),
            ["Catalog, stream assets: metadata[0].breadcrumb: Expected 'array'"],
        ),
        (
            catalog_of(metadata=[{"breadcrumb": [], "metadata": {"selected": "false"}}]),
            ["Catalog, stream assets: metadata[0].metadata.selected: Expected 'bool"],
        ),
        (
            catalog_of(metadata=[{"breadcrumb": [], "metadata": {"replication-key": ["updatedAt"]}}]),
            ["Catalog, stream assets: metadata[0].metadata.replication-key: Expected 'str"],
        ),
        (catalog_of(schema=None), ["Catalog, stream assets: schema: Expected 'object'"]),
        (
            catalog_of(schema={"properties": {"key": {}, "name": {"items": {"type": 5}}}}),
            ["Catalog, stream assets: schema.properties.name.items.type: Expected"],
        ),
        ({"streams": [{"tap_stream_id": "assets"}] * 2}, ["Catalog, stream assets: it has 2 entries."]),
    ],
    ids=repr,
)
def test_an_object_that_is_no_catalog(catalog: object, lines: list[str]) -> None:
    with pytest.raises(InputError) as raised:
        checked_catalog(io.StringIO(json.dumps(catalog)))
    assert len(raised.value.args) == len(lines)
    for told, line in zip(raised.value.args, lines, strict=True):
        assert told.startswith(line)
        assert "\n" not in told


@pytest.mark.parametrize(
    "catalog",
    [{"streams": []}, catalog_of(), catalog_of(stream=None), catalog_of(stream="assets", schema={}, row_count=5)],
    ids=repr,
)
def test_a_catalog_may_leave_out_what_is_not_needed(catalog: object) -> None:
    text = json.dumps(catalog)
    assert checked_catalog(io.StringIO(text)).read() == text


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
