"""Keeping secrets out of the logs, wherever a message comes from."""

from __future__ import annotations

import logging

_MASK = "(secret)"
_SHORTEST = 4


class SecretFilter(logging.Filter):
    """Masks secrets in log messages and tracebacks.

    Args:
        secrets: What to mask.
    """

    def __init__(self, *secrets: str) -> None:
        super().__init__()
        self._secrets = secrets

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask, and let every record pass."""
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        record.exc_text = record.exc_text and self._mask(record.exc_text)
        message = record.getMessage()
        masked = self._mask(message)
        if masked != message:
            record.msg, record.args = masked, None
        return True

    def _mask(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, _MASK)
        return text


def redact_logs(secret: object) -> None:
    """Mask a secret in all that the root logger's handlers put out.

    Args:
        secret: The value of a setting; what is no text, or too short to be a secret, is passed over.
    """
    if not isinstance(secret, str) or len(secret) < _SHORTEST:
        return
    for handler in logging.getLogger().handlers:
        handler.addFilter(SecretFilter(secret))
