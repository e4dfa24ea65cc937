"""Show the rows of an entity as v3 or as v4 records.

The v4 guide names the envelope and seven standard fields; the rest of v4 is made up after v3.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Protocol
from zlib import crc32

import msgspec

from makini_sandbox.clock import parse_instant
from makini_sandbox.entities import ENTITIES
from makini_sandbox.query import compare

if TYPE_CHECKING:
    from makini_sandbox.query import Filter, ListQuery
    from makini_sandbox.table import StoredRow

FIXED_DATE = "2024-01-01T00:00:00Z"
"""The dates in v4 of entities that have none in v3."""
V3_STANDARD = frozenset({"key", "createdAt", "updatedAt", "deletedAt"})
_EMBEDS_PARENT = "assets"
"""The entity whose v4 records hold their parent, which is of their own type."""
_NULL = msgspec.Raw(b"null")
_DATES = {"_createdAt": ("createdAt", "updatedAt"), "_updatedAt": ("updatedAt", "createdAt")}
_DISPLAYED = ("name", "title", "code", "orderNumber", "orderNo", "key")

_Values = dict[str, msgspec.Raw]
_decode = msgspec.json.Decoder(_Values).decode


class RecordKind(Protocol):
    """How the rows of an entity are queried and shown."""

    @property
    def fields(self) -> frozenset[str]:
        """Names of the fields that may be filtered and sorted by."""

    def stored(self, query: ListQuery) -> ListQuery:
        """Convert a query to the names of the rows that are stored."""

    def envelope(self, form: str) -> str:
        """Return the form of the envelope, as `Page.envelope` takes it, for a value of `Behaviour.envelope`."""

    def body(self, row: StoredRow) -> bytes:
        """Return the record of a row."""


@dataclass(frozen=True)
class V3Records:
    """Rows as they are stored.

    Attributes:
        fields: Names of the fields of the entity.
    """

    fields: frozenset[str]

    def stored(self, query: ListQuery) -> ListQuery:
        """Return the query as it is."""
        return query

    def envelope(self, form: str) -> str:
        """Return the form as it is."""
        return form

    def body(self, row: StoredRow) -> bytes:
        """Return the row as it is."""
        return row.body


@dataclass(frozen=True)
class V4Records:
    """Rows with the standard fields of v4 in place of those of v3.

    Attributes:
        slug: The entity.
        v3_fields: Names of the fields that it has in v3.
    """

    slug: str
    v3_fields: frozenset[str]

    @cached_property
    def fields(self) -> frozenset[str]:
        """Names of the fields that may be filtered and sorted by."""
        return (self.v3_fields - V3_STANDARD) | {"id", *_DATES}

    def stored(self, query: ListQuery) -> ListQuery:
        """Convert a query to the names of v3; a condition on a fixed date holds for all rows or for none."""
        filters = [replace(one, field=self._source(one.field) or one.field) for one in query.filters]
        fixed = [_holds(one) for one in filters if one.field in _DATES]
        live = tuple(one for one in filters if one.field not in _DATES)
        if query.match_any and any(fixed):
            live = ()
        nothing = (not live and not any(fixed)) if query.match_any else not all(fixed)
        field = query.sort_field and self._source(query.sort_field)
        return replace(query, filters=live, sort_field=field, nothing=bool(fixed) and nothing)

    def envelope(self, form: str) -> str:
        """Return the envelope with four fields of meta and no links, unless there is to be no meta."""
        return "data" if form == "no_meta" else "v4"

    def body(self, row: StoredRow) -> bytes:
        """Return the record of a row; a row that is not a JSON object stays as it is."""
        try:
            values = _decode(row.body)
        except msgspec.MsgspecError:
            return row.body
        own = {name: value for name, value in values.items() if name not in V3_STANDARD}
        return msgspec.json.encode(self._standard(row, values) | own | self._parent(values))

    def _standard(self, row: StoredRow, values: _Values) -> dict[str, object]:
        return {
            "id": values.get("key", row.key),
            "_idValue": str(crc32(row.key.encode())),
            "_displayValue": next((values[name] for name in _DISPLAYED if name in values), None),
            **{name: self._date(name, values) for name in _DATES},
            "_deletedAt": values.get("deletedAt", _NULL),
            "_implements": [ENTITIES[self.slug].shape, "Record"],
        }

    def _date(self, name: str, values: _Values) -> object:
        source = self._source(name)
        return values.get(source, _NULL) if source else FIXED_DATE

    def _source(self, field: str) -> str | None:
        """Return the v3 field of a v4 field, None for a date that the entity does not have."""
        if field == "id":
            return "key" if "key" in self.v3_fields else "name"
        if field not in _DATES:
            return field
        return next((source for source in _DATES[field] if source in self.v3_fields), None)

    def _parent(self, values: _Values) -> dict[str, object]:
        if self.slug != _EMBEDS_PARENT:
            return {}
        key = values.get("parentKey", _NULL)
        return {"parent": None if bytes(key) == b"null" else {"id": key}}


def record_kind(slug: str, v3_fields: frozenset[str], *, is_v4: bool) -> RecordKind:
    """Return how the rows of an entity are shown."""
    return V4Records(slug, v3_fields) if is_v4 else V3Records(v3_fields)


def _holds(one: Filter) -> bool:
    instant = parse_instant(FIXED_DATE)
    return instant is not None and one.instant is not None and compare(one.operator, instant, one.instant)
