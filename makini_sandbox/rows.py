"""The rows behind a list, whichever kind of list it is, as the body of an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from makini_sandbox.listing import Lister, ListRequest
from makini_sandbox.paging import PAGINGS
from makini_sandbox.plain import PlainForm, child_form, plain_answer, raw_form
from makini_sandbox.raw_tables import tables_answer
from makini_sandbox.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

    from makini_sandbox.behaviour import Behaviour
    from makini_sandbox.sandbox import Connection
    from makini_sandbox.target import Target


class Rows:
    """Answers lists of entities, of items under a parent, of raw tables, and of their rows."""

    def __init__(self) -> None:
        self._lister = Lister()

    def answer(  # noqa: PLR0913 - all that an answer depends on
        self,
        request: Request,
        target: Target,
        connection: Connection,
        behaviour: Behaviour,
        *,
        absent: bool,
        fault: str,
        chance: int,
    ) -> bytes:
        """The body of an answer.

        Args:
            request: The request.
            target: What it is about.
            connection: Whose data are asked for.
            behaviour: The behaviour towards it.
            absent: Whether the connected system lacks it.
            fault: Kind of the fault that strikes, empty where none does.
            chance: Seed of what differs at each request.

        Raises:
            Refusal: For parameters that make no sense, an unknown parent, an unknown table.
        """
        url = str(request.url.replace(query=""))
        parameters = PAGINGS[behaviour.paging].usual(request.query_params.multi_items())
        if target.kind == "list":
            asked = ListRequest(
                url, parameters, connection, target.slug, behaviour, absent, fault, chance, target.is_v4
            )
            return self._lister.answer(asked)
        if target.kind == "raw_tables":
            with connection.store.lock:
                names = [] if absent else connection.store.raw_tables.names()
            return tables_answer(names, behaviour, fault)
        form, rows = _plain(target, connection, behaviour)
        return plain_answer(form, [] if absent else rows, url, dict(parameters), fault)


def _plain(target: Target, connection: Connection, behaviour: Behaviour) -> tuple[PlainForm, Sequence[bytes]]:
    store = connection.store
    try:
        with store.lock:
            if target.kind == "raw_rows":
                return raw_form(behaviour), store.raw_tables.bodies(target.name)
            slug, child = target.parent
            return child_form(behaviour), store.raw_children(slug, target.name, child)
    except KeyError:
        raise Refusal(404, "There is no such row or table.") from None
