"""What can go wrong, told to the person who has to mend it.

Every error says what happened (`cause`), what to do (`remedy`) and, where Makini sent one, the request id that its
support asks for. No error carries a token or a whole response body.
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
    """A read that did not come to its end.

    Args:
        cause: What happened, in one clause.
        remedy: What the user can do about it, as a sentence.
        request_id: The vendor's id of the failed request, for its support.
    """

    def __init__(self, cause: str, remedy: str, request_id: str | None = None) -> None:
        super().__init__(cause)
        self.cause = cause
        self.remedy = remedy
        self.request_id = request_id

    def __str__(self) -> str:
        """Give the whole story in one line."""
        request = f" (Makini request id {self.request_id})" if self.request_id else ""
        return f"{self.cause}{request}. {self.remedy}"


class CredentialError(MakiniError):
    """The token is not accepted (401): nothing more can be read from this connection."""


class ConnectionClosedError(MakiniError):
    """Makini gives nothing of the connection: it is gone, or out of credits (402)."""


class EntityAbsentError(MakiniError):
    """The connected system does not offer this entity (403, 404 or 501)."""


class NotFoundError(EntityAbsentError):
    """There is nothing at this address (204, 404, 410): no such entity, or no such record any more."""


class RequestRefusedError(MakiniError):
    """The server does not take the query as it stands (400 or 422)."""


class IncompleteError(MakiniError):
    """The server counts more records than it gives; the bookmark stays before those that are missing."""


class NothingNewError(MakiniError):
    """Makini has not synced the connection since it was last read whole."""


class WaitTooLongError(MakiniError):
    """The vendor asks for a longer wait than `max_wait_seconds` allows."""


class TransientError(MakiniError):
    """A trouble that may pass: the request is worth repeating.

    Args:
        cause: What happened.
        remedy: What to do when repeating did not help.
        request_id: The vendor's id of the failed request.
        retry_after: Seconds the vendor asked to wait, if it did.
    """

    repetitions: float = math.inf

    def __init__(
        self,
        cause: str,
        remedy: str = "Makini or the network is in trouble; run again later.",
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(cause, remedy, request_id)
        self.retry_after = retry_after


class UnreachableError(TransientError):
    """The server cannot be reached, or does not answer in time."""


class BadBodyError(TransientError):
    """An answer with status 200 whose body cannot be trusted.

    What the server says after a few repetitions it will say for the next quarter of an hour as well, so these are
    bounded in number, not in time.
    """

    repetitions = 3

    def __init__(self, cause: str, request_id: str | None = None) -> None:
        super().__init__(
            cause,
            "The server's answer cannot be trusted; run again later, and report it to Makini if it stays.",
            request_id,
        )

    def told_with(self, problem: VendorProblem) -> BadBodyError:
        """Add what the vendor says in the answer, since an error may come with status 200."""
        detail = f" ({problem})" if str(problem) else ""
        return BadBodyError(f"{self.cause}{detail}", problem.request_id)


class NothingReadError(Exception):
    """The run could not begin: a setting, the catalog or a credential is wrong. Each argument is a line on a fault."""


class StreamsFailedError(Exception):
    """Some streams failed; the others are complete. The message says which, why and what to do."""


class VendorProblem(NamedTuple):
    """What an error body of any shape tells: a code, a message and a request id, each where there is one."""

    code: str | None
    message: str | None
    request_id: str | None

    def __str__(self) -> str:
        """Join code and message, if any, for use behind a status."""
        return ": ".join(part for part in (self.code, self.message) if part)


def read_problem(body: bytes, headers: Mapping[str, str]) -> VendorProblem:
    """Find code, message and request id in an error answer.

    The product FAQ says that they are there, not under which names: common names are looked for at the top level
    and under `error` / `errors`. A body of another shape gives what the headers tell, and so does one that is too large
    to be a message: decoded, it would take many times its size.

    Args:
        body: The body as received.
        headers: The response headers.

    Returns:
        What was found; never raises.
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
    """Give the document and what stands under `error` and `errors`, of each list its first item."""
    levels = [document]
    if isinstance(document, dict):
        levels += [document.get("error"), document.get("errors")]
    return [level[0] if isinstance(level, list) and level else level for level in levels]


def _first_text(levels: Iterable[Mapping[str, Any]], names: tuple[str, ...]) -> str | None:
    values = (level.get(name) for level in levels for name in names)
    lines = (_one_line(str(v)) for v in values if isinstance(v, (str, int)) and not isinstance(v, bool))
    return next(filter(None, lines), None)


def _one_line(text: str) -> str:
    """Make a vendor's text fit for a terminal and a log: without secrets, on one line, not too long.

    Secrets are masked first, since a part of one is harder to tell than the whole.
    """
    line = printable(" ".join(mask(text).split()))
    return line if len(line) <= _TEXT_LIMIT else f"{line[:_TEXT_LIMIT]}…"


_ASK_SUPPORT = "Ask Makini's support, naming the request id."
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
    """Turn an error status into the error that says what follows from it.

    Args:
        status: The HTTP status, any but 200.
        problem: What the body told.
        retry_after: Seconds the vendor asked to wait, if it did.

    Returns:
        The error to raise.
    """
    detail = f" ({problem})" if str(problem) else ""
    cause = f"the server answered {status}{detail}"
    if status == HTTPStatus.UNAUTHORIZED:
        return CredentialError(
            cause,
            "Check the setting api_token; if it is right, the connection may need to be re-authorised in Makini.",
            problem.request_id,
        )
    if status == HTTPStatus.PAYMENT_REQUIRED:
        return ConnectionClosedError(
            cause, "See in Makini whether the connection is active and has credits left.", problem.request_id
        )
    if status in _ABSENT:
        kind = NotFoundError if status in _NOT_FOUND else EntityAbsentError
        return kind(cause, "The connection does not offer this entity; deselect it.", problem.request_id)
    if status in _REFUSED:
        return RequestRefusedError(
            cause, "The server refuses the query; report it with the request id.", problem.request_id
        )
    if status in _TRANSIENT:
        return TransientError(cause, request_id=problem.request_id, retry_after=retry_after)
    redirects = HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST
    remedy = "The address redirects: check the setting api_url." if redirects else _ASK_SUPPORT
    return MakiniError(cause, remedy, problem.request_id)
