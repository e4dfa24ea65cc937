"""Read what a response says besides its data: which error it stands for, how long to wait, and the server's time."""

from __future__ import annotations

import json
import re
import time
from datetime import timezone
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple

from tap_makini.errors import (
    ConnectionClosedError,
    CredentialError,
    EntityAbsentError,
    MakiniError,
    NotFoundError,
    RequestRefusedError,
    TooManyRequestsError,
    TransientError,
)
from tap_makini.redaction import mask, printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

_CODE_NAMES = ("code", "error_code", "errorCode", "type", "status")
_MESSAGE_NAMES = ("message", "detail", "title", "error_description", "description")
_REQUEST_ID_NAMES = ("request_id", "requestId", "request-id", "trace_id", "traceId", "id")
_REQUEST_ID_HEADERS = ("X-Request-Id", "Request-Id", "X-Correlation-Id", "X-Trace-Id")
_TEXT_LIMIT = 300
_LARGEST_PROBLEM = 2**20

_DESELECT = "The connection does not offer this entity; deselect it."
_REPORT = "The server rejects the query; report it with the request id."
_RUN_LATER = TransientError.remedy
_ERRORS: dict[int, tuple[type[MakiniError], str]] = {
    HTTPStatus.NO_CONTENT: (NotFoundError, _DESELECT),
    HTTPStatus.BAD_REQUEST: (RequestRefusedError, _REPORT),
    HTTPStatus.UNAUTHORIZED: (
        CredentialError,
        "Check the setting api_token. If it is right, the connection may need to be re-authorized in Makini.",
    ),
    HTTPStatus.PAYMENT_REQUIRED: (
        ConnectionClosedError,
        "Check in Makini whether the connection is active and has credits left.",
    ),
    HTTPStatus.FORBIDDEN: (EntityAbsentError, _DESELECT),
    HTTPStatus.NOT_FOUND: (NotFoundError, _DESELECT),
    HTTPStatus.REQUEST_TIMEOUT: (TransientError, _RUN_LATER),
    HTTPStatus.GONE: (NotFoundError, _DESELECT),
    HTTPStatus.UNPROCESSABLE_ENTITY: (RequestRefusedError, _REPORT),
    HTTPStatus.TOO_EARLY: (TransientError, _RUN_LATER),
    HTTPStatus.TOO_MANY_REQUESTS: (TooManyRequestsError, _RUN_LATER),
    HTTPStatus.INTERNAL_SERVER_ERROR: (TransientError, _RUN_LATER),
    HTTPStatus.NOT_IMPLEMENTED: (EntityAbsentError, _DESELECT),
    HTTPStatus.BAD_GATEWAY: (TransientError, _RUN_LATER),
    HTTPStatus.SERVICE_UNAVAILABLE: (TransientError, _RUN_LATER),
    HTTPStatus.GATEWAY_TIMEOUT: (TransientError, _RUN_LATER),
}
_REDIRECT = (MakiniError, "The address redirects: check the setting api_url.")
_OTHER = (MakiniError, "Ask Makini's support, and name the request id.")

_SECONDS = re.compile(r"\s*(\d+(?:\.\d+)?)\s*", re.ASCII)
_BETWEEN_WAITS = re.compile(r"(?<!mon|tue|wed|thu|fri|sat|sun|day),", re.IGNORECASE)
"""The commas between the values of several headers, but not the one within a date."""
_LONGEST_WAIT = 1e9

_LEADING_NUMBER = re.compile(r"\s*(\d{1,15}(?:\.\d{1,9})?)\s*(?:[,;].*)?", re.ASCII)
_COMBINED = re.compile(r"\b(remaining|reset|r|t)\s*=\s*(\d{1,15}(?:\.\d{1,9})?)(?![\w.])", re.ASCII | re.IGNORECASE)
_SINGLE = ("X-RateLimit-Remaining", "X-RateLimit-Reset", "RateLimit-Remaining", "RateLimit-Reset")
RATE_LIMIT_HEADERS = ("RateLimit", *_SINGLE)
_REMAINING = {"remaining", "r"}
_EPOCH_ABOVE = 10**9
_MILLISECONDS_FROM = 10**11


class Response(NamedTuple):
    """What a server has answered, whatever its status.

    Attributes:
        status_code: The HTTP status.
        headers: Names are case-insensitive.
        content: The body, decoded; only the beginning of a long refusal.
    """

    status_code: int
    headers: Mapping[str, str]
    content: bytes


class Problem(NamedTuple):
    """Code, message and request id from an error body of any shape; each may be missing."""

    code: str | None
    message: str | None
    request_id: str | None

    def explain(self, cause: str) -> str:
        """Return what happened, with code and message in parentheses if there are any."""
        detail = ": ".join(filter(None, (self.code, self.message)))
        return f"{cause} ({detail})" if detail else cause


class RateLimitHeaders(NamedTuple):
    """What one response says about the rate limit.

    Attributes:
        remaining: How many more requests the server accepts; None if unknown.
        reset: Seconds until the count starts over, above 0; None if unknown.
    """

    remaining: int | None
    reset: float | None


