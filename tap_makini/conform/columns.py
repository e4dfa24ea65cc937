"""Define the columns of a stream: what each accepts as it is, and how it converts other values.

A column gets the compact JSON of one value. What it cannot hold becomes a `Leftover`, and something valid takes its
place: null, a date-time cut to microseconds, or nothing where null is not allowed.
"""

from __future__ import annotations

import hashlib
import re
from abc import ABC, abstractmethod
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, Union

import msgspec

from tap_makini.conform import values
from tap_makini.rawjson import JSON, REFUSED, NotJSONError, holds_nul, items, members, text_json

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

_NOTHING = Annotated[int, msgspec.Meta(gt=0, lt=0)]
"""A form that no value has."""

_UNUSABLE = re.compile(r'[\x00-\x1f"\\\ud800-\udfff]')


class Leftover(NamedTuple):
    """A value that no column could hold: its JSON pointer, its JSON, and why.

    `kind` is "unknown" for a name without a column, "type" for what its column cannot hold.
    """

    pointer: str
    raw: bytes
    kind: str


class Column(ABC):
    """What one property of the schema accepts.

    Args:
        form: The msgspec type of what is valid apart from its deselected parts, or of less.
        nullable: Whether null is valid.
        kept: The msgspec type that reads just the selected parts, as they are; `msgspec.Raw` if these are all.

    Attributes:
        read: Raises one of `rawjson.REFUSED` for a value that is not valid as it is. The caller looks for NUL
            characters in texts, once in a whole record.
    """

    def __init__(self, form: Any, *, nullable: bool, kept: Any = msgspec.Raw) -> None:  # noqa: ANN401 - types
        self.nullable = nullable
        self.form = _nullable(form) if nullable else form
        if kept is msgspec.Raw:
            self.kept, accepted = kept, self.form
        else:  # no value is valid as it is, since its deselected parts have to go
            self.kept = _nullable(kept) if nullable else kept
            accepted = _nullable(_NOTHING) if nullable else _NOTHING
        self.read: Callable[[JSON], object] = msgspec.json.Decoder(accepted).decode

    def conform(self, raw: JSON, pointer: str, leftovers: list[Leftover], record: bytes) -> JSON | None:
        """Return what the column can hold of a value.

        Args:
            raw: The value.
            pointer: Where it is in the record.
            leftovers: Takes what no column can hold.
            record: The object or array that the value belongs to.

        Returns:
            The value, another form of it, or None where only its absence is valid.
        """
        try:
            self.read(raw)
            values.refuse_nul(bytes(raw))
        except REFUSED:
            return self.repair(bytes(raw), pointer, leftovers, record)
        return raw

    def repair(self, raw: bytes, pointer: str, leftovers: list[Leftover], record: bytes) -> bytes | None:
        """Do the part of `conform` for a value that is not valid as it is."""
        before = len(leftovers)
        if (converted := self.convert(raw, pointer, leftovers)) is not None:
            return converted
        leftovers[before:] = [Leftover(pointer, raw, "type")]
        return self.fallback(raw, record)

    @abstractmethod
    def convert(self, raw: bytes, pointer: str, leftovers: list[Leftover]) -> bytes | None:
        """Return the value in a form that the column can hold; None if there is none."""

    def fallback(self, raw: bytes, record: bytes) -> bytes | None:  # noqa: ARG002 - some need them
        """Return what takes the place of a value that cannot be converted."""
        return b"null" if self.nullable else None


class Scalar(Column):
    """A column of values without parts that have columns."""

    def __init__(self, type_: values.ColumnType, *, nullable: bool) -> None:
        super().__init__(type_.form, nullable=nullable)
        self._type = type_

    def convert(self, raw: bytes, pointer: str, leftovers: list[Leftover]) -> bytes | None:  # noqa: ARG002 - no parts
        """Convert the value as `values` says."""
        return self._type.convert(raw)

    def fallback(self, raw: bytes, record: bytes) -> bytes | None:
        """Return the fallback of the type, or null."""
        return self._type.fallback(raw) or super().fallback(raw, record)


class Key(Scalar):
    """A text without which targets cannot write a row, so there is always one."""

    def __init__(self) -> None:
        super().__init__(values.STRING, nullable=False)

    def fallback(self, raw: bytes, record: bytes) -> bytes:
        """Return the JSON text of the value, or a digest of the record if there is no value."""
        if raw == b"null":
            return text_json(hashlib.sha256(record).hexdigest())
        return values.json_text(raw)


class Container(Column):
    """A column of values with parts that have columns."""

    def convert(self, raw: bytes, pointer: str, leftovers: list[Leftover]) -> bytes | None:
        """Conform the parts; a text that holds such a container is decoded first."""
        try:
            inner = values.held_json(raw) if raw[:1] == b'"' else raw
            return self.parts(inner, pointer, leftovers)
        except NotJSONError:
            return None

    @abstractmethod
    def parts(self, raw: bytes, pointer: str, leftovers: list[Leftover]) -> bytes | None:
        """Conform each part; raise `NotJSONError` if this is not such a container."""


