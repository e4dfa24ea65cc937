from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import conform_strategies as model
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from tap_makini.conform import Drift, NotARecord, compile_conformer, decode_record
from tap_makini.entities import ENTITIES
from tap_makini.schema import load_item_schema, stream_schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import DataObject

CONFORMER = compile_conformer(model.SCHEMA, lambda _: True, connection="acme")
WITHOUT_SECRETS = compile_conformer(model.SCHEMA, lambda path: path[-1] != "secret", connection="acme")
ANY_RECORD = model.records(model.SCHEMA).map(str.encode)

calm = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine fails no test

HOSTILE = (
    b'{"key":"a","number":NaN,"text":Infinity,"new":-Infinity}',
    b'{"key":"a","number":1e400,"integer":9223372036854775808,"open":{"x":-1e999}}',
    b'{"key":"a","text":"\\ud800","new":"\\udc00","open":{"\\ud83d":1}}',
    b'{"key":"a\\u0000b","text":"\\u0000","new":"\\u0000","open":{"x":"\\u0000"},"\\u0000":1}',
    b'{"key":"a","text":"\\\\u0000","anything":["\\\\u0000"]}',
    b'{"key":"a","text":"raw \x00 and \n","new":"\x1f"}',
    b'{"key":"a","text":"\xff\xfe","new":"\xed\xa0\x80"}',
    b'\xef\xbb\xbf {"key":"a"} \r\n',
    b"{ }",
    b'{"key":"a","new":1,"site":{"secret":1,"owner":{"secret":2}},"lines":[{"secret":3},null]}',
    b'{"key":"a","text":"x","text":null,"key":"b"}',
    b'{"key":null,"integer":' + b"9" * 5000 + b',"number":' + b"9" * 5000 + b',"new":' + b"9" * 5000 + b"}",
    b'{"key":"a","number":1e-99999999999999999999,"integer":1e99999999999999999999}',
)


def validator(schema: dict[str, Any]) -> Draft7Validator:
    return Draft7Validator(schema, format_checker=Draft7Validator.FORMAT_CHECKER)


VALIDATOR = validator(model.selected_schema(model.SCHEMA))
VALIDATOR_WITHOUT_SECRETS = validator(model.selected_schema(model.SCHEMA, "secret"))


def hostile(test: Callable[..., None]) -> Callable[..., None]:
    for record in HOSTILE:
        test = example(raw=record)(test)
    return test


def fits(output: bytes, schema: Draft7Validator) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    record = json.loads(output, parse_constant=refuse)
    schema.validate(record)
    json.loads(record["_makini_extra"] or "{}", parse_int=str, parse_constant=refuse)
    assert b"\n" not in output
    assert b"\r" not in output
    # what is no text for PostgreSQL would be escaped here
    assert "\\u0000" not in json.dumps(record).replace("\\\\", "")
    assert json.dumps(record, ensure_ascii=False).encode()


@calm
@given(raw=ANY_RECORD)
@hostile
def test_every_record_fits_the_schema(raw: bytes) -> None:
    fits(CONFORMER.record(raw), VALIDATOR)


@calm
@given(raw=ANY_RECORD)
def test_no_value_is_lost(raw: bytes) -> None:
    sent = model.expected(model.read(raw), model.SCHEMA)
    got = model.restore(CONFORMER.record(raw))
    if sent["key"] is None and not isinstance(got["key"], str):
        got["key"] = None
    assert sent.keys() == got.keys()
    for name, value in sent.items():
        assert model.same(value, got[name], model.SCHEMA["properties"].get(name)), name


@calm
@given(raw=ANY_RECORD)
@hostile
def test_a_conformed_record_does_not_change(raw: bytes) -> None:
    once = CONFORMER.record(raw)
    assert CONFORMER.record(once) == once


@calm
@given(raw=ANY_RECORD)
@hostile
def test_deselected_columns_are_dropped(raw: bytes) -> None:
    fits(WITHOUT_SECRETS.record(raw), VALIDATOR_WITHOUT_SECRETS)


@calm
@given(raw=ANY_RECORD)
def test_only_deselected_columns_are_dropped(raw: bytes) -> None:
    sent = model.expected(model.read(raw), model.SCHEMA, "secret")
    got = model.restore(WITHOUT_SECRETS.record(raw))
    assert sent.keys() == got.keys()
    for name, value in sent.items():
        assert model.same(value, got[name], model.SCHEMA["properties"].get(name)), name


