"""Name streams and columns, each so that no database takes two names for one.

Here is decided which names are reserved, how each kind of stream is named, what happens to a name that is taken, and
which columns a table can have. Names must not change from run to run: they are tables and columns of a warehouse.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from itertools import chain, count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

LONGEST_NAME = 63
"""Length in bytes of the longest name that PostgreSQL keeps: it cuts longer ones, which may make two of them one."""
CONNECTIONS = "connections"
RECONCILED_KEYS = "reconciled_keys"
RECONCILIATIONS = "reconciliations"
RAW_PREFIX = "raw_"

_RESERVED = re.compile("|".join((CONNECTIONS, RECONCILIATIONS, RECONCILED_KEYS, f"{RAW_PREFIX}.*")), re.IGNORECASE)
_RESERVED_PREFIXES = ("_sdc_", "_makini_")
_HASH_BYTES = 3
_PUNCTUATION = re.compile(r"[\W_]+")  # several in a row become one "_": "__" separates a parent from its child
_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


# --- streams ---


def stream_name(path: str) -> str:
    """Name the stream of a list: `work-orders/custom-fields` is `work_orders_custom_fields`."""
    return shorten(_words(path))


def document_stream_name(path: str) -> str:
    """Name the stream of a list in an OpenAPI document, apart from the names that the tap uses itself."""
    name = _words(path) or "list"
    return shorten(f"{name}_list" if _RESERVED.fullmatch(name) else name)


def numbered_stream_name(name: str, taken: Collection[str]) -> str:
    """Append a number to a name that is taken: `orders_2`.

    Args:
        name: The name.
        taken: The names of other streams, normalized.
    """
    candidates = chain([name], (shorten(f"{name}_{number}") for number in count(2)))
    return next(candidate for candidate in candidates if normalized_name(candidate) not in taken)


def dependent_stream_name(parent: str, part: str, taken: Collection[str] = ()) -> str:
    """Name the stream of what belongs to another stream's records: `lineItems` is `purchase_orders__line_items`.

    Args:
        parent: The name of the other stream.
        part: The property, or the name of the child list.
        taken: The names of the other parts' streams; one that is taken gets `_list` at the end.
    """
    name = shorten(f"{parent}__{_words(_CAPITAL.sub('_', part)).lower()}")
    while name in taken:
        name = shorten(f"{name}_list")
    return name


def raw_stream_name(table: str) -> str:
    """Name the stream of a table of the source system: `dbo.WO` is `raw_dbo_WO`."""
    return shorten(RAW_PREFIX + _words(table))


def raw_stream_names(tables: Iterable[str], taken: Iterable[str] = ()) -> dict[str, str]:
    """Name the stream of each table, uniquely even in a case-insensitive database.

    Names that would be equal get a hash of the table's name; a counter would change with each new table, and differ
    between connections.

    Args:
        tables: The tables.
        taken: The names of other streams.

    Returns:
        The tables by the names of their streams.
    """
    names = {table: raw_stream_name(table) for table in sorted(set(tables))}
    counts = Counter(name.casefold() for name in (*names.values(), *taken))
    return {
        shorten(f"{name}_{short_hash(table)}") if counts[name.casefold()] > 1 else name: table
        for table, name in names.items()
    }


# --- columns ---


def is_column_name(name: str) -> bool:
    """Return whether a column may have this name.

    It must be printable, at most 63 bytes long, and without the prefixes `_sdc_` and `_makini_`, which are reserved for
    the columns of targets and of the tap.
    """
    is_text = name.isprintable()  # a lone surrogate is not, so the rest can be encoded
    return is_text and 0 < len(name.encode()) <= LONGEST_NAME and not name.lower().startswith(_RESERVED_PREFIXES)


def column_names(names: Collection[str], preferred: Collection[str] = ()) -> list[str]:
    """Return those of an item's property names that a table's columns may have.

    Of names that differ in case alone, a preferred one stays, or else the first.
    """
    chosen = {name.lower(): name for name in names if name in preferred}
    usable = [name for name in names if is_column_name(name)]
    for name in usable:
        chosen.setdefault(name.lower(), name)
    return [name for name in usable if chosen[name.lower()] == name]


def unambiguous_column_names(names: Collection[str], taken: Iterable[str]) -> list[str]:
    """Return those names that a table's columns may have, and that resemble no other name.

    Args:
        names: The names, of which none comes first: the order of records does not matter.
        taken: The names of the other columns.
    """
    counts = Counter(map(normalized_name, {*names, *taken}))
    return sorted(name for name in names if counts[normalized_name(name)] == 1 and is_column_name(name))


# --- any names ---


def shorten(name: str) -> str:
    """Cut a name that is too long, and append a hash of the whole."""
    if len(name.encode()) <= LONGEST_NAME:
        return name
    ending = f"_{short_hash(name)}"
    return name.encode()[: LONGEST_NAME - len(ending)].decode(errors="ignore").rstrip("_") + ending


def short_hash(text: str) -> str:
    """Return a short hash, the same each time."""
    return hashlib.blake2b(text.encode(), digest_size=_HASH_BYTES).hexdigest()


def normalized_name(name: str) -> str:
    """Return the name without case and punctuation, cut to 63 characters.

    `page-number`, `pageNumber` and `PAGE_NUMBER` are the same, since targets may change case and punctuation, and cut
    names that are too long.
    """
    return _PUNCTUATION.sub("", name.lower())[:LONGEST_NAME]


def qualified_name(stream: str, connection: str | None) -> str:
    """Name a stream of a connection for people: `acme/assets`, or `assets` if the connection has no name."""
    return stream if connection is None else f"{connection}/{stream}"


def _words(text: str) -> str:
    return _PUNCTUATION.sub("_", text).strip("_")
