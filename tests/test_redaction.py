from __future__ import annotations

import io
import json
import logging
import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from singer_sdk.logging import StructuredFormatter

from tap_makini.redaction import SecretFilter, redact_logs

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "s3cret-token"  # noqa: S105 - opens nothing

formatters = pytest.mark.parametrize("formatter", [logging.Formatter(), StructuredFormatter()], ids=["plain", "json"])


@pytest.fixture
def handler() -> Iterator[logging.StreamHandler[io.StringIO]]:
    """A handler of the root logger, which nobody else has."""
    handler = logging.StreamHandler(io.StringIO())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    before = {other: list(other.filters) for other in root.handlers}
    yield handler
    root.removeHandler(handler)
    for other, filters in before.items():
        other.filters[:] = filters


def record(message: object, *args: object, **others: Any) -> logging.LogRecord:  # noqa: ANN401 - as in logging
    return logging.LogRecord("x", logging.INFO, __file__, 1, message, args, others.pop("exc_info", None), **others)


@formatters
def test_a_secret_is_masked_wherever_it_stands(
    handler: logging.StreamHandler[io.StringIO], formatter: logging.Formatter
) -> None:
    handler.setFormatter(formatter)
    redact_logs(SECRET)
    logger = logging.getLogger("some.module")
    logger.info("in the message %s", f"Bearer {SECRET}")
    logger.info(f"in the format {SECRET}")  # noqa: G004 - as some do
    logger.info("in an object %s", {"Authorization": SECRET})
    logger.warning("in the stack %s", "x", stack_info=True)
    try:
        os.environ[SECRET]
    except KeyError as error:
        error.__cause__ = RuntimeError(f"caused by {SECRET}")
        logger.exception("in a traceback")
    text = handler.stream.getvalue()

    assert SECRET not in text
    assert text.count("(secret)") >= 5
    assert "in a traceback" in text
    assert "RuntimeError" in text


@formatters
def test_a_record_without_secrets_is_left_alone(formatter: logging.Formatter) -> None:
    exc_info = (KeyError, KeyError("harmless"), None)
    untouched, seen = (record("%s of %d", "one", 2, exc_info=exc_info) for _ in range(2))
    seen.created = untouched.created

    assert SecretFilter(SECRET).filter(seen)
    assert seen.args == ("one", 2)
    assert seen.exc_info == exc_info
    assert formatter.format(seen) == formatter.format(untouched)


def test_a_message_that_does_not_fit_its_arguments_stops_nothing() -> None:
    broken, leaking = record("%d", "no number"), record("%d", SECRET)

    assert SecretFilter(SECRET).filter(broken)
    assert SecretFilter(SECRET).filter(leaking)
    assert (broken.msg, broken.args) == ("%d", ("no number",))
    assert SECRET not in leaking.getMessage()


@pytest.mark.parametrize("secret", [None, "", "abc", 12345, ["token"]])
def test_what_is_no_secret_masks_nothing(secret: object, handler: logging.StreamHandler[io.StringIO]) -> None:
    redact_logs(secret)
    logging.getLogger("x").info("abc 12345 None token")

    assert handler.stream.getvalue() == "abc 12345 None token\n"


@given(st.text(min_size=4), st.text(), st.text())
def test_any_secret_in_any_text_is_masked(secret: str, before: str, behind: str) -> None:
    masked = record("%s", f"{before}{secret}{behind}")
    SecretFilter(secret).filter(masked)

    assert masked.getMessage() == f"{before}{secret}{behind}".replace(secret, "(secret)")


def test_several_secrets_are_masked() -> None:
    masked = record(json.dumps(["one-token", "other-token"]))
    SecretFilter("one-token", "other-token").filter(masked)

    assert masked.getMessage() == '["(secret)", "(secret)"]'
