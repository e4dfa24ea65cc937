"""Finds what is readable of a token in a text, also where it takes decoding."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterator


def leaks(token: str, text: str) -> list[str]:
    """Give the runs of eight characters of a token that are readable in a text, whatever their case."""
    token = token.lower()
    parts = {token[at : at + 8] for at in range(len(token) - 7)}
    return [part for reading in _readings(text) for part in parts if part in reading.lower()]


def _readings(text: str) -> Iterator[str]:
    readings = {text}
    for _ in range(3):
        readings |= {decode(reading) for reading in readings for decode in (unquote, _from_json, _joined)}
    for reading in readings:
        yield reading
        for found in re.findall(r"[\w+/-]{11,}", reading, re.ASCII):
            for start in range(4):
                usable = found[start:].replace("-", "+").replace("_", "/")
                yield base64.b64decode(usable[: len(usable) // 4 * 4]).decode("latin-1")


def _from_json(text: str) -> str:
    return re.sub(r'\\(?:u([0-9a-fA-F]{4})|([\\/"]))', lambda m: chr(int(m[1], 16)) if m[1] else m[2], text)


def _joined(text: str) -> str:
    return "".join(filter(str.isprintable, text))
