"""Lists whose responses do not prove that they are complete: where they end, and what is read again."""

from __future__ import annotations

import json
import random
from collections.abc import Callable  # noqa: TC003 - evaluated in an annotation
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from scripted_transport import ScriptedTransport

from tap_makini.endpoints import ASSUMED, V3_UNSIZED, Endpoint, ListKind, PageSize, QueryParameters
from tap_makini.errors import BadBodyError, EntityAbsentError, MakiniError, NotFoundError, RequestRefusedError
from tap_makini.http.client import Client
from tap_makini.pagination.list_reader import ListReader
from tap_makini.pagination.page_fetcher import PageFetcher, PageLimit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scripted_transport import Asked

    Response = Callable[[Asked], Any]

A, B, C = ({"key": name} for name in "abc")
REFUSED = RequestRefusedError("the server answered 422", "Report it.")
ABSENT = NotFoundError("the server answered 404", "Deselect it.")
FORBIDDEN = EntityAbsentError("the server answered 403", "Deselect it.")


class Clamped(Exception):  # noqa: N818 - not an error, but how a server ends a list
    """Marks a server that sends its last page for any number beyond."""


class Token:
    """A token that is always valid."""

    def token(self) -> str:
        return "any"

    def renew(self, refused: str, *, was_accepted: bool) -> bool:  # noqa: ARG002 - the interface
        return False


def items(count: int) -> list[dict[str, int]]:
    return [{"key": number} for number in range(count)]


