"""How a list is asked, from the query parameters that a document declares for it.

What is not declared is as in the v3 guide. Only names in these tables are ever used, never a document's own text.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tap_makini.openapi.keys import UPDATE_TIMES
from tap_makini.reading.dialect import V3, Dialect

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tap_makini.openapi.operations import Operation

_PAGES = ("page", "page_number", "pageNumber", "page[number]", "p")
_SIZES = ("per_page", "perPage", "page_size", "pageSize", "page[size]", "limit", "size")
_FROM_KEY = (
    "filter[{key}:gteq]",
    "filter[{key}:gte]",
    "filter[{key}][gteq]",
    "filter[{key}][gte]",
    "{key}[gteq]",
    "{key}[gte]",
    "{key}__gte",
    "{key}_gte",
    "{key}From",
)
_FROM_UPDATE = (
    "modified_after",
    "updated_after",
    "updated_since",
    "modified_since",
    "since",
    "updatedAfter",
    "updatedSince",
    "modifiedAfter",
    "modifiedSince",
)
_SORTS = ("sort", "sort_by", "sortBy", "order_by", "orderBy")
_ORDERS = (
    ("{key}", "-{key}"),
    ("{key}:asc", "{key}:desc"),
    ("{key} asc", "{key} desc"),
    ("{key},asc", "{key},desc"),
    ("{key}.asc", "{key}.desc"),
    ("{key}_asc", "{key}_desc"),
)
"""Values that order by a key, ascending and descending."""


def dialect_of(operation: Operation, replication_key: str | None) -> Dialect:
    """Tell how a list is asked.

    Args:
        operation: What lists it.
        replication_key: What it is read incrementally by.
    """
    declared = {
        parameter["name"]: parameter
        for parameter in operation.parameters
        if parameter.get("in") == "query" and isinstance(parameter.get("name"), str)
    }
    dialect = _paged(declared)
    if replication_key is None:
        return dialect
    return _ordered(_since(dialect, declared, replication_key), declared, replication_key, operation)


def _paged(declared: Mapping[str, Any]) -> Dialect:
    page, size = _first(_PAGES, declared), _first(_SIZES, declared)
    return V3 if page is None and size is None else replace(V3, page=page or V3.page, size=size)


def _since(dialect: Dialect, declared: Mapping[str, Any], key: str) -> Dialect:
    names = [template for template in _FROM_KEY if template.format(key=key) in declared]
    if key in UPDATE_TIMES:
        names += [name for name in _FROM_UPDATE if name in declared]
    return replace(dialect, since=names[0]) if names else dialect


def _ordered(dialect: Dialect, declared: Mapping[str, Any], key: str, operation: Operation) -> Dialect:
    """Take another order than v3's only where its values are declared: whether they need a second parameter shows."""
    for name in _SORTS:
        values = set(_values(operation, declared.get(name, {})))
        for ascending, descending in _ORDERS:
            if descending.format(key=key) in values:
                return replace(dialect, sort=name, ascending=ascending, descending=descending)
    return dialect


def _first(names: Iterable[str], declared: Mapping[str, Any]) -> str | None:
    return next((name for name in names if name in declared), None)


def _values(operation: Operation, parameter: Mapping[str, Any]) -> Iterator[str]:
    """Give the texts that a parameter may be, by its enum and examples."""
    schema = operation.document.followed(parameter.get("schema"))
    for node in (parameter, schema, operation.document.followed(schema.get("items"))):
        for keyword in ("enum", "example", "examples", "default"):
            said = node.get(keyword)
            values = [*said.values()] if isinstance(said, dict) else said if isinstance(said, list) else [said]
            for value in values:
                text = value.get("value") if isinstance(value, dict) else value
                if isinstance(text, str):
                    yield text
