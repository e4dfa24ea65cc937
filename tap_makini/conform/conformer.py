"""Conform the records of one stream and connection."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import msgspec

from tap_makini.conform import values
from tap_makini.conform.columns import Key, Leftover, Object, Scalar
from tap_makini.rawjson import JSON, REFUSED, NotJSONError, compact, holds_nul, members, text_json
from tap_makini.redaction import mask
from tap_makini.schema import CONNECTION_COLUMN, DELETION_COLUMN, EXTRA_COLUMN

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

_DELETION = Scalar(values.DATE_TIME, nullable=True)
_KEY = Key()
_NEWLINE, _CARRIAGE_RETURN, _COLON = b"\n\r:"  # as numbers, which are found faster than bytes
_INDEX = re.compile(r"/\d+")
_MAX_DRIFTS = 1_000  # a source that uses ids as names must not fill the memory


class NotARecord(ValueError):  # noqa: N818 - it says what the bytes are
    """The bytes are not a JSON object."""


@dataclass
class Drift:
    """How often records differ from the schema in one place.

    Attributes:
        kind: "unknown" for a name without a column, "type" for what its column cannot hold.
        count: The number of such values.
        example: The JSON pointer of the first one, within its record.
    """

    kind: str
    count: int
    example: str


class Conformer:
    """Make the records of one stream and connection fit its SCHEMA message.

    Args:
        root: The columns of the source.
        added: The names of the columns that the tap adds to each record.
        connection: The value of `_makini_connection`.
        deleted_by: The property that says when a record was deleted; None to add no column for it.

    Attributes:
        drift: Where records did not fit, by JSON pointer with `*` for each index; the first 1,000 places.
        never_seen: The selected columns that no record has had, by their fields in the Struct.
    """

    def __init__(
        self, root: Object, added: Collection[str], connection: str | None, *, deleted_by: str | None = None
    ) -> None:
        written = {CONNECTION_COLUMN: b"null" if connection is None else text_json(connection), EXTRA_COLUMN: b"null"}
        self._root = root
        self._read = root.read_object
        self._narrow = root.read_selected
        self._added = {name: value for name, value in written.items() if name in added}
        self._deleted_by = deleted_by
        self._ending = self._end(b"null")
        self.drift: dict[str, Drift] = {}
        self.never_seen = {field: name for field, name in root.fields.items() if name in root.names}

    def of(self, connection: str | None) -> Conformer:
        """Return a conformer for the same stream of another connection, without compiling it again."""
        return Conformer(self._root, self._added, connection, deleted_by=self._deleted_by)

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
        except REFUSED:
            return self._repaired(raw)
        if holds_nul(raw):
            return self._repaired(raw)
        if self.never_seen:
            self._see([field for field in self.never_seen if getattr(taken, field) is not msgspec.UNSET])
        ending = self._ending if self._deleted_by is None else self._mark(raw, self._deleted_by) + self._ending
        if self._narrow is not None:
            raw = msgspec.json.encode(self._narrow(raw))
        if _NEWLINE in raw or _CARRIAGE_RETURN in raw:
            raw = compact(raw)
        return _spliced(raw, ending)

    def _repaired(self, raw: bytes) -> bytes:
        leftovers = list[Leftover]()
        try:
            raw = compact(raw)
            body = self._root.parts(raw, "", leftovers)
        except NotJSONError as error:
            raise NotARecord(f"a record is not a JSON object: {error}") from None
        if self.never_seen:
            present = members(raw)
            self._see([field for field, name in self.never_seen.items() if name in present])
        mark = b"" if self._deleted_by is None else self._mark(raw, self._deleted_by)
        if not leftovers:
            return _spliced(body, mark + self._ending)
        left, extra = self._without_added(leftovers, mark)
        self._count(left)
        return _spliced(body, mark + self._end(_write_extra({**extra, **{at: raw for at, raw, _ in left}})))

    def _end(self, extra: bytes) -> bytes:
        members = ((name, extra if name == EXTRA_COLUMN else value) for name, value in self._added.items())
        return b"".join(b',"%b":%b' % (name.encode(), value) for name, value in members) + b"}"

    @staticmethod
    def _mark(raw: bytes, deleted_by: str) -> bytes:
        """Return the column from which targets know when the record was deleted."""
        sent = members(raw).get(deleted_by, b"null")
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
        for field in fields:
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


def decode_record(record: bytes) -> dict[str, Any]:
    """Decode a conformed record; numbers that are not integers become `decimal.Decimal`."""
    decoded: dict[str, Any] = _decode(record)
    return decoded


def mask_extra(record: bytes, secret: bytes) -> tuple[bytes, list[str]]:
    """Mask secrets in `_makini_extra`. The source's own columns keep them: a changed value would be a wrong one.

    Args:
        record: A conformed record.
        secret: What to look for in the other columns.

    Returns:
        The record, and the names of the other columns that hold the secret.
    """
    parts = {name: bytes(part) for name, part in members(record).items()}
    columns = [name for name, part in parts.items() if name != EXTRA_COLUMN and secret in part]
    extra = parts.get(EXTRA_COLUMN, b"null")
    if extra != b"null":
        parts[EXTRA_COLUMN] = text_json(mask(msgspec.json.decode(extra, type=str)))
    return b"{%b}" % b",".join(b"%b:%b" % (text_json(name), part) for name, part in parts.items()), columns


def _spliced(body: bytes, ending: bytes) -> bytes:
    """Put the added columns at the end of an object. Only one without members contains no colon."""
    return body[:-1] + ending if _COLON in body else b"{" + ending.lstrip(b",")


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