@calm
@given(raw=st.binary() | st.text().map(str.encode) | model.values.map(str.encode))
def test_only_json_objects_are_records(raw: bytes) -> None:
    try:
        sent = json.loads(raw.decode("utf-8-sig", "surrogateescape"), strict=False)
    except ValueError:
        sent = None
    if isinstance(sent, dict):
        fits(CONFORMER.record(raw), VALIDATOR)
    else:
        with pytest.raises(NotARecord):
            CONFORMER.record(raw)


@calm
@given(raw=ANY_RECORD)
@hostile
def test_a_decoded_record_equals_its_json(raw: bytes) -> None:
    def read_number(digits: str) -> Decimal:
        return Decimal(digits) if len(digits) < 20 or "e" not in digits else Decimal(0)

    expected = json.loads(CONFORMER.record(raw), parse_float=read_number)
    assert decode_record(CONFORMER.record(raw)) == expected


# what msgspec takes of open values depends on the stack, so only the great depth is sure to be refused there
@pytest.mark.parametrize(
    ("name", "pointer", "depth"),
    [
        ("number", "/number", 1_000),
        ("site", "/site", 1_000),
        ("lines", "/lines/0", 1_000),
        ("new", "/new", 1_000),
        ("new", "/new", 100_000),
        ("open", "/open", 100_000),
        ("anything", "/anything", 100_000),
    ],
)
def test_no_nesting_is_too_deep(name: str, pointer: str, depth: int) -> None:
    deep = "[" * depth + "]" * depth
    record = decode_record(CONFORMER.record(f'{{"key":"a","{name}":{deep}}}'.encode()))
    rest = deep if pointer == f"/{name}" else deep[1:-1]
    assert record["_makini_extra"] == f'{{"{pointer}":{rest}}}'


def test_a_deep_value_in_a_text_column_is_its_json_text() -> None:
    deep = "[" * 100_000 + "]" * 100_000
    assert decode_record(CONFORMER.record(f'{{"key":"a","text":{deep}}}'.encode()))["text"] == deep


STREAMS = {entity.item: stream_schema(load_item_schema(entity.item), entity.key) for entity in ENTITIES}


@calm
@given(data=st.data(), item=st.sampled_from(sorted(STREAMS)))
def test_records_of_real_streams_fit_and_lose_nothing(data: DataObject, item: str) -> None:
    schema = STREAMS[item]
    raw = data.draw(model.records(schema)).encode()
    output = compile_conformer(schema, lambda _: True, connection=None).record(raw)
    fits(output, validator(model.selected_schema(schema)))
    got = model.restore(output)
    for name, value in model.read(raw).items():
        assert model.same(value, got[name], schema["properties"].get(name)), name


# --- one thing at a time -----------------------------------------------------------------------


def column(schema: dict[str, Any], sent: str) -> tuple[Any, Any]:
    """Return what a column holds of a value, and what went to the extra column, both as JSON."""
    whole = {"properties": {"x": schema, "_makini_extra": model.TEXT}}
    output = model.read(compile_conformer(whole, lambda _: True, connection=None).record(b'{"x":%b}' % sent.encode()))
    extra = model.read(output["_makini_extra"] or "{}")
    return output.get("x", "absent"), extra.get("/x", "nothing")


