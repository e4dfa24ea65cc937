"""Records of any kind as JSON text, and a model of what conformance may and may not do to them.

Records are made as text, not as Python values: digits, escapes, white space, repeated names and tokens that are no
JSON are part of what sources send.
"""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Json = Any
Schema = dict[str, Any]

TEXT: Schema = {"type": ["string", "null"]}
NUMBER: Schema = {"type": ["number", "null"]}
INTEGER: Schema = {"type": ["integer", "null"], "minimum": -(2**63), "maximum": 2**63 - 1}
BOOLEAN: Schema = {"type": ["boolean", "null"]}
DATE_TIME: Schema = {"type": ["string", "null"], "format": "date-time"}
DATE: Schema = {"type": ["string", "null"], "format": "date"}


def object_of(**properties: Schema) -> Schema:
    return {"type": ["object", "null"], "properties": properties}


def array_of(items: Schema) -> Schema:
    return {"type": ["array", "null"], "items": items}


SCHEMA: Schema = {
    "type": "object",
    "properties": {
        "key": {"type": "string"},
        "text": TEXT,
        "number": NUMBER,
        "integer": INTEGER,
        "flag": BOOLEAN,
        "at": DATE_TIME,
        "day": DATE,
        "site": object_of(name=TEXT, secret=TEXT, lat=NUMBER, owner=object_of(since=DATE_TIME, secret=TEXT)),
        "lines": array_of(object_of(price=NUMBER, secret=TEXT, tags=array_of(TEXT))),
        "numbers": array_of(NUMBER),
        "strict": array_of({"type": "string"}),
        "required": {"type": "number"},
        "either": {"type": ["integer", "string", "null"]},
        "any of": {"anyOf": [DATE_TIME, array_of(NUMBER)]},
        "open": {"type": ["object", "null"]},
        "list": {"type": ["array", "null"]},
        "anything": {},
        "a/b~c": TEXT,
        'quo"te\\': NUMBER,
        "": BOOLEAN,
        "größe": NUMBER,
        "secret": TEXT,
        "_makini_connection": TEXT,
        "_makini_extra": TEXT,
    },
}
ADDED = ("_makini_connection", "_makini_extra")

# --- records -------------------------------------------------------------------------------------

numbers = st.one_of(
    st.integers().map(str),
    st.from_regex(r"-?(0|[1-9][0-9]{0,3})(\.[0-9]{1,4})?([eE][+-]?[0-9]{1,2})?", fullmatch=True),
    st.sampled_from(["1e400", "-1e400", "1e-400", "5.0", "-0", "-0.0", "0e0", "12.50", "9" * 40, "0." + "1" * 40])
    | st.sampled_from(["9223372036854775807", "9223372036854775808", "1" * 400, "1E2", "5e3"]),
)
dates = st.datetimes().map(lambda moment: moment.isoformat()) | st.sampled_from(
    (
        "0000-00-00",
        "0001-01-01T00:00:00+01:00",
        "2023-02-29",
        "2024-02-29",
        "2025-01-02",
        "2025-01-02 03:04:05",
        "2025-01-02T00:00:00Z",
        "2025-01-02T03:04:05.120+05:30",
        "2025-01-02T03:04:05.1234567Z",
        "2025-01-02T03:04:05Z",
        "2025-01-02T03:04:05Z\n",
        "2025-01-02T23:59:60Z",
        "2025-02-30T00:00:00Z",
        "1735787045",
        "٢٠٢٥-01-02",
    )
)
texts = st.one_of(
    st.text(st.characters(codec=None), max_size=8),
    numbers,
    dates,
    st.builds("{}{}".format, dates, st.sampled_from(["Z", "z", "+02:00", "-0930", "+24:00"])),
    st.sampled_from(
        ["", "[]", "{}", '{"a":1,"a":2}', "[1, NaN]", "true", "null", "007", "\x00", "\ud800", "é\U0001f600"]
    ),
)
strings = st.builds(lambda text, ascii_: _quoted(text, ensure_ascii=ascii_), texts, st.booleans())
scalars = st.sampled_from(["null", "true", "false", "NaN", "-Infinity"]) | numbers | strings
names = st.sampled_from([*sorted(SCHEMA["properties"].keys() - set(ADDED)), "name", "price", "tags"]) | st.text(
    st.characters(codec=None), max_size=4
).filter(lambda name: name not in ADDED)
spaces = st.sampled_from(["", "", "", " ", "\n\t"])


