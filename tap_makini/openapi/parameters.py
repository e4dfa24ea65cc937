"""The query parameters that an operation declares, and what is said of their values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator, Mapping

    from tap_makini.openapi.document import Document
    from tap_makini.openapi.operations import Operation

    Node = Mapping[str, Any]

_MOST_LEVELS = 4
_COMPOSITIONS = ("allOf", "anyOf", "oneOf")
_TEXTUAL, _NUMERIC = {"string"}, {"integer", "number"}


class Parameter:
    """A query parameter.

    Args:
        document: What describes it.
        node: What it says.
        schema: What it says of its values.
    """

    def __init__(self, document: Document, node: Node, schema: object) -> None:
        self._document = document
        self._node = node
        self._schemas = list(_composed(document, schema))
        self.is_deprecated = node.get("deprecated") is True

    def said(self, *keywords: str) -> Iterator[Any]:
        """Give all that is said under these keywords, keyword by keyword."""
        for keyword in keywords:
            for node in (*self._schemas, self._node):
                if node.get(keyword) is not None:
                    yield node[keyword]

    def numbers(self, *keywords: str) -> list[int]:
        """Give what whole numbers are said under these keywords, as numbers or as text."""
        return [int(said) for said in self.said(*keywords) if _is_whole(said)]

    @property
    def is_described(self) -> bool:
        """Whether there are words about it."""
        return next(self._descriptions(), None) is not None

    def is_described_by(self, words: re.Pattern[str]) -> bool:
        """Whether the words about it hold some of these."""
        return any(map(words.search, self._descriptions()))

    def _descriptions(self) -> Iterator[str]:
        return (text for text in self.said("description") if isinstance(text, str))

    def choices(self) -> list[Any]:
        """Give the values that it is restricted to; none where it is not."""
        return [value for said in self.said("enum") if isinstance(said, list) for value in said]

    def texts(self) -> Iterator[str]:
        """Give the texts that it may be, by its enum and examples."""
        items = [node for schema in self._schemas for node in _composed(self._document, schema.get("items"))]
        for node in (*self._schemas, *items, self._node):
            for keyword in ("enum", "example", "examples", "default"):
                yield from _texts(node.get(keyword))

    def may_be_a_number(self) -> bool:
        """Whether its values may be numbers: it is declared so, or nothing is declared."""
        return self._may_be(_NUMERIC)

    def may_be_a_text(self) -> bool:
        """Whether its values may be texts: it is declared so, or nothing is declared."""
        return self._may_be(_TEXTUAL)

    def _may_be(self, types: set[str]) -> bool:
        declared = self._types()
        return not declared or not declared.isdisjoint(types)

    def _types(self) -> set[str]:
        said = [types if isinstance(types, list) else [types] for types in self.said("type")]
        return {name for names in said for name in names if isinstance(name, str) and name != "null"}


def query_parameters(operation: Operation) -> dict[str, Parameter]:
    """Give the query parameters by the names that requests have; of an object, one for each property."""
    named: dict[str, Parameter] = {}
    for node in operation.parameters:
        if node.get("in") == "query" and isinstance(node.get("name"), str):
            named |= _parts(operation.document, node) or {
                node["name"]: Parameter(operation.document, node, node.get("schema"))
            }
    return named


def _parts(document: Document, node: Node) -> dict[str, Parameter]:
    """Take apart an object: `page[size]` of a deep one, `size` of one that is exploded, as it is by default."""
    properties: dict[str, Any] = {}
    for schema in _composed(document, node.get("schema")):
        properties |= schema["properties"] if isinstance(schema.get("properties"), dict) else {}
    is_deep = node.get("style") == "deepObject"
    if node.get("explode") is False and not is_deep:
        return {}
    return {
        f"{node['name']}[{name}]" if is_deep else name: Parameter(document, {}, schema)
        for name, schema in properties.items()
    }


def _composed(document: Document, schema: object, levels: int = _MOST_LEVELS) -> Iterator[Node]:
    """Give a schema and the schemas that it is made up of."""
    node = document.followed(schema)
    if not node:
        return
    yield node
    for keyword in _COMPOSITIONS if levels else ():
        parts = node.get(keyword)
        for part in parts if isinstance(parts, list) else []:
            yield from _composed(document, part, levels - 1)


def _texts(said: object) -> Iterator[str]:
    values = [*said.values()] if isinstance(said, dict) else said if isinstance(said, list) else [said]
    for value in values:
        text = value.get("value") if isinstance(value, dict) else value
        if isinstance(text, str):
            yield text


def _is_whole(said: object) -> bool:
    if isinstance(said, str):
        return said.isascii() and said.isdigit()
    return isinstance(said, int) and not isinstance(said, bool)
