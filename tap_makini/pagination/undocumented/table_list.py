"""What the list of the source system's tables says, whose form is not documented.

Names, or objects with a name, in a list or in an object by name, at top level or under a common name. Two schemas may
hold a table of one name.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from tap_makini.errors import BadBodyError
from tap_makini.pagination.undocumented.claims import WORDS, Claims, claims_in, words_in
from tap_makini.pagination.undocumented.spelling import plain_name
from tap_makini.rawjson import REFUSED, NotJSONError, members

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

logger = logging.getLogger(__name__)

_IDENTIFIERS = ("name", "table", "tablename", "fullname", "qualifiedname", "id", "tableid", "key")
_NAMES = (*_IDENTIFIERS, "title", "label")
_SCHEMAS = ("schema", "schemaname", "tableschema", "tableschem", "owner", "namespace")
_LISTS = ("data", "tables", "rawtables", "items", "results", "rows", "records", "value", "values")
_DEEPEST = 3
_NO_TABLES = {"data", "error", "errors", "message"}
"""What an object that holds no list has where it is no map of tables either."""

Description = dict[str, str]
"""The names and schemas of a table, by plain name."""


class Tables(NamedTuple):
    """One answer.

    Attributes:
        described: The tables that have a name.
        unnamed: How many others there are.
        claims: What the answer says of the whole list.
    """

    described: list[Description]
    unnamed: int = 0
    claims: Claims = Claims()


def read_tables(body: bytes) -> Tables:
    """Read the list of tables.

    Args:
        body: In any of the forms it may have.

    Returns:
        What it says.

    Raises:
        BadBodyError: No tables can be seen in it.
    """
    try:
        document = msgspec.json.decode(body)
        levels = list(_levels(document))
        claims = _claims(body, levels)
    except (NotJSONError, *REFUSED):
        raise BadBodyError("the list of raw tables is no JSON") from None
    listed = levels[-1]
    if isinstance(document, dict) and document.keys() & _NO_TABLES and listed is document:
        raise BadBodyError("something else came in place of the list of raw tables")
    entries = _entries(listed)
    described = list(filter(None, map(_described, entries)))
    if not described and listed not in ([], {}):
        raise BadBodyError("the list of raw tables names none")
    return Tables(described, len(entries) - len(described), claims)


def _levels(document: Any) -> Iterator[Any]:  # noqa: ANN401 - any JSON
    """Give the document and what stands in it for the list, the list last."""
    level, depth = document, 0
    while isinstance(level, (dict, list)) or not depth:
        yield level
        depth += 1
        level = _step(level, depth) if isinstance(level, dict) and depth < _DEEPEST else None


def _step(level: dict[str, Any], depth: int) -> Any:  # noqa: ANN401 - any JSON
    """Step into the list of an object; a table may have the name of anything, so all else has to look like none."""
    holders = {plain_name(name): value for name, value in level.items() if isinstance(value, (dict, list))}
    chosen = next((name for name in _LISTS if name in holders), "")
    is_alone = chosen == "data" or WORDS.issuperset(holders.keys() - {chosen})
    held = holders.get(chosen)
    return held if is_alone and (depth == 1 or isinstance(held, list)) else None


def _claims(body: bytes, levels: Sequence[Any]) -> Claims:
    """Read what is said beside a list; beside the tables of an object, anything may be one more of them."""
    if len(levels) == 1 or not isinstance(levels[-1], list):
        return Claims()
    inner = [members(msgspec.json.encode(level)) for level in levels[1:-1]]
    return claims_in(words_in([members(body), *inner]))


def _entries(listed: Any) -> list[Any]:  # noqa: ANN401 - any JSON
    if isinstance(listed, dict):
        return [name for name in listed if name not in {"meta", "links"}]
    return listed if isinstance(listed, list) else []


def _described(entry: Any) -> Description:  # noqa: ANN401 - any JSON
    """Give the names of a table; nothing where it has none."""
    if not isinstance(entry, dict):
        return {"name": entry} if isinstance(entry, str) and entry else {}
    texts = {plain_name(name): _text(value) for name, value in entry.items()}
    named = {name: texts[name] for name in (*_NAMES, *_SCHEMAS) if texts.get(name)}
    return named if named.keys() & set(_NAMES) else {}


def _text(value: Any) -> str:  # noqa: ANN401 - any JSON
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


class TableList:
    """The tables of all answers so far."""

    def __init__(self) -> None:
        self._described: dict[frozenset[tuple[str, str]], Description] = {}
        self._count = self._unnamed = 0
        self._claims = Claims()

    def add(self, tables: Tables) -> bool:
        """Take in an answer, and say whether it has told of tables that were not known."""
        fresh = {frozenset(table.items()): table for table in tables.described}
        if fresh.keys() <= self._described.keys():
            self._claims = Claims(self._claims.records, leads_on=self._claims.leads_on and bool(tables.described))
            return False
        self._described |= fresh
        self._unnamed += tables.unnamed
        self._count += len(tables.described) + tables.unnamed
        self._claims = self._claims.followed_by(tables.claims)
        return True

    def names(self) -> dict[str, str]:
        """Give the names of the tables, each with the name behind its schema.

        Raises:
            BadBodyError: The server speaks of more tables than it lists.
        """
        if self._claims.records > self._count or self._claims.leads_on:
            raise BadBodyError(f"the server speaks of more raw tables than the {self._count} that it lists")
        if self._unnamed:
            logger.warning("Of the raw tables that are listed, %s have no name and cannot be read.", self._unnamed)
        return dict(_names_of(self._described.values()))


def _names_of(tables: Iterable[Description]) -> Iterator[tuple[str, str]]:
    """Name each table; those whose names are alike by what else tells them apart, at last by their schemas."""
    alike: dict[str, list[Description]] = defaultdict(list)
    for table in tables:
        alike[_name(table, _NAMES)].append(table)
    for name, rivals in alike.items():
        names = [name] if len(rivals) == 1 else _apart(rivals)
        yield from zip(names, map(_qualified, rivals), strict=True)


def _apart(tables: Sequence[Description]) -> Sequence[str]:
    for kind in _IDENTIFIERS:
        names = [_name(table, (kind, *_NAMES)) for table in tables]
        if len(set(names)) == len(names):
            return names
    return [_qualified(table) for table in tables]


def _qualified(table: Description) -> str:
    return ".".join(filter(None, (_name(table, _SCHEMAS), _name(table, _NAMES))))


def _name(table: Description, kinds: Iterable[str]) -> str:
    return next((table[kind] for kind in kinds if kind in table), "")
