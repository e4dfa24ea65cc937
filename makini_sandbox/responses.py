"""Answers that no well-behaved server gives: cut, reset, never ending."""

from __future__ import annotations

import gzip
import socket
import struct
from typing import TYPE_CHECKING

from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

TRANSPORT = "makini_sandbox.transport"
BROKEN_KINDS = frozenset({"reset", "cut", "cut_chunked"})
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def json_response(body: bytes, headers: dict[str, str], *, compress: bool) -> Response:
    """A JSON body, compressed where asked."""
    headers = dict(headers)
    if compress:
        body = gzip.compress(body, compresslevel=1)
        headers["Content-Encoding"] = "gzip"
    return Response(body, headers=headers, media_type="application/json")


class BrokenResponse(Response):
    """Half of an answer, then the end of the connection.

    Args:
        whole: The answer that it is half of.
        kind: ``cut``: after a Content-Length for the whole; ``cut_chunked``: in chunks, without
            the last; ``reset``: as ``cut``, with a TCP reset.
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
    """No answer at all: the connection stays open until the client or the server goes."""

    def __init__(self) -> None:
        super().__init__(status_code=0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait for the client to go."""
        del scope, send
        while (await receive())["type"] != "http.disconnect":
            pass
