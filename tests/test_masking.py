from __future__ import annotations

import base64
import json
import logging
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from leaks import leaks
from singer_sdk.logging import ConsoleFormatter, StructuredFormatter

from tap_makini import redaction
from tap_makini.masking import Masker, needle
from tap_makini.redaction import clean_logs

if TYPE_CHECKING:
    from collections.abc import Callable

TOKEN = "eyJhbGciOi/JIUzI1N+iIsInR5cCI6_IkpXVC-J9=="  # noqa: S105 - opens nothing


def as_unicode_escapes(text: str) -> str:
    return "".join(f"\\u{ord(char):04X}" for char in text)


# --- forms -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [
        TOKEN,
        TOKEN.upper(),
        TOKEN.lower(),
        TOKEN.replace("/", r"\/"),
        TOKEN.replace("-", r"\u002d").replace("+", r"\u002B"),
        as_unicode_escapes(TOKEN),
        json.dumps(json.dumps(as_unicode_escapes(TOKEN)))[3:-3],
        quote(TOKEN, safe=""),
        quote(TOKEN, safe="").lower(),
        quote(quote(TOKEN, safe=""), safe=""),
        "".join(f"%{ord(char):02x}" for char in TOKEN),
        TOKEN.replace("+", " "),
        "\n".join(TOKEN),
        r"\n".join([TOKEN[:20], TOKEN[20:]]),
        "\x1b".join([TOKEN[:4], TOKEN[4:8], TOKEN[8:]]),
        "\u200b\u00ad\u2060".join(TOKEN),
        r"\u200b".join(TOKEN),
        r"\x00".join(TOKEN),
        "%0A".join(TOKEN),
        "\n".join(quote(TOKEN, safe="")),
    ],
)
def test_a_secret_is_masked_in_every_form(written: str) -> None:
    assert Masker(TOKEN).mask(f"before: {written}; after") == "before: (secret); after"


@pytest.mark.parametrize("secret", ["my secret of spaces", "an%20encoded/secret", r"back\nslash\u0041secret"])
def test_a_secret_may_hold_what_looks_encoded(secret: str) -> None:
    masker = Masker(secret)
    for written in (secret, json.dumps(secret)[1:-1], quote(secret, safe=""), quote_plus(secret)):
        assert masker.mask(f'before "{written}" after') == 'before "(secret)" after'


@pytest.mark.parametrize("before", [b"", b"u", b"us", b"use", b"user:"])
@pytest.mark.parametrize("behind", [b"", b"x", b"xy", b"xyz"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode, base64.encodebytes])
def test_a_secret_in_base64_is_masked_wherever_it_stands(
    encode: Callable[[bytes], bytes], before: bytes, behind: bytes
) -> None:
    written = encode(before + TOKEN.encode() + behind).decode()
    masked = Masker(TOKEN).mask(f"Authorization: Basic {written}")

    assert masked.startswith("Authorization: Basic ")
    assert "(secret)" in masked
    assert leaks(TOKEN, masked) == []


@pytest.mark.parametrize("part", [TOKEN[:8], TOKEN[:37], TOKEN[-8:], TOKEN[17:29], quote(TOKEN, safe="")[:30]])
def test_a_part_of_a_secret_is_masked(part: str) -> None:
    assert Masker(TOKEN).mask(f"<{part}…>") == "<(secret)…>"


@pytest.mark.parametrize(
    "text", ["", "eyJhbGc", "an ordinary line, 100% of it, with a\\path and dGhlIHVzdWFsIHRleHQ=", "ß İ \ud800"]
)
def test_other_text_is_left_as_it_is(text: str) -> None:
    assert Masker(TOKEN).mask(text) == text
    assert Masker().mask(text) == text


def test_a_short_secret_is_masked_as_a_whole_only() -> None:
    masker = Masker("s3crt")
    assert masker.mask("S3CRT, s3cr\\u0074 and s3cr") == "(secret), (secret) and s3cr"
    assert masker.mask("s3 crt") == "s3 crt"


