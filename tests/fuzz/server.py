"""An HTTP server over a store, of any behavior."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from fuzz.listing import Query, RefusedError, found, ordered, parse
from fuzz.store import OLDEST_COPY, chance, parts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from typing_extensions import Self

    from fuzz.behavior import Behavior
    from fuzz.store import Row, Rows, Table

TOKEN = "fuzz-token"  # noqa: S105 - a stand-in
_CHILD_PAGE = 2


class Response(NamedTuple):
    """A response; `rows` says how many rows there are in it."""

    status: int
    document: Mapping[str, Any]
    rows: int = 0


class _Page(NamedTuple):
    rows: list[Row]
    total: int
    next_cursor: str | None = None


@dataclass
class _Position:
    """What a cursor stands for: a query and, by the way of paging, a snapshot, the last row, or how many were given."""

    query: Query
    snapshot: list[Row]
    last: Row
    offset: int


class Api:
    """Respond to requests.

    Args:
        tables: The lists, by path.
        behavior: How to respond.
        seed: What chance depends on.
    """

    def __init__(self, tables: Mapping[str, Table], behavior: Behavior, seed: int) -> None:
        self._tables = tables
        self.behavior = behavior
        self._seed = seed
        self._cursors: dict[str, _Position] = {}
        self._requests = 0

    def respond(self, target: str) -> Response:
        """Respond to a request for a path with parameters."""
        self._requests += 1
        path, _, query = target.partition("?")
        params = parse_qsl(query, keep_blank_values=True)
        if path == "/api/integrations/current":
            return Response(200, {"data": {"id": "fuzz", "company_name": "Fuzz", "sync_status": "fulldone"}})
        try:
            if path in self._tables:
                return self._list(path, self._tables[path], params)
            return self._children(path, params)
        except RefusedError as refusal:
            message = f"{refusal}: not supported" if self.behavior.blames else "Invalid request"
            return Response(self.behavior.refusal, {"message": message})

    def _list(self, path: str, table: Table, params: Sequence[tuple[str, str]]) -> Response:
        random = chance(self._seed, self._requests)
        query = parse(params, self.behavior)
        is_old = random.random() < self.behavior.lagging
        rows = table.copy(random.randrange(OLDEST_COPY) if is_old else 0)
        cursor = dict(params).get("cursor")
        if self.behavior.paging == "pages":
            page = self._numbered(table, rows, query)
        else:
            page = self._by_cursor(table, rows, query, cursor)
        return Response(200, self._document(path, params, table, query, page), len(page.rows))

    def _select(self, table: Table, rows: Rows, query: Query) -> list[Row]:
        behavior = replace(self.behavior, ties="key") if self.behavior.paging == "keyset" else self.behavior
        random = chance(self._seed, self._requests, "ties")
        return ordered(found(table, rows, query, behavior), table, query, behavior, random)

    def _numbered(self, table: Table, rows: Rows, query: Query) -> _Page:
        total = len(found(table, rows, query, self.behavior))
        start = (query.page - 1) * query.size
        return _Page(self._select(table, rows, query)[start : start + query.size], total)

    def _by_cursor(self, table: Table, rows: Rows, query: Query, cursor: str | None) -> _Page:
        position = self._cursors.get(cursor) if cursor is not None else None
        if cursor is not None and position is None:
            raise RefusedError("cursor")
        offset = 0 if position is None else position.offset
        if position is not None:
            query = replace(position.query, size=query.size)
        total = len(found(table, rows, query, self.behavior))
        if self.behavior.paging == "offset":
            # To the database, a cursor that holds an offset is one more LIMIT and OFFSET.
            left = self._select(table, rows, replace(query, page=offset // query.size + 1))[offset:]
            has_more = total > offset + query.size
        else:
            if position is None:
                left = self._select(table, rows, replace(query, page=total + 1))  # all of them, as without a LIMIT
            elif self.behavior.paging == "snapshot":
                left, total = position.snapshot, offset + len(position.snapshot)
            else:
                left = self._after(table, rows, query, position.last)
            has_more = len(left) > query.size
        page = left[: query.size]
        if not has_more:
            return _Page(page, total)
        following = f"c{len(self._cursors)}"
        self._cursors[following] = _Position(query, left[query.size :], page[-1], offset + len(page))
        return _Page(page, total, following)

    def _after(self, table: Table, rows: Rows, query: Query, last: Row) -> list[Row]:
        """Return the rows beyond a position in the order, whether or not the row that was there still is."""
        others = {key: row for key, row in rows.items() if row != last}
        selected = self._select(table, {**others, "": last}, query)
        return selected[selected.index(last) + 1 :] if last in selected else []

    def _document(
        self, path: str, params: Sequence[tuple[str, str]], table: Table, query: Query, page: _Page
    ) -> dict[str, Any]:
        document: dict[str, Any] = {"data": [table.document(row, self.behavior.suffix) for row in page.rows]}
        total = page.total
        if self.behavior.counts == "stale":
            total = len(found(table, table.copy(OLDEST_COPY // 2), query, self.behavior))
        meta: dict[str, Any] = {}
        if self.behavior.counts != "absent":
            meta |= {"per_page": query.size, "total": total}
            if self.behavior.paging == "pages":
                meta |= _place(path, query, total, len(page.rows))
                document["links"] = _links(path, params, query.page, meta["last_page"])
        if self.behavior.paging != "pages":
            (document if self.behavior.cursor_place == "top" else meta)["next_cursor"] = page.next_cursor
        if meta:
            document["meta"] = meta
        return document

    def _children(self, path: str, params: Sequence[tuple[str, str]]) -> Response:
        parent_path, _, rest = path.removesuffix("/materials").rpartition("/")
        table = self._tables.get(parent_path)
        row = None if table is None or not path.endswith("/materials") else table.rows.get(rest)
        if row is None:
            return Response(404, {"message": "Not found"})
        items = [{"key": f"{row.key[:8]}-m{place}", "partNumber": code} for place, code in enumerate(parts(row))]
        if not self.behavior.child_counts:
            return Response(200, {"data": items}, len(items))
        number = int(dict(params).get("page", "1"))
        shown = items[(number - 1) * _CHILD_PAGE : number * _CHILD_PAGE]
        query = Query(number, _CHILD_PAGE)
        meta = {"per_page": _CHILD_PAGE, "total": len(items), **_place(path, query, len(items), len(shown))}
        return Response(200, {"data": shown, "meta": meta}, len(shown))


def _place(path: str, query: Query, total: int, count: int) -> dict[str, Any]:
    start = (query.page - 1) * query.size
    return {
        "current_page": query.page,
        "from": start + 1 if count else None,
        "last_page": max(-(-total // query.size), 1),
        "path": path,
        "to": start + count if count else None,
    }


def _links(path: str, params: Sequence[tuple[str, str]], page: int, last: int) -> dict[str, str | None]:
    others = [(name, value) for name, value in params if name != "page"]

    def link(number: int) -> str | None:
        return f"{path}?{urlencode([*others, ('page', number)])}" if 1 <= number <= last else None

    return {"first": link(1), "last": link(last), "prev": link(page - 1), "next": link(page + 1)}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    respond: ClassVar[Callable[[str], Response | None]]
    skew: ClassVar[timedelta]

    def do_GET(self) -> None:
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._send(Response(401, {"message": "Unauthenticated."}))
            return
        response = type(self).respond(self.path)
        if response is None:
            self.close_connection = True
            return
        self._send(response)

    def _send(self, response: Response) -> None:
        body = json.dumps(response.document).encode()
        self.send_response_only(response.status)
        self.send_header("Date", format_datetime(datetime.now(timezone.utc) + self.skew, usegmt=True))
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        head = b"".join(self._headers_buffer)  # one packet is faster than two
        self._headers_buffer: list[bytes] = []
        self.wfile.write(head + b"\r\n" + body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Log nothing."""


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that are gone, which is what kills are for."""


class Server:
    """Serve responses on the loopback interface while it is entered.

    Args:
        respond: Responds to a request for a path with parameters, one at a time; None closes the connection.
        skew: Seconds that the clock is ahead of this machine's.
    """

    def __init__(self, respond: Callable[[str], Response | None], skew: int) -> None:
        lock = threading.Lock()

        def one_at_a_time(target: str) -> Response | None:
            with lock:
                return respond(urlsplit(target)._replace(scheme="", netloc="").geturl())

        attributes = {"respond": staticmethod(one_at_a_time), "skew": timedelta(seconds=skew)}
        self._server = _Quiet(("127.0.0.1", 0), type("Handler", (_Handler,), attributes))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
