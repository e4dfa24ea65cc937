"""Find the query parameters of a list among those that its operation declares.

Only parameters in these tables are used. What is not declared is as in the v3 guide.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from tap_makini.identifiers import normalized_name
from tap_makini.openapi.responses import media_type_of
from tap_makini.schema import UPDATE_TIMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_makini.endpoints import QueryParameters
    from tap_makini.openapi.document import Scope
    from tap_makini.openapi.operations import Operation

    Node = Mapping[str, Any]
    Declared = Mapping[str, list[Node]]

_PAGING = {
    "page": ("page", "pagenumber", "pageno", "pagenum", "pageindex"),
    "size": ("perpage", "pagesize", "limit", "top"),
    "offset": ("offset", "skip", "startindex"),
    "cursor": ("cursor", "pagecursor", "pagetoken", "nexttoken", "continuationtoken"),
}
"""Names in any spelling: `page_number`, `pageNumber` and `page[number]` are `pagenumber`."""
_LIKE_PAGING = re.compile(
    r"pag(e|in)|offset|cursor|token|skip|^((row|record|result|max|fetch)s?)?limit$|marker|^(p|pg|start|after|next)$"
    r"|^(start|row|first|last|next|starting|ending)(at|after|before|from|index|item|key|position|record|result|row|start)$"
    r"|(last|after|before|since)id$"
)
"""Names that are not in the table, but may request a page all the same."""
_START_VALUES = (
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
_START_VALUES_OF_UPDATES = (
    "modified_after",
    "updated_after",
    "updated_since",
    "modified_since",
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
"""Values that order by the replication key, ascending and descending."""
_DATES = {"date", "date-time"}
_COMPOSITIONS = ("allOf", "anyOf", "oneOf")
_MOST_LEVELS = 4
_MOST_SCHEMAS = 100


def query_parameters_of(
    operation: Operation, undeclared: QueryParameters, replication_key: str | None = None
) -> QueryParameters:
    """Return the query parameters of a list.

    Args:
        operation: What returns it.
        undeclared: What counts as far as the operation declares nothing.
        replication_key: What the list is read incrementally by, if it is.
    """
    declared = _declared(operation)
    parameters = replace(_with_paging(declared, undeclared), accept=media_type_of(operation))
    if replication_key is None:
        return parameters
    return _with_order(_with_start_value(parameters, declared, replication_key), declared, replication_key)


def _with_paging(declared: Declared, undeclared: QueryParameters) -> QueryParameters:
    by_key = {normalized_name(name): name for name in reversed([*declared])}
    page, size, offset, cursor = (
        next((by_key[key] for key in keys if key in by_key), None) for keys in _PAGING.values()
    )
    if page is None and offset is None and cursor is None:
        known = set(_PAGING["size"])
        unknown = [name for key, name in by_key.items() if _LIKE_PAGING.search(key) and key not in known]
        filters = {name for name in unknown if _DATES & {*_values(declared[name], "format")}}
        undeclared = replace(undeclared, unknown_paging=tuple(sorted({*unknown} - filters)))
        if size is None:
            return undeclared
    has_only_cursor = cursor is not None and page is None and offset is None
    first = _first_number(declared[page]) if page else 1
    offset = offset if page is None else None
    return replace(
        undeclared,
        page=None if has_only_cursor else page or undeclared.page,
        first=1 if first is None else first,
        is_first_known=first is not None or undeclared.must_count,
        offset=offset,
        first_offset=(_first_number(declared[offset]) or 0) if offset else 0,
        size=size,
        largest=min(filter(None, _whole_numbers(declared[size], "maximum")), default=None) if size else None,
        sizes=tuple(sorted(filter(None, _whole_numbers(declared[size], "enum")))) if size else (),
        cursor=cursor or undeclared.cursor,
        must_count=undeclared.must_count and offset is None and not has_only_cursor,
    )


def _with_start_value(parameters: QueryParameters, declared: Declared, key: str) -> QueryParameters:
    names = (*_START_VALUES, *(_START_VALUES_OF_UPDATES if key in UPDATE_TIMES else ()))
    name = next((name for name in names if name.format(key=key) in declared), parameters.start_value)
    return parameters if name == parameters.start_value else replace(parameters, start_value=name, end_value=None)


def _with_order(parameters: QueryParameters, declared: Declared, key: str) -> QueryParameters:
    """Use another order than v3's only if its values are declared."""
    for name in _SORTS:
        values = list(_values(declared.get(name, []), "enum"))
        for ascending, descending in _ORDERS:
            if descending.format(key=key) in values:
                return replace(parameters, sort=name, ascending=ascending, descending=descending)
    return parameters


def _declared(operation: Operation) -> Declared:
    """Return the schemas of each query parameter, by the names that requests have."""
    declared: dict[str, list[Node]] = {}
    for node in operation.parameters:
        name = node.get("name")
        if node.get("in") == "query" and isinstance(name, str) and node.get("deprecated") is not True:
            schemas = _schemas(operation.scope, node.get("schema"))
            parts = _parts(node, schemas)
            for part, schema in parts.items():
                declared[part] = _schemas(operation.scope, schema)
            if not parts:
                declared[name] = schemas
    return declared


def _parts(node: Node, schemas: list[Node]) -> dict[str, Any]:
    """Take an object apart: `page[size]` of a deep one, `size` of one that is exploded, as it is by default."""
    properties: dict[str, Any] = {}
    for schema in schemas:
        properties |= schema["properties"] if isinstance(schema.get("properties"), dict) else {}
    if node.get("style") == "deepObject":
        return {f"{node['name']}[{name}]": schema for name, schema in properties.items()}
    return {} if node.get("explode") is False else properties


def _schemas(scope: Scope, schema: object) -> list[Node]:
    """Return a schema, the schemas that it is composed of, and those of its items."""
    return [*islice(_composed(scope, schema, _MOST_LEVELS), _MOST_SCHEMAS)]


def _composed(scope: Scope, schema: object, levels: int) -> Iterator[Node]:
    node = scope.followed(schema)
    if not node or not levels:
        return
    yield node
    for keyword in _COMPOSITIONS:
        for part in node[keyword] if isinstance(node.get(keyword), list) else []:
            yield from _composed(scope, part, levels - 1)
    yield from _composed(scope, node.get("items"), levels - 1)


def _values(schemas: list[Node], keyword: str) -> Iterator[Any]:
    """Yield the values of a keyword, one by one if it is a list."""
    for schema in schemas:
        value = schema.get(keyword)
        yield from value if isinstance(value, list) else [value]


def _whole_numbers(schemas: list[Node], keyword: str) -> Iterator[int]:
    """Yield the values of a keyword that are whole numbers, or texts of one."""
    texts = (str(value) for value in _values(schemas, keyword) if isinstance(value, (int, str)))
    return (int(text) for text in texts if text.isascii() and text.isdecimal() and len(text) < 10)  # noqa: PLR2004 - digits


def _first_number(schemas: list[Node]) -> int | None:
    """Return where counting begins, 0 or 1, by the default or the minimum; None if neither is declared."""
    numbers = (number for keyword in ("default", "minimum") for number in _whole_numbers(schemas, keyword))
    return next((number for number in numbers if number in {0, 1}), None)