def test_what_is_too_short_to_be_a_secret_masks_nothing() -> None:
    assert Masker("abc", "", "    ").mask("abc      def") == "abc      def"


def test_secrets_that_are_added_later_are_masked_beside_the_others() -> None:
    masker = Masker("first-secret")
    masker.add("other-secret-of-all")
    assert masker.mask("first-secret, other-secret-of-all!") == "(secret), (secret)!"


@pytest.mark.parametrize(
    ("secret", "part"),
    [
        ("abc.DEF-123_456~", b"abc.DEF-123_456~"),
        ("ab/cdefghijk+lm", b"cdefghijk"),
        ("ab/cd+ef", b"ab/cd+ef"),
        ("schlüssel-wort", b"ssel-wort"),
        ("x", None),  # which any record may hold
        ("secret7", None),
    ],
)
def test_the_part_to_search_large_bodies_for_has_nothing_to_escape(secret: str, part: bytes | None) -> None:
    assert needle(secret) == part


# --- whatever comes -------------------------------------------------------------------------------

NOISE = st.sampled_from(["\n", "\r\n", "\t", "\0", "\x1b", "\u200b", "\u202e", "\ufeff", "\u00ad"])
# quotes and backslashes are also what log lines put around texts, where they would complete a part of seven characters
VISIBLE = st.characters(min_codepoint=0x21, max_codepoint=0x7E, exclude_characters='"\\')
TOKENS = st.text(VISIBLE, min_size=12, max_size=60)


@st.composite
def embeddings(draw: st.DrawFn, token: str) -> str:
    """Write a token as servers and libraries do, and cut or split it."""
    text = token
    for change in draw(st.lists(st.sampled_from(["json", "percent", "case", "cut", "split"]), max_size=3)):
        text = _changed(draw, change, text)
    if draw(st.booleans()):
        around = st.binary(max_size=5)
        encode = draw(st.sampled_from([base64.b64encode, base64.urlsafe_b64encode, base64.encodebytes]))
        text = encode(draw(around) + text.encode(errors="replace") + draw(around)).decode()
        for change in draw(st.lists(st.sampled_from(["json", "percent", "cut"]), max_size=2)):
            text = _changed(draw, change, text)
    return text


def _changed(draw: st.DrawFn, change: str, text: str) -> str:
    if change == "json":
        all_of_it = draw(st.booleans())
        return as_unicode_escapes(text) if all_of_it else json.dumps(text)[1:-1].replace("/", r"\/")
    if change == "percent":
        return draw(st.sampled_from([quote, quote_plus]))(text, safe=draw(st.sampled_from(["", "/", "/=+"])))
    if change == "case":
        return draw(st.sampled_from([str.upper, str.lower]))(text)
    if change == "cut":
        start = draw(st.integers(0, len(text)))
        return text[start : draw(st.integers(start, len(text)))]
    pieces = [char + (draw(NOISE) if draw(st.integers(0, 4)) == 0 else "") for char in text]
    return "".join(pieces)


@given(st.data(), TOKENS, st.text(max_size=20), st.text(max_size=20))
def test_nothing_of_a_token_is_readable_in_a_log(data: st.DataObject, token: str, before: str, behind: str) -> None:
    clean_logs()
    written = data.draw(embeddings(token))
    formatters = ConsoleFormatter(), StructuredFormatter()
    lines: list[str] = []

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.extend(formatter.format(record) for formatter in formatters)

    logger = logging.Logger("fuzz")  # noqa: LOG001 - one that nobody else hears
    logger.addHandler(Lines())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(redaction, "_masker", Masker(token))
        logger.error("%s %s %s", before, written, behind, extra={"field": {"of": [written]}})
        logger.error("failed", exc_info=(ValueError, ValueError(written), None))

    assert len(lines) == 4
    assert [(line, found) for line in lines if (found := leaks(token, line))] == []
