"""Respond to requests under `/api`: who asks, for what, and what goes wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response

from makini_sandbox.clock import isoformat
from makini_sandbox.envelope import PAGINGS
from makini_sandbox.faults import Fault, FaultSchedule
from makini_sandbox.limits import RateLimiter, retry_after
from makini_sandbox.listing import Lister
from makini_sandbox.plain import plain_body, tables_body
from makini_sandbox.query import page_number
from makini_sandbox.records import record_kind
from makini_sandbox.responses import BROKEN_KINDS, BrokenResponse, Refusal, SilentResponse, json_response
from makini_sandbox.target import ListRequest, Target, target_of

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.requests import Request

    from makini_sandbox.behaviour import Behaviour
    from makini_sandbox.state import RecordedRequest, State
    from makini_sandbox.tokens import Connection

_BODIES = {
    "not_json": (b"upstream connect error or disconnect/reset before headers", "application/json"),
    "html_200": (b"<!doctype html><html><body><h1>We'll be right back</h1></body></html>", "text/html"),
}


class Api:
    """Responds to the requests of connections."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._limiter = RateLimiter()
        self._schedule = FaultSchedule()
        self._lister = Lister()

    def respond(self, request: Request, record: RecordedRequest) -> Response:
        """Return the response to a request, whose record then says what it concerns.

        Raises:
            Refusal: The response is an error.
        """
        connection = self._connection(request)
        record.connection = connection.name
        if request.method != "GET":
            raise Refusal(405, "The sandbox is read-only.")
        behaviour = self._state.behaviour
        limits = self._limiter.admit(connection.token, behaviour, self._state.clock())
        if request.url.path == "/api/integrations/current":
            return self._integration(connection)
        target = target_of(request.path_params.get("product", ""), request.path_params["rest"])
        record.slug = target.slug
        if target.kind == "row":
            return _row(connection, target)
        response = self._list(request, record, target, connection)
        response.headers.update(limits)
        return response

    def _connection(self, request: Request) -> Connection:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        connection = self._state.connections.get(token) or self._state.tokens.connection(token)
        if scheme.lower() != "bearer" or connection is None:
            raise Refusal(401, "The access token is missing, unknown or expired.")
        return connection

    def _integration(self, connection: Connection) -> Response:
        now = isoformat(self._state.clock())
        data = {
            "id": f"connection-{connection.name}",
            "company_name": f"Sandbox {connection.name}",
            "email": "owner@plant.example",
            "provider": "sandbox",
            "updated_at": now,
            "sync_status": self._state.behaviour.sync_status,
            "sync_updated_at": self._state.behaviour.synced_at or now,
        }
        return json_response({"data": data})

    def _list(self, request: Request, record: RecordedRequest, target: Target, connection: Connection) -> Response:
        behaviour = self._state.behaviour.for_slug(target.slug)
        parameters = PAGINGS[behaviour.paging].as_v3(request.query_params.multi_items())
        fault = self._schedule.next_fault(behaviour.faults, target.slug, page_number(dict(parameters)))
        if fault is not None and (response := _without_rows(fault, self._state.clock())):
            return response
        absent = bool({target.slug, f"{target.segment}/{target.slug}"} & behaviour.absent)
        if absent and behaviour.absent_answer != "empty":
            raise Refusal(behaviour.absent_answer, "The connected system does not have it.")
        self._state.before_list(record)
        kind, url = fault.kind if fault else "", str(request.url.replace(query=""))
        body = self._body(
            ListRequest(target, connection, behaviour, url, parameters, absent, kind, chance=record.number)
        )
        return _broken(body, kind, compress=_compresses(request, behaviour))

    def _body(self, request: ListRequest) -> bytes:
        if request.target.kind == "list":
            return self._lister.body(request)
        return tables_body(request) if request.target.kind == "raw_tables" else plain_body(request)


def _row(connection: Connection, target: Target) -> Response:
    row = connection.store.table(target.slug).get(target.name)
    if row is None:
        raise Refusal(404, "There is no such row.")
    kind = record_kind(target.slug, connection.store.fields(target.slug), is_v4=target.is_v4)
    return json_response(b'{"data":' + kind.body(row) + b"}")


def _without_rows(fault: Fault, now: datetime) -> Response | None:
    """Return the response of a fault that needs no rows, None for a fault that needs them.

    Raises:
        Refusal: The response is an error.
    """
    if fault.kind == "timeout":
        return SilentResponse()
    if fault.kind == "expire_token":
        raise Refusal(401, "The access token has expired.")
    if fault.kind == "status":
        raise Refusal(fault.status, "A fault was asked for.", headers=_retry_after(fault, now))
    if fault.kind in _BODIES:
        body, media_type = _BODIES[fault.kind]
        return Response(body, media_type=media_type)
    return None


def _retry_after(fault: Fault, now: datetime) -> dict[str, str]:
    if isinstance(fault.retry_after, str):
        return {"Retry-After": fault.retry_after}
    if fault.retry_after is None and fault.retry_after_form in {"seconds", "http_date"}:
        return {}
    return retry_after(fault.retry_after_form, fault.retry_after or 0, now)


def _compresses(request: Request, behaviour: Behaviour) -> bool:
    return behaviour.gzip and "gzip" in request.headers.get("accept-encoding", "")


def _broken(body: bytes, kind: str, *, compress: bool) -> Response:
    if kind == "truncated_json":
        body = body[: len(body) // 2]
    response = json_response(body, compress=compress)
    return BrokenResponse(response, kind) if kind in BROKEN_KINDS else response
