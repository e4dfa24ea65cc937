"""The ASGI application: records each request, dates each response, and has routes to steer the sandbox by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from makini_sandbox.admin import AdminApi
from makini_sandbox.api import Api
from makini_sandbox.documents.served import DocumentApi
from makini_sandbox.limits import http_date
from makini_sandbox.responses import Refusal
from makini_sandbox.state import RecordedRequest

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp

    from makini_sandbox.state import State

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def build_app(state: State) -> ASGIApp:
    """Return the application that serves a sandbox."""
    api, admin, documents = Api(state), AdminApi(state), DocumentApi(state)

    async def endpoint(request: Request) -> Response:
        record = _record(state, request)
        path = request.url.path
        try:
            if documents.serves(path):
                response = documents.respond(request)
            elif admin.serves(path):
                response = admin.respond(request, await request.body())
            else:
                response = api.respond(request, record)
        except Refusal as refusal:
            form = state.behaviour_towards(record).error_body
            response = refusal.response(form, f"req_{record.number:06d}")
        except Exception as error:
            state.failures.append(error)
            raise
        response.headers["date"] = http_date(state.clock())
        record.status = response.status_code or None
        return response

    routes = [
        Route("/api/{product}/{rest:path}", endpoint, methods=_METHODS),
        Route("/{rest:path}", endpoint, methods=_METHODS),
    ]
    return Starlette(routes=[*_control_routes(state), *routes])


def _record(state: State, request: Request) -> RecordedRequest:
    record = RecordedRequest(
        number=len(state.requests) + 1,
        at=state.clock(),
        method=request.method,
        path=request.url.path,
        query=dict(request.query_params),
        headers={name: text for name, text in request.headers.items() if name != "authorization"},
    )
    state.requests.append(record)
    return record


def _control_routes(state: State) -> list[Route]:
    """Return the routes under `/sandbox`, by which users and other processes steer the sandbox."""

    async def behaviour(request: Request) -> Response:
        """Change settings: a JSON object of them, `?slug=` for one entity."""
        try:
            state.behaviour.merge(await request.json(), request.query_params.get("slug"))
        except (ValueError, AttributeError) as error:
            return JSONResponse({"error": str(error)}, status_code=422)
        return Response(status_code=204)

    async def touch(request: Request) -> Response:
        """Update the `n` rows of an entity that were updated longest ago."""
        try:
            slug, count = request.query_params["slug"], int(request.query_params.get("n", "1"))
            keys = state.store.touch(slug, count)
        except (KeyError, ValueError) as error:
            return JSONResponse({"error": repr(error)}, status_code=422)
        return JSONResponse({"keys": keys})

    async def requests(_: Request) -> Response:
        """Return all requests so far."""
        return JSONResponse([record.as_json() for record in state.requests])

    return [
        Route("/sandbox/behaviour", behaviour, methods=["POST"]),
        Route("/sandbox/touch", touch, methods=["POST"]),
        Route("/sandbox/requests", requests, methods=["GET"]),
    ]
