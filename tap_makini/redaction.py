"""Keeping secrets out of the logs, wherever a message comes from."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_MASK = "(secret)"
_SHORTEST = 4


class SecretFilter(logging.Filter):
    """Masks secrets in log messages and tracebacks.

    Args:
        secrets: What to mask; more may be added.
    """

    def __init__(self, *secrets: str) -> None:
        super().__init__()
        self.secrets = set(secrets)

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask, and let every record pass."""
        text = "\n".join(_parts(record))
        masked = self._mask(text)
        if masked != text:
            record.msg, record.args = masked, None
            record.exc_info = record.exc_text = record.stack_info = None  # some formatters write them out themselves
        return True

    def _mask(self, text: str) -> str:
        for secret in tuple(self.secrets):
            text = text.replace(secret, _MASK)
        return text


def _parts(record: logging.LogRecord) -> Iterator[str]:
    try:
        yield record.getMessage()
    except (TypeError, ValueError):  # as logging has it, a message that does not fit its arguments stops no program
        yield f"{record.msg} {record.args}"
    if record.exc_info:
        yield logging.Formatter().formatException(record.exc_info)
    elif record.exc_text:
        yield record.exc_text
    if record.stack_info:
        yield record.stack_info


_FILTER = SecretFilter()


def redact_logs(secret: object) -> None:
    """Mask a secret in all that the root logger's handlers put out.

    Args:
        secret: The value of a setting, or a token; what is no text, or too short to be a secret, is passed over.
    """
    if not isinstance(secret, str) or len(secret) < _SHORTEST:
        return
    _FILTER.secrets.add(secret)
    for handler in logging.getLogger().handlers:
        handler.addFilter(_FILTER)  # a no-op where it is there already
