"""Compile the conformer of a stream from its schema and its selection."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tap_makini.conform import values
from tap_makini.conform.columns import Array, Choice, Column, Key, Object, Scalar
from tap_makini.conform.conformer import Conformer
from tap_makini.schema import CONNECTION_COLUMN, DELETION_COLUMN, EXTRA_COLUMN, deletion_time

Breadcrumb = tuple[str, ...]
Selects = Callable[[Breadcrumb], bool]

_TYPES = {
    "string": values.STRING,
    "number": values.NUMBER,
    "integer": values.INTEGER,
    "boolean": values.BOOLEAN,
    "object": values.OPEN_OBJECT,
    "array": values.OPEN_ARRAY,
}
_TEXT_TYPES = {"date-time": values.DATE_TIME, "date": values.DATE}


def compile_conformer(
    schema: Mapping[str, Any], selected: Callable[[Breadcrumb], bool], *, connection: str | None
) -> Conformer:
    """Compile the conformer for a stream.

    Args:
        schema: The stream's schema: an object, of which `type`, `format`, `properties`, `items` and
            `anyOf` count. A property without a type takes any value. `_sdc_deleted_at` gets the
            value of `deletedAt` or `_deletedAt`.
        selected: Returns whether a Singer breadcrumb, such as `("properties", "key")`, is
            selected. Breadcrumbs of the properties of an array's objects have `items` in between:
            `("properties", "lineItems", "items", "properties", "price")`.
        connection: The value of `_makini_connection`.

    Returns:
        The conformer.
    """
    properties = schema.get("properties", {})

    def adds(column: str) -> bool:
        return column in properties and selected(("properties", column))

    added = list(filter(adds, (CONNECTION_COLUMN, EXTRA_COLUMN)))
    deleted_by = deletion_time(properties) if adds(DELETION_COLUMN) else None
    ours = added if deleted_by is None else [*added, DELETION_COLUMN]
    own = {name: part for name, part in properties.items() if name not in ours}
    return Conformer(_object(own, selected, (), nullable=False), added, connection, deleted_by=deleted_by)


def _object(properties: Mapping[str, Any], selected: Selects, breadcrumb: Breadcrumb, *, nullable: bool) -> Object:
    paths = {name: (*breadcrumb, "properties", name) for name in properties}
    columns = {
        name: Key() if _is_key(properties[name], path) else _column(properties[name], selected, path)
        for name, path in paths.items()
        if selected(path)
    }
    return Object(columns, properties.keys() - columns.keys(), nullable=nullable)


def _is_key(schema: Any, path: Breadcrumb) -> bool:  # noqa: ANN401 - any JSON
    """Return whether this is a key: of the columns at the top level, only keys are never null."""
    top_level = len(path) == len(("properties", "key"))
    return top_level and schema.get("type") in ("string", ["string"]) and "format" not in schema


def _column(schema: Any, selected: Selects, path: Breadcrumb) -> Column:  # noqa: ANN401 - any JSON
    options = list(_options(schema))
    nullable = any(name == "null" for name, _ in options)
    options = sorted((option for option in options if option[0] != "null"), key=_rank)
    if len(options) == 1:
        return _typed(*options[0], selected, path, nullable=nullable)
    # the SDK selects no parts in a choice of types, so all are kept
    columns = [_typed(*option, lambda _: True, path, nullable=False) for option in options]
    return Choice(columns, nullable=nullable)


def _options(schema: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:  # noqa: ANN401 - any JSON
    """Yield the names of the types that a schema allows, each with the schema that describes it."""
    schema = schema if isinstance(schema, Mapping) else {}
    types = schema.get("type", [])
    branches = [*schema.get("anyOf", []), *schema.get("oneOf", [])]
    if types:
        yield from ((name, schema) for name in ([types] if isinstance(types, str) else types))
    elif branches:
        for branch in branches:
            yield from _options(branch)
    else:
        yield "anything", schema


def _rank(option: tuple[str, Mapping[str, Any]]) -> int:
    """Rank a type: one that nearly everything can be converted to comes last."""
    return {"number": 1, "string": 2}.get(option[0], 0)


def _typed(name: str, schema: Mapping[str, Any], selected: Selects, path: Breadcrumb, *, nullable: bool) -> Column:
    if name == "object" and schema.get("properties"):
        return _object(schema["properties"], selected, path, nullable=nullable)
    if name == "array" and isinstance(schema.get("items"), Mapping):
        return Array(_column(schema["items"], selected, (*path, "items")), nullable=nullable)
    type_ = _TYPES.get(name, values.ANYTHING)
    if name == "string":
        type_ = _TEXT_TYPES.get(schema.get("format", ""), type_)
    return Scalar(type_, nullable=nullable or type_ is values.ANYTHING)
