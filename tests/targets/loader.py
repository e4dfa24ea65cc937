"""A target to load into: how it is run, how what it loaded is read again, and what it is known to lose."""

from __future__ import annotations

from abc import ABC, abstractmethod
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from targets.expected import Row, Rows, Schema, by_key, canonical, holds, read_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from targets.programs import Program


class Loader(ABC):
    """A target with a place of its own to load into.

    Args:
        folder: An empty folder for its files.

    Attributes:
        program: What is run.
        upserts: Whether a record that comes again takes the place of the first.
        guesses_headers: Whether it may take the first row of a table of texts for a header, and lose it.
    """

    program: ClassVar[Program]
    upserts: ClassVar[bool] = True
    guesses_headers: ClassVar[bool] = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    @abstractmethod
    def config(self) -> dict[str, Any]:
        """The target's settings."""

    @abstractmethod
    def raw_rows(self, stream: str) -> Iterable[Row]:
        """Read all rows of a stream, as the target's storage gives them."""

    def load(self, messages: bytes, **settings: object) -> None:
        """Run the target."""
        self.program.run(messages, self.folder, {**self.config, **settings})

    def rows(self, stream: str, schema: Schema) -> Rows:
        """Give the loaded rows by key, as they are compared."""
        rows = [self._row(row, schema) for row in self.raw_rows(stream)]
        found = by_key(rows)
        assert len(found) == len(rows) or not self.upserts, f"{stream}: {len(rows) - len(found)} rows have a key twice"
        return found

    def _row(self, row: Row, schema: Schema) -> Row:
        held = {name: canonical(self.value(row.get(self.column(name)), part), part) for name, part in _columns(schema)}
        extra = held["_makini_extra"]
        return {**held, "_makini_extra": None if extra is None else read_json(extra)}

    def column(self, name: str) -> str:
        """Give the name that a property has in the storage."""
        return name

    def value(self, stored: Any, schema: Schema) -> Any:  # noqa: ANN401, ARG002 - any JSON; some need the schema
        """Give the JSON that a stored value stands for."""
        return stored

    def kept(self, value: Any, schema: Schema) -> Any:  # noqa: ANN401, ARG002 - any JSON; some need the schema
        """Give what is left of a value after the losses that are the target's own, see docs/targets.md."""
        return value


def _columns(schema: Schema) -> Iterable[tuple[str, Schema]]:
    properties: Mapping[str, Schema] = schema["properties"]
    return properties.items()


def faults(loader: Loader, stream: str, expected: Rows, schema: Schema) -> Iterator[str]:
    """Name what a table does not hold as it should, but for what the target is known to lose."""
    found = loader.rows(stream, schema)
    differing = expected.keys() ^ found.keys()
    taken_for_header = loader.guesses_headers and _is_text(schema) and differing <= expected.keys()
    for key in sorted(differing)[1:] if taken_for_header else differing:
        yield f"{stream}: {key!r} is {'not there' if key in expected else 'there, but was not served'}"
    for key in expected.keys() & found.keys():
        for name, part in _columns(schema):
            kept = loader.kept(expected[key][name], part)
            if found[key][name] != kept:
                yield f"{stream}: {key!r} has {name} {found[key][name]!r:.300} instead of {kept!r:.300}"


def _is_text(schema: Schema) -> bool:
    """Say whether a table holds nothing but texts, so that its first line looks like any header."""
    return all(holds(part, "string") and "format" not in part for part in schema["properties"].values())


def is_nested(schema: Schema) -> bool:
    """Say whether a column holds objects or lists."""
    return holds(schema, "object") or holds(schema, "array")


def as_double(value: Any, schema: Schema) -> Any:  # noqa: ANN401 - any JSON
    """Give what a double holds of an amount."""
    return Decimal(repr(float(value))) if value is not None and holds(schema, "number") else value
