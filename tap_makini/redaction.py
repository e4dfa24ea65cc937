"""Keep secrets and control characters out of what people read: log lines, tables, error lines.

Names of connections, tables and custom fields, and messages in error bodies come from outside. None of them may show a
secret, forge a log line, or send commands to a terminal.
"""

from __future__ import annotations

import logging
from functools import cache
from typing import Any
from unicodedata import category

from tap_makini.masking import Masker

_masker = Masker()
_OWN_FIELDS = {*vars(logging.makeLogRecord({})), "message", "asctime"}
_INDENT = "    "


def redact_logs(secret: object) -> None:
    """Mask a secret in all that is logged or printed from now on.

    Args:
        secret: The value of a setting, or a token. It is ignored if it is not a text, or too short to be a secret.
    """
    clean_logs()
    if isinstance(secret, str):
        _masker.add(secret)


def mask(text: str) -> str:
    """Replace all secrets, however they are escaped or encoded."""
    return _masker.mask(text)


def printable(text: str) -> str:
    """Escape control characters, line breaks, bidirectional overrides and lone surrogates."""
    if text.isprintable():
        return text
    return "".join(char if _is_printable(char) else char.encode("unicode_escape").decode() for char in text)


def _is_printable(char: str) -> bool:
    return char.isprintable() or category(char) == "Zs"  # spaces of other widths


def presentable(text: str) -> str:
    """Return a text without secrets, on one line."""
    return printable(mask(text))


@cache
def clean_logs() -> None:
    """Make every log record presentable before any handler sees it.

    All records of all loggers pass through `Logger.callHandlers`, complete with their extra fields, on their way to the
    handlers that exist at that time, `logging.lastResort` included. Filters would have to be added to each handler,
    also to later ones, and a record factory does not see the extra fields.
    """
    call_handlers = logging.Logger.callHandlers

    def clean_and_call(logger: logging.Logger, record: logging.LogRecord) -> None:
        _clean(record)
        call_handlers(logger, record)

    logging.Logger.callHandlers = clean_and_call  # type: ignore[assignment, method-assign]


def _clean(record: logging.LogRecord) -> None:
    message = _message(record)
    shown = presentable(message)
    if record.exc_info or record.exc_text or record.stack_info:
        shown += _clean_traces(record)
    if shown != message:
        record.msg, record.args = shown, None
    record.name = presentable(record.name)
    fields = vars(record)
    for name in fields.keys() - _OWN_FIELDS:
        fields[name] = _cleaned(fields[name])


def _clean_traces(record: logging.LogRecord) -> str:
    """Indent a record's traces; return them, to stand in its message, if a formatter would show a secret in them."""
    exception = logging.Formatter().formatException(record.exc_info) if record.exc_info else record.exc_text
    traces = [text for text in (exception, record.stack_info) if text]
    if any(mask(text) != text for text in traces):  # some formatters would format them again from the exception
        record.exc_info = record.exc_text = record.stack_info = None
        return "".join(f"\n{_indented(mask(text))}" for text in traces)
    record.exc_text = exception and _indented(exception)
    record.stack_info = record.stack_info and _indented(record.stack_info)
    return ""


def _message(record: logging.LogRecord) -> str:
    """Return a record's message; one that does not fit its arguments is shown with them, as it is."""
    try:
        return record.getMessage()
    except Exception:  # noqa: BLE001 - whatever an argument's own method raises
        record.msg, record.args = f"{record.msg!r} {record.args!r}", None
        return record.msg


def _indented(trace: str) -> str:
    """Indent a trace, so that no line of it can be taken for a log line."""
    return "\n".join(f"{_INDENT}{printable(line)}" for line in trace.split("\n"))


def _cleaned(value: Any) -> Any:  # noqa: ANN401 - anything may be in an extra field
    if isinstance(value, str):
        return presentable(value)
    if isinstance(value, dict):
        return {_cleaned(name): _cleaned(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_cleaned(item) for item in value]
    text = f"{value} {value!r}"
    return value if mask(text) == text else presentable(str(value))
