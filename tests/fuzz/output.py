"""What the tap writes, checked line by line as any target would rely on it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Message: TypeAlias = "dict[str, Any]"

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_MEMBERS = {
    "SCHEMA": {"stream", "schema", "key_properties"},
    "RECORD": {"stream", "record"},
    "STATE": {"value"},
    "ACTIVATE_VERSION": {"stream", "version"},
}


class Output:
    """The messages of a run, and what is wrong with them.

    Args:
        raw: What the tap wrote.
        may_be_cut: Whether the last line may lack its end, since the process was killed.

    Attributes:
        messages: The messages, in order.
        problems: What is wrong, in words.
    """

    def __init__(self, raw: bytes, *, may_be_cut: bool) -> None:
        self.messages: list[Message] = []
        self.problems: list[str] = []
        self._schemas: dict[str, Message] = {}
        *lines, rest = raw.split(b"\n")
        if rest and not may_be_cut:
            self.problems.append(f"the last line has no end: {rest[-80:]!r}")
        for line in lines:
            self._take(line)

    def _take(self, line: bytes) -> None:
        try:
            message = json.loads(line)
        except ValueError as error:
            self.problems.append(f"not JSON ({error}): {line[:80]!r}")
            return
        kind = message.get("type") if isinstance(message, dict) else None
        if kind not in _MEMBERS or not message.keys() >= _MEMBERS[kind]:
            self.problems.append(f"not a Singer message: {line[:80]!r}")
            return
        if kind == "SCHEMA":
            self._schemas[message["stream"]] = message
        elif kind == "RECORD":
            self.problems.extend(self._faults_of(message))
        self.messages.append({**message, "key_properties": self._key_of(message)})

    def _key_of(self, message: Message) -> list[str]:
        schema = self._schemas.get(message.get("stream", ""), {})
        return list(schema.get("key_properties", []))

    def _faults_of(self, message: Message) -> Iterator[str]:
        stream, record = message["stream"], message["record"]
        schema = self._schemas.get(stream)
        if schema is None:
            yield f"{stream}: a RECORD came before its SCHEMA"
            return
        for name in schema["key_properties"]:
            if record.get(name) is None:
                yield f"{stream}: a RECORD has no {name}"
        properties = schema["schema"]["properties"]
        for name, value in record.items():
            if name not in properties:
                yield f"{stream}: {name} is not in the SCHEMA"
            elif not _fits(value, properties[name]):
                yield f"{stream}: {name} is {value!r}, which the SCHEMA does not allow"


def _fits(value: object, schema: Mapping[str, Any]) -> bool:
    """Whether a value is of a type, as far as the types of this project's schemas go."""
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if types and _type_of(value) not in types and not (_type_of(value) == "integer" and "number" in types):
        return False
    if isinstance(value, str) and schema.get("format") == "date-time":
        return _DATE_TIME.fullmatch(value) is not None
    if isinstance(value, list):
        return all(_fits(item, schema.get("items", {})) for item in value)
    return True


def _type_of(value: object) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "null")
