"""Find secrets in text, in whatever form a server or a library has written them.

The text is decoded step by step, escapes and base64. What gets lost on the way is ignored: white space, control and
zero-width characters, the `+` that stands for a space, and case. At each step every run of eight characters is looked
up among those of the secrets, so that a part of a secret is found as well as the whole. A lookup costs the same for one
secret and for thousands.

Not found: parts shorter than eight characters, base64 within base64, base64 whose case was changed, base64 of other
characters than ASCII, hexadecimal and other encodings, and escapes of characters beyond U+FFFF.
"""

from __future__ import annotations

import base64
import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple
from unicodedata import category

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

MASK = "(secret)"

_SHORTEST = 4
_RUN = 8
_MOST_LAYERS = 6  # of escapes within escapes; more do not happen by accident
_ESCAPE = re.compile(
    r"""\\u(?P<unicode>[0-9a-fA-F]{4})
      | \\U(?P<long>[0-9a-fA-F]{8})
      | \\x(?P<byte>[0-9a-fA-F]{2})
      | \\(?P<character>[\\/"'bfnrt])
      | (?P<percent>(?:%[0-9a-fA-F]{2})+)""",
    re.VERBOSE,
)
_CHARACTERS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{11,}")  # eight bytes and more
_ASCII = re.compile(r"[\x00-\x7f]{8}")
_FROM_URLSAFE = str.maketrans("-_", "+/")
_PLAIN = re.compile(r"[A-Za-z0-9._~-]+")

Span = tuple[int, int]


class _Dropping(dict[int, "int | None"]):
    """A table for `str.translate` that drops some characters, and remembers which ones.

    Args:
        drops: Returns whether to drop a character.
    """

    def __init__(self, drops: Callable[[str], bool]) -> None:
        super().__init__({code: None if drops(chr(code)) else code for code in range(0x80)})
        self._drops = drops

    def __missing__(self, code: int) -> int | None:
        self[code] = None if self._drops(chr(code)) else code
        return self[code]

    def kept(self, text: str) -> list[int]:
        """Return the places of the characters that it leaves."""
        return [at for at, char in enumerate(text) if self[ord(char)] is not None]


def _is_noise(char: str) -> bool:
    """Return whether a character is white space, the `+` that stands for it, a mark, or not printable."""
    if char.isascii():
        return char <= " " or char in "+\x7f"
    return not char.isprintable() or category(char).startswith("M")


_UNPRINTABLE = _Dropping(lambda char: not char.isprintable())
_VIEWS = (_UNPRINTABLE, _Dropping(_is_noise))
"""What is ignored: control and zero-width characters and line breaks; then also other noise."""


