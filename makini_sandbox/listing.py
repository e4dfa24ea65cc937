"""Write the responses to list requests of entities, by page or by cursor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from makini_sandbox.envelope import PAGINGS, Page, falsify
from makini_sandbox.query import ListQuery, parse_query
from makini_sandbox.records import RecordKind, record_kind
from makini_sandbox.responses import unprocessable
from makini_sandbox.selection import Selection, check, page_size, select

if TYPE_CHECKING:
    from makini_sandbox.behaviour import Behaviour
    from makini_sandbox.table import StoredRow
    from makini_sandbox.target import ListRequest

_LOOP = ("a", "b")


class Lister:
    """Responds to list requests; remembers the rows that were returned, for the fault that repeats them."""

    def __init__(self) -> None:
        self._cursors = Cursors()
        self._returned: dict[tuple[str, str], list[StoredRow]] = {}

    def body(self, request: ListRequest) -> bytes:
        """Return the body of the response.

        Raises:
            Refusal: For parameters that make no sense or are not supported.
        """
        store, behaviour, target = request.connection.store, request.behaviour, request.target
        kind = record_kind(target.slug, store.fields(target.slug), is_v4=target.is_v4)
        query = parse_query(request.parameters, kind.fields)
        check(query, behaviour)
        with store.lock:
            page = self._page(request, kind.stored(query), kind)
        document = page.envelope(kind.envelope(behaviour.envelope), with_cursor=behaviour.cursor is not None)
        falsify(document, request.fault)
        return msgspec.json.encode(document)

    def _page(self, request: ListRequest, query: ListQuery, kind: RecordKind) -> Page:
        behaviour, slug = request.behaviour, request.target.slug
        selection = select(request.connection.store.table(slug), query, behaviour, request.chance)
        if request.absent or (query.nothing and behaviour.filter != "ignored"):
            selection = Selection([], 0, 0)
        size = page_size(query, behaviour)
        found = self._found(selection, query, behaviour, size)
        rows = found.rows
        source = request.connection.name, slug
        if request.fault == "same_page_twice":
            before = self._returned.get(source, [])
            rows = selection.slice((found.number - 2) * size, size) if found.number > 1 else before
        self._returned[source] = rows
        return Page(
            [kind.body(row) for row in rows],
            found.number,
            size,
            found.total,
            request.url,
            request.parameters,
            found.next_cursor,
            PAGINGS[behaviour.paging],
        )

    def _found(self, selection: Selection, query: ListQuery, behaviour: Behaviour, size: int) -> FoundRows:
        if behaviour.cursor == "loop":
            return circle(selection, query.cursor, size)
        if behaviour.cursor == "follow":
            return self._cursors.follow(query.cursor, selection, size)
        start = (query.page - 1) * size if query.offset is None else query.offset
        return FoundRows(selection.slice(start, size), start // size + 1, len(selection))


@dataclass(frozen=True)
class FoundRows:
    """The rows of a page.

    Attributes:
        rows: The rows.
        number: Number of the page, from 1.
        total: Rows on all pages.
        next_cursor: Cursor of the next page, None if there is none.
    """

    rows: list[StoredRow]
    number: int
    total: int
    next_cursor: str | None = None


class Cursors:
    """Pages by cursor: each first page takes a snapshot of the rows; a cursor is `<snapshot>.<page>`."""

    def __init__(self) -> None:
        self._snapshots: list[list[StoredRow]] = []

    def follow(self, cursor: str | None, selection: Selection, size: int) -> FoundRows:
        """Return the page of a cursor, the first one of a new snapshot if there is no cursor.

        Raises:
            Refusal: 422 if it is not a cursor of this server.
        """
        if cursor is None:
            self._snapshots.append(selection.slice(0, len(selection)))
            return self._page(len(self._snapshots) - 1, 1, size)
        snapshot, _, number = cursor.partition(".")
        if not (snapshot.isdecimal() and number.isdecimal()):
            raise unprocessable("cursor", "not a cursor of this server")
        if int(snapshot) >= len(self._snapshots) or int(number) < 1:
            raise unprocessable("cursor", "the cursor has expired")
        return self._page(int(snapshot), int(number), size)

    def _page(self, snapshot: int, number: int, size: int) -> FoundRows:
        rows = self._snapshots[snapshot]
        stop = number * size
        next_cursor = f"{snapshot}.{number + 1}" if stop < len(rows) else None
        return FoundRows(rows[stop - size : stop], number, len(rows), next_cursor)


def circle(selection: Selection, cursor: str | None, size: int) -> FoundRows:
    """Return a page of a server whose cursors lead from a to b to a, and so on without end.

    Raises:
        Refusal: 422 if it is not a cursor of this server.
    """
    if cursor not in {None, *_LOOP}:
        raise unprocessable("cursor", "not a cursor of this server")
    next_cursor = _LOOP[1] if cursor == _LOOP[0] else _LOOP[0]
    number = 1 if cursor is None else _LOOP.index(cursor) + 2
    return FoundRows(selection.slice((number - 1) * size, size), number, len(selection), next_cursor)
