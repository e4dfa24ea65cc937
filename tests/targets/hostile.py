"""Records as 2,000 source systems send them: each says in which column a value has to arrive, and how.

What is not named in `held` must be null there; what is in `extra` must be in `_makini_extra`, under its pointer.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

UPDATED = "2026-02-03T04:05:06Z"
_FORTY_DIGITS = "1234567890123456789012345678901234567890"
_LONG_NAME = "aFieldWhoseNameIsLongerThanTheSixtyThreeCharactersThatPostgreSQLTakes"
_DEPTH = 200
_NESTED = '{"a":[' * _DEPTH + "1" + "]}" * _DEPTH
_ODD_TEXT = (
    "line\nfeed\ttab\r\nreturn \"double\" 'single' `tick` back\\slash, comma; \u2028 ÄÖ 漢字 \U0001f600 \u202eright"
)
_MAX = 2**63


@dataclass(frozen=True)
class Hostile:
    """A record, and what a database has to hold of it.

    Attributes:
        name: What is wrong with it; its key is made from it.
        members: JSON of its members, without braces, besides `key` and `updatedAt`.
        held: Values by column: JSON, but instants and amounts as such.
        extra: Values by JSON pointer.
        slug: The entity.
        head: JSON of the members `key` and `updatedAt`.
        key: The key that has to arrive, where it is not the one sent.
    """

    name: str
    members: str
    held: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict)
    slug: str = "work-orders"
    head: str = ""
    key: str = ""

    @property
    def sent_key(self) -> str:
        """The key that is sent: the name without what JSON escapes."""
        return self.name.replace('"', "'").replace("\\", "/")

    @property
    def body(self) -> bytes:
        """The record as the server sends it."""
        head = self.head or f'"key":"{self.sent_key}","updatedAt":"{UPDATED}"'
        return f"{{{head},{self.members}}}".encode("utf-8", "surrogatepass")

    @property
    def columns(self) -> dict[str, Any]:
        """The columns that are not null."""
        key = hashlib.sha256(self.body).hexdigest() if self.key == "digest" else self.key or self.sent_key
        updated = {} if "updatedAt" in self.held else {"updatedAt": _at(2026, 2, 3, 4, 5, 6)}
        return {"key": key, **updated, **self.held}


def _at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=timezone.utc)  # type: ignore[arg-type,misc] # the parts of a date-time


def _text(sent: str, held: str) -> Hostile:
    return Hostile(f"text {sent[:40]}", f'"title":{sent}', {"title": held})


def _date(sent: str, held: datetime) -> Hostile:
    return Hostile(f"date {sent}", f'"dueAt":{sent}', {"dueAt": held})


def _left(column: str, sent: str, *, slug: str = "work-orders", value: object = None) -> Hostile:
    """A value that no column holds; `value` where it is no JSON that Python reads."""
    left = json.loads(sent, parse_float=Decimal, parse_int=Decimal) if value is None else value
    return Hostile(f"left {column} {sent[:60]}", f'"{column}":{sent}', {}, {f"/{column}": left}, slug)


AMOUNTS = [
    Hostile("amount as text", '"estimatedTime":"12.50"', {"estimatedTime": Decimal("12.50")}),
    Hostile("negative amount as text", '"estimatedTime":"-0.10"', {"estimatedTime": Decimal("-0.10")}),
    Hostile("40 digits", f'"estimatedTime":{_FORTY_DIGITS}', {"estimatedTime": Decimal(_FORTY_DIGITS)}),
    Hostile("40 digits as text", f'"estimatedTime":"{_FORTY_DIGITS}"', {"estimatedTime": Decimal(_FORTY_DIGITS)}),
    Hostile("40 decimals", f'"estimatedTime":0.{_FORTY_DIGITS}', {"estimatedTime": Decimal(f"0.{_FORTY_DIGITS}")}),
    Hostile("exponent", '"estimatedTime":1.5E-7', {"estimatedTime": Decimal("1.5E-7")}),
    *(_left("estimatedTime", sent) for sent in ('""', '"N/A"', '"1,5"', "true", "[1]", '{"value":1}', '"\\u0661"')),
    *(_left("estimatedTime", sent, value=sent) for sent in ("NaN", "Infinity", "-Infinity")),
    _left("estimatedTime", "1e400"),
    _left("estimatedTime", '"1e400"'),
    Hostile("5.0", '"materialCount":5.0', {"materialCount": 5}),
    Hostile("5e0", '"materialCount":5e0', {"materialCount": 5}),
    Hostile("5 as text", '"materialCount":"5"', {"materialCount": 5}),
    Hostile("largest", f'"materialCount":{_MAX - 1}', {"materialCount": _MAX - 1}),
    Hostile("smallest", f'"materialCount":-{_MAX}', {"materialCount": -_MAX}),
    *(
        _left("materialCount", sent)
        for sent in (f"{_MAX}", f'"{_MAX}"', _FORTY_DIGITS, "5.5", '"five"', "false", "1e30")
    ),
]
TEXTS = [
    _text(json.dumps(_ODD_TEXT), _ODD_TEXT),
    _text(json.dumps(_ODD_TEXT, ensure_ascii=False), _ODD_TEXT),
    _text('""', ""),
    _text('" spaces "', " spaces "),
    _text('"NULL"', "NULL"),
    _text(r'"\\N"', r"\N"),
    _text(r'"\\n is no line feed"', r"\n is no line feed"),
    _text(r'"\\u0000 is no NUL"', r"\u0000 is no NUL"),
    _text(r'"\ud83d\ude00"', "\U0001f600"),
    _text(json.dumps("x" * 100_000), "x" * 100_000),
    _text("123456789012345678901234567890", "123456789012345678901234567890"),
    _text("12.50", "12.50"),
    _text("1e400", "1e400"),
    _text("true", "true"),
    _text('{"a": 1.10, "b": [null]}', '{"a":1.10,"b":[null]}'),
    Hostile("deep text", f'"title":{_NESTED}', {"title": _NESTED}),
    Hostile("a name twice", '"title":"first","title":"second"', {"title": "second"}),
    _left("title", r'"NUL \u0000"'),
    _left("title", r'"lone \ud800"'),
]
DATES = [
    _date('"2026-01-02T03:04:05Z"', _at(2026, 1, 2, 3, 4, 5)),
    _date('"2026-01-02T03:04:05+02:00"', _at(2026, 1, 2, 1, 4, 5)),
    _date('"2026-01-01T00:30:00-05:30"', _at(2026, 1, 1, 6)),
    _date('"2026-01-02T03:04:05+0000"', _at(2026, 1, 2, 3, 4, 5)),
    _date('"2026-01-02 03:04:05"', _at(2026, 1, 2, 3, 4, 5)),
    _date('"2026-01-02T03:04:05.123456Z"', _at(2026, 1, 2, 3, 4, 5, 123456)),
    _date('"2024-02-29"', _at(2024, 2, 29)),
    _date('"1899-12-30T00:00:00Z"', _at(1899, 12, 30)),
    _date('"9999-12-31T23:59:59Z"', _at(9999, 12, 31, 23, 59, 59)),
    Hostile(
        "nanoseconds",
        '"dueAt":"2026-01-02T03:04:05.123456789Z"',
        {"dueAt": _at(2026, 1, 2, 3, 4, 5, 123456)},
        {"/dueAt": "2026-01-02T03:04:05.123456789Z"},
    ),
    *(
        _left("dueAt", sent)
        for sent in (
            '""',
            '"0000-00-00"',
            '"0000-00-00T00:00:00Z"',
            '"2026-02-30T00:00:00Z"',
            '"31.12.2025"',
            '"2026-01-02T25:00:00Z"',
            "1735689600",
            "false",
            '{"date":"2026-01-02"}',
            r'"2026-01-02T03:04:05Z\u0000"',
        )
    ),
]
NESTED = [
    Hostile("list as text", '"tasks":"[]"', {"tasks": []}),
    Hostile(
        "items of no type", '"tasks":[1,"x",null]', {"tasks": [None] * 3}, {"/tasks/0": Decimal(1), "/tasks/1": "x"}
    ),
    Hostile(
        "fields in items",
        '"tasks":[{"key":1,"x_new":{"a":[1.10]}},{"key":"2","X_NEW":null}]',
        {"tasks": [{"key": "1"}, {"key": "2"}]},
        {"/tasks/0/x_new": {"a": [Decimal("1.10")]}, "/tasks/1/X_NEW": None},
    ),
    Hostile(
        "odd texts in items",
        f'"tasks":[{{"key":{json.dumps(_ODD_TEXT)}}},{{"key":"\\u0000"}}]',
        {"tasks": [{"key": _ODD_TEXT}, {"key": None}]},
        {"/tasks/1/key": "\0"},
    ),
    *(_left("tasks", sent) for sent in ('"none"', "5", "true", '{"a":[]}')),
    Hostile(
        "amounts in lines",
        f'"lineItems":[{{"price":"0.10","quantity":{_FORTY_DIGITS},"dueAt":"2026-01-02T03:04:05+02:00"}}]',
        {"lineItems": [{"price": Decimal("0.1"), "quantity": Decimal(_FORTY_DIGITS), "dueAt": "2026-01-02T01:04:05Z"}]},
        slug="purchase-orders",
    ),
    Hostile(
        "amounts in lines that are none",
        '"lineItems":[{"price":NaN,"quantity":1e999,"dueAt":"0000-00-00"}]',
        {"lineItems": [{"price": None, "quantity": None, "dueAt": None}]},
        {"/lineItems/0/price": "NaN", "/lineItems/0/quantity": Decimal("1e999"), "/lineItems/0/dueAt": "0000-00-00"},
        slug="purchase-orders",
    ),
    Hostile(
        "address with more",
        '"billingAddress":{"city":5,"isActive":"true","Zip":"1","City":"x"}',
        {"billingAddress": {"city": "5", "isActive": True}},
        {"/billingAddress/Zip": "1", "/billingAddress/City": "x"},
        slug="purchase-orders",
    ),
    *(_left("billingAddress", sent, slug="purchase-orders") for sent in ('"Main Street 1"', "[]", "7")),
]
FLAGS = [
    Hostile(
        "flag as text", '"isActive":"true","isPhysical":"false"', {"isActive": True, "isPhysical": False}, slug="assets"
    ),
    *(_left("isActive", sent, slug="assets") for sent in ("1", "0", '"yes"', '""', "[]")),
]
NAMES = [
    Hostile(
        "names that differ in case",
        '"Title":1,"TITLE":2,"title":"right","_Makini_Extra":3',
        {"title": "right"},
        {"/Title": Decimal(1), "/TITLE": Decimal(2), "/_Makini_Extra": Decimal(3)},
    ),
    Hostile(
        "names that are long",
        f'"{_LONG_NAME}1":1,"{_LONG_NAME}2":2',
        {},
        {f"/{_LONG_NAME}1": Decimal(1), f"/{_LONG_NAME}2": Decimal(2)},
    ),
    Hostile(
        "names that are odd",
        r'"":1,"a/b~c":2,"select \"x\"; --":3,"_sdc_deleted_at":4,"ключ 😀":5',
        {},
        {
            "/": Decimal(1),
            "/a~1b~0c": Decimal(2),
            '/select "x"; --': Decimal(3),
            "/_sdc_deleted_at": Decimal(4),
            "/ключ 😀": Decimal(5),
        },
    ),
    Hostile("names of the tap", '"_makini_connection":"x"', {}, {"/_makini_connection": "x"}),
    Hostile(
        "deep field",
        f'"x_deep":{_NESTED}',
        {},
        {"/x_deep": json.loads(_NESTED, parse_float=Decimal, parse_int=Decimal)},
    ),
    Hostile(
        "fields of all kinds",
        r'"x_nul":"\u0000","x_lone":"\udfff","x_nan":NaN,"x_big":1e400,"x_text":"a\nb"',
        {},
        {"/x_nul": "\0", "/x_lone": "\udfff", "/x_nan": "NaN", "/x_big": Decimal("1e400"), "/x_text": "a\nb"},
    ),
]
KEYS = [
    Hostile("key as number", '"title":"x"', {"title": "x"}, head=f'"key":42,"updatedAt":"{UPDATED}"', key="42"),
    Hostile(
        "key is null",
        '"title":"y"',
        {"title": "y"},
        {"/key": None},
        head=f'"key":null,"updatedAt":"{UPDATED}"',
        key="digest",
    ),
    Hostile(
        "key with NUL",
        '"title":"z"',
        {"title": "z"},
        {"/key": "k\0"},
        head=rf'"key":"k\u0000","updatedAt":"{UPDATED}"',
        key=r'"k\u0000"',
    ),
    Hostile("undated", '"title":"u"', {"title": "u", "updatedAt": None}, head='"key":"undated","updatedAt":null'),
    Hostile(
        "badly dated",
        '"title":"b"',
        {"title": "b", "updatedAt": None},
        {"/updatedAt": "0000-00-00"},
        head='"key":"badly dated","updatedAt":"0000-00-00"',
    ),
    Hostile("deleted", '"deletedAt":"2026-02-03T04:05:06+01:00"', {"deletedAt": _at(2026, 2, 3, 3, 5, 6)}),
]
HOSTILE = [*AMOUNTS, *TEXTS, *DATES, *NESTED, *FLAGS, *NAMES, *KEYS]
