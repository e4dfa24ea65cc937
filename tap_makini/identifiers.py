"""Names of streams and columns: how each kind of stream is named, and which names a database may take for the same."""

from __future__ import annotations

import hashlib
import re

LONGEST_NAME = 63
"""Length in bytes of the longest name that PostgreSQL keeps: it cuts longer ones, which may make two of them one."""

_MARK_BYTES = 3
_SIGNS = re.compile(r"[\W_]+")  # several in a row become one "_": "__" separates a parent from its child
_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_RESERVED = re.compile(r"connections|reconciliations|reconciled_keys|raw_.*", re.IGNORECASE)
RAW_PREFIX = "raw_"


def stream_name(path: str) -> str:
    """Name the stream of a list: `work-orders/custom-fields` is `work_orders_custom_fields`."""
    return shorten(_words(path))


def document_stream_name(path: str) -> str:
    """Name the stream of a list in an OpenAPI document, apart from the names that the tap uses itself."""
    name = _words(path) or "list"
    return shorten(f"{name}_list" if _RESERVED.fullmatch(name) else name)


def dependent_stream_name(parent: str, part: str) -> str:
    """Name the stream of what belongs to another stream's records: `lineItems` is `purchase_orders__line_items`."""
    return shorten(f"{parent}__{_words(_CAPITAL.sub('_', part)).lower()}")


def raw_stream_name(table: str) -> str:
    """Name the stream of a table of the source system: `dbo.WO` is `raw_dbo_WO`."""
    return shorten(RAW_PREFIX + _words(table))


def shorten(name: str) -> str:
    """Cut a name that is too long, and append a mark of the whole."""
    if len(name.encode()) <= LONGEST_NAME:
        return name
    ending = f"_{mark_of(name)}"
    return name.encode()[: LONGEST_NAME - len(ending)].decode(errors="ignore").rstrip("_") + ending


def mark_of(text: str) -> str:
    """Return a few letters and digits that tell this text from others, the same ones each time."""
    return hashlib.blake2b(text.encode(), digest_size=_MARK_BYTES).hexdigest()


def same_name_key(name: str) -> str:
    """Return what the spellings of a name have in common: `page-number`, `pageNumber` and `PAGE_NUMBER` are the same.

    Targets may change case and signs, and cut names that are too long.
    """
    return _SIGNS.sub("", name.lower())[:LONGEST_NAME]


def is_column_name(name: str) -> bool:
    """Say whether a column can have this name, which the tap or the target may need for a column of its own."""
    is_text = name.isprintable()  # a lone surrogate is not, so the rest can be encoded
    return is_text and 0 < len(name.encode()) <= LONGEST_NAME and not name.lower().startswith(("_sdc_", "_makini_"))


def qualified_name(stream: str, connection: str | None) -> str:
    """Name a stream of a connection for people: `acme/assets`, or `assets` if the connection has no name."""
    return stream if connection is None else f"{connection}/{stream}"


def _words(text: str) -> str:
    return _SIGNS.sub("_", text).strip("_")
