from __future__ import annotations

import io
import json
import logging
import logging.config
import os
import queue
import threading
from logging.handlers import QueueHandler
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from singer_sdk import metrics
from singer_sdk.logging import ConsoleFormatter, StructuredFormatter

from tap_makini.redaction import clean_logs, mask, presentable, printable, redact_logs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeAlias

    Handler: TypeAlias = logging.StreamHandler[io.StringIO]

SECRET = "s3cret-token"  # noqa: S105 - opens nothing
HOSTILE = "red\x1b[31m\nnext\u202eline\ud800\u200b"
SHOWN = r"red\x1b[31m\nnext\u202eline\ud800\u200b"

formatters = pytest.mark.parametrize("formatter", [ConsoleFormatter(), StructuredFormatter()], ids=["plain", "json"])


@pytest.fixture
def handler() -> Iterator[Handler]:
    """A handler of the root logger, made after the secret is known."""
    redact_logs(SECRET)
    handler = logging.StreamHandler(io.StringIO())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)


# --- secrets ---------------------------------------------------------------------------------------


@formatters
def test_a_secret_is_masked_wherever_it_stands(handler: Handler, formatter: logging.Formatter) -> None:
    handler.setFormatter(formatter)
    logger = logging.getLogger("some.module")
    logger.info("in the message %s", f"Bearer {SECRET}")
    logger.info(f"in the format {SECRET}")  # noqa: G004 - as some do
    logger.info("in an object %s", {"Authorization": SECRET})
    logger.info({"as": SECRET})
    logger.warning("in the stack %s", "x", stack_info=True)
    logger.info("beside", extra={"field": SECRET, "more": {SECRET: [SECRET, (1, SECRET)]}, "odd": OSError(SECRET)})
    logging.getLogger(f"of.{SECRET}").info("in the name")
    try:
        os.environ[SECRET]
    except KeyError as error:
        error.__cause__ = RuntimeError(f"caused by {SECRET}")
        logger.exception("in a traceback")
    text = handler.stream.getvalue()

    assert SECRET not in text
    assert text.count("(secret)") >= 6
    assert "in a traceback" in text
    assert "RuntimeError" in text


@formatters
def test_a_secret_among_the_tags_of_a_metric_is_masked(handler: Handler, formatter: logging.Formatter) -> None:
    handler.setFormatter(formatter)
    for tag in (SECRET, "harmless"):
        point = metrics.Point("counter", metrics.Metric.RECORD_COUNT, 1, {"context": {"connection": tag}})
        metrics.log(logging.getLogger("some.module"), point)
    text = handler.stream.getvalue()

    assert SECRET not in text
    assert "(secret)" in text
    assert "harmless" in text
    if isinstance(formatter, StructuredFormatter):
        assert json.loads(text.splitlines()[1])["metric_info"]["tags"] == {"context": {"connection": "harmless"}}


def test_a_logger_that_keeps_its_records_to_itself_masks_them() -> None:
    logger = logging.getLogger("some.private.module")
    logger.propagate = False
    logger.addHandler(handler := logging.StreamHandler(io.StringIO()))
    redact_logs(SECRET)
    logger.warning(SECRET)

    assert handler.stream.getvalue() == "(secret)\n"


def test_a_configuration_of_logging_that_comes_later_masks_them() -> None:
    redact_logs(SECRET)
    stream = io.StringIO()
    handler = {"class": "logging.StreamHandler", "stream": stream, "formatter": "json"}
    formatter = {"()": "singer_sdk.logging.StructuredFormatter"}
    logger = {"handlers": ["own"], "propagate": False, "level": "DEBUG"}
    document = {"formatters": {"json": formatter}, "handlers": {"own": handler}, "loggers": {"configured": logger}}
    logging.config.dictConfig({"version": 1, "disable_existing_loggers": False, **document})
    logging.getLogger("configured.module").debug("%s", SECRET, extra={"field": SECRET})

    assert json.loads(stream.getvalue())["message"] == "(secret)"
    assert SECRET not in stream.getvalue()


def test_the_handler_of_last_resort_masks_them(capsys: pytest.CaptureFixture[str]) -> None:
    redact_logs(SECRET)
    logger = logging.Logger("without.handlers")  # noqa: LOG001 - pytest has handlers for the others
    logger.warning(SECRET)

    assert capsys.readouterr().err == "(secret)\n"


def test_a_handler_that_passes_records_on_has_them_masked() -> None:
    redact_logs(SECRET)
    logger = logging.getLogger("queued")
    logger.addHandler(QueueHandler(records := queue.SimpleQueue[logging.LogRecord]()))
    logger.error("%s", SECRET, exc_info=ValueError(SECRET))
    passed = records.get()

    assert SECRET not in str(vars(passed))
    assert passed.getMessage().endswith("\n    ValueError: (secret)")


