"""How a list is asked for pages, from the query parameters that a document declares for it."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from tap_makini.openapi.names import without_dashes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tap_makini.openapi.parameters import Parameter
    from tap_makini.query_parameters import QueryParameters

logger = logging.getLogger(__name__)

_PAGES = ("page", "pagenumber", "pageno", "pagenum", "pageindex", "page[number]")
_SIZES = ("perpage", "pagesize", "page[size]")
_SHORT_PAGES, _SHORT_SIZES = ("p",), ("limit", "size", "$top", "top", "maxresults")
_INDICES = ("startindex", "firstresult")
_OFFSETS = ("offset", "$skip", "skip", "start", *_INDICES)
_CURSORS = ("cursor", "pagetoken", "nexttoken", "continuationtoken", "after", "startingafter", "page[after]")
_OTHER_PAGING = re.compile(r"page(?!size)|offset|cursor|token|skip|startat|(last|since|after|before)id$")
_FROM_ZERO = re.compile(
    r"\b(zero|0)[- ]?(based|indexed)|\b(start(s|ing)? (at|from|with)|first page (is|has( the number)?)) (zero|0)\b",
    re.IGNORECASE,
)
_OF_SIZES = re.compile(r"page|per|record|result|item|row|entr|element|return|max|number of|how many", re.IGNORECASE)
_RECORDS = r"record|result|item|\brow|entr(y|ies)|element"
_OF_RECORDS = re.compile(_RECORDS, re.IGNORECASE)
_OF_LISTS = re.compile(rf"{_RECORDS}|pag(e|in)|entit|list|skip", re.IGNORECASE)
_OF_TIMES = re.compile(
    r"\b(times?|timestamp|time ?zones?|utc|dates?|period|hours?|minutes?|epoch|unix)\b", re.IGNORECASE
)
_FROM_ONE = re.compile(r"\b(one|1)[- ]?(based|indexed)\b", re.IGNORECASE)
_OF_PAGES = re.compile(r"\bpage('s)? (number|index|offset)", re.IGNORECASE)


def paged(declared: Mapping[str, Parameter], undeclared: QueryParameters, path: str) -> QueryParameters:
    """Tell how pages are asked for.

    Args:
        declared: The query parameters by name.
        undeclared: How the list is asked as far as nothing is declared.
        path: The list's, for the log.
    """
    usable = {name: parameter for name, parameter in declared.items() if not parameter.is_deprecated} or declared
    offset = _first(_OFFSETS, usable, _is_place)
    page = _first(_PAGES, usable) or _first(_SHORT_PAGES, usable, _is_place)
    if page is not None or (offset is not None and _counts_pages(offset, usable[offset])):
        page, offset = page or offset, None
    size = _first(_SIZES, usable) or _first(_SHORT_SIZES, usable, _is_size)
    cursor = _first(_CURSORS, usable)
    dialect = replace(undeclared, cursor=cursor or undeclared.cursor, declares_cursor=cursor is not None)
    if page is None and offset is None and cursor is None:
        _tell_of_others(usable, path)
    if page is None and size is None and offset is None and cursor is None:
        return dialect
    by_cursor = cursor is not None and page is None and offset is None
    is_first_known = by_cursor or (page is not None and bool(_first_numbers(usable[page])))
    return replace(
        dialect,
        page=None if by_cursor else page or undeclared.page,
        offset=offset,
        first_offset=1 if offset is not None and _begins_at_one(usable[offset]) else 0,
        may_not_count=undeclared.may_not_count or offset is not None or by_cursor,
        first=0 if page is not None and _is_from_zero(usable[page]) else 1,
        may_begin_at_zero=undeclared.may_begin_at_zero and not is_first_known,
        size=size,
        guesses_size=size is not None and without_dashes(size) in _SHORT_SIZES and not usable[size].is_described,
        sizes=_sizes(usable[size]) if size else (),
        largest=min(filter(None, usable[size].numbers("maximum")), default=None) if size else None,
    )


def _first(
    names: Iterable[str], declared: Mapping[str, Parameter], fits: Callable[[Parameter], bool] = lambda _: True
) -> str | None:
    by_plain_name = {without_dashes(name): name for name in reversed([*declared])}
    found = (by_plain_name[name] for name in names if name in by_plain_name)
    return next((name for name in found if fits(declared[name])), None)


def _is_number(parameter: Parameter) -> bool:
    """Whether a parameter with a name of many meanings is one for pages: a credit limit or a start date may be, too."""
    return parameter.may_be_a_number() and not _has_other_choices(parameter)


def _is_place(parameter: Parameter) -> bool:
    is_of_times = parameter.is_described_by(_OF_TIMES) and not parameter.is_described_by(_OF_LISTS)
    return _is_number(parameter) and not is_of_times


def _is_size(parameter: Parameter) -> bool:
    is_said_otherwise = parameter.is_described and not parameter.is_described_by(_OF_SIZES)
    return _is_number(parameter) and not is_said_otherwise


def _has_other_choices(parameter: Parameter) -> bool:
    return any(not isinstance(choice, int) for choice in parameter.choices())


def _counts_pages(name: str, offset: Parameter) -> bool:
    """Whether what may say how many records to pass over, or which one is first, is said to be the number of a page."""
    if offset.is_described_by(_OF_PAGES):
        return True
    is_of_records = without_dashes(name) in _INDICES or offset.is_described_by(_OF_RECORDS)
    return _begins_at_one(offset) and not is_of_records


def _begins_at_one(offset: Parameter) -> bool:
    return offset.is_described_by(_FROM_ONE) or offset.numbers("default", "minimum")[:1] == [1]


def _is_from_zero(page: Parameter) -> bool:
    return page.is_described_by(_FROM_ZERO) or _first_numbers(page)[:1] == [0]


def _first_numbers(page: Parameter) -> list[int]:
    """Give what is said that tells the number of the first page, the surest first."""
    return page.numbers("default", "minimum", "example")


def _sizes(size: Parameter) -> tuple[int, ...]:
    return tuple(sorted(choice for choice in size.choices() if isinstance(choice, int) and choice > 0))


def _tell_of_others(declared: Mapping[str, Parameter], path: str) -> None:
    others = [
        name for name in declared if without_dashes(name) not in _SIZES and _OTHER_PAGING.search(without_dashes(name))
    ]
    if others:
        logger.warning(
            "The list %s may be asked for pages by %.200s, which the tap does not know: see whether all records come.",
            path,
            ", ".join(others),
        )
