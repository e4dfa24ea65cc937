"""What a list request asks for, and which rows a server of some behavior finds for it, in which order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from random import Random

    from fuzz.behavior import Behavior
    from fuzz.store import Row, Table

Condition: TypeAlias = "Callable[[Row], bool]"
SortKey: TypeAlias = "Callable[[Row], str | float]"

_FILTER = re.compile(r"filter\[([^\]:]+)(?::([^\]]*))?\]")
_SORT = re.compile(r"sort\[([^\]]+)\]")
_OPERATORS = {"eq", "gt", "gteq", "lt", "lted"}
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class RefusedError(Exception):
    """A request is refused; the message says which parameter is at fault."""


@dataclass(frozen=True)
class Filter:
    """A condition, such as `filter[updatedAt:gteq]=2025-01-02T03:04:05Z`."""

    field: str
    operator: str
    value: str


@dataclass(frozen=True)
class Sort:
    """An order, such as `sort[updatedAt]=0`."""

    field: str
    descending: bool


@dataclass(frozen=True)
class Query:
    """What a list request asks for.

    Attributes:
        page: The number of the page, from 1.
        size: How many rows a page holds.
        filters: Conditions that all have to be met.
        sorts: Orders, the most important one first.
    """

    page: int
    size: int
    filters: tuple[Filter, ...] = ()
    sorts: tuple[Sort, ...] = ()


def parse(params: Sequence[tuple[str, str]], behavior: Behavior) -> Query:
    """Read the parameters of a list request.

    Raises:
        RefusedError: The server refuses one of them.
    """
    plain: dict[str, str] = dict(params)
    filters, sorts = [], []
    for name, value in params:
        if found := _FILTER.fullmatch(name):
            filters.append(_accepted(Filter(found[1], found[2] or "eq", value), behavior))
        elif found := _SORT.fullmatch(name):
            sorts.append(Sort(found[1], value == "1"))
    if sorts and behavior.order == "refused":
        raise RefusedError(f"sort[{sorts[0].field}]")
    if any(sort.field == "key" for sort in sorts) and behavior.key_sort == "refused":
        raise RefusedError("sort[key]")
    if len(sorts) > 1 and behavior.several_sorts == "refused":
        raise RefusedError(f"sort[{sorts[1].field}]")
    page = _number(plain.get("page", "1"), "page")
    return Query(page, _size(plain.get("per_page"), behavior), tuple(filters), tuple(sorts))


def _accepted(condition: Filter, behavior: Behavior) -> Filter:
    name = f"filter[{condition.field}:{condition.operator}]"
    if condition.operator not in _OPERATORS:
        raise RefusedError(name)
    how = behavior.key_filter if condition.field == "key" else behavior.filter
    if how == "refused" or (condition.operator in {"lt", "lted"} and behavior.upper_bound == "refused"):
        raise RefusedError(name)
    return condition


def _size(text: str | None, behavior: Behavior) -> int:
    if text is None or behavior.page_size == "ignored":
        return behavior.largest_page
    asked = _number(text, "per_page")
    if asked > behavior.largest_page and behavior.page_size == "refused":
        raise RefusedError("per_page")
    return min(asked, behavior.largest_page)


def _number(text: str, name: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise RefusedError(name)
    return int(text)


def found(table: Table, rows: Mapping[str, Row], query: Query, behavior: Behavior) -> list[Row]:
    """Return the rows that meet the conditions, in the order of a scan."""
    conditions = [_condition(condition, table, behavior) for condition in query.filters]
    return [row for row in rows.values() if all(condition(row) for condition in conditions)]


def _condition(wanted: Filter, table: Table, behavior: Behavior) -> Condition:
    if wanted.field == "key":
        if behavior.key_filter == "ignored":
            return lambda _: True
        return lambda row: _compare(row.key, wanted.operator, wanted.value)
    is_upper = wanted.operator in {"lt", "lted"}
    is_ignored = behavior.filter == "ignored" or (is_upper and behavior.upper_bound == "ignored")
    if is_ignored or wanted.field != table.kind.replication_key:
        return lambda _: True
    holds = _of_time(wanted, table, behavior)
    return lambda row: behavior.keeps_undated if row.at is None else holds(row.at)


def _of_time(wanted: Filter, table: Table, behavior: Behavior) -> Callable[[datetime], bool]:
    """Return how a bound is compared with the time of a row."""
    operator, bound = wanted.operator, _instant(wanted.value)
    if behavior.filter == "text":
        return lambda at: _compare(table.clock.text(at, behavior.suffix) or "", operator, wanted.value)
    if behavior.filter == "day":
        zone = timezone(timedelta(hours=behavior.zone))
        day = bound.astimezone(zone).date() if behavior.converts_bound else bound.date()
        return lambda at: _compare(at.astimezone(zone).date(), operator, day)
    if behavior.filter == "inclusive":
        operator = {"gt": "gteq", "lt": "lted"}.get(operator, operator)
    if behavior.filter == "exclusive":
        operator = {"gteq": "gt", "lted": "lt"}.get(operator, operator)
    return lambda at: _compare(at, operator, bound)


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise RefusedError("filter") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=timezone.utc)


def _compare(value: object, operator: str, bound: object) -> bool:
    compared: dict[str, Callable[[], bool]] = {
        "eq": lambda: value == bound,
        "gt": lambda: value > bound,  # type: ignore[operator] # both are of one type
        "gteq": lambda: value >= bound,  # type: ignore[operator]
        "lt": lambda: value < bound,  # type: ignore[operator]
        "lted": lambda: value <= bound,  # type: ignore[operator]
    }
    return compared[operator]()


def ordered(rows: list[Row], table: Table, query: Query, behavior: Behavior, random: Random) -> list[Row]:
    """Put rows in the order asked for, or in that which the server gives instead.

    Args:
        rows: The rows in the order of a scan.
        table: Where they come from.
        query: What is asked for.
        behavior: How the server behaves.
        random: Source of chance, of this request only.
    """
    keys = _sort_keys(table, query, behavior)
    if behavior.ties == "unstable":
        rows = random.sample(rows, len(rows))
    elif behavior.ties == "key":
        rows = sorted(rows, key=lambda row: row.key)
    if not keys:
        return rows
    if behavior.ties == "limit":
        bound = query.page * query.size
        ranks = _ranks(rows, keys)
        if len(rows) > 2 * bound:
            return bounded_heap_sort(rows, ranks, bound)
        return [rows[place] for place in sorted(range(len(rows)), key=lambda place: ranks[rows[place].key])]
    for key, descending in reversed(keys):
        rows = sorted(rows, key=key, reverse=descending)
    return rows


def _sort_keys(table: Table, query: Query, behavior: Behavior) -> list[tuple[SortKey, bool]]:
    """Return the sort keys that the server follows, each with whether it is descending."""
    if behavior.order == "ignored":
        return []
    sorts = [sort for sort in query.sorts if sort.field in {"key", table.kind.replication_key}]
    if behavior.key_sort == "ignored":
        sorts = [sort for sort in sorts if sort.field != "key"]
    if behavior.several_sorts != "all":
        sorts = sorts[-1:] if behavior.several_sorts == "last" else sorts[:1]
    is_reversed = behavior.order == "reversed"
    return [(_sort_key(sort, table, behavior), sort.descending != is_reversed) for sort in sorts]


def _sort_key(sort: Sort, table: Table, behavior: Behavior) -> SortKey:
    if sort.field == "key":
        return lambda row: row.key
    # Nulls come first or last whichever way the order goes, as `NULLS FIRST` and `NULLS LAST` have it.
    is_last = behavior.undated_last != (sort.descending != (behavior.order == "reversed"))
    if behavior.order == "text":
        return lambda row: table.clock.text(row.at, behavior.suffix) or ("~" if is_last else "")
    undated = float("inf") if is_last else float("-inf")
    return lambda row: undated if row.at is None else (row.at - _EPOCH).total_seconds()


def _ranks(rows: Iterable[Row], keys: list[tuple[SortKey, bool]]) -> dict[str, int]:
    """Number the places of rows in an order; equal rows have the same one."""
    rows = list(rows)
    for key, descending in reversed(keys):
        rows = sorted(rows, key=key, reverse=descending)
    ranks: dict[str, int] = {}
    rank, before = 0, None
    for row in rows:
        values = [key(row) for key, _ in keys]
        rank += values != before
        before = values
        ranks[row.key] = rank
    return ranks


def bounded_heap_sort(rows: Sequence[Row], ranks: Mapping[str, int], bound: int) -> list[Row]:
    """Return the first rows in the order of ranks, equal ones as PostgreSQL's top-N heapsort leaves them.

    It keeps the least rows in a heap whose root is the greatest (`make_bounded_heap` in tuplesort.c), so the order of
    equal rows depends on how many are kept: a page may repeat rows of the page before it, and leave out others.

    Args:
        rows: The rows in the order of a scan.
        ranks: The rank of each row, by its key.
        bound: How many rows to keep: LIMIT + OFFSET.
    """
    heap: list[tuple[int, Row]] = []
    for row in rows:
        rank = ranks[row.key]
        if len(heap) < bound:
            heap.append((rank, row))
            place = len(heap) - 1
            while place and heap[(place - 1) // 2][0] < rank:
                heap[place] = heap[(place - 1) // 2]
                place = (place - 1) // 2
            heap[place] = (rank, row)
        elif rank < heap[0][0]:
            _sift_down(heap, (rank, row), len(heap))
    for last in range(len(heap) - 1, 0, -1):
        root, moved = heap[0], heap[last]
        _sift_down(heap, moved, last)
        heap[last] = root
    return [row for _, row in heap]


def _sift_down(heap: list[tuple[int, Row]], item: tuple[int, Row], size: int) -> None:
    place = 0
    while (child := 2 * place + 1) < size:
        if child + 1 < size and heap[child][0] < heap[child + 1][0]:
            child += 1
        if item[0] >= heap[child][0]:
            break
        heap[place] = heap[child]
        place = child
    heap[place] = item