def served(lists: dict[str, Sequence[object]], beyond: object, size: int) -> Response:
    """Serve lists without counts, in pages.

    Args:
        lists: The items by path.
        beyond: What comes after the last page; `Clamped` for the last one again, an error to be raised.
        size: Items a page.
    """

    def respond(asked: Asked) -> Any:  # noqa: ANN401 - any JSON
        found, number = lists[asked.path], int(asked.sent["page"])
        last = max(1, -(-len(found) // size))
        if number <= last or beyond is Clamped:
            start = (min(number, last) - 1) * size
            return found[start : start + size]
        return beyond

    return respond


def fetcher_of(
    transport: ScriptedTransport, path: str = "/x", kind: ListKind = "table", limit: PageLimit | None = None
) -> PageFetcher:
    """Return what requests a list of such a kind; items of child lists have a key."""
    client = Client(transport, Token(), max_wait=0)
    key = ("key",) if kind == "child list" else ()
    endpoint = Endpoint("x", path, {}, key, query_parameters=V3_UNSIZED, kind=kind)
    return PageFetcher(client, endpoint, PageSize(500), page_limit=limit)


def read(fetcher: PageFetcher) -> tuple[list[Any], ListReader]:
    """Read a list to its end."""
    reader = ListReader(fetcher, None)
    return [json.loads(row.raw) for batch in reader.batches() for row in batch.rows], reader


def rows_of(respond: Response, kind: ListKind = "table") -> tuple[list[Any], ListReader, ScriptedTransport]:
    """Read a list from a server."""
    transport = ScriptedTransport(respond)
    return (*read(fetcher_of(transport, kind=kind)), transport)


def records_of(respond: Response, names: QueryParameters, page_size: int = 5, key: tuple[str, ...] = ()) -> list[Any]:
    """Read a list of records with such query parameters."""
    client = Client(ScriptedTransport(respond), Token(), max_wait=0)
    return read(PageFetcher(client, Endpoint("x", "/x", {}, key, query_parameters=names), PageSize(page_size)))[0]


@pytest.mark.parametrize("kind", ["child list", "table"])
@pytest.mark.parametrize("beyond", [[], Clamped, REFUSED, ABSENT], ids=["empty", "clamped", "refused", "absent"])
@pytest.mark.parametrize("lengths", [(1, 9), (9, 1, 4), (0, 3, 6, 2), (4, 4, 4)], ids=str)
def test_every_item_of_every_list_comes_once(beyond: object, lengths: tuple[int, ...], kind: ListKind) -> None:
    lists: dict[str, Sequence[object]] = {f"/{place}": items(length) for place, length in enumerate(lengths)}
    transport, limit = ScriptedTransport(served(lists, beyond, 3)), PageLimit()
    for path, wanted in lists.items():
        assert read(fetcher_of(transport, path, kind, limit))[0] == wanted
    assert len(transport.asked) <= sum(3 * (length // 3 + 2) for length in lengths)


def test_where_numbers_are_ignored_shorter_lists_are_requested_once() -> None:
    lists: dict[str, Sequence[object]] = {f"/{length}": items(length) for length in (5, 4, 3, 2, 1)}
    transport, limit = ScriptedTransport(served(lists, Clamped, 100)), PageLimit()
    for path in lists:
        read(fetcher_of(transport, path, limit=limit))
    assert len(transport.asked) == len(lists) + 2  # of the first, a page that repeats, and its first page again


@pytest.mark.parametrize("error", [REFUSED, ABSENT])
def test_a_counted_list_whose_next_page_does_not_come_is_incomplete(error: Exception) -> None:
    meta = {"current_page": 1, "last_page": 2, "per_page": 1, "total": 2}
    with pytest.raises(MakiniError, match="page 2 is not available: the server answered 4"):
        rows_of(lambda asked: {"data": [A], "meta": meta} if asked.sent["page"] == "1" else error)


def test_a_list_that_is_different_in_each_pass_is_not_settled() -> None:
    responses = iter([[A], [B], [], [B], [C], [], [C], [A], []])
    rows, reader, _ = rows_of(lambda _: next(responses))
    assert {row["key"] for row in rows} == set("abc")
    assert not reader.outcome.is_complete


@pytest.mark.parametrize("error", [REFUSED, ABSENT])
def test_a_page_that_is_refused_once_is_not_the_end(error: Exception) -> None:
    refusals = iter([error])
    paged = served({"/x": items(7)}, [], 3)

    def respond(asked: Asked) -> Any:  # noqa: ANN401 - any JSON
        refusal = next(refusals, None) if asked.sent["page"] == "2" else None
        return refusal or paged(asked)

    assert rows_of(respond)[0] == items(7)


def test_a_page_that_is_forbidden_is_not_the_end() -> None:
    with pytest.raises(MakiniError, match="page 2 is not available: the server answered 403"):
        rows_of(served({"/x": items(3)}, FORBIDDEN, 3))


def test_rows_in_another_order_each_time_end_where_numbers_are_ignored() -> None:
    chance = random.Random(1)  # noqa: S311 - an order, not a secret

    rows, reader, transport = rows_of(lambda _: chance.sample(items(25), 25))

    assert sorted(row["key"] for row in rows) == list(range(25))
    assert reader.outcome.is_complete
    assert len(transport.asked) == 3


def test_items_with_a_key_that_change_where_numbers_are_ignored_come_once() -> None:
    versions = count()

    rows, _, transport = rows_of(lambda _: [*items(24), {"key": 24, "version": next(versions)}], "child list")

    assert [row["key"] for row in rows] == list(range(25))
    assert len(transport.asked) == 4


def test_rows_without_a_key_that_change_where_numbers_are_ignored_are_an_error() -> None:
    versions = count()

    with pytest.raises(MakiniError, match="fewer than half of the rows on its last 1001 pages were new"):
        rows_of(lambda _: [*items(4), {"key": 4, "version": next(versions)}])


def test_pages_that_come_round_are_an_error() -> None:
    with pytest.raises(MakiniError, match="fewer than half of the rows on its last 1001 pages were new"):
        rows_of(lambda asked: items(7)[(int(asked.sent["page"]) - 1) % 3 * 3 :][:3])


@pytest.mark.parametrize("beyond", [[], REFUSED, ABSENT], ids=["empty", "refused", "absent"])
@pytest.mark.parametrize("length", [2, 3, 6, 7])
def test_rows_that_are_all_alike_all_come(beyond: object, length: int) -> None:
    assert rows_of(served({"/x": [A] * length}, beyond, 3))[0] == [A] * length


def test_where_the_end_of_rows_that_are_all_alike_cannot_be_told_the_table_fails() -> None:
    with pytest.raises(
        BadBodyError, match="three pages in a row hold only copies of one row, so the end of the list cannot be found"
    ):
        rows_of(served({"/x": [A] * 25}, [], 3))


def shuffled(length: int) -> list[dict[str, int]]:
    """Return rows of three values only, as in a table without a key."""
    chance = random.Random(2)  # noqa: S311 - an order, not a secret
    return [{"key": chance.randrange(3)} for _ in range(length)]


@pytest.mark.parametrize(
    "rows", [shuffled(25), [A, B, C, A] * 7, [*items(20), *items(10)[5:]]], ids=["few", "same", "end"]
)
@pytest.mark.parametrize("beyond", [[], Clamped, REFUSED], ids=["empty", "clamped", "refused"])
def test_rows_that_come_again_are_rows(rows: list[Any], beyond: object) -> None:
    assert rows_of(served({"/x": rows}, beyond, 10))[0] == rows


@pytest.mark.parametrize("beyond", [[], Clamped], ids=["empty", "clamped"])
def test_a_long_list_is_not_an_endless_one(beyond: object) -> None:
    assert rows_of(served({"/x": items(700)}, beyond, 3))[0] == items(700)


def test_counted_pages_are_read_twice_since_a_count_proves_nothing_for_one_pass() -> None:
    def respond(asked: Asked) -> Any:  # noqa: ANN401 - any JSON
        number = int(asked.sent["page"])
        meta = {"current_page": number, "last_page": 3, "per_page": 3, "total": 7}
        return {"data": items(7)[3 * number - 3 : 3 * number], "meta": meta}

    rows, _, transport = rows_of(respond)

    assert rows == items(7)
    assert [asked.sent["page"] for asked in transport.asked] == ["1", "2", "3"] * 2


@pytest.mark.parametrize("kind", ["child list", "table"])
def test_fewer_rows_than_the_server_counts_are_a_shortage(kind: ListKind) -> None:
    paged = served({"/x": items(7)}, [], 3)
    rows, reader, _ = rows_of(lambda asked: {"data": paged(asked), "meta": {"total": 9}}, kind)

    assert rows == items(7)
    assert [(shortage.received, shortage.expected) for shortage in reader.outcome.shortages] == [(7, 9)]


# --- lists that change while they are read ---------------------------------------------------------

CHANGES: dict[str, Callable[[list[Any]], object]] = {
    "update": lambda rows: rows.append({**rows.pop(0), "version": 2}),  # a heap moves what is updated to its end
    "delete": lambda rows: rows.pop(0),
    "replace": lambda rows: rows.append({"key": 100 + rows.pop(0)["key"]}),
    "insert": lambda rows: rows.__setitem__(slice(0, 0), [{"key": 100 + number} for number in range(10)]),
}
COUNTS: dict[str, Callable[[int, int], dict[str, int]]] = {
    "none": lambda _, __: {},
    "total": lambda _, total: {"total": total},
    "pages": lambda number, total: {
        "current_page": number,
        "last_page": max(-(-total // 10), 1),
        "per_page": 10,
        "total": total,
    },
}


@pytest.mark.parametrize("length", [10, 11, 20, 35])
@pytest.mark.parametrize("before_request", [2, 3, 4])
@pytest.mark.parametrize("counts", COUNTS)
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("kind", ["child list", "table"])
def test_a_change_between_two_requests_hides_no_row(
    kind: ListKind, change: str, counts: str, before_request: int, length: int
) -> None:
    rows: list[Any] = items(length)
    transport: ScriptedTransport

    def respond(asked: Asked) -> Any:  # noqa: ANN401 - any JSON
        if len(transport.asked) == before_request:
            CHANGES[change](rows)
        number = int(asked.sent["page"])
        return {"data": rows[number * 10 - 10 : number * 10], "meta": COUNTS[counts](number, len(rows))}

    transport = ScriptedTransport(respond)
    try:
        received, reader = read(fetcher_of(transport, kind=kind))
    except BadBodyError:  # counts that contradict what came
        assert counts == "pages"
        return
    was_read_before = before_request > len(transport.asked) or (length == 10 and before_request > 2)
    identified = [row["key"] for row in received] if kind == "child list" else received
    missing = [row for row in rows if (row["key"] if kind == "child list" else row) not in identified]
    assert not missing or not reader.outcome.is_complete or was_read_before
    assert reader.outcome.is_complete or before_request > length // 10


# --- what responses say about the end --------------------------------------------------------------


NEXT = {"links": {"next": "https://host/x?after=abc"}}
SAYS_MORE = r"says that more records follow \(.+\), but no page number or cursor leads to them"


@pytest.mark.parametrize("more", [NEXT, {"has_more": True}, {"nextPageToken": "abc"}], ids=repr)
@pytest.mark.parametrize("kind", ["child list", "table"])
@pytest.mark.parametrize("beyond", ["the same", "nothing", "a refusal"])
def test_a_list_that_goes_on_where_no_number_leads_fails(more: dict[str, Any], kind: ListKind, beyond: str) -> None:
    def respond(asked: Asked) -> Any:  # noqa: ANN401 - any JSON
        if asked.sent["page"] == "1" or beyond == "the same":
            return {"data": items(3), **more}
        return {"data": []} if beyond == "nothing" else REFUSED

    if beyond == "nothing" and more == {"has_more": True}:  # as some servers say of each full page
        assert rows_of(respond, kind)[0] == items(3)
        return
    with pytest.raises(MakiniError, match=SAYS_MORE):
        rows_of(respond, kind)


def test_a_list_whose_numbers_lead_on_may_say_so() -> None:
    paged = served({"/x": items(7)}, [], 3)
    assert rows_of(lambda asked: {"data": paged(asked), **NEXT} if paged(asked) else [])[0] == items(7)


# --- lists of an OpenAPI document ------------------------------------------------------------------


@pytest.mark.parametrize("length", [0, 1, 3, 7])
@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("counts", [True, False])
def test_a_document_may_declare_page_0(first: int, length: int, counts: bool) -> None:  # noqa: FBT001 - a parameter
    rows = items(length)

    def respond(asked: Asked) -> Any:  # noqa: ANN401 - any JSON
        place = int(asked.sent["page"]) - first
        meta = {"current_page": place + first, "last_page": max(-(-length // 3), 1) - 1 + first}
        return {"data": rows[3 * place : 3 * place + 3], **({"meta": meta} if counts else {})}

    assert records_of(respond, replace(ASSUMED, first=first)) == rows


@pytest.mark.parametrize(("first", "declared"), [(0, 1), (1, 0)])
def test_counts_from_another_page_than_declared_fail(first: int, declared: int) -> None:
    def respond(asked: Asked) -> Any:  # noqa: ANN401 - any JSON
        number = max(int(asked.sent["page"]), first)
        meta = {"current_page": number, "last_page": 2 + first, "per_page": 3, "total": 9}
        return {"data": items(9)[3 * (number - first) :][:3], "meta": meta}

    with pytest.raises(BadBodyError, match="contradicts itself"):
        records_of(respond, replace(ASSUMED, first=declared))


@pytest.mark.parametrize("start", [0, 1])
@pytest.mark.parametrize("key", [("key",), ()], ids=["key", "no key"])
@pytest.mark.parametrize("length", [0, 2, 3, 7])
def test_offsets_count_records_from_where_the_document_says(start: int, length: int, key: tuple[str, ...]) -> None:
    def respond(asked: Asked) -> Any:  # noqa: ANN401 - any JSON
        offset = int(asked.sent["startIndex"]) - start
        return {"data": items(length)[offset : offset + min(int(asked.sent["limit"]), 3)]}

    names = replace(ASSUMED, offset="startIndex", first_offset=start, size="limit")
    assert records_of(respond, names, key=key) == items(length)


ONLY_CURSOR = replace(ASSUMED, page=None, cursor="after")


def test_cursors_lead_through_a_list_that_declares_nothing_else() -> None:
    def respond(asked: Asked) -> Any:  # noqa: ANN401 - any JSON
        start = int(asked.sent.get("after", 0))
        return {"data": items(7)[start : start + 3], "next_cursor": str(start + 3) if start < 6 else None}

    assert records_of(respond, ONLY_CURSOR) == items(7)


@pytest.mark.parametrize(
    ("names", "page_size", "length", "reason"),
    [
        (ONLY_CURSOR, 500, 3, "the OpenAPI document declares the parameter after, but no response has a cursor"),
        (ASSUMED, 7, 7, "7 records may be the most that the server sends at once"),
        (ASSUMED, 500, 100, "100 records may be the most"),
        (ASSUMED, 500, 99, None),
        (replace(ASSUMED, size=None), 500, 100, "100 records may be the most"),
        (replace(ASSUMED, unknown_paging=("skipTo",)), 7, 6, "declares skipTo, which may request further pages"),
    ],
    ids=["cursor", "full", "round", "short", "unsized", "unknown"],
)
@pytest.mark.parametrize("key", [("key",), ()], ids=["key", "no key"])
def test_one_page_that_may_be_a_part_is_read_with_a_warning(  # noqa: PLR0913, PLR0917 - a table
    names: QueryParameters,
    page_size: int,
    length: int,
    reason: str | None,
    key: tuple[str, ...],
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert records_of(lambda _: {"data": items(length)}, names, page_size, key) == items(length)

    warnings = [each.message for each in caplog.records if each.levelname == "WARNING"]
    assert len(warnings) == (reason is not None)
    assert all(f"Stream x: the list may go on after its first page: {reason}"[:40] in message for message in warnings)
    assert all(str(reason) in message for message in warnings)


def test_a_first_page_whose_number_is_not_declared_is_read_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    names = replace(ASSUMED, is_first_known=False)
    assert records_of(lambda asked: {"data": items(7) if asked.sent["page"] == "1" else []}, names) == items(7)

    [warning] = [each.message for each in caplog.records if "missing" in each.message]
    assert warning == (
        "Stream x: the first page may be missing: the OpenAPI document does not declare whether it is page 0 or 1, and "
        "1 is assumed; if it is 0, add `minimum: 0` to the declaration."
    )


def test_one_full_page_fails_if_unknown_parameters_may_lead_on() -> None:
    names = replace(ASSUMED, unknown_paging=("skipTo", "startAfter"))

    with pytest.raises(MakiniError, match=r"after its first page of 7 records: .* declares skipTo, startAfter"):
        records_of(lambda _: {"data": items(7)}, names, 7)
    assert records_of(lambda _: {"data": items(7), "has_more": False}, names, 7) == items(7)


@pytest.mark.parametrize("length", [10, 25, 100])
def test_one_usual_page_fails_if_only_a_cursor_is_declared_and_none_comes(length: int) -> None:
    with pytest.raises(
        MakiniError, match=rf"after its first page of {length} records: .* declares the parameter after"
    ):
        records_of(lambda _: {"data": items(length)}, ONLY_CURSOR, 500)


def test_a_page_of_another_size_shows_nothing_of_lists_with_this_one() -> None:
    lists: dict[str, Sequence[object]] = {"/long": items(300), "/other": items(250)}
    sizes = {"/long": 500, "/other": 100}

    def respond(asked: Asked) -> Any:  # noqa: ANN401 - any JSON
        size = int(asked.sent["limit"])
        return lists[asked.path][(int(asked.sent["page"]) - 1) * size :][:size]

    transport, limit = ScriptedTransport(respond), PageLimit()
    client = Client(transport, Token(), max_wait=0)
    for path, size in sizes.items():
        names = replace(V3_UNSIZED, size="limit")
        endpoint = Endpoint("x", path, {}, ("key",), query_parameters=names, kind="child list")
        assert read(PageFetcher(client, endpoint, PageSize(size), page_limit=limit))[0] == lists[path]


def test_two_changes_do_not_pass_for_a_list_of_one_page() -> None:
    rows: list[Any] = items(11)
    transport: ScriptedTransport

    def respond(asked: Asked) -> Any:  # noqa: ANN401 - any JSON
        if len(transport.asked) in {2, 4}:
            place = {2: 3, 4: 9}[len(transport.asked)]  # row 3 moves to the end, and then row 10
            rows.append({**rows.pop(place), "version": len(transport.asked)})
        number = int(asked.sent["page"])
        return {"data": rows[number * 10 - 10 : number * 10]}

    transport = ScriptedTransport(respond)
    received, _ = read(fetcher_of(transport, kind="child list"))

    assert {row["key"] for row in received} == set(range(11))


def test_a_warning_comes_once_for_similar_lists(caplog: pytest.LogCaptureFixture) -> None:
    transport, limit = ScriptedTransport(lambda _: items(100)), PageLimit()
    for path in ("/x", "/y"):
        read(fetcher_of(transport, path, limit=limit))

    assert [each.levelname for each in caplog.records].count("WARNING") == 1
