"""The routes under ``/api``: who asks, for what, and which answer that gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from starlette.responses import Response

from makini_sandbox.clock import isoformat
from makini_sandbox.entities import ENTITIES, PRODUCTS
from makini_sandbox.faults import Fault, FaultSchedule
from makini_sandbox.limits import RateLimiter, retry_after
from makini_sandbox.listing import Lister, ListRequest
from makini_sandbox.query import page_number
from makini_sandbox.refusal import Refusal
from makini_sandbox.responses import BROKEN_KINDS, BrokenResponse, SilentResponse, json_response

if TYPE_CHECKING:
    from starlette.requests import Request

    from makini_sandbox.behaviour import Behaviour
    from makini_sandbox.recorded import RecordedRequest
    from makini_sandbox.sandbox import Connection, Sandbox

_NOT_JSON = b"upstream connect error or disconnect/reset before headers"
_HTML = b"<!doctype html><html><body><h1>We'll be right back</h1></body></html>"
_STRAY_BODIES = {"not_json": _NOT_JSON, "html_200": _HTML}


class Api:
    """Answers the requests of one sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._limiter = RateLimiter()
        self._schedule = FaultSchedule()
        self._lister = Lister()

    def answer(self, request: Request, record: RecordedRequest) -> Response:
        """The answer to a request under ``/api``.

        Raises:
            Refusal: Where the answer is an error.
        """
        connection = self._connection(request)
        record.connection = connection.name
        if request.method != "GET":
            raise Refusal(405, "The double is read-only.")
        behaviour = self._sandbox.behaviour
        limits = self._limiter.admit(connection.token, behaviour, self._sandbox.clock())
        if request.url.path == "/api/integrations/current":
            return self._integration(connection)
        slug, key = _target(request.path_params.get("product", ""), request.path_params["rest"])
        record.slug = slug
        behaviour = behaviour.for_slug(slug)
        if key is not None:
            return self._row(connection, slug, key)
        response = self._list(request, record, connection, behaviour)
        response.headers.update(limits)
        return response

    def _connection(self, request: Request) -> Connection:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        connection = self._sandbox.connections.get(token) or self._sandbox.tokens.connection(token)
        if scheme.lower() != "bearer" or connection is None:
            raise Refusal(401, "The access token is missing, unknown or expired.")
        return connection

    def _integration(self, connection: Connection) -> Response:
        now = isoformat(self._sandbox.clock())
        data = {
            "id": f"connection-{connection.name}",
            "company_name": f"Sandbox {connection.name}",
            "email": "owner@plant.example",
            "provider": "sandbox",
            "updated_at": now,
            "sync_status": self._sandbox.behaviour.sync_status,
            "sync_updated_at": self._sandbox.behaviour.synced_at or now,
        }
        return json_response(msgspec.json.encode({"data": data}), {}, compress=False)

    def _row(self, connection: Connection, slug: str, key: str) -> Response:
        row = connection.store.table(slug).get(key)
        if row is None:
            raise Refusal(404, "There is no such row.")
        return json_response(b'{"data":' + row.body + b"}", {}, compress=False)

    def _list(
        self,
        request: Request,
        record: RecordedRequest,
        connection: Connection,
        behaviour: Behaviour,
    ) -> Response:
        slug = record.slug or ""
        page = page_number(request.query_params)
        fault = self._schedule.next_fault(behaviour.faults, slug, page)
        if fault is not None and (stray := self._stray(fault)):
            return stray
        absent = {slug, f"{request.path_params['product']}/{slug}"} & behaviour.absent
        if absent and behaviour.absent_answer != "empty":
            raise Refusal(behaviour.absent_answer, "The connected system does not have it.")
        self._sandbox.before_list(record)
        asked = ListRequest(
            url=str(request.url.replace(query="")),
            parameters=request.query_params.multi_items(),
            connection=connection,
            slug=slug,
            behaviour=behaviour,
            absent=bool(absent),
            fault=fault.kind if fault else "",
            chance=record.number,
        )
        body = self._lister.answer(asked)
        return _spoilt(body, asked.fault, compress=_compresses(request, behaviour))

    def _stray(self, fault: Fault) -> Response | None:
        """The answer of a fault that needs no rows."""
        if fault.kind == "timeout":
            return SilentResponse()
        if fault.kind == "expire_token":
            raise Refusal(401, "The access token has expired.")
        if fault.kind == "status":
            raise Refusal(fault.status, "A fault was asked for.", headers=self._asked_wait(fault))
        body = _STRAY_BODIES.get(fault.kind)
        if body is None:
            return None
        media_type = "text/html" if fault.kind == "html_200" else "application/json"
        return Response(body, media_type=media_type)

    def _asked_wait(self, fault: Fault) -> dict[str, str]:
        if isinstance(fault.retry_after, str):
            return {"Retry-After": fault.retry_after}
        if fault.retry_after is None and fault.retry_after_form in {"seconds", "http_date"}:
            return {}
        return retry_after(fault.retry_after_form, fault.retry_after or 0, self._sandbox.clock())


def _target(product: str, rest: str) -> tuple[str, str | None]:
    """The entity, and the row's key where one row is asked for."""
    parent, _, key = rest.rpartition("/")
    slug, wanted = (rest, None) if rest in ENTITIES else (parent, key)
    if product not in PRODUCTS or slug not in ENTITIES or product not in ENTITIES[slug].products:
        raise Refusal(404, "There is no such path.")
    return slug, wanted


def _compresses(request: Request, behaviour: Behaviour) -> bool:
    return behaviour.gzip and "gzip" in request.headers.get("accept-encoding", "")


def _spoilt(body: bytes, kind: str, *, compress: bool) -> Response:
    if kind == "truncated_json":
        body = body[: len(body) // 2]
    response = json_response(body, {}, compress=compress)
    return BrokenResponse(response, kind) if kind in BROKEN_KINDS else response
