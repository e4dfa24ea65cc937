"""Makini's list of work orders as a plain Laravel back end answers it: each request is a query on PostgreSQL.

Rows are sorted by what the client asks for and nothing else. Rows of equal `updatedAt` therefore come in whatever order
the plan of that one query leaves them in, which depends on its LIMIT and OFFSET, though nothing changes.
"""

from __future__ import annotations

import json
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from urllib.parse import parse_qsl, urlencode, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from targets.work_orders_table import Conditions, Operator, WorkOrdersTable

Treatment = Literal["honored", "ignored", "refused"]
Document: TypeAlias = dict[str, Any]

_FILTER = re.compile(r"filter\[updatedAt:(gteq|lt)\]")
_SORT = re.compile(r"sort\[(updatedAt|key)\]")
_OPERATORS: dict[str, Operator] = {"gteq": ">=", "lt": "<"}
_COLUMNS = {"updatedAt": "updated_at", "key": "key"}
_DEFAULT_SIZE = 50
_INTEGRATION = {
    "id": "int_1",
    "company_name": "Acme",
    "email": "ops@acme.example",
    "provider": "Example CMMS",
    "updated_at": "2025-01-01T00:00:00Z",
    "sync_status": "done",
    "sync_updated_at": "2025-01-01T00:00:00Z",
}


@dataclass(frozen=True)
class Manners:
    """What the API does with the parameters of a list.

    Attributes:
        gteq: With `filter[updatedAt:gteq]`.
        lt: With `filter[updatedAt:lt]`.
        order: With `sort[updatedAt]`.
        key_order: With `sort[key]`; `replaces`: it is honored, and the last of several sorts is the only one.
        per_page: With `per_page`; ignored, each page has `largest_page` rows.
        largest_page: The most rows a page; a larger `per_page` is cut to it.
    """

    gteq: Treatment = "honored"
    lt: Treatment = "honored"
    order: Treatment = "honored"
    key_order: Treatment | Literal["replaces"] = "ignored"
    per_page: Treatment = "honored"
    largest_page: int = 500


class RefusedError(Exception):
    """A parameter is answered with 422."""

    def __init__(self, parameter: str) -> None:
        super().__init__(f"The parameter {parameter} is invalid.")
        self.parameter = parameter


@dataclass
class WorkOrdersAPI:
    """The API, without its transport.

    Attributes:
        table: What it serves.
        manners: What it does with parameters.
        url: Where it is served.
        queries: The query strings of all requests for the list so far.
    """

    table: WorkOrdersTable
    manners: Manners
    url: str = ""
    queries: list[str] = field(default_factory=list)

    def answer(self, target: str) -> tuple[int, Document]:
        """Answer a GET request.

        Args:
            target: Path and query.

        Returns:
            Status and document.
        """
        parts = urlsplit(target)
        if parts.path == "/api/integrations/current":
            return 200, {"data": _INTEGRATION}
        if parts.path != "/api/eam/work-orders":
            return 404, {"message": f"The route {parts.path} could not be found."}
        self.queries.append(parts.query)
        try:
            return 200, self._list(f"{self.url}{parts.path}", parse_qsl(parts.query))
        except RefusedError as refusal:
            return 422, {"message": str(refusal), "errors": {refusal.parameter: [str(refusal)]}}

    def _list(self, path: str, parameters: list[tuple[str, str]]) -> Document:
        conditions, order = self._conditions(parameters), self._order(parameters)
        number, size = _whole(parameters, "page", 1), self._size(parameters)
        before = (number - 1) * size
        rows, total = self.table.page(conditions, order, size, before)
        last = max(-(-total // size), 1)

        def link(page: int) -> str | None:
            others = [(name, value) for name, value in parameters if name != "page"]
            return f"{path}?{urlencode([*others, ('page', page)])}" if 1 <= page <= last else None

        return {
            "data": [_record(row) for row in rows],
            "links": {"first": link(1), "last": link(last), "prev": link(number - 1), "next": link(number + 1)},
            "meta": {
                "current_page": number,
                "from": before + 1 if rows else None,
                "last_page": last,
                "path": path,
                "per_page": size,
                "to": before + len(rows) if rows else None,
                "total": total,
            },
        }

    def _size(self, parameters: list[tuple[str, str]]) -> int:
        if self.manners.per_page == "refused" and "per_page" in dict(parameters):
            raise RefusedError("per_page")
        asked = _whole(parameters, "per_page", _DEFAULT_SIZE)
        return (
            min(asked, self.manners.largest_page) if self.manners.per_page == "honored" else self.manners.largest_page
        )

    def _conditions(self, parameters: list[tuple[str, str]]) -> Conditions:
        conditions: Conditions = {}
        treatments = {"gteq": self.manners.gteq, "lt": self.manners.lt}
        for name, value in parameters:
            if match := _FILTER.fullmatch(name):
                if treatments[match[1]] == "refused":
                    raise RefusedError(name)
                if treatments[match[1]] == "honored":
                    conditions[_OPERATORS[match[1]]] = _instant(name, value)
            elif not (_SORT.fullmatch(name) or name in {"page", "per_page"}):
                raise RefusedError(name)
        return conditions

    def _order(self, parameters: list[tuple[str, str]]) -> list[tuple[str, bool]]:
        order = []
        treatments = {"updatedAt": self.manners.order, "key": self.manners.key_order}
        for name, value in parameters:
            if match := _SORT.fullmatch(name):
                if treatments[match[1]] == "refused" or value not in {"0", "1"}:
                    raise RefusedError(name)
                if treatments[match[1]] != "ignored":
                    order.append((_COLUMNS[match[1]], value == "1"))
        return order[-1:] if self.manners.key_order == "replaces" else order


@contextmanager
def serving(table: WorkOrdersTable, manners: Manners) -> Iterator[WorkOrdersAPI]:
    """Serve a table on a free port of this machine.

    Yields:
        The API.
    """
    api = WorkOrdersAPI(table, manners)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            status, document = api.answer(self.path)
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        api.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield api
        finally:
            server.shutdown()
            thread.join()


def _whole(parameters: list[tuple[str, str]], name: str, default: int) -> int:
    text = dict(parameters).get(name, str(default))
    if not text.isdecimal() or not int(text):
        raise RefusedError(name)
    return int(text)


def _instant(name: str, text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise RefusedError(name) from None
    return instant if instant.tzinfo else instant.replace(tzinfo=timezone.utc)


def _record(row: Document) -> Document:
    return {
        "key": row["key"],
        "title": row["title"],
        "instructions": row["instructions"],
        "createdAt": _written(row["created_at"]),
        "updatedAt": _written(row["updated_at"]),
        "deletedAt": None,
    }


def _written(instant: datetime) -> str:
    return instant.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