def error_for_response(method: str, response: Response) -> MakiniError | None:
    """Return the error that a response stands for; None if it gives what was asked for."""
    status = response.status_code
    if status == HTTPStatus.OK or (method == "POST" and HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES):
        return None
    is_redirect = HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST
    kind, remedy = _ERRORS.get(status, _REDIRECT if is_redirect else _OTHER)
    problem = read_problem(response)
    cause = problem.explain(f"the server answered {status}")
    if issubclass(kind, TransientError):
        return kind(cause, remedy, problem.request_id, retry_after(response.headers))
    return kind(cause, remedy, problem.request_id)


def read_problem(response: Response) -> Problem:
    """Find code, message and request id in an error response; never raises.

    Makini's FAQ says that they exist, but not under which names. Common names are looked up at the top level and under
    `error` and `errors`. Of a body of another shape, or one too large to be a message, only the headers are used.
    """
    request_id = _first_text([response.headers], _REQUEST_ID_HEADERS)
    try:
        # takes lone surrogates as well
        document = json.loads(response.content) if len(response.content) <= _LARGEST_PROBLEM else None
    except (ValueError, RecursionError):
        document = None
    levels = [document]
    if isinstance(document, dict):
        levels += [document.get("error"), document.get("errors")]
    levels = [level[0] if isinstance(level, list) and level else level for level in levels]
    objects = [level for level in levels if isinstance(level, dict)]
    texts = [{"message": level} for level in levels if isinstance(level, str)]
    return Problem(
        _first_text(objects[::-1], _CODE_NAMES),
        _first_text(objects[::-1] + texts, _MESSAGE_NAMES),
        request_id or _first_text(objects, _REQUEST_ID_NAMES),
    )


def _first_text(levels: Sequence[Mapping[str, Any]], names: Sequence[str]) -> str | None:
    """Return the first text under one of the names, fit for a terminal and a log: no secrets, one line, not too long.

    Secrets are masked first, since a part of one is harder to recognize than the whole.
    """
    for level in levels:
        for name in names:
            value = level.get(name)
            if isinstance(value, (str, int)) and not isinstance(value, bool):
                line = printable(" ".join(mask(str(value)).split()))
                if line:
                    return line if len(line) <= _TEXT_LIMIT else f"{line[:_TEXT_LIMIT]}…"
    return None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Read `Retry-After` in either of its forms.

    Args:
        headers: The headers of the response. A date is measured against the response's own `Date`, since this
            machine's clock may differ from the server's. Several headers arrive joined by commas; the longest wait
            satisfies them all.

    Returns:
        Seconds to wait, above 0, or None if the header is missing, in the past or not understood.
    """
    longest = 0.0
    for part in _BETWEEN_WAITS.split(headers.get("Retry-After", "")):
        if number := _SECONDS.fullmatch(part):
            longest = max(longest, float(number[1]))
        elif (until := parse_http_date(part)) is not None:
            longest = max(longest, until.timestamp() - _server_time(headers))
    return min(longest, _LONGEST_WAIT) or None


def read_rate_limit_headers(headers: Mapping[str, str]) -> RateLimitHeaders:
    """Read `X-RateLimit-*`, `RateLimit-*` and the combined `RateLimit`, any of which may be missing or nonsense.

    The limit itself is not read: how much of it is left says all that matters.

    Args:
        headers: The headers of a response; names are case-insensitive.

    Returns:
        The fewest requests and the longest time that any of them names.
    """
    remaining, resets = [], []
    found = _COMBINED.findall(headers.get("RateLimit", ""))
    for header in _SINGLE:
        found.append((header.rpartition("-")[2], headers.get(header, "")))
    for name, text in found:
        number = _LEADING_NUMBER.fullmatch(text)
        if number and name.lower() in _REMAINING:
            remaining.append(int(float(number[1])))
        elif number and (seconds := seconds_until(float(number[1]), _server_time(headers))) > 0:
            resets.append(seconds)
    return RateLimitHeaders(min(remaining, default=None), max(resets, default=None))


def parse_http_date(text: str | None) -> datetime | None:
    """Parse an HTTP date in any of its three forms.

    A date without a zone, or with `-0000`, is UTC (RFC 9110 knows no other zone). The standard library returns such a
    date without a zone, and its `timestamp()` would depend on this machine's own zone.

    Args:
        text: The header's value, if there is one.

    Returns:
        An aware datetime, or None if the text is not a date.
    """
    try:
        date = parsedate_to_datetime(text or "")
    except (TypeError, ValueError, OverflowError):
        return None
    return date.replace(tzinfo=timezone.utc) if date.tzinfo is None else date


def seconds_until(number: float, now: float) -> float:
    """Return the seconds until a time that may be written as a duration, or as an epoch in seconds or milliseconds.

    Args:
        number: Up to 10^9 a duration in seconds, from 10^11 on an epoch in milliseconds, else one in seconds.
        now: Seconds since 1970.
    """
    if number <= _EPOCH_ABOVE:
        return number
    return (number / 1000 if number >= _MILLISECONDS_FROM else number) - now


def _server_time(headers: Mapping[str, str]) -> float:
    """Return the server's time, in seconds since 1970; without a `Date`, this machine's."""
    date = parse_http_date(headers.get("Date"))
    return time.time() if date is None else date.timestamp()
