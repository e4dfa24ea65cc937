"""Read the parameters of a list request, and check them as the v3 spec describes them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast, get_args

from makini_sandbox.clock import parse_instant
from makini_sandbox.responses import unprocessable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

# The v3 guide spells less-or-equal `lted`.
Operator = Literal["eq", "contains", "startsWith", "gt", "gteq", "lt", "lted"]

_FILTER = re.compile(r"filter\[([^\]:]+)(?::([^\]]*))?\]")
_SORT = re.compile(r"sort\[([^\]]+)\]")


@dataclass(frozen=True)
class Filter:
    """One condition on one field.

    Attributes:
        field: Name of the field.
        operator: The comparison.
        text: The bound as sent.
        instant: The bound in microseconds since 1970, None if it is not a date.
    """

    field: str
    operator: Operator
    text: str
    instant: int | None


@dataclass(frozen=True)
class ListQuery:
    """What a list request selects.

    Attributes:
        page: Page number from 1.
        per_page: Rows per page, None if not given.
        offset: Rows to skip, in place of a page number; None if not given.
        filters: The conditions.
        match_any: Whether one condition is enough (`filterMatch=any`).
        sort_field: Field to sort by, None if not given.
        descending: Whether the sort is from high to low (`sort[field]=1`).
        cursor: Cursor of an earlier response.
        nothing: Whether no row can meet the conditions.
    """

    page: int = 1
    per_page: int | None = None
    offset: int | None = None
    filters: tuple[Filter, ...] = ()
    match_any: bool = False
    sort_field: str | None = None
    descending: bool = False
    cursor: str | None = None
    nothing: bool = False


def parse_query(parameters: Iterable[tuple[str, str]], fields: frozenset[str]) -> ListQuery:
    """Read the parameters of a list request.

    Args:
        parameters: Names and values as sent.
        fields: Names of the entity's fields.

    Raises:
        Refusal: 422 with the parameter that makes no sense.
    """
    plain: dict[str, str] = {}
    filters: list[Filter] = []
    sort: tuple[str | None, bool] = (None, False)
    for name, value in parameters:
        if match := _FILTER.fullmatch(name):
            filters.append(_filter(name, match, value, fields))
        elif match := _SORT.fullmatch(name):
            sort = _sort(name, match[1], value, fields)
        else:
            plain[name] = value
    return ListQuery(
        page=_whole(plain, "page") or 1,
        per_page=_whole(plain, "per_page"),
        offset=int(plain["offset"]) if plain.get("offset", "").isdecimal() else None,
        filters=tuple(filters),
        match_any=_match_any(plain.get("filterMatch", "all")),
        sort_field=sort[0],
        descending=sort[1],
        cursor=plain.get("cursor"),
    )


def page_number(parameters: Mapping[str, str]) -> int:
    """Return the requested page, 1 if it is missing or not a number."""
    text = parameters.get("page", "1")
    return int(text) if text.isdecimal() else 1


def _filter(name: str, match: re.Match[str], text: str, fields: frozenset[str]) -> Filter:
    field, operator = match[1], match[2] or "eq"
    if field not in fields:
        raise unprocessable(name, "there is no such field")
    if operator not in get_args(Operator):
        raise unprocessable(name, "there is no such operator")
    instant = parse_instant(text)
    if instant is None and field.endswith("At") and operator not in {"contains", "startsWith"}:
        raise unprocessable(name, "the value is not a date")
    return Filter(field, cast("Operator", operator), text, instant)


def _sort(name: str, field: str, value: str, fields: frozenset[str]) -> tuple[str, bool]:
    if field not in fields:
        raise unprocessable(name, "there is no such field")
    if value not in {"0", "1"}:
        raise unprocessable(name, "the value must be 0 (ascending) or 1 (descending)")
    return field, value == "1"


def _whole(plain: dict[str, str], name: str) -> int | None:
    text = plain.get(name)
    if text is None:
        return None
    if not text.isdecimal() or int(text) < 1:
        raise unprocessable(name, "the value must be a whole number from 1")
    return int(text)


def _match_any(text: str) -> bool:
    if text not in {"any", "all"}:
        raise unprocessable("filterMatch", "the value must be any or all")
    return text == "any"


def compare(operator: Operator, value: int, bound: int) -> bool:
    """Return whether a comparison of a number with a bound holds."""
    return _COMPARISONS[operator](value, bound)


_COMPARISONS: dict[str, Callable[[int, int], bool]] = {
    "eq": lambda value, bound: value == bound,
    "gt": lambda value, bound: value > bound,
    "gteq": lambda value, bound: value >= bound,
    "lt": lambda value, bound: value < bound,
    "lted": lambda value, bound: value <= bound,
}
