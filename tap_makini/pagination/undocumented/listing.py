"""Where in an answer its list stands, if it is not documented.

At top level, or in an object under one of the common names, or once more below `data`. PHP writes a list whose numbers
have a gap as an object of numbered members, which is understood; an object of objects under any other names is not,
since it cannot be told from a single record.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from tap_makini.errors import BadBodyError
from tap_makini.pagination.undocumented.claims import WORDS, opening, says_nothing, words_in
from tap_makini.pagination.undocumented.spelling import plain_name, told
from tap_makini.pagination.undocumented.table_rows import header_in, objects_of
from tap_makini.rawjson import JSON, items, members

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_makini.pagination.undocumented.claims import Words

_LISTS = {"data", "rows", "items", "results", "result", "records", "value", "values", "entries", "content"}
_LISTS |= {"list", "elements", "documents", "resources"}
_KEYS = {"key", "id", "idvalue"}
_PROBLEMS = {"error", "errors"}
_SUCCESSES = {"success", "ok"}
_STATUSES = {"status", "code", "statuscode", "errorcode", "result"}
_FAILURE = re.compile(rb'"(error|fail(ed|ure)?|exception|timeout)"|"?[45]\d\d"?', re.IGNORECASE)


class Listing(NamedTuple):
    """A list that was found.

    Attributes:
        records: The JSON of each record.
        levels: The objects around it, the outermost first.
        words: The same and the objects in them that tell of the list.
    """

    records: list[bytes]
    levels: tuple[Words, ...] = ()
    words: tuple[Words, ...] = ()


def find_list(body: bytes, *, or_record: bool) -> Listing | None:
    """Find the list in an answer.

    Args:
        body: An array or object.
        or_record: Whether the answer may be one bare record. Then only what is evidently around a list is read so:
            `data`, or another name for a list in an object that has no key of its own.

    Returns:
        The list, or None where there is none.

    Raises:
        BadBodyError: Which list is meant, or what is in it, cannot be told; or the answer reports an error.
        NotJSONError: The body is neither an array nor an object.
    """
    if body.startswith(b"["):
        return Listing(_records(items(body), ()))
    outer = members(body)
    found = _rows_in((outer,), or_record=or_record)
    is_record = or_record and _has_key(outer)
    if found is None and not is_record and opening(outer.get("data", b"")) == b"{":
        found = _rows_in((outer, members(bytes(outer["data"]))), or_record=or_record)
    if found is not None and _reports_error(outer):
        raise BadBodyError("the answer reports an error beside its list")
    return found


def _rows_in(levels: tuple[Words, ...], *, or_record: bool) -> Listing | None:
    inner = levels[-1]
    words = words_in(levels)
    if _is_numbered(inner):
        return Listing(_records(list(inner.values()), ()), levels[:-1], words_in(levels[:-1]))
    names = [name for name, value in inner.items() if plain_name(name) in _LISTS and opening(value) == b"["]
    is_plain = names == ["data"] and len(levels) == 1
    if not names or (or_record and not is_plain and not _is_around(inner, names, words)):
        return None
    if len(names) > 1:
        raise BadBodyError(f"which of the lists {told(names)} holds the records cannot be told")
    return Listing(_records(items(bytes(inner[names[0]])), words), levels, words)


def _is_numbered(level: Words) -> bool:
    names, values = level.keys(), level.values()
    return bool(level) and all(map(_is_number, names)) and all(opening(value) == b"{" for value in values)


def _is_number(name: str) -> bool:
    return name.isascii() and name.isdecimal()


def _is_around(level: Words, names: Sequence[str], words: Sequence[Words]) -> bool:
    """Whether an object that may be a record evidently stands around a list.

    A record that is listed has a key. One without could still hold a list of its own, which says nothing while it is
    empty: then all else has to be of the kind that is said of lists.
    """
    if _has_key(level):
        return False
    plain = {plain_name(name) for name in level.keys() - set(names)}
    first = [items(bytes(level[name]))[:1] for name in names]
    kinds = {opening(item) for found in first for item in found}
    return plain <= WORDS if not kinds else kinds == {b"{"} or (kinds == {b"["} and header_in(words) is not None)


def _has_key(level: Words) -> bool:
    return any(plain_name(name) in _KEYS for name in level)


def _records(rows: Sequence[JSON], words: Sequence[Words]) -> list[bytes]:
    kinds = {opening(row) for row in rows}
    if kinds == {b"["} and (header := header_in(words[::-1])) is not None:
        return objects_of(rows, header)
    if kinds - {b"{"}:
        raise BadBodyError("the list holds something that is no record")
    return [bytes(row) for row in rows]


def _reports_error(envelope: Words) -> bool:
    said = {plain_name(name): value for name, value in envelope.items()}
    has_problem = any(name in said and not says_nothing(said[name]) for name in _PROBLEMS)
    is_no_success = any(bytes(said.get(name, b"")) == b"false" for name in _SUCCESSES)
    has_failed = any(_FAILURE.fullmatch(bytes(said.get(name, b""))) for name in _STATUSES)
    return has_problem or is_no_success or has_failed
