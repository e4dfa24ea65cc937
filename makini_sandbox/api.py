"""The routes under ``/api``: who asks, for what, and which answer that gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from makini_sandbox.clock import isoformat
from makini_sandbox.faults import FaultSchedule
from makini_sandbox.limits import RateLimiter
from makini_sandbox.paging import PAGINGS
from makini_sandbox.query import page_number
from makini_sandbox.records import record_kind
from makini_sandbox.refusal import Refusal
from makini_sandbox.responses import BROKEN_KINDS, BrokenResponse, json_response
from makini_sandbox.rows import Rows
from makini_sandbox.strays import stray
from makini_sandbox.target import Target, target_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from makini_sandbox.behaviour import Behaviour
    from makini_sandbox.recorded import RecordedRequest
    from makini_sandbox.sandbox import Connection, Sandbox


class Api:
    """Answers the requests of one sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._limiter = RateLimiter()
        self._schedule = FaultSchedule()
        self._rows = Rows()

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
        target = target_of(request.path_params.get("product", ""), request.path_params["rest"])
        record.slug = target.slug
        if target.kind == "row":
            return self._row(connection, target)
        response = self._list(request, record, target, connection, behaviour.for_slug(target.slug))
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

    def _row(self, connection: Connection, target: Target) -> Response:
        row = connection.store.table(target.slug).get(target.name)
        if row is None:
            raise Refusal(404, "There is no such row.")
        kind = record_kind(target.slug, connection.store.fields(target.slug), is_v4=target.is_v4)
        return json_response(b'{"data":' + kind.body(row) + b"}", {}, compress=False)

    def _list(
        self,
        request: Request,
        record: RecordedRequest,
        target: Target,
        connection: Connection,
        behaviour: Behaviour,
    ) -> Response:
        parameters = PAGINGS[behaviour.paging].usual(request.query_params.multi_items())
        fault = self._schedule.next_fault(behaviour.faults, target.slug, page_number(dict(parameters)))
        if fault is not None and (response := stray(fault, self._sandbox.clock())):
            return response
        absent = bool({target.slug, f"{target.segment}/{target.slug}"} & behaviour.absent)
        if absent and behaviour.absent_answer != "empty":
            raise Refusal(behaviour.absent_answer, "The connected system does not have it.")
        self._sandbox.before_list(record)
        kind = fault.kind if fault else ""
        body = self._rows.answer(
            request, target, connection, behaviour, absent=absent, fault=kind, chance=record.number
        )
        return _spoilt(body, kind, compress=_compresses(request, behaviour))


def _compresses(request: Request, behaviour: Behaviour) -> bool:
    return behaviour.gzip and "gzip" in request.headers.get("accept-encoding", "")


def _spoilt(body: bytes, kind: str, *, compress: bool) -> Response:
    if kind == "truncated_json":
        body = body[: len(body) // 2]
    response = json_response(body, {}, compress=compress)
    return BrokenResponse(response, kind) if kind in BROKEN_KINDS else response