@pytest.mark.parametrize(
    ("schema", "sent", "held"),
    [
        (model.TEXT, "3", "3"),
        (model.TEXT, "12.50", "12.50"),
        (model.TEXT, "true", "true"),
        (model.TEXT, '{"a": [1.0, 2]}', '{"a":[1.0,2]}'),
        (model.TEXT, '""', ""),
        (model.NUMBER, '"12.50"', model.Number("12.50")),
        (model.NUMBER, "1" * 40, model.Number("1" * 40)),
        (model.INTEGER, "5.0", model.Number("5")),
        (model.INTEGER, '"-7"', model.Number("-7")),
        (model.INTEGER, "9223372036854775807", model.Number("9223372036854775807")),
        (model.BOOLEAN, '"false"', False),
        (model.DATE_TIME, '"2025-01-02T03:04:05.120Z"', "2025-01-02T03:04:05.120Z"),
        (model.DATE_TIME, '"2025-01-02T03:04:05+05:30"', "2025-01-01T21:34:05Z"),
        (model.DATE_TIME, '"2025-01-02T03:04:05-0330"', "2025-01-02T06:34:05Z"),
        (model.DATE_TIME, '"2025-01-02 03:04:05"', "2025-01-02T03:04:05Z"),
        (model.DATE_TIME, '"2025-01-02"', "2025-01-02T00:00:00Z"),
        (model.DATE_TIME, '"2024-02-29T00:00:00Z"', "2024-02-29T00:00:00Z"),
        (model.DATE_TIME, '"2025-01-02T03:04:05.1234560Z"', "2025-01-02T03:04:05.123456Z"),
        (model.DATE, '"2025-01-02T01:00:00+01:00"', "2025-01-02"),
        (model.array_of(model.NUMBER), '"[]"', []),
        (model.array_of(model.NUMBER), '"[1, \\"2\\"]"', [model.Number("1"), model.Number("2")]),
        (model.object_of(a=model.TEXT), '"{\\"a\\": 1}"', {"a": "1"}),
        ({"type": "string"}, "7", "7"),
        ({"anyOf": [model.INTEGER, model.DATE_TIME]}, '"2025-01-02"', "2025-01-02T00:00:00Z"),
        ({"type": ["integer", "string", "null"]}, "1.5", "1.5"),
        ({"type": ["integer", "string", "null"]}, '"5"', "5"),
        ({}, '{"a":1}', {"a": model.Number("1")}),
    ],
)
def test_a_value_is_converted_if_that_loses_nothing(schema: dict[str, Any], sent: str, held: object) -> None:
    assert column(schema, sent) == (held, "nothing")


@pytest.mark.parametrize(
    ("schema", "sent"),
    [
        (model.TEXT, r'"a\u0000b"'),
        (model.TEXT, r'"\ud800"'),
        (model.NUMBER, '"007"'),
        (model.NUMBER, '"+1"'),
        (model.NUMBER, '" 1"'),
        (model.NUMBER, '"1,5"'),
        (model.NUMBER, '""'),
        (model.NUMBER, "true"),
        (model.NUMBER, "1e400"),
        (model.NUMBER, '"1e400"'),
        (model.INTEGER, "5.5"),
        (model.INTEGER, "9223372036854775808"),
        (model.BOOLEAN, "0"),
        (model.BOOLEAN, '"1"'),
        (model.BOOLEAN, '"True"'),
        (model.DATE_TIME, '""'),
        (model.DATE_TIME, '"0000-00-00 00:00:00"'),
        (model.DATE_TIME, '"2025-02-30T00:00:00Z"'),
        (model.DATE_TIME, '"2025-01-02T24:00:00Z"'),
        (model.DATE_TIME, '"0001-01-01T00:00:00+01:00"'),
        (model.DATE_TIME, '"9999-12-31T23:59:59-01:00"'),
        (model.DATE_TIME, "1735787045"),
        (model.DATE, '"2025-01-02T03:04:05Z"'),
        (model.DATE, '"2025-02-29"'),
        (model.array_of(model.NUMBER), "1"),
        (model.array_of(model.NUMBER), '""'),
        (model.array_of(model.NUMBER), "{}"),
        (model.object_of(a=model.TEXT), "[]"),
        (model.object_of(a=model.TEXT), '"{\\"a\\":1,\\"a\\":2}"'),
        (model.array_of({"type": "string"}), '["a",null]'),
        ({"anyOf": [model.INTEGER, model.DATE_TIME]}, '"x"'),
        ({"type": "null"}, "1"),
        ({}, r'["\u0000"]'),
    ],
)
def test_a_value_that_no_column_can_hold_goes_to_the_extra_column(schema: dict[str, Any], sent: str) -> None:
    assert column(schema, sent) == (None, model.read(sent))


def test_a_column_that_is_never_null_is_left_out_instead() -> None:
    assert column({"type": "number"}, "null") == ("absent", None)


def test_a_time_finer_than_microseconds_is_cut_and_goes_to_the_extra_column() -> None:
    sent = "2025-01-02T03:04:05.1234567Z"
    assert column(model.DATE_TIME, f'"{sent}"') == ("2025-01-02T03:04:05.123456Z", sent)


def test_parts_go_to_the_extra_column_by_pointer() -> None:
    raw = b'{"key":"1","lines":[{"price":1},{"price":"N/A","a/b~":[1.50]}],"site":"{\\"new\\":1}"}'
    record = json.loads(CONFORMER.record(raw))
    assert model.read(record["_makini_extra"]) == {
        "/lines/1/price": "N/A",
        "/lines/1/a~1b~0": ["1.50"],
        "/site/new": "1",
    }
    assert (record["lines"], record["site"]) == ([{"price": 1}, {"price": None}], {})