def _quoted(text: str, *, ensure_ascii: bool) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        ensure_ascii = True
    return json.dumps(text, ensure_ascii=ensure_ascii)


def _array(items: list[str], space: str) -> str:
    return f"[{space}{f',{space}'.join(items)}{space}]"


def _object(members: list[tuple[str, str]], space: str) -> str:
    inner = f",{space}".join(f"{json.dumps(name)}{space}:{space}{value}" for name, value in members)
    return f"{{{space}{inner}{space}}}"


values = st.recursive(
    scalars,
    lambda inner: (
        st.builds(_array, st.lists(inner, max_size=3), spaces)
        | st.builds(_object, st.lists(st.tuples(names, inner), max_size=4), spaces)
        | st.builds(json.dumps, inner)
    ),
    max_leaves=8,
)
_OFTEN_RIGHT = {"number": numbers, "integer": st.integers().map(str), "boolean": st.sampled_from(["true", "false"])}


def fitting(schema: Schema) -> st.SearchStrategy[str]:
    """Values that a column mostly takes, so that the depths of a record are reached."""
    options = list(_branches(schema))
    return st.one_of(*(_fitting(kind, branch) for kind, branch in options)) if options else values


def _fitting(kind: str, schema: Schema) -> st.SearchStrategy[str]:
    if kind == "null":
        return st.just("null")
    if kind == "object" and "properties" in schema:
        return records(schema)
    if kind == "array" and "items" in schema:
        return st.builds(_array, st.lists(fitting(schema["items"]), max_size=3), spaces)
    if kind == "string":
        return (dates if "format" in schema else texts).map(lambda text: _quoted(text, ensure_ascii=False))
    return _OFTEN_RIGHT.get(kind, values)


def records(schema: Schema) -> st.SearchStrategy[str]:
    """Objects of declared properties, mostly fitting, and of any others."""
    properties = schema["properties"]
    declared = st.sampled_from(sorted(properties.keys() - set(ADDED))).flatmap(
        lambda name: st.tuples(st.just(name), fitting(properties[name]) | values)
    )
    members = st.lists(declared, max_size=6) | st.lists(declared | st.tuples(names, values), max_size=6)
    return st.builds(_object, members, spaces)


# --- the model -----------------------------------------------------------------------------------


