"""How a list is asked, from the query parameters that a document declares for it.

What is not declared is as in the v3 guide; what the answers then say decides how the list is read. Only parameters with
the names in these tables are ever used.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from tap_makini.openapi.answers import media_type_of
from tap_makini.openapi.pages import paged
from tap_makini.openapi.parameters import query_parameters
from tap_makini.schema import UPDATE_TIMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_makini.openapi.operations import Operation
    from tap_makini.openapi.parameters import Parameter
    from tap_makini.query_parameters import QueryParameters

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
    "updatedAfter",
    "updatedSince",
    "modifiedAfter",
    "modifiedSince",
)
_SINCE = "since"
_OF_UPDATES = re.compile("updat|modif|chang", re.IGNORECASE)
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


def dialect_of(
    operation: Operation, undeclared: QueryParameters, replication_key: str | None = None
) -> QueryParameters:
    """Tell how a list is asked.

    Args:
        operation: What lists it.
        undeclared: How it is asked as far as the operation declares nothing.
        replication_key: What it is read incrementally by, if it is.
    """
    declared = query_parameters(operation)
    dialect = replace(paged(declared, undeclared, operation.path), accept=media_type_of(operation))
    if replication_key is None:
        return dialect
    return _ordered(_since(dialect, declared, replication_key), declared, replication_key)


def _since(dialect: QueryParameters, declared: Mapping[str, Parameter], key: str) -> QueryParameters:
    names = [template for template in _FROM_KEY if template.format(key=key) in declared]
    if key in UPDATE_TIMES:
        names += [name for name in _FROM_UPDATE if name in declared]
        names += [_SINCE] if _SINCE in declared and declared[_SINCE].is_described_by(_OF_UPDATES) else []
    written = (name for name in names if declared[name.format(key=key)].may_be_a_text())  # a number is no date
    since = next(written, dialect.since)
    return dialect if since == dialect.since else replace(dialect, since=since, until=None)


def _ordered(dialect: QueryParameters, declared: Mapping[str, Parameter], key: str) -> QueryParameters:
    """Take another order than v3's only where its values are declared: whether they need a second parameter shows."""
    for name in _SORTS:
        values = set(declared[name].texts()) if name in declared else set()
        for ascending, descending in _ORDERS:
            if descending.format(key=key) in values:
                return replace(dialect, sort=name, ascending=ascending, descending=descending)
    return dialect
