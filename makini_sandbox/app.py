"""The ASGI application: records each request under ``/api``, and dates each answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from makini_sandbox.admin import AdminApi
from makini_sandbox.api import Api
from makini_sandbox.control import control_routes
from makini_sandbox.documents.served import DocumentApi
from makini_sandbox.limits import http_date
from makini_sandbox.recorded import RecordedRequest
from makini_sandbox.refusal import Refusal

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp

    from makini_sandbox.sandbox import Sandbox

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def build_app(sandbox: Sandbox) -> ASGIApp:
    """The application that serves a sandbox."""
    api, admin, documents = Api(sandbox), AdminApi(sandbox), DocumentApi(sandbox)

    async def endpoint(request: Request) -> Response:
        record = _record(sandbox, request)
        try:
            if documents.answers(request.url.path):
                response = documents.answer(request.method, request.url.path)
            elif admin.answers(request.url.path):
                response = admin.answer(request, await request.body())
            else:
                response = api.answer(request, record)
        except Refusal as refusal:
            response = _refused(refusal, sandbox.behaviour_towards(record).error_body, record.number)
        except Exception as error:
            sandbox.failures.append(error)
            raise
        response.headers["date"] = http_date(sandbox.clock())
        record.status = response.status_code or None
        return response

    routes = [
        Route("/api/{product}/{rest:path}", endpoint, methods=_METHODS),
        Route("/{rest:path}", endpoint, methods=_METHODS),
    ]
    return Starlette(routes=[*control_routes(sandbox), *routes])


def _record(sandbox: Sandbox, request: Request) -> RecordedRequest:
    record = RecordedRequest(
        number=len(sandbox.requests) + 1,
        at=sandbox.clock(),
        method=request.method,
        path=request.url.path,
        query=dict(request.query_params),
        headers={name: text for name, text in request.headers.items() if name != "authorization"},
    )
    sandbox.requests.append(record)
    return record


def _refused(refusal: Refusal, shape: str, number: int) -> Response:
    body, media_type = refusal.body(shape, f"req_{number:06d}")
    headers = {**refusal.headers, "content-type": media_type}
    return Response(body, status_code=refusal.status, headers=headers)
