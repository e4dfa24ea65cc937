"""Define what can go wrong, for the person who has to fix it.

Every error says what happened (`cause`), what to do (`remedy`) and, where Makini sent one, the request id that its
support asks for. No error contains a token or a whole response body.
"""

from __future__ import annotations

import json
import math
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple

from tap_makini.redaction import mask, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_CODE_NAMES = ("code", "error_code", "errorCode", "type", "status")
_MESSAGE_NAMES = ("message", "detail", "title", "error_description", "description")
_REQUEST_ID_NAMES = ("request_id", "requestId", "request-id", "trace_id", "traceId", "id")
_REQUEST_ID_HEADERS = ("X-Request-Id", "Request-Id", "X-Correlation-Id", "X-Trace-Id")
_TEXT_LIMIT = 300
_LARGEST_PROBLEM = 2**20


class MakiniError(Exception):
    """A request or a list could not be completed.

    Args:
        cause: What happened, as a clause.
        remedy: What the user can do about it, in sentences.
        request_id: Makini's id of the failed request, for its support.
    """

    def __init__(self, cause: str, remedy: str, request_id: str | None = None) -> None:
        super().__init__(cause)
        self.cause = cause
        self.remedy = remedy
        self.request_id = request_id

    def __str__(self) -> str:
        """Return cause, request id and remedy in one line."""
        request = f" (Makini request id {self.request_id})" if self.request_id else ""
        return f"{self.cause}{request}. {self.remedy}"


class CredentialError(MakiniError):
    """The token is not valid (401); nothing more can be read from this connection."""


class ConnectionClosedError(MakiniError):
    """The connection is closed: it no longer exists, or has no credits left (402)."""


class EntityAbsentError(MakiniError):
    """The connected system does not offer this entity (403, 404 or 501)."""


class NotFoundError(EntityAbsentError):
    """Nothing is at this address (204, 404, 410): no such entity, or a record that no longer exists."""


class RequestRefusedError(MakiniError):
    """The server rejects the query (400 or 422)."""


class IncompleteError(MakiniError):
    """The server counts more records than it returns; the bookmark stays before the missing ones."""


class NothingNewError(MakiniError):
    """Makini has not synced the connection since its last complete run."""


class WaitTooLongError(MakiniError):
    """The server asks for a longer wait than `max_wait_seconds` allows."""