class Masker:
    """Mask secrets in text; safe to use from several threads.

    Args:
        secrets: What to mask; more can be added. A secret of fewer than four characters is ignored.
    """

    def __init__(self, *secrets: str) -> None:
        self._runs: set[str] = set()
        self._short: set[str] = set()
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Mask one more secret."""
        for layer in _layers(_Text.of(secret)):
            for view in _VIEWS:
                self._runs.update(_runs(_folded(layer.chars).translate(view)))
        if _SHORTEST <= len(secret) < _RUN and secret.strip():
            self._short = {*self._short, _folded(secret)}

    def mask(self, text: str) -> str:
        """Replace each secret, and each part of one, with `(secret)`."""
        if not self._runs and not self._short:
            return text
        parts, at = list[str](), 0
        for start, end in sorted(self._spans(_Text.of(text))):
            if start > at or not parts:  # else it overlaps or touches the one before
                parts += text[at:start], MASK
            at = max(at, end)
        return "".join([*parts, text[at:]]) if parts else text

    def _spans(self, text: _Text, *, is_encoded: bool = False) -> Iterator[Span]:
        for layer in _layers(text):
            folded = _folded(layer.chars)
            for secret in self._short:
                yield from (layer.span(at, at + len(secret) - 1) for at in _places(folded, secret))
            if not self._runs:
                continue
            for view in _VIEWS:
                runs = _runs(folded.translate(view))
                if not self._runs.isdisjoint(runs):
                    kept = view.kept(folded)
                    found = [at for at, run in enumerate(runs) if run in self._runs]
                    yield from (layer.span(kept[at], kept[at + _RUN - 1]) for at in found)
            if not is_encoded:
                yield from self._in_base64(layer.printable())

    def _in_base64(self, text: _Text) -> Iterator[Span]:
        """Decode from each of the four places at which a group of characters may begin."""
        for found in _BASE64.finditer(text.chars):
            for first in range(found.start(), found.start() + 4):
                decoded = _decoded(text.chars[first : found.end()])
                if not _ASCII.search(decoded):
                    continue
                for start, end in self._spans(_Text.of(decoded), is_encoded=True):
                    yield text.span(first + start * 4 // 3, first + -(-end * 4 // 3) - 1)


class _Text(NamedTuple):
    """A text that was derived from another one, with the place in it that each character came from."""

    chars: str
    starts: Sequence[int]
    ends: Sequence[int]

    @classmethod
    def of(cls, text: str) -> _Text:
        return cls(text, range(len(text)), range(1, len(text) + 1))

    def span(self, first: int, last: int) -> Span:
        return self.starts[first], self.ends[last]

    def printable(self) -> _Text:
        """Leave out control and zero-width characters and line breaks."""
        if self.chars.isprintable():
            return self
        kept = _UNPRINTABLE.kept(self.chars)
        chars = self.chars.translate(_UNPRINTABLE)
        return _Text(chars, [self.starts[at] for at in kept], [self.ends[at] for at in kept])


def _runs(chars: str) -> list[str]:
    return [chars[at : at + _RUN] for at in range(len(chars) - _RUN + 1)]


def _layers(text: _Text) -> Iterator[_Text]:
    """Yield the text as it is, then with its escapes decoded, until there are none."""
    for _ in range(_MOST_LAYERS):
        yield text
        text = text.printable()
        if not _ESCAPE.search(text.chars):
            return
        text = _unescaped(text)


def _unescaped(text: _Text) -> _Text:
    chars, starts, ends = list[str](), list[int](), list[int]()
    at = 0
    for escape in _ESCAPE.finditer(text.chars):
        chars += text.chars[at : escape.start()]
        starts += text.starts[at : escape.start()]
        ends += text.ends[at : escape.start()]
        at = escape.start()
        for char, width in _meant(escape):
            start, end = text.span(at, at + width - 1)
            chars.append(char)
            starts.append(start)
            ends.append(end)
            at += width
    return _Text("".join([*chars, text.chars[at:]]), [*starts, *text.starts[at:]], [*ends, *text.ends[at:]])


def _meant(escape: re.Match[str]) -> Iterator[tuple[str, int]]:
    """Yield the characters that an escape stands for, each with the length that it is written in."""
    written = escape[0]
    if escape["percent"]:
        sent = bytes.fromhex(written.replace("%", ""))
        for char in sent.decode(errors="surrogateescape"):
            yield char, 3 * len(char.encode(errors="surrogateescape"))
    elif character := escape["character"]:
        yield _CHARACTERS.get(character, character), len(written)
    else:
        number = int(escape["unicode"] or escape["long"] or escape["byte"], 16)
        yield chr(min(number, 0x10FFFF)), len(written)


def _decoded(text: str) -> str:
    """Decode base64 as far as it goes, a character for each byte."""
    usable = len(text) - (len(text) % 4 == 1)
    padded = text[:usable].translate(_FROM_URLSAFE) + "=" * (-usable % 4)
    return base64.b64decode(padded).decode("latin-1")


def _folded(text: str) -> str:
    """Ignore case, as far as that keeps the length."""
    if text.isascii():
        return text.lower()
    return "".join([low if len(low := char.lower()) == 1 else char for char in text])


def _places(text: str, part: str) -> Iterator[int]:
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + 1)


@cache
def needle(secret: str) -> bytes | None:
    """Return a part of a secret that looks the same however JSON escapes it, to search large bodies for.

    Returns:
        The part; None if the secret is so short that any text may hold it.
    """
    if len(secret) < _RUN:
        return None
    longest = max(_PLAIN.findall(secret), key=len, default="")
    return (longest if len(longest) >= _RUN else secret).encode(errors="surrogatepass")
