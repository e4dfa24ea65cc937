"""Select the rows of a list request, according to the behavior."""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

from makini_sandbox.query import Filter, ListQuery, compare
from makini_sandbox.responses import Refusal, unprocessable
from makini_sandbox.table import DATES, Ordering, StoredRow, Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from makini_sandbox.behaviour import Behaviour

_DAY = 86_400_000_000


@dataclass(frozen=True)
class Selection:
    """The rows that a request selects: a slice of an ordered list, which is not copied.

    Attributes:
        rows: The list.
        start: Index of the first row.
        stop: Index after the last row.
        backwards: Whether it is read from the end.
    """

    rows: list[StoredRow]
    start: int
    stop: int
    backwards: bool = False

    def __len__(self) -> int:
        return self.stop - self.start

    def slice(self, offset: int, count: int) -> list[StoredRow]:
        """Return at most `count` rows from an offset on."""
        if self.backwards:
            stop = max(self.start, self.stop - offset)
            return self.rows[max(self.start, stop - count) : stop][::-1]
        start = min(self.stop, self.start + offset)
        return self.rows[start : min(self.stop, start + count)]


def check(query: ListQuery, behaviour: Behaviour) -> None:
    """Refuse what the behavior refuses.

    Raises:
        Refusal: For a filter, a sort, or a page size.
    """
    if query.filters and behaviour.filter == "refused":
        name = f"filter[{query.filters[0].field}]"
        raise Refusal(behaviour.filter_refusal, f"{name}: not supported.", parameter=name)
    if query.sort_field and behaviour.refuse_sort:
        raise unprocessable(f"sort[{query.sort_field}]", "not supported")
    limit = behaviour.max_page_size
    if behaviour.oversize == "refuse" and limit and (query.per_page or 0) > limit:
        raise unprocessable("per_page", f"the value must not be above {limit}")
    only = behaviour.only_page_size
    if only is not None and query.per_page not in {None, only}:
        raise unprocessable("per_page", f"the value must be {only}")


def page_size(query: ListQuery, behaviour: Behaviour) -> int:
    """Return the rows per page for this request."""
    asked = None if behaviour.page_size_ignored else query.per_page
    size = asked or behaviour.default_page_size
    return min(size, behaviour.max_page_size or size)


def select(table: Table, query: ListQuery, behaviour: Behaviour, chance: int) -> Selection:
    """Return the rows that a request selects, in their order.

    Args:
        table: The rows of the entity.
        query: The request.
        behaviour: The behavior towards the entity.
        chance: Seed for an order that differs at each request.
    """
    if behaviour.filter == "empty" and query.filters:
        return Selection([], 0, 0)
    filters = () if behaviour.filter == "ignored" else query.filters
    if ordering := _seekable(table, query, behaviour, filters):
        return _slice(ordering, filters, query.descending)
    rows = _ordered(table, query, behaviour, chance)
    if filters:
        tests = [_predicate(one, behaviour) for one in filters]
        wanted = any if query.match_any else all
        rows = [row for row in rows if wanted(test(row) for test in tests)]
    return Selection(rows, 0, len(rows))


def _seekable(table: Table, query: ListQuery, behaviour: Behaviour, filters: tuple[Filter, ...]) -> Ordering | None:
    """Return the order in which the filters select a slice, so that a page need not look at every row."""
    field = query.sort_field
    if field not in DATES or behaviour.order != "honoured" or not filters or query.match_any:
        return None
    exact = behaviour.filter == "second" and behaviour.null_dates == "filtered"
    if not exact or any(one.field != field or one.instant is None for one in filters):
        return None
    return _ordering(table, field, query, behaviour)


def _ordering(table: Table, field: str, query: ListQuery, behaviour: Behaviour) -> Ordering:
    salted = behaviour.tie_order == "by_page_size"
    return table.ordering(
        field,
        hide_deleted=behaviour.deleted == "hidden",
        tie_salt=page_size(query, behaviour) if salted else None,
    )


def _slice(ordering: Ordering, filters: tuple[Filter, ...], descending: bool) -> Selection:  # noqa: FBT001 - the query's own flag
    rows = ordering.dated
    start, stop = 0, len(rows)
    for one in filters:
        bound = one.instant or 0
        if one.operator in {"gt", "lted", "eq"}:
            after = bisect_right(rows, bound, key=ordering.instant_of)
            start, stop = (after, stop) if one.operator == "gt" else (start, min(stop, after))
        if one.operator in {"gteq", "lt", "eq"}:
            at = bisect_left(rows, bound, key=ordering.instant_of)
            start, stop = (start, min(stop, at)) if one.operator == "lt" else (max(start, at), stop)
    return Selection(rows, min(start, stop), stop, backwards=descending)


def _ordered(table: Table, query: ListQuery, behaviour: Behaviour, chance: int) -> list[StoredRow]:
    in_order = table.in_order(hide_deleted=behaviour.deleted == "hidden")
    if behaviour.order == "shuffled":
        rows = list(in_order)
        Random(chance).shuffle(rows)  # noqa: S311 - repeatable, and no secret
        return rows
    field, descending = query.sort_field, query.descending
    if behaviour.order == "newest_first":
        field, descending = "updatedAt", True
    if field is None or behaviour.order == "ignored":
        return in_order
    if field not in DATES:
        return sorted(in_order, key=lambda row: _sortable(row, field), reverse=descending)
    ordering = _ordering(table, field, query, behaviour)
    dated = ordering.dated[::-1] if descending else ordering.dated
    if not ordering.undated:
        return dated
    if behaviour.nulls_sort == "first":
        return ordering.undated + dated
    return dated + ordering.undated


def _predicate(one: Filter, behaviour: Behaviour) -> Callable[[StoredRow], bool]:
    if one.field not in DATES or one.instant is None:
        return lambda row: _text_matches(one, _value(row, one.field))
    unit = _DAY if behaviour.filter == "day" else 1
    bound = one.instant // unit
    attribute = DATES[one.field]
    keep_null = behaviour.null_dates == "kept"
    operator = "gt" if (behaviour.filter, one.operator) == ("exclusive", "gteq") else one.operator

    def test(row: StoredRow) -> bool:
        instant: int | None = getattr(row, attribute)
        return keep_null if instant is None else compare(operator, instant // unit, bound)

    return test


def _text_matches(one: Filter, value: object) -> bool:
    if value is None:
        return False
    text = str(value)
    if one.operator == "contains":
        return one.text.casefold() in text.casefold()
    if one.operator == "startsWith":
        return text.casefold().startswith(one.text.casefold())
    order = (text > one.text) - (text < one.text)
    return compare(one.operator, order, 0)


def _value(row: StoredRow, field: str) -> Any:  # noqa: ANN401 - any JSON value
    return json.loads(row.body).get(field)


def _sortable(row: StoredRow, field: str) -> str:
    value = _value(row, field)
    return "" if value is None else str(value)