def test_a_valid_record_keeps_its_bytes() -> None:
    raw = rb'{"key":"\u0061\/", "number": 1.500e1 ,"at":"2025-01-02T03:04:05Z","lines":[ ]}'
    assert CONFORMER.record(raw) == raw[:-1] + b',"_makini_connection":"acme","_makini_extra":null}'


def test_a_valid_record_keeps_its_digits_when_columns_are_deselected() -> None:
    raw = b'{"secret":1,"key":"a","number":1.500e1,"lines":[{"secret":[],"price":0.10}],"site":null}'
    assert model.read(WITHOUT_SECRETS.record(raw)) == {
        "key": "a",
        "number": "1.500e1",
        "lines": [{"price": "0.10"}],
        "site": None,
        "_makini_connection": "acme",
        "_makini_extra": None,
    }


@pytest.mark.parametrize("raw", [b"{}", b"{ }", b'{"secret":1}'])
def test_an_empty_record_gets_the_added_columns_alone(raw: bytes) -> None:
    schema = {"properties": dict.fromkeys(("secret", *model.ADDED), model.TEXT)}
    conformer = compile_conformer(schema, lambda path: path[-1] != "secret", connection=None)
    assert conformer.record(raw) == b'{"_makini_connection":null,"_makini_extra":null}'


def test_added_columns_that_are_not_selected_are_not_added() -> None:
    conformer = compile_conformer(model.SCHEMA, lambda path: path[-1] not in model.ADDED, connection="acme")
    assert conformer.record(b'{"key":"a","new":1,"_makini_connection":"x"}') == b'{"key":"a"}'
    assert conformer.record(b'{"key":"a"}') == b'{"key":"a"}'


@pytest.mark.parametrize("sent", ['"x"', '{"/a":1}', '"{}"', '"{\\"a\\":1}"', r'"{\"/new\":2}"', "[]"])
def test_what_the_source_sends_under_an_added_name_is_kept(sent: str) -> None:
    raw = f'{{"key":"a","new":1,"_makini_extra":{sent},"_makini_connection":"other"}}'.encode()
    output = CONFORMER.record(raw)
    extra = model.read(model.read(output)["_makini_extra"])
    assert extra == {"/new": "1", "/_makini_connection": "other", "/_makini_extra": model.read(sent)}
    assert CONFORMER.record(output) == output


def test_records_without_a_key_get_different_keys() -> None:
    first, second, again = (
        decode_record(CONFORMER.record(b'{"key":null,"text":"%b"}' % text)) for text in (b"a", b"b", b"a")
    )
    assert first == again
    assert first["key"] != second["key"]
    assert first["_makini_extra"] == '{"/key":null}'


def test_a_key_that_is_not_a_clean_text_becomes_its_json_text() -> None:
    record = decode_record(CONFORMER.record(rb'{"key":"a\u0000"}'))
    assert (record["key"], record["_makini_extra"]) == (r'"a\u0000"', r'{"/key":"a\u0000"}')
    assert decode_record(CONFORMER.record(b'{"key":{"id": 1}}'))["key"] == '{"id":1}'


def test_drift_holds_places_and_counts_but_no_values() -> None:
    conformer = compile_conformer(model.SCHEMA, lambda _: True, connection=None)
    for raw in (
        b'{"key":"a","new":1}',
        b'{"key":"a","lines":[{"price":1},{"price":"N/A"},{"price":"?"}],"new":2}',
        b'{"key":"a","number":"12.50"}',
    ):
        conformer.record(conformer.record(raw))
    assert conformer.drift == {
        "/new": Drift("unknown", 2, "/new"),
        "/lines/*/price": Drift("type", 2, "/lines/1/price"),
    }


def test_drift_does_not_grow_without_end() -> None:
    conformer = compile_conformer(model.SCHEMA, lambda _: True, connection=None)
    for index in range(1_100):
        conformer.record(b'{"key":"a","name%d":1}' % index)
    assert len(conformer.drift) == 1_000


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"1", b"null", b'{"a":}', b'{"a":1,}', b'{"a" 1}', b'{"a":[1 2]}', b"{" * 5000]
)
def test_malformed_json_is_not_a_record(raw: bytes) -> None:
    with pytest.raises(NotARecord):
        CONFORMER.record(raw)
