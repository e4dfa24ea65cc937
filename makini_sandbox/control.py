"""The routes under ``/sandbox``, by which users and other processes steer the double."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from starlette.requests import Request

    from makini_sandbox.sandbox import Sandbox


def control_routes(sandbox: Sandbox) -> list[Route]:
    """Routes to turn knobs, to change rows and to see what was asked."""

    async def behaviour(request: Request) -> Response:
        """Turn knobs: a JSON object of them, ``?slug=`` for one entity."""
        try:
            sandbox.behaviour.merge(await request.json(), request.query_params.get("slug"))
        except (ValueError, AttributeError) as error:
            return JSONResponse({"error": str(error)}, status_code=422)
        return Response(status_code=204)

    async def touch(request: Request) -> Response:
        """Update the ``n`` rows of an entity that were updated longest ago."""
        try:
            slug, count = request.query_params["slug"], int(request.query_params.get("n", "1"))
            keys = sandbox.store.touch(slug, count)
        except (KeyError, ValueError) as error:
            return JSONResponse({"error": repr(error)}, status_code=422)
        return JSONResponse({"keys": keys})

    async def requests(_: Request) -> Response:
        """All requests so far."""
        return JSONResponse([record.as_json() for record in sandbox.requests])

    return [
        Route("/sandbox/behaviour", behaviour, methods=["POST"]),
        Route("/sandbox/touch", touch, methods=["POST"]),
        Route("/sandbox/requests", requests, methods=["GET"]),
    ]
