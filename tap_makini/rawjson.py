"""Split JSON into parts without decoding it, so that digits and escapes stay as they were sent.

msgspec does the work. What it rejects, though sources send it, is read by a tokenizer that does not recurse, and made
strict: `NaN` and `Infinity` become text, control characters and bytes that are not UTF-8 become escapes, a byte order
mark is removed. Lone surrogates stay escapes, and no nesting is too deep.
"""

from __future__ import annotations

import codecs
import json
import re
from typing import TYPE_CHECKING, NoReturn

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

JSON = bytes | msgspec.Raw
"""The bytes of a JSON value; `msgspec.Raw` is a view of them without a copy."""

REFUSED = (msgspec.MsgspecError, UnicodeError, RecursionError)
"""What msgspec raises for JSON that is malformed, too deep, or of another type than requested."""

NUMBER_PATTERN = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
"""The pattern of a JSON number (RFC 8259)."""

_TOKEN = re.compile(
    rf"""[ \t\r\n]*(?:
      (?P<mark>[{{}}\[\],:])
    | (?P<text>"[^"\\]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{{4}})[^"\\]*)*")
    | (?P<word>true|false|null|{NUMBER_PATTERN})(?![\w.+-])
    | (?P<constant>NaN|-?Infinity)(?!\w)
    | (?P<end>\Z)
    )""",
    re.VERBOSE,
)
_TYPES = {b"{": "object", b"[": "array", b'"': "text", b"n": "null", b"t": "boolean", b"f": "boolean"}
_MOST_NAMES, _NAME_LENGTH = 8, 30
_BACKSLASH = ord("\\")  # as a number, which is found faster than bytes
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_UNESCAPED = re.compile("[\x00-\x1f\ud800-\udfff]")
_read_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_read_items = msgspec.json.Decoder(list[msgspec.Raw]).decode


class NotJSONError(ValueError):
    """The bytes are not JSON, or not the object or array that was requested."""


def members(raw: bytes) -> Mapping[str, JSON]:
    """Split an object into its members; of a repeated name the last one counts.

    Args:
        raw: A JSON object.

    Returns:
        Each member's name and the JSON of its value.

    Raises:
        NotJSONError: The bytes are not a JSON object.
    """
    try:
        return _read_members(raw)
    except REFUSED:
        runs = _runs(_tokens(raw), "{")
        return {json.loads(run[0]): _join(run[2:]) for run in runs}


def items(raw: bytes) -> Sequence[JSON]:
    """Split an array into its items.

    Args:
        raw: A JSON array.

    Returns:
        The JSON of each item.

    Raises:
        NotJSONError: The bytes are not a JSON array.
    """
    try:
        return _read_items(raw)
    except REFUSED:
        return [_join(run) for run in _runs(_tokens(raw), "[")]


def compact(raw: bytes) -> bytes:
    """Remove the white space between the tokens, and make the rest strict JSON.

    Args:
        raw: Any JSON value.

    Returns:
        The same value on one line, numbers and escapes as they were.

    Raises:
        NotJSONError: The bytes are not JSON.
    """
    try:
        raw.decode()  # msgspec does not read the bytes of texts here
        return msgspec.json.format(raw, indent=-1)
    except REFUSED:
        return _join(_tokens(raw))


def holds_nul(raw: bytes) -> bool:
    """Return whether a text in this JSON holds a NUL character, which PostgreSQL accepts nowhere."""
    return _BACKSLASH in raw and b"\\u0000" in raw and _NUL.search(raw) is not None


def text_json(value: object) -> bytes:
    """Encode a text, or what consists of texts, as JSON; lone surrogates become escapes."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def describe(raw: JSON) -> str:
    """Describe a body for an error message by its type and properties; its values may be secret."""
    body = bytes(raw)
    start = body.removeprefix(codecs.BOM_UTF8).lstrip()[:1]
    if start == b"<":
        return "an HTML page"
    try:
        if start == b"{":
            return f"an object {_properties(members(body))}"
        compact(body)
    except NotJSONError as error:
        return f"not valid JSON ({error})"
    return {b"[": "an array", b"n": "null"}.get(start, f"a {_TYPES.get(start, 'number')}")


def _properties(found: Mapping[str, JSON]) -> str:
    plain = [("".join(filter(str.isprintable, name))[:_NAME_LENGTH], bytes(value)[:1]) for name, value in found.items()]
    written = [f"'{name}' ({_TYPES.get(first, 'number')})" for name, first in plain[:_MOST_NAMES]]
    rest = ", …" if len(plain) > _MOST_NAMES else ""
    return f"with {', '.join(written)}{rest}" if written else "without properties"


def _join(tokens: Iterable[str]) -> bytes:
    return "".join(tokens).encode()


def _runs(tokens: list[str], opening: str) -> Iterator[list[str]]:
    """Yield the tokens between the commas of the outermost object or array."""
    if tokens[0] != opening:
        _refuse(f"expected {opening}")
    depth, run = 0, list[str]()
    for piece in tokens[1:-1]:
        if piece == "," and not depth:
            yield run
            run = []
            continue
        depth += (piece in {"{", "["}) - (piece in {"}", "]"})
        run.append(piece)
    if run:
        yield run


def _tokens(raw: bytes) -> list[str]:
    tokens = list(_scan(raw.decode("utf-8-sig", "surrogateescape")))
    _check_grammar(tokens)
    return tokens


def _scan(text: str) -> Iterator[str]:
    at = 0
    while match := _TOKEN.match(text, at):
        group, at = match.lastgroup or "end", match.end()
        if group == "end":
            return
        if group == "text":
            yield _UNESCAPED.sub(lambda char: f"\\u{ord(char[0]):04x}", match[group])
        else:
            yield f'"{match[group]}"' if group == "constant" else match[group]
    _refuse(f"invalid JSON at character {at}")


_VALUE = {'"': "after", "0": "after", "{": "first name", "[": "first item"}
_GRAMMAR = {
    "value": _VALUE,
    "first item": {**_VALUE, "]": "after"},
    "name": {'"': "colon"},
    "first name": {'"': "colon", "}": "after"},
    "colon": {":": "value"},
    "after": {"}": "after", "]": "after", ",": "next"},
}
_AFTER_COMMA = {"{": "name", "[": "value", "": ""}


def _check_grammar(tokens: list[str]) -> None:
    state, containers = "value", [""]
    for piece in tokens:
        kind = piece if piece in "{}[],:" else ('"' if piece[0] == '"' else "0")
        state = _GRAMMAR[state].get(kind, "")
        if kind in "{[":
            containers.append(kind)
        elif kind in "}]" and containers.pop() + kind not in {"{}", "[]"}:
            state = ""
        elif state == "next":
            state = _AFTER_COMMA[containers[-1]]
        if not state:
            _refuse(f"unexpected {piece[:1]}")
    if state != "after" or len(containers) > 1:
        _refuse("unexpected end")


def _refuse(cause: str) -> NoReturn:
    raise NotJSONError(cause)
