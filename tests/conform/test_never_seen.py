"""Which columns no record has had: logged at the end of a run, since a source may have lost them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_makini.conform import Conformer, NotARecord, compile_conformer

TEXT = {"type": ["string", "null"]}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "key": {"type": "string"},
        "name": TEXT,
        "amount": {"type": ["number", "null"]},
        "site": {"type": ["object", "null"], "properties": {"name": TEXT, "key": TEXT}},
        "Odd name/~": TEXT,
        "_makini_connection": TEXT,
        "_makini_extra": TEXT,
    },
}
COLUMNS = ("key", "name", "amount", "site", "Odd name/~")


def conformer(*deselected: str) -> Conformer:
    return compile_conformer(SCHEMA, lambda path: path[-1] not in deselected, connection="acme")


def never_seen(*records: bytes, deselected: tuple[str, ...] = ()) -> list[str]:
    conform = conformer(*deselected)
    for record in records:
        conform.record(record)
    return list(conform.never_seen.values())


def test_before_the_first_record_no_column_has_been_seen() -> None:
    assert never_seen() == list(COLUMNS)


def test_a_deselected_column_is_not_reported() -> None:
    assert never_seen(deselected=("amount", "site")) == ["key", "name", "Odd name/~"]
    assert never_seen(b'{"key":"a"}', deselected=("amount",)) == ["name", "site", "Odd name/~"]


@pytest.mark.parametrize(
    ("record", "missing"),
    [
        (b'{"key":"a","name":"x"}', ["amount", "site", "Odd name/~"]),
        (b'{"key":"a","name":null}', ["amount", "site", "Odd name/~"]),
        (b'{"key":"a","amount":"12.50","new":1}', ["name", "site", "Odd name/~"]),
        (b'{"key":"a","amount":"a lot"}', ["name", "site", "Odd name/~"]),
        (b'{"key":"a","site":{}}', ["name", "amount", "Odd name/~"]),
        (b'{"Odd name/~":"a"}', ["key", "name", "amount", "site"]),
        (b'{"new":1}', list(COLUMNS)),
        (b"{}", list(COLUMNS)),
    ],
    ids=["right", "null", "turned", "not turned", "object", "odd name", "unknown", "empty"],
)
def test_a_column_is_seen_if_a_record_has_it_whatever_the_value(record: bytes, missing: list[str]) -> None:
    assert never_seen(record) == missing


def test_what_is_not_a_record_has_no_columns() -> None:
    conform = conformer()
    with pytest.raises(NotARecord):
        conform.record(b'["key"]')

    assert list(conform.never_seen.values()) == list(COLUMNS)


values = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.just({"name": "a"}) | st.just([1])
records = st.lists(st.dictionaries(st.sampled_from([*COLUMNS, "new", "name ", "Key"]), values), max_size=6)


@given(records)
def test_a_column_that_none_of_many_records_has_is_reported(found: list[dict[str, Any]]) -> None:
    seen = {name for record in found for name in record}

    assert never_seen(*(json.dumps(record).encode() for record in found)) == [
        name for name in COLUMNS if name not in seen
    ]
