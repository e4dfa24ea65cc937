"""From the bytes of a document to what they say, in JSON or YAML.

YAML is read event by event, which a hostile document can neither nest nor multiply beyond its own size: the usual
loader crashes on deep nesting and expands merge keys. Names stay as they are written (`200`, `no`), dates stay text,
and `yes` and `on` are text as in YAML 1.2. An alias is the very object that its anchor names, so the result may
contain itself.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
import yaml

from tap_makini.rawjson import NUMBER_PATTERN

_NESTING_LIMIT = 1000
_NUMBER = re.compile(NUMBER_PATTERN)
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class NotationError(ValueError):
    """The bytes are neither JSON nor YAML that can be read. The message says what is wrong."""


def decode(data: bytes) -> Any:  # noqa: ANN401 - whatever the document holds
    """Read JSON or, where it is none, YAML (its first document).

    Raises:
        NotationError: It is neither, or nested more deeply than any API's description.
    """
    try:
        return msgspec.json.decode(data.removeprefix(_BYTE_ORDER_MARK))
    except RecursionError:
        raise NotationError("nested too deeply") from None
    except ValueError:
        return _decode_yaml(data)


def _decode_yaml(data: bytes) -> Any:  # noqa: ANN401 - whatever the document holds
    builder = _Builder()
    try:
        for event in yaml.parse(data, Loader=_LOADER):
            if isinstance(event, yaml.DocumentEndEvent):
                break
            builder.take(event)
    except (yaml.YAMLError, UnicodeError) as error:
        raise NotationError(f"neither JSON nor YAML{_place(error)}") from None
    return builder.root


class _Builder:
    """Builds the values that events tell of."""

    def __init__(self) -> None:
        self.root: Any = None
        self._open: list[list[Any] | dict[str, Any]] = []
        self._names: list[str | None] = []  # of each open mapping, the name that waits for its value
        self._anchored: dict[str, Any] = {}

    def take(self, event: yaml.Event) -> None:
        """Go on by one event."""
        if isinstance(event, yaml.ScalarEvent):
            self._take_scalar(event)
        elif isinstance(event, yaml.MappingStartEvent):
            self._begin({}, event)
        elif isinstance(event, yaml.SequenceStartEvent):
            self._begin([], event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._open.pop()
            self._names.pop()
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchored:
                raise NotationError("not valid YAML (an alias has no anchor)")
            self._place(self._anchored[event.anchor])

    def _take_scalar(self, event: yaml.ScalarEvent) -> None:
        plain = event.implicit[0]
        if self._awaits_name:
            if plain and event.value == "<<":
                raise NotationError("not an OpenAPI document (YAML merge keys, <<, are not part of OpenAPI)")
            self._names[-1] = event.value
            return
        value = _plain_value(event.value) if plain else event.value
        self._remember(event.anchor, value)
        self._place(value)

    @property
    def _awaits_name(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1], dict) and self._names[-1] is None

    def _begin(self, container: list[Any] | dict[str, Any], event: yaml.CollectionStartEvent) -> None:
        if self._awaits_name:
            raise NotationError("not an OpenAPI document (a YAML key is not text)")
        if len(self._open) >= _NESTING_LIMIT:
            raise NotationError("nested too deeply")
        self._remember(event.anchor, container)
        self._place(container)
        self._open.append(container)
        self._names.append(None)

    def _remember(self, anchor: str | None, value: object) -> None:
        if anchor is not None:
            self._anchored[anchor] = value

    def _place(self, value: Any) -> None:  # noqa: ANN401 - whatever the document holds
        if not self._open:
            self.root = value
            return
        parent, name = self._open[-1], self._names[-1]
        if isinstance(parent, list):
            parent.append(value)
        elif name is None:
            raise NotationError("not an OpenAPI document (a YAML key is not text)")
        else:
            parent[name] = value
            self._names[-1] = None


def _plain_value(text: str) -> Any:  # noqa: ANN401 - any scalar
    if text in _WORDS:
        return _WORDS[text]
    if _NUMBER.fullmatch(text):
        try:
            return msgspec.json.decode(text)
        except ValueError:  # beyond what a number can be
            return text
    return text


def _place(error: Exception) -> str:
    mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
    return f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
