"""How a list is asked for pages, from the query parameters that a document declares for it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tap_makini.openapi.parameters import schema_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import TypeGuard

    from tap_makini.openapi.operations import Operation
    from tap_makini.reading.dialect import Dialect

_PAGES = ("page", "page_number", "pageNumber", "page[number]", "p")
_OFFSETS = ("offset", "skip", "start")
_SIZES = ("per_page", "perPage", "page_size", "pageSize", "page[size]", "limit", "size")
_FROM_ZERO = re.compile(r"\b(zero|0)[- ]?(based|indexed)|\bstart(s|ing)? (at|from|with) (zero|0)\b", re.IGNORECASE)


def paged(declared: Mapping[str, Mapping[str, Any]], undeclared: Dialect, operation: Operation) -> Dialect:
    """Tell how pages are asked for.

    Args:
        declared: The query parameters by name.
        undeclared: How the list is asked as far as nothing is declared.
        operation: What lists it.
    """
    page, size, offset = (_first(names, declared) for names in (_PAGES, _SIZES, _OFFSETS))
    if page is None and size is None and offset is None:
        return undeclared
    return replace(
        undeclared,
        page=page or undeclared.page,
        offset=offset if page is None else None,
        may_not_count=undeclared.may_not_count or page is None,
        first=_first_number(operation, declared.get(page or "", {})),
        size=size,
        largest=_largest(operation, declared.get(size or "", {})),
    )


def _first(names: Iterable[str], declared: Mapping[str, Any]) -> str | None:
    return next((name for name in names if name in declared), None)


def _first_number(operation: Operation, parameter: Mapping[str, Any]) -> int:
    """Say whether pages are numbered from 0 or, where nothing is said, from 1."""
    schema = schema_of(operation, parameter)
    if any(_FROM_ZERO.search(str(node.get("description"))) for node in (parameter, schema)):
        return 0
    said = [node.get(keyword) for keyword in ("default", "minimum", "example") for node in (schema, parameter)]
    numbers = [number for number in said if _is_whole(number)]
    return 0 if numbers and numbers[0] == 0 else 1


def _largest(operation: Operation, parameter: Mapping[str, Any]) -> int | None:
    most = schema_of(operation, parameter).get("maximum")
    return most if _is_whole(most) and most > 0 else None


def _is_whole(number: object) -> TypeGuard[int]:
    return isinstance(number, int) and not isinstance(number, bool)
