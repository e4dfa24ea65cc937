"""Responses that are no list: errors in the shapes in which APIs write them, and those that no good server sends."""

from __future__ import annotations

import gzip
import socket
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

TRANSPORT = "makini_sandbox.transport"
BROKEN_KINDS = frozenset({"reset", "cut", "cut_chunked"})
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
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
class Refusal(Exception):  # noqa: N818 - a response, not an error of the sandbox
    """Raised for a response that is an error.

    Attributes:
        status: HTTP status.
        message: What is wrong.
        parameter: The parameter that is wrong, if one is.
        headers: Headers to send with it.
    """

    status: int
    message: str
    parameter: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def response(self, form: str, request_id: str) -> Response:
        """Return the response, with a body in one of the forms of `Behaviour.error_body`."""
        if form == "html":
            body, media_type = f"<html><body><h1>{self.status}</h1></body></html>".encode(), "text/html; charset=utf-8"
        elif form == "text":
            body, media_type = f"error {self.status}".encode(), "text/plain; charset=utf-8"
        else:
            media_type = "application/json"
            body = b"" if form == "empty" else msgspec.json.encode(self._document(form, request_id))
        return Response(body, status_code=self.status, headers={**self.headers, "content-type": media_type})

    def _document(self, form: str, request_id: str) -> dict[str, object]:
        kind, code = _CODES.get(self.status, ("api_error", f"HTTP_{self.status}"))
        if form == "laravel":
            errors = {"errors": {self.parameter: [self.message]}} if self.parameter else {}
            return {"message": self.message, **errors}
        if form == "nested":
            return {"error": {"type": kind, "code": code, "message": self.message, "requestId": request_id}}
        flat = {"code": code, "type": kind, "message": self.message, "request_id": request_id}
        return {"errors": [flat]} if form == "list" else {**flat}


def unprocessable(parameter: str, problem: str) -> Refusal:
    """Return the 422 that names a parameter."""
    return Refusal(422, f"{parameter}: {problem}.", parameter=parameter)


def json_response(document: object, *, compress: bool = False) -> Response:
    """Return a JSON body, encoded already if it is bytes, and compressed if that is asked for."""
    body = document if isinstance(document, bytes) else msgspec.json.encode(document)
    if not compress:
        return Response(body, media_type="application/json")
    headers = {"Content-Encoding": "gzip"}
    return Response(gzip.compress(body, compresslevel=1), headers=headers, media_type="application/json")


class BrokenResponse(Response):
    """Half of a response, then the end of the connection.

    Args:
        whole: The response that it is half of.
        kind: `cut`: after a Content-Length for the whole; `cut_chunked`: in chunks, without the last; `reset`: as
            `cut`, with a TCP reset.
    """

    def __init__(self, whole: Response, kind: str) -> None:
        super().__init__(whole.body)
        self.raw_headers = [pair for pair in whole.raw_headers if pair[0] != b"content-length" or kind != "cut_chunked"]
        self._kind = kind

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the half and hang up."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        half = bytes(self.body)[: len(self.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        if self._kind == "reset":
            transport = scope["extensions"][TRANSPORT]["transport"]
            plug = transport.get_extra_info("socket")
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            transport.abort()
            await receive()


class SilentResponse(Response):
    """No response at all: the connection stays open until the client or the server goes."""

    def __init__(self) -> None:
        super().__init__(status_code=0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait for the client to go."""
        del scope, send
        while (await receive())["type"] != "http.disconnect":
            pass
