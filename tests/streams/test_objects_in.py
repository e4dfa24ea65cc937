"""The objects of arrays, and what they have of their parents, whatever a source sends in their place."""

from __future__ import annotations

import json
from typing import Any

import conform_strategies as model
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from tap_makini.conform import compile_conformer
from tap_makini.rawjson import members
from tap_makini.streams import ListStream
from tap_makini.sync.lines import Parent, objects_in
from tap_makini.tap import TapMakini

TAP = TapMakini(config={"api_token": "none"})
STREAM = TAP.streams["purchase_orders__line_items"]
CONFORMER = compile_conformer(STREAM.schema, lambda _: True, connection=None)
VALIDATOR = Draft7Validator(STREAM.schema, format_checker=Draft7Validator.FORMAT_CHECKER)
values = model.values.map(str.encode)


def orders() -> ListStream:
    stream = TAP.streams["purchase_orders"]
    assert isinstance(stream, ListStream)
    return stream


def objects_of(array: bytes) -> list[Any]:
    """Return the objects of an array, decoded with all digits."""
    return [model.read(item) for _, item in objects_in(array)]


def wanted(value: Any) -> list[Any]:  # noqa: ANN401 - any JSON
    """Return the objects that a value stands for."""
    items = value if isinstance(value, list) else [value]
    return [item if isinstance(item, dict) else {"value": item} for item in items if item is not None]


@given(array=values)
def test_no_item_is_lost(array: bytes) -> None:
    value = model.read(array)
    if not isinstance(value, str) or isinstance(value, model.Number):
        assert objects_of(array) == wanted(value)


def test_the_position_is_the_place_in_the_array() -> None:
    assert list(objects_in(b'[null,{"a":1},null,2]')) == [(1, b'{"a":1}'), (3, b'{"value":2}')]


@given(array=values, ascii_=st.booleans())
def test_a_text_that_holds_objects_is_read_as_they_are(array: bytes, ascii_: bool) -> None:  # noqa: FBT001 - drawn
    if array.strip()[:1] in {b"[", b"{"}:
        assert objects_of(json.dumps(array.decode(), ensure_ascii=ascii_).encode()) == objects_of(array)


@given(text=model.strings)
def test_a_text_that_holds_none_is_kept(text: str) -> None:
    value = json.loads(text, strict=False)
    if value.strip()[:1] not in {"", "[", "{", "n", "\ufeff"}:
        assert objects_of(text.encode()) == [{"value": value}]


@given(key=values, updated=values, array=values)
def test_every_line_fits_the_schema_and_names_its_parent(key: bytes, updated: bytes, array: bytes) -> None:
    raw = b'{"key":%b,"updatedAt":%b,"lineItems":%b}' % (key, updated, array)
    parent = Parent(raw, orders())
    for position, item in objects_in(parent.parts["lineItems"]):
        line = json.loads(CONFORMER.record(parent.with_parent(item, position)))
        VALIDATOR.validate(line)
        assert line["_makini_position"] == position
        assert line["_makini_parent_key"] == json.loads(parent.key)


@given(raw=values.filter(lambda raw: raw.strip().startswith(b"{")))
@example(raw=b'{"key":[ 1 ]}')
@example(raw=b'{"key":null,"a" : 1}')
def test_the_parents_key_is_that_of_its_own_record(raw: bytes) -> None:
    record = json.loads(orders().conformer(None).record(raw))
    assert json.loads(Parent(raw, orders()).key) == record["key"]


@pytest.mark.parametrize("record", [b"{}", b" { } ", b'{"a":1}', b'\n{ "a" : {} }\t'])
@pytest.mark.parametrize("position", [None, 3])
def test_marks_come_after_what_was_there(record: bytes, position: int | None) -> None:
    marked = Parent(b'{"key":"p","updatedAt":"2024-01-01T00:00:00Z"}', orders()).with_parent(record, position)
    marks = {"_makini_parent_key": "p", "_makini_parent_updated_at": "2024-01-01T00:00:00Z"}
    place = {} if position is None else {"_makini_position": position}
    assert json.loads(marked) == {**json.loads(record), **marks, **place}
    assert next(iter(members(marked))) == "a" or json.loads(record) == {}


def test_depth_is_no_obstacle() -> None:
    deep = b"[" * 50_000 + b"]" * 50_000
    [(_, item)] = objects_in(b"[%b]" % deep)
    assert members(item)["value"] == deep
