"""Rows that are arrays, under columns that are named once for all of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tap_makini.errors import BadBodyError
from tap_makini.pagination.undocumented.claims import opening
from tap_makini.pagination.undocumented.spelling import plain_name
from tap_makini.rawjson import compact, items, members

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tap_makini.pagination.undocumented.claims import Words
    from tap_makini.rawjson import JSON

_HEADERS = {"columns", "columnnames", "cols", "fields", "fieldnames", "headers", "header"}
_NAMES = ("name", "columnname", "fieldname", "column", "field", "key", "id", "title", "label")


def header_in(words: Iterable[Words]) -> Sequence[JSON] | None:
    """Find the list of the columns.

    Args:
        words: What stands beside the rows.
    """
    headers = (value for level in words for name, value in level.items() if plain_name(name) in _HEADERS)
    return next((items(bytes(header)) for header in headers if opening(header) == b"["), None)


def objects_of(rows: Sequence[JSON], header: Sequence[JSON]) -> list[bytes]:
    """Make objects of rows that are arrays; no value is decoded.

    Args:
        rows: The JSON of each row.
        header: The JSON of each column: its name, or an object with its name.

    Returns:
        The JSON of an object for each row.

    Raises:
        BadBodyError: Columns and rows do not fit together, so that a value would be lost or be another column's.
        NotJSONError: A row is no JSON array.
    """
    names = [_name(column) for column in header]
    if len({json.loads(name) for name in names}) < len(names):
        raise BadBodyError("two columns of the rows have the same name")
    return [_object(names, items(bytes(row))) for row in rows]


def _object(names: Sequence[bytes], cells: Sequence[JSON]) -> bytes:
    if len(cells) != len(names):
        raise BadBodyError(f"a row has {len(cells)} values for {len(names)} columns")
    return b"{" + b",".join(b"%b:%b" % (name, bytes(cell)) for name, cell in zip(names, cells, strict=True)) + b"}"


def _name(column: JSON) -> bytes:
    candidates = [column]
    if opening(column) == b"{":
        described = {plain_name(name): value for name, value in members(bytes(column)).items()}
        candidates = [described[name] for name in _NAMES if name in described]
    for candidate in candidates:
        if opening(candidate) == b'"':
            return compact(bytes(candidate))
    raise BadBodyError("a column of the rows has no name")
