"""Answers that are errors, and the shapes in which APIs write them."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

_CODES = {
    400: ("invalid_request", "BAD_REQUEST"),
    401: ("authentication_error", "AUTHENTICATION_FAILED"),
    403: ("permission_error", "PERMISSION_DENIED"),
    404: ("invalid_request", "NOT_FOUND"),
    405: ("invalid_request", "METHOD_NOT_ALLOWED"),
    422: ("invalid_request", "VALIDATION_FAILED"),
    429: ("rate_limit_error", "RATE_LIMIT_EXCEEDED"),
    500: ("api_error", "INTERNAL_ERROR"),
    501: ("invalid_request", "NOT_IMPLEMENTED"),
    503: ("api_error", "SERVICE_UNAVAILABLE"),
}


@dataclass
class Refusal(Exception):  # noqa: N818 - an answer, not a fault of the sandbox
    """An answer that is an error.

    Attributes:
        status: HTTP status.
        message: What is wrong, for people.
        parameter: The parameter that is to blame, if one is.
        headers: Headers to send with it.
    """

    status: int
    message: str
    parameter: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def body(self, shape: str, request_id: str) -> tuple[bytes, str]:
        """The body in one of the shapes of ``Behaviour.error_body``, and its content type."""
        if shape in {"html", "text", "empty"}:
            return _plain_body(shape, self.status)
        return msgspec.json.encode(self._document(shape, request_id)), "application/json"

    def _document(self, shape: str, request_id: str) -> dict[str, object]:
        kind, code = _CODES.get(self.status, ("api_error", f"HTTP_{self.status}"))
        if shape == "laravel":
            document: dict[str, object] = {"message": self.message}
            if self.parameter:
                document["errors"] = {self.parameter: [self.message]}
            return document
        if shape == "nested":
            error = {"type": kind, "code": code, "message": self.message, "requestId": request_id}
            return {"error": error}
        flat: dict[str, object] = {
            "code": code,
            "type": kind,
            "message": self.message,
            "request_id": request_id,
        }
        return {"errors": [flat]} if shape == "list" else flat


def _plain_body(shape: str, status: int) -> tuple[bytes, str]:
    if shape == "html":
        return f"<html><body><h1>{status}</h1></body></html>".encode(), "text/html; charset=utf-8"
    if shape == "text":
        return f"error {status}".encode(), "text/plain; charset=utf-8"
    return b"", "application/json"


def unprocessable(parameter: str, problem: str) -> Refusal:
    """The answer 422 that blames a parameter."""
    return Refusal(422, f"{parameter}: {problem}.", parameter=parameter)