class Number(str):
    """The digits of a number, which no float can change."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Number({self})"


def read(text: str | bytes) -> Json:
    """Decode JSON with all digits; tokens that are no JSON count as the texts they are."""
    return json.loads(text, parse_int=Number, parse_float=Number, parse_constant=str, strict=False)


def restore(output: bytes) -> Json:
    """Put what went to `_makini_extra` back where it came from, and leave the added columns out."""
    record = read(output)
    extra = read(record.pop("_makini_extra", None) or "{}")
    record.pop("_makini_connection", None)
    for pointer, value in extra.items():
        *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
        place = record
        for part in parents:
            place = place[int(part) if isinstance(place, list) else part]
        place[int(last) if isinstance(place, list) else last] = value
    return record


def same(sent: Json, got: Json, schema: Schema | None) -> bool:
    """Say whether two values are equal, or one is the other turned into what the schema asks for."""
    if _plain(sent) == _plain(got):
        return True
    return schema is not None and any(_same_as(kind, sent, got, branch) for kind, branch in _branches(schema))


def _same_as(kind: str, sent: Json, got: Json, schema: Schema) -> bool:
    if kind in {"object", "array"}:
        return _same_parts(_held(sent), got, schema)
    if kind == "number":
        return isinstance(got, Number) and type(sent) is str and sent == str(got)
    if kind == "integer":
        return isinstance(got, Number) and type(sent) in {str, Number} and Decimal(sent) == Decimal(got)
    if kind == "boolean":
        return isinstance(got, bool) and sent == json.dumps(got)
    if kind == "string" and "format" in schema:
        return type(sent) is str and type(got) is str and _instant(sent) == _instant(got)
    return kind == "string" and type(got) is str and _same_text(sent, got)


def _same_text(sent: Json, got: str) -> bool:
    if isinstance(sent, (dict, list)):
        return bool(_plain(read(got)) == _plain(sent))
    return got == (str(sent) if isinstance(sent, Number) else json.dumps(sent))


def _same_parts(sent: Json, got: Json, schema: Schema) -> bool:
    if isinstance(sent, list) and isinstance(got, list) and len(sent) == len(got):
        return all(same(*pair, schema.get("items")) for pair in zip(sent, got, strict=True))
    if isinstance(sent, dict) and isinstance(got, dict) and sent.keys() == got.keys():
        parts = schema.get("properties", {})
        return all(same(sent[name], got[name], parts.get(name)) for name in sent)
    return False


def _held(value: Json) -> Json:
    """Read an object or array out of a text that holds one, if that loses nothing of the text."""
    if type(value) is not str or value.lstrip()[:1] not in {"{", "["}:
        return value
    try:
        read = json.loads(
            value,
            parse_int=Number,
            parse_float=Number,
            parse_constant=_refuse,
            object_pairs_hook=_distinct,
        )
        json.dumps(read, ensure_ascii=False).encode()
    except ValueError:
        return value
    return read


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _distinct(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError
    return dict(pairs)


def _plain(value: Json) -> Json:
    """Give what is equal for equal JSON only: neither the order of names nor `True == 1` counts."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list) else repr(value)


def _branches(schema: Mapping[str, Any]) -> Iterator[tuple[str, Schema]]:
    for branch in schema.get("anyOf", [schema]):
        for kind in [branch["type"]] if isinstance(branch.get("type"), str) else branch.get("type", []):
            yield kind, branch


_PARTS = re.compile(r"(\d+)-(\d+)-(\d+)(?:[Tt ](\d+):(\d+)(?::(\d+)(?:\.(\d+))?)?)?(?:[zZ]|([+-]\d\d):?(\d\d))?")


def _instant(text: str) -> tuple[datetime, Decimal]:
    match = _PARTS.fullmatch(text)
    assert match is not None, text
    *whole, fraction, hours, minutes = match.groups("0")
    year, month, day, *clock = (int(part) for part in whole)
    behind = timedelta(hours=int(hours), minutes=int(f"{hours[0] if hours[0] == '-' else ''}{minutes}"))
    hour, minute, second = clock
    return datetime(year, month, day, hour, minute, second, tzinfo=timezone.utc) - behind, Decimal(f"0.{fraction}")


def selected_schema(schema: Schema, deselected: str | None = None) -> Schema:
    """Give the schema of what may come out: the deselected name nowhere, and nothing undeclared."""
    schema = dict(schema)
    if "properties" in schema:
        parts = {name: selected_schema(part, deselected) for name, part in schema["properties"].items()}
        parts = {name: part for name, part in parts.items() if name != deselected}
        schema |= {"properties": parts, "additionalProperties": False}
    if "items" in schema:
        schema["items"] = selected_schema(schema["items"], deselected)
    return schema


def expected(sent: Json, schema: Schema, deselected: str | None = None) -> Json:
    """Give what has to come back: a key that was absent as null, the deselected name nowhere."""
    return _without({"key": None, **sent}, schema, deselected)


def _without(value: Json, schema: Schema, name: str | None) -> Json:
    inside = _held(value) if name is not None and schema.keys() & {"properties", "items"} else value
    if isinstance(inside, list) and "items" in schema:
        return [_without(part, schema["items"], name) for part in inside]
    if isinstance(inside, dict) and "properties" in schema:
        parts = schema["properties"]
        kept = (part for part in inside if part != name or part not in parts)
        return {part: _without(inside[part], parts.get(part, {}), name) for part in kept}
    return value
