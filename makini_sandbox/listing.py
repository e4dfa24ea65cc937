"""Puts the answer to a list request together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from makini_sandbox.cursors import CursorPage, Cursors, circle
from makini_sandbox.envelope import Page, document, falsify
from makini_sandbox.paging import PAGINGS
from makini_sandbox.query import ListQuery, parse_query
from makini_sandbox.records import RecordKind, record_kind
from makini_sandbox.selection import Selection, check, page_size, select

if TYPE_CHECKING:
    from collections.abc import Sequence

    from makini_sandbox.behaviour import Behaviour
    from makini_sandbox.sandbox import Connection
    from makini_sandbox.table import StoredRow


@dataclass(frozen=True)
class ListRequest:
    """All that the answer to a list request depends on.

    Attributes:
        url: Address of the list, without parameters.
        parameters: Names and values of the parameters as sent.
        connection: Whose data are asked for.
        slug: The entity.
        behaviour: The behaviour towards it.
        absent: Whether the connected system lacks the entity.
        fault: Kind of the fault that strikes, empty where none does.
        chance: Seed of what differs at each request.
        is_v4: Whether records are of the v4 kind.
    """

    url: str
    parameters: Sequence[tuple[str, str]]
    connection: Connection
    slug: str
    behaviour: Behaviour
    absent: bool
    fault: str
    chance: int
    is_v4: bool = False


class Lister:
    """Answers list requests; remembers what was answered, for the fault that repeats it."""

    def __init__(self) -> None:
        self._cursors = Cursors()
        self._answered: dict[tuple[str, str], list[StoredRow]] = {}

    def answer(self, asked: ListRequest) -> bytes:
        """The body of an answer.

        Raises:
            Refusal: For parameters that make no sense or are not supported.
        """
        store = asked.connection.store
        kind = record_kind(asked.slug, store.fields(asked.slug), is_v4=asked.is_v4)
        query = parse_query(asked.parameters, kind.fields)
        check(query, asked.behaviour)
        with store.lock:
            page = self._page(asked, kind.stored(query), kind)
        answer = document(page, kind.envelope(asked.behaviour.envelope), with_cursor=asked.behaviour.cursor is not None)
        falsify(answer, asked.fault)
        return msgspec.json.encode(answer)

    def _page(self, asked: ListRequest, query: ListQuery, kind: RecordKind) -> Page:
        table = asked.connection.store.table(asked.slug)
        selection = select(table, query, asked.behaviour, asked.chance)
        if asked.absent or (query.nothing and asked.behaviour.filter != "ignored"):
            selection = Selection([], 0, 0)
        size = page_size(query, asked.behaviour)
        found = self._found(selection, query, asked.behaviour, size)
        rows = found.rows
        source = asked.connection.name, asked.slug
        if asked.fault == "same_page_twice":
            before = self._answered.get(source, [])
            rows = selection.slice((found.number - 2) * size, size) if found.number > 1 else before
        self._answered[source] = rows
        bodies = [kind.body(row) for row in rows]
        paging = PAGINGS[asked.behaviour.paging]
        return Page(bodies, found.number, size, found.total, asked.url, asked.parameters, found.next_cursor, paging)

    def _found(self, selection: Selection, query: ListQuery, behaviour: Behaviour, size: int) -> CursorPage:
        if behaviour.cursor == "loop":
            return circle(selection, query.cursor, size)
        if behaviour.cursor == "follow":
            if query.cursor is None:
                return self._cursors.first(selection, size)
            return self._cursors.follow(query.cursor, size)
        start = (query.page - 1) * size if query.offset is None else query.offset
        return CursorPage(selection.slice(start, size), start // size + 1, len(selection), None)
