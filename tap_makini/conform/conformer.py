"""Turn records into JSON that is valid against their SCHEMA message, and lose nothing.

Schema and selection are compiled to a msgspec Struct that rejects every other type, form or name. A record that it
accepts is valid already and never becomes a dict: the received bytes go out, with the added columns spliced on. This is
correct because these very bytes were checked. Digits and escapes stay. Of a repeated name every value was checked, and
readers agree on the last one. NUL, the one escape that msgspec accepts and databases refuse, is searched for. What the
selection keeps is copied by a second Struct as it is. The replication key is read by the caller, from the bytes that
were received.

Any other record is split into members, and each is repaired by its column (`columns`, `values`). What no column can
hold goes to `_makini_extra`, under its JSON pointer and with its digits.

`_makini_extra` is the JSON text of a flat object, such as `{"/custom": 1, "/lineItems/0/price": "N/A"}`, or null. A
record that was conformed before does not change. A key that is null or absent becomes a digest of the record, so that
no target takes two rows for one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from tap_makini.conform import values
from tap_makini.conform.columns import Array, Choice, Column, Key, Leftover, Object, Scalar
from tap_makini.rawjson import JSON, REFUSED, NotJSONError, compact, members, text_json
from tap_makini.schema import CONNECTION_COLUMN, DELETION_COLUMN, EXTRA_COLUMN, deletion_time

Breadcrumb = tuple[str, ...]
Selects = Callable[[Breadcrumb], bool]

_KINDS = {
    "string": values.STRING,
    "number": values.NUMBER,
    "integer": values.INTEGER,
    "boolean": values.BOOLEAN,
    "object": values.OPEN_OBJECT,
    "array": values.OPEN_ARRAY,
}
_TEXT_KINDS = {"date-time": values.DATE_TIME, "date": values.DATE}
_DELETION = Scalar(values.DATE_TIME, nullable=True)
_KEY = Key()
_INDEX = re.compile(r"/\d+")
_MAX_DRIFTS = 1_000  # a source that uses ids as names must not fill the memory


class NotARecord(ValueError):  # noqa: N818 - it says what the bytes are
    """The bytes are not a JSON object."""


@dataclass
class Drift:
    """Counts how often records differ from the schema in one place.

    Attributes:
        kind: "unknown" for a name without a column, "type" for what its column cannot hold.
        count: The number of such values.
        example: The JSON pointer of the first one, within its record.
    """

    kind: str
    count: int
    example: str


class Conformer:
    """Makes the records of one stream and connection fit its SCHEMA message.

    Attributes:
        drift: Where records did not fit, by JSON pointer with `*` for each index; the first 1,000 places.
        never_seen: The selected columns that no record has had, by their fields in the Struct.
    """

    def __init__(self, root: Object, added: Mapping[str, bytes], *, deleted_by: str | None) -> None:
        self._root = root
        self._read = msgspec.json.Decoder(root.form).decode
        self._narrow = None if root.kept is msgspec.Raw else msgspec.json.Decoder(root.kept).decode
        self._added = added
        self._deleted_by = deleted_by
        self._ending = self._end(b"null")
        self.drift: dict[str, Drift] = {}
        fields = msgspec.structs.fields(root.form)
        self.never_seen = {field.name: field.encode_name for field in fields if field.encode_name in root.names}

    def of(self, connection: str | None) -> Conformer:
        """Return a conformer for the same stream of another connection, without compiling it again."""
        named = {CONNECTION_COLUMN: _connection_json(connection)} if CONNECTION_COLUMN in self._added else {}
        added = {**self._added, **named}
        return Conformer(self._root, added, deleted_by=self._deleted_by)

    def record(self, raw: bytes) -> bytes:
        """Conform one record.

        Args:
            raw: The record's JSON object as the server sent it.

        Returns:
            The conformed record's JSON on one line.

        Raises:
            NotARecord: The bytes are not a JSON object.
        """
        raw = raw.strip()
        if raw.endswith(self._ending):
            raw = raw[: -len(self._ending)] + b"}"
        try:
            taken = self._read(raw)
            values.refuse_nul(raw)
        except REFUSED:
            return self._repaired(raw)
        if self.never_seen:
            self._see(field for field in self.never_seen if getattr(taken, field) is not msgspec.UNSET)
        mark = self._mark(raw)
        if self._narrow:
            raw = msgspec.json.encode(self._narrow(raw))
        if b"\n" in raw or b"\r" in raw:
            raw = compact(raw)
        return _spliced(raw, mark + self._ending)

    def as_dict(self, raw: bytes) -> dict[str, Any]:
        """Conform one record and decode it; numbers that are not integers become `decimal.Decimal`."""
        record: dict[str, Any] = _decode(self.record(raw))
        return record

    def _repaired(self, raw: bytes) -> bytes:
        leftovers = list[Leftover]()
        try:
            raw = compact(raw)
            body = self._root.parts(raw, "", leftovers)
        except NotJSONError as error:
            raise NotARecord(f"a record is not a JSON object: {error}") from None
        if self.never_seen:
            present = members(raw)
            self._see(field for field, name in self.never_seen.items() if name in present)
        mark = self._mark(raw)
        if not leftovers:
            return _spliced(body, mark + self._ending)
        left, extra = self._without_added(leftovers, mark)
        self._count(left)
        return _spliced(body, mark + self._end(_write_extra({**extra, **{at: raw for at, raw, _ in left}})))

    def _end(self, extra: bytes) -> bytes:
        members = ((name, extra if name == EXTRA_COLUMN else value) for name, value in self._added.items())
        return b"".join(b',"%b":%b' % (name.encode(), value) for name, value in members) + b"}"

    def _mark(self, raw: bytes) -> bytes:
        """Return the column from which targets know when the record was deleted."""
        if self._deleted_by is None:
            return b""
        sent = members(raw).get(self._deleted_by, b"null")
        return b',"%b":%b' % (DELETION_COLUMN.encode(), _DELETION.conform(sent, "", [], raw) or b"null")

    def _without_added(
        self, leftovers: Iterable[Leftover], mark: bytes
    ) -> tuple[Collection[Leftover], Mapping[str, JSON]]:
        """Remove what was added when the record was conformed before; what the source sends under these names stays."""
        added = {**self._added, **members(b"{%b}" % mark[1:])}
        own = {f"/{name}": bytes(value) for name, value in added.items()}
        found = {left.pointer: left for left in leftovers if own.get(left.pointer) != left.raw}
        sent = found.pop(f"/{EXTRA_COLUMN}", None)
        earlier = _read_extra(sent.raw) if sent else {}
        if sent and (not earlier or earlier.keys() & found.keys()):
            return [*found.values(), sent], {}
        return found.values(), earlier

    def _see(self, fields: Iterable[str]) -> None:
        for field in tuple(fields):
            del self.never_seen[field]

    def _count(self, leftovers: Iterable[Leftover]) -> None:
        for pointer, _, kind in leftovers:
            place = _INDEX.sub("/*", pointer)
            if place in self.drift:
                self.drift[place].count += 1
            elif len(self.drift) < _MAX_DRIFTS:
                example = pointer.encode(errors="backslashreplace").decode()
                self.drift[place] = Drift(kind, 1, example)


def record_key(parts: Mapping[str, JSON], name: str, record: bytes) -> bytes:
    """Return the key of a record as its key column holds it.

    Args:
        parts: The members of the record.
        name: The key's property.
        record: The record's JSON.
    """
    sent = compact(bytes(parts.get(name, b"null")))
    digested = compact(record) if sent == b"null" else record
    return bytes(_KEY.conform(sent, "", [], digested) or b"null")


def _read_number(digits: str) -> Decimal | float:
    try:
        return Decimal(digits)
    except InvalidOperation:  # an exponent of twenty digits
        return float(digits)


_decode = msgspec.json.Decoder(float_hook=_read_number).decode


def _spliced(body: bytes, ending: bytes) -> bytes:
    inner = body[1:-1]
    return b"{" + (ending.lstrip(b",") if inner.isspace() or not inner else inner + ending)


def _write_extra(extra: Mapping[str, JSON]) -> bytes:
    if not extra:
        return b"null"
    parts = (b"%b:%b" % (text_json(pointer), raw) for pointer, raw in extra.items())
    return text_json(f"{{{b','.join(parts).decode()}}}")


def _read_extra(raw: bytes) -> Mapping[str, JSON]:
    """Read what `_write_extra` wrote; return nothing if it did not write this."""
    try:
        found = members(compact((values.clean_text(raw) or "").encode()))
    except NotJSONError:
        return {}
    return found if all(name.startswith("/") for name in found) else {}


def _connection_json(name: str | None) -> bytes:
    return b"null" if name is None else text_json(name)


def compile_conformer(
    schema: Mapping[str, Any], selected: Callable[[Breadcrumb], bool], *, connection: str | None
) -> Conformer:
    """Compile the conformer for a stream.

    Args:
        schema: The stream's schema: an object, of which `type`, `format`, `properties`, `items` and
            `anyOf` count. A property without a type takes any value. `_sdc_deleted_at` gets the
            value of `deletedAt` or `_deletedAt`.
        selected: Returns whether a Singer breadcrumb, such as `("properties", "key")`, is
            selected. Breadcrumbs of the properties of an array's objects have `items` in between:
            `("properties", "lineItems", "items", "properties", "price")`.
        connection: The value of `_makini_connection`.

    Returns:
        The conformer.
    """
    added = {CONNECTION_COLUMN: _connection_json(connection), EXTRA_COLUMN: b"null"}
    properties = schema.get("properties", {})
    outgoing = {name: value for name, value in added.items() if name in properties and selected(("properties", name))}
    marks_deleted = DELETION_COLUMN in properties and selected(("properties", DELETION_COLUMN))
    deleted_by = deletion_time(properties) if marks_deleted else None
    ours = outgoing if deleted_by is None else {*outgoing, DELETION_COLUMN}
    own = {name: part for name, part in properties.items() if name not in ours}
    return Conformer(_object(own, selected, (), nullable=False), outgoing, deleted_by=deleted_by)


def _object(properties: Mapping[str, Any], selected: Selects, breadcrumb: Breadcrumb, *, nullable: bool) -> Object:
    paths = {name: (*breadcrumb, "properties", name) for name in properties}
    columns = {
        name: Key() if _is_key(properties[name], path) else _column(properties[name], selected, path)
        for name, path in paths.items()
        if selected(path)
    }
    return Object(columns, properties.keys() - columns.keys(), nullable=nullable)


def _is_key(schema: Any, path: Breadcrumb) -> bool:  # noqa: ANN401 - any JSON
    """Return whether this is a key: of the columns at the top level, only keys are never null."""
    top_level = len(path) == len(("properties", "key"))
    return top_level and schema.get("type") in ("string", ["string"]) and "format" not in schema


def _column(schema: Any, selected: Selects, path: Breadcrumb) -> Column:  # noqa: ANN401 - any JSON
    options = list(_options(schema))
    nullable = any(name == "null" for name, _ in options)
    options = sorted((option for option in options if option[0] != "null"), key=_rank)
    if len(options) == 1:
        return _typed(*options[0], selected, path, nullable=nullable)
    # the SDK selects no parts in a choice of types, so all are kept
    columns = [_typed(*option, lambda _: True, path, nullable=False) for option in options]
    return Choice(columns, nullable=nullable)


def _options(schema: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:  # noqa: ANN401 - any JSON
    """Yield the names of the types that a schema allows, each with the schema that describes it."""
    schema = schema if isinstance(schema, Mapping) else {}
    types = schema.get("type", [])
    branches = [*schema.get("anyOf", []), *schema.get("oneOf", [])]
    if types:
        yield from ((name, schema) for name in ([types] if isinstance(types, str) else types))
    elif branches:
        for branch in branches:
            yield from _options(branch)
    else:
        yield "anything", schema


def _rank(option: tuple[str, Mapping[str, Any]]) -> int:
    """Rank a type: one that nearly everything can be converted to comes last."""
    return {"number": 1, "string": 2}.get(option[0], 0)


def _typed(name: str, schema: Mapping[str, Any], selected: Selects, path: Breadcrumb, *, nullable: bool) -> Column:
    if name == "object" and schema.get("properties"):
        return _object(schema["properties"], selected, path, nullable=nullable)
    if name == "array" and isinstance(schema.get("items"), Mapping):
        return Array(_column(schema["items"], selected, (*path, "items")), nullable=nullable)
    kind = _KINDS.get(name, values.ANYTHING)
    if name == "string":
        kind = _TEXT_KINDS.get(schema.get("format", ""), kind)
    return Scalar(kind, nullable=nullable or kind is values.ANYTHING)