@formatters
def test_a_record_without_secrets_is_left_as_it_is(handler: Handler, formatter: logging.Formatter) -> None:
    seen = list[logging.LogRecord]()
    handler.addFilter(lambda record: not seen.append(record))  # type: ignore[func-returns-value]
    extra = {"field": ["one", 2, None, {"three": 4.5}]}
    logging.getLogger("x").info("%s of %d", "one", 2, extra=extra)
    expected = KeyError("harmless")
    logging.getLogger("x").error("failed", exc_info=expected)

    assert (seen[0].msg, seen[0].args) == ("%s of %d", ("one", 2))
    assert vars(seen[0])["field"] == extra["field"]
    assert seen[1].exc_info
    assert seen[1].exc_info[1] is expected
    text = formatter.format(seen[1])
    if isinstance(formatter, StructuredFormatter):
        assert json.loads(text)["exception"]["message"] == "'harmless'"
    else:
        assert text.endswith("    KeyError: 'harmless'")


class Broken:
    """Something that cannot be shown."""

    def __str__(self) -> str:
        raise RuntimeError

    def __repr__(self) -> str:
        return "<broken>"


@pytest.mark.parametrize(
    ("message", "argument", "shown"),
    [
        ("%d", "no number", "'%d' ('no number',)"),
        ("%d", SECRET, "'%d' ('(secret)',)"),
        ("%s", Broken(), "'%s' (<broken>,)"),
        ("%(name)s", "x", "'%(name)s' ('x',)"),
    ],
)
def test_a_message_that_does_not_fit_its_arguments_is_shown_beside_them(
    handler: Handler, message: str, argument: object, shown: str
) -> None:
    logging.getLogger("x").info(message, argument)
    assert handler.stream.getvalue() == f"{shown}\n"


@pytest.mark.parametrize("secret", [None, "", "abc", 12345, ["token"]])
def test_what_is_no_secret_masks_nothing(secret: object, handler: Handler) -> None:
    redact_logs(secret)
    logging.getLogger("x").info("abc 12345 None token")

    assert handler.stream.getvalue() == "abc 12345 None token\n"


def test_cleaning_twice_is_cleaning_once() -> None:
    clean_logs()
    before = logging.Logger.callHandlers
    clean_logs()
    assert logging.Logger.callHandlers is before


def test_secrets_may_be_learned_while_others_log(handler: Handler) -> None:
    def learn() -> None:
        for number in range(200):
            redact_logs(f"another-secret-{number:08}")

    learner = threading.Thread(target=learn)
    learner.start()
    for _ in range(50):
        logging.getLogger("x").info(SECRET)
    learner.join()
    assert set(handler.stream.getvalue().splitlines()) == {"(secret)"}


# --- what cannot be printed ------------------------------------------------------------------------


@formatters
def test_names_from_outside_stay_on_their_line(handler: Handler, formatter: logging.Formatter) -> None:
    handler.setFormatter(formatter)
    logging.getLogger(HOSTILE).info("Stream %s", HOSTILE, extra={"field": HOSTILE})
    line = handler.stream.getvalue()

    assert line.count("\n") == 1
    assert printable(line[:-1]) == line[:-1]
    assert (SHOWN in line) or (json.dumps(SHOWN)[1:-1] in line)


def test_no_line_of_a_traceback_looks_like_a_log_line(handler: Handler) -> None:
    handler.setFormatter(ConsoleFormatter())
    forged = "2026-01-01 00:00:00,000 | ERROR    | tap-makini | forged"
    for message in (f"x\n{forged}\x1b[2J", f"{SECRET}\n{forged}\x1b[2J"):
        logging.getLogger("x").error("failed", exc_info=(ValueError, ValueError(message), None))
    first, *others = [line for line in handler.stream.getvalue().splitlines() if line[:1] != " "]

    assert len(others) == 1
    assert "failed" in first
    assert handler.stream.getvalue().count(r"    2026-01-01 00:00:00,000 | ERROR    | tap-makini | forged\x1b[2J") == 2


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("Müller & Søn 株式会社\u3000é\u00a0x 🏭", "Müller & Søn 株式会社\u3000é\u00a0x 🏭"),
        (HOSTILE, SHOWN),
        ("\r\x08\x7f\x9b\u2028\u2029\u2066\ufeff\U000e0001", r"\r\x08\x7f\x9b\u2028\u2029\u2066\ufeff\U000e0001"),
    ],
)
def test_what_cannot_be_printed_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text(st.characters()) | st.text(st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp"])))
def test_whatever_is_shown_can_be_printed_on_one_line(text: str) -> None:
    shown = presentable(text)
    assert len(shown.encode().decode().splitlines()) <= 1
    assert not {"\x1b", "\x9b", "\u202e", "\u200b"} & set(shown)


def test_what_is_shown_is_masked_even_where_it_is_split() -> None:
    redact_logs(SECRET)
    assert presentable(f"<{SECRET[:4]}\u200b\x1b{SECRET[4:]}>\n") == r"<(secret)>\n"
    assert mask(f"{SECRET}\n") == "(secret)\n"