class TransientError(MakiniError):
    """A problem that may pass: the request is worth repeating.

    Args:
        cause: What happened.
        remedy: What to do when repeating did not help.
        request_id: Makini's id of the failed request.
        retry_after: Seconds that the server asked to wait, if it did.

    Attributes:
        repetitions: How many times to repeat the request at most.
    """

    repetitions: float = math.inf

    def __init__(
        self,
        cause: str,
        remedy: str = "Makini or the network has a problem; run again later.",
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(cause, remedy, request_id)
        self.retry_after = retry_after


class UnreachableError(TransientError):
    """The server cannot be reached, or does not respond in time."""


class BadBodyError(TransientError):
    """A response with status 200 whose body is not valid.

    A body that is still wrong after a few repetitions will be so for the next quarter of an hour, so the number of
    repetitions is limited, rather than their time.
    """

    repetitions = 3

    def __init__(self, cause: str, request_id: str | None = None) -> None:
        super().__init__(
            cause,
            "The response is not valid; run again later, and report it to Makini if it persists.",
            request_id,
        )

    def with_problem(self, problem: VendorProblem) -> BadBodyError:
        """Return the error with what the body says, since an error may come with status 200."""
        detail = f" ({problem})" if str(problem) else ""
        return BadBodyError(f"{self.cause}{detail}", problem.request_id)


class NothingReadError(Exception):
    """The run could not start: a setting, the catalog or a credential is wrong. Each argument is a line for a fault."""


class StreamsFailedError(Exception):
    """Some streams failed; the others are complete. The message says which, why and what to do."""


class VendorProblem(NamedTuple):
    """Code, message and request id from an error body of any shape; each may be missing."""

    code: str | None
    message: str | None
    request_id: str | None

    def __str__(self) -> str:
        """Join code and message, if any, to stand after a status."""
        return ": ".join(part for part in (self.code, self.message) if part)


def read_problem(body: bytes, headers: Mapping[str, str]) -> VendorProblem:
    """Find code, message and request id in an error response; never raises.

    Makini's FAQ says that they exist, but not under which names. Common names are looked up at the top level and under
    `error` and `errors`. Of a body of another shape, or one too large to be a message, only the headers are used.

    Args:
        body: The body as received.
        headers: The response headers.
    """
    request_id = _first_text([headers], _REQUEST_ID_HEADERS)
    if len(body) > _LARGEST_PROBLEM:
        return VendorProblem(None, None, request_id)
    try:
        document = json.loads(body)  # which takes lone surrogates as well
    except (ValueError, RecursionError):
        return VendorProblem(None, None, request_id)
    levels = _levels(document)
    objects = [level for level in levels if isinstance(level, dict)]
    texts = [{"message": level} for level in levels if isinstance(level, str)]
    return VendorProblem(
        _first_text(objects[::-1], _CODE_NAMES),
        _first_text(objects[::-1] + texts, _MESSAGE_NAMES),
        request_id or _first_text(objects, _REQUEST_ID_NAMES),
    )


def _levels(document: Any) -> list[Any]:  # noqa: ANN401 - decoded JSON
    """Return the document and its members `error` and `errors`; of a list, the first item."""
    levels = [document]
    if isinstance(document, dict):
        levels += [document.get("error"), document.get("errors")]
    return [level[0] if isinstance(level, list) and level else level for level in levels]


def _first_text(levels: Iterable[Mapping[str, Any]], names: tuple[str, ...]) -> str | None:
    values = (level.get(name) for level in levels for name in names)
    lines = (_one_line(str(v)) for v in values if isinstance(v, (str, int)) and not isinstance(v, bool))
    return next(filter(None, lines), None)


def _one_line(text: str) -> str:
    """Make text from a server fit for a terminal and a log: without secrets, on one line, not too long.

    Secrets are masked first, since a part of one is harder to recognize than the whole.
    """
    line = printable(" ".join(mask(text).split()))
    return line if len(line) <= _TEXT_LIMIT else f"{line[:_TEXT_LIMIT]}…"


_ASK_SUPPORT = "Ask Makini's support, and name the request id."
_NOT_FOUND = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
_ABSENT = {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_IMPLEMENTED, *_NOT_FOUND}
_REFUSED = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}
_TRANSIENT = {
    HTTPStatus.REQUEST_TIMEOUT,
    HTTPStatus.TOO_EARLY,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
}


def error_for_status(status: int, problem: VendorProblem, retry_after: float | None) -> MakiniError:
    """Return the error to raise for an error status.

    Args:
        status: The HTTP status, any but 200.
        problem: What the body says.
        retry_after: Seconds that the server asked to wait, if it did.
    """
    detail = f" ({problem})" if str(problem) else ""
    cause = f"the server answered {status}{detail}"
    if status == HTTPStatus.UNAUTHORIZED:
        return CredentialError(
            cause,
            "Check the setting api_token. If it is right, the connection may need to be re-authorized in Makini.",
            problem.request_id,
        )
    if status == HTTPStatus.PAYMENT_REQUIRED:
        return ConnectionClosedError(
            cause, "Check in Makini whether the connection is active and has credits left.", problem.request_id
        )
    if status in _ABSENT:
        kind = NotFoundError if status in _NOT_FOUND else EntityAbsentError
        return kind(cause, "The connection does not offer this entity; deselect it.", problem.request_id)
    if status in _REFUSED:
        return RequestRefusedError(
            cause, "The server rejects the query; report it with the request id.", problem.request_id
        )
    if status in _TRANSIENT:
        return TransientError(cause, request_id=problem.request_id, retry_after=retry_after)
    redirects = HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST
    remedy = "The address redirects: check the setting api_url." if redirects else _ASK_SUPPORT
    return MakiniError(cause, remedy, problem.request_id)
