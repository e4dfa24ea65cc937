"""Answers that a fault gives in place of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from makini_sandbox.limits import retry_after
from makini_sandbox.refusal import Refusal
from makini_sandbox.responses import SilentResponse

if TYPE_CHECKING:
    from datetime import datetime

    from makini_sandbox.faults import Fault

_NOT_JSON = b"upstream connect error or disconnect/reset before headers"
_HTML = b"<!doctype html><html><body><h1>We'll be right back</h1></body></html>"
_BODIES = {"not_json": _NOT_JSON, "html_200": _HTML}


def stray(fault: Fault, now: datetime) -> Response | None:
    """The answer of a fault that needs no rows, None for a fault that needs them.

    Raises:
        Refusal: Where the answer is an error.
    """
    if fault.kind == "timeout":
        return SilentResponse()
    if fault.kind == "expire_token":
        raise Refusal(401, "The access token has expired.")
    if fault.kind == "status":
        raise Refusal(fault.status, "A fault was asked for.", headers=_asked_wait(fault, now))
    body = _BODIES.get(fault.kind)
    if body is None:
        return None
    media_type = "text/html" if fault.kind == "html_200" else "application/json"
    return Response(body, media_type=media_type)


def _asked_wait(fault: Fault, now: datetime) -> dict[str, str]:
    if isinstance(fault.retry_after, str):
        return {"Retry-After": fault.retry_after}
    if fault.retry_after is None and fault.retry_after_form in {"seconds", "http_date"}:
        return {}
    return retry_after(fault.retry_after_form, fault.retry_after or 0, now)
