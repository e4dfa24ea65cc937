"""Names that a database takes as they are: PostgreSQL cuts longer ones, which may make two of them one."""

from __future__ import annotations

import hashlib

LONGEST_NAME = 63
"""Bytes."""

_MARK_BYTES = 3


def mark_of(text: str) -> str:
    """Give a few letters and digits that tell this text from others, the same ones each time."""
    return hashlib.blake2b(text.encode(), digest_size=_MARK_BYTES).hexdigest()


def short_enough(name: str) -> str:
    """Cut a name that is too long, and mark what it was."""
    if len(name.encode()) <= LONGEST_NAME:
        return name
    ending = f"_{mark_of(name)}"
    return name.encode()[: LONGEST_NAME - len(ending)].decode(errors="ignore").rstrip("_") + ending