class Object(Container):
    """A column of named parts; names that are not among them are leftovers.

    Args:
        columns: The selected parts.
        deselected: The names of the parts that are dropped.
        nullable: Whether null is valid.

    Attributes:
        names: The names of the selected parts.
    """

    def __init__(self, columns: Mapping[str, Column], deselected: Collection[str], *, nullable: bool = False) -> None:
        keys = [name for name, column in columns.items() if isinstance(column, Key)]
        taken = {name: column.form for name, column in columns.items()}
        kept = {name: column.kept for name, column in columns.items()}
        whole = not deselected and all(form is msgspec.Raw for form in kept.values())
        super().__init__(
            _struct(taken | dict.fromkeys(deselected, msgspec.Raw), keys, closed=True),
            nullable=nullable,
            kept=msgspec.Raw if whole else _struct(kept, (), closed=False),
        )
        self.names = columns.keys()
        self._null_keys = dict.fromkeys(keys, b"null")
        self._deselected = deselected
        self._columns = {name: (column, column.read, b",%b:" % text_json(name)) for name, column in columns.items()}

    @cached_property
    def read_object(self) -> Callable[[JSON], Any]:
        """Decodes an object all of whose parts are valid as they are; raises one of `rawjson.REFUSED` for others."""
        return msgspec.json.Decoder(self.form).decode

    @cached_property
    def read_selected(self) -> Callable[[JSON], Any] | None:
        """Decodes the selected parts as they are; None if these are all."""
        return None if self.kept is msgspec.Raw else msgspec.json.Decoder(self.kept).decode

    @property
    def fields(self) -> Mapping[str, str]:
        """The names of all parts, by their fields in what `read_object` returns."""
        return dict(zip(self.form.__struct_fields__, self.form.__struct_encode_fields__, strict=True))

    def parts(self, raw: bytes, pointer: str, leftovers: list[Leftover]) -> bytes:
        """Conform each member."""
        parts = list[JSON]()
        suspect = holds_nul(raw)
        found = members(raw)
        if not found.keys() >= self._null_keys.keys():
            found = {**self._null_keys, **found}
        for name, value in found.items():
            if (known := self._columns.get(name)) is None:
                if name not in self._deselected:
                    path = f"{pointer}/{_escape(name)}"
                    leftovers.append(Leftover(path, bytes(value), "unknown"))
                continue
            column, read, prefix = known
            part: JSON | None = value
            try:
                read(value)
                if suspect:
                    values.refuse_nul(bytes(value))
            except REFUSED:
                path = f"{pointer}/{_escape(name)}"
                part = column.repair(bytes(value), path, leftovers, raw)
            if part is not None:
                parts += (prefix, part)
        return b"{%b}" % b"".join(parts)[1:]


class Array(Container):
    """A column of any number of items of one type."""

    def __init__(self, item: Column, *, nullable: bool) -> None:
        whole = item.kept is msgspec.Raw
        super().__init__(
            _list(item.form),
            nullable=nullable,
            kept=msgspec.Raw if whole else _list(item.kept),
        )
        self._item = item

    def parts(self, raw: bytes, pointer: str, leftovers: list[Leftover]) -> bytes | None:
        """Conform each item; return None if one has no valid form, since without it the others would move."""
        parts = list[JSON]()
        for index, value in enumerate(items(raw)):
            part = self._item.conform(value, f"{pointer}/{index}", leftovers, raw)
            if part is None:
                return None
            parts.append(part)
        return b"[%b]" % b",".join(parts)


class Choice(Column):
    """A column of several types: only for schemas that a user overrides, so it has no fast form."""

    def __init__(self, options: Sequence[Column], *, nullable: bool) -> None:
        super().__init__(_NOTHING, nullable=nullable or any(option.nullable for option in options))
        self._options = options
        self.read = self._read_any

    def _read_any(self, raw: JSON) -> None:
        for read in (option.read for option in self._options):
            with suppress(*REFUSED):
                read(raw)
                return
        if not self.nullable or bytes(raw) != b"null":
            msg = "none of the types accepts the value"
            raise msgspec.ValidationError(msg)

    def convert(self, raw: bytes, pointer: str, leftovers: list[Leftover]) -> bytes | None:  # noqa: ARG002 - none are left
        """Convert the value to the first type that can hold it without leftovers."""
        for option in self._options:
            inner = list[Leftover]()
            converted = option.convert(raw, pointer, inner)
            if converted is not None and not inner:
                return converted
        return None


def _either(*forms: Any) -> Any:  # noqa: ANN401 - types made at run time
    return Union[forms]  # noqa: UP007 - the forms are known at run time only


def _nullable(form: Any) -> Any:  # noqa: ANN401 - types made at run time
    return _either(form, None)


def _list(form: Any) -> Any:  # noqa: ANN401 - types made at run time
    return list[form]


def _struct(forms: Mapping[str, Any], keys: Collection[str], *, closed: bool) -> type[msgspec.Struct]:
    """Define a Struct; a name that msgspec cannot give to a field is unknown to it."""
    names = {f"f{index}": name for index, name in enumerate(forms) if not _UNUSABLE.search(name)}
    return msgspec.defstruct(
        "Parts",
        [
            (field, str) if name in keys else (field, _optional(forms[name]), msgspec.UNSET)
            for field, name in names.items()
        ],
        rename=names,
        forbid_unknown_fields=closed,
        kw_only=True,
        gc=False,
    )


def _optional(form: Any) -> Any:  # noqa: ANN401 - types made at run time
    return form if form in {msgspec.Raw, Any} else _either(form, msgspec.UnsetType)


def _escape(name: str) -> str:
    """Write a name as a part of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")
