"""What an answer says beside its list of how much more there is, in words that are not documented.

Each is a common name of some API or framework. None of them is trusted to end a list; but one that promises more than
what comes tells that the list is not whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tap_makini.pagination.undocumented.spelling import plain_name
from tap_makini.rawjson import JSON, members

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    Words = Mapping[str, JSON]

_RECORDS = """
    total count rowcount recordcount itemcount resultcount odatacount numrows recordstotal hits totalhits totalcount
    totalrows totalrecords totalitems totalresults totalelements totalentries totalsize
"""
_PAGES = "pages totalpages pagecount numpages lastpage"
_NEXT = """
    next nextlink nexturl nextpage nextpageurl nextpagenumber nextcursor nexttoken nextpagetoken nextrecordsurl
    nextoffset nextstart odatanextlink more moreitems hasmore hasmoreitems hasnext hasnextpage morerecords truncated
    istruncated exceededtransferlimit remaining continuation continuationtoken scrollid cursor
"""
_LAST = "last islast islastpage lastpage done complete iscomplete"
"""Of these, false says that there is more."""
_GROUPS = "meta metadata pagination paging page pageinfo links cursors"
_OTHERS = """
    perpage pagesize size limit offset skip currentpage pagenumber from to path first last prev previous self columns
    fields odatacontext requestid draw recordsfiltered status success ok code message messages error errors
"""
_RECORD_WORDS, _PAGE_WORDS, _NEXT_WORDS, _LAST_WORDS, _GROUP_WORDS = (
    frozenset(words.split()) for words in (_RECORDS, _PAGES, _NEXT, _LAST, _GROUPS)
)
WORDS = frozenset(_OTHERS.split()).union(_RECORD_WORDS, _PAGE_WORDS, _NEXT_WORDS, _LAST_WORDS, _GROUP_WORDS)
"""What may stand beside a list, by plain name: nothing of it is data."""

_NOTHING = {b"null", b"false", b"0", b'""', b"[]", b"{}"}
_MOST_DIGITS = 18


class Claims(msgspec.Struct, frozen=True):
    """What is said of the whole list.

    Attributes:
        records: How many records there are; or on this page, which is no more than that. 0 where it is not said.
        pages: How many pages there are. 0 where it is not said.
        leads_on: There is more behind this page.
    """

    records: int = 0
    pages: int = 0
    leads_on: bool = False

    def followed_by(self, later: Claims) -> Claims:
        """Add what the next page says."""
        return Claims(max(self.records, later.records), max(self.pages, later.pages), later.leads_on)


def words_in(levels: Iterable[Words]) -> tuple[Words, ...]:
    """Give the objects around a list, each followed by those in it that are there to tell of the list.

    Raises:
        NotJSONError: One of them is no JSON.
    """
    return tuple(words for level in levels for words in (level, *_groups(level)))


def _groups(level: Words, *, deeper: bool = True) -> Iterator[Words]:
    for name, value in level.items():
        if plain_name(name) in _GROUP_WORDS and opening(value) == b"{":
            group = members(bytes(value))
            yield group
            if deeper:  # `meta.pagination`, as Fractal has it
                yield from _groups(group, deeper=False)


def claims_in(words: Iterable[Words]) -> Claims:
    """Read what is said of the whole list.

    Args:
        words: What stands beside the list.
    """
    said = [(plain_name(name), value) for level in words for name, value in level.items()]
    return Claims(
        max((_number(value) for name, value in said if name in _RECORD_WORDS), default=0),
        max((_number(value) for name, value in said if name in _PAGE_WORDS), default=0),
        any(_leads_on(name, value) for name, value in said),
    )


def _leads_on(name: str, value: JSON) -> bool:
    if name in _LAST_WORDS:
        return opening(value) == b"f"
    return name in _NEXT_WORDS and not says_nothing(value)


def opening(value: JSON) -> bytes:
    """Give the first byte of a value, which tells what kind it is, and copy no more of it."""
    return bytes(memoryview(value)[:1])


def says_nothing(value: JSON) -> bool:
    """Whether a value is null, false, zero or empty."""
    return opening(value) in b'nf0"[{' and b"".join(bytes(value).split()) in _NOTHING


def _number(value: JSON) -> int:
    """Read a number, or a text that is one; all else is 0."""
    if opening(value) not in b'0123456789"':
        return 0
    text = bytes(value).strip(b'"').removesuffix(b".0").replace(b",", b"")
    return int(text) if text.isdigit() and len(text) <= _MOST_DIGITS else 0
