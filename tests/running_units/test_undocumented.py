"""Answers of a form that is not documented, and lists that are paged in a way that is not."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from conform_strategies import values
from hypothesis import given
from scripted_transport import ScriptedTransport

from tap_makini.errors import (
    BadBodyError,
    EntityAbsentError,
    MakiniError,
    NotFoundError,
    RequestRefusedError,
    TransientError,
    UnreachableError,
    WaitTooLongError,
)
from tap_makini.http.client import Client
from tap_makini.pagination.list_reader import ListReader, PageFetcher, PageSize
from tap_makini.pagination.undocumented.response import parse_undocumented
from tap_makini.pagination.undocumented.source import Paging, UndocumentedSource
from tap_makini.query_parameters import ASSUMED, QueryParameters

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from scripted_transport import Asked

A, B, C = ({"key": name} for name in "abc")


@pytest.mark.parametrize(
    ("body", "records", "last"),
    [
        ([A, B], [A, B], 2),
        ([], [], 1),
        ({"data": [A]}, [A], 2),
        ({"data": []}, [], 1),
        ({"data": A}, [A], 1),
        (A, [A], 1),
        ({"data": [A], "links": {}}, [A], 2),
        ({"data": [A], "meta": {"current_page": 1, "last_page": 3, "per_page": 1, "total": 3}}, [A], 3),
        ({"data": [A], "meta": {"current_page": 0, "last_page": 0, "total": 0}}, [A], 2),
        ({"data": [], "meta": {"current_page": 1, "last_page": 1, "per_page": 50, "total": 0}}, [], 1),
    ],
    ids=repr,
)
def test_each_form_is_understood(body: object, records: list[object], last: int) -> None:
    page = parse_undocumented(json.dumps(body).encode(), 1)
    assert [json.loads(record) for record in page.records] == records
    assert page.last == last


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"7", b'"a"', b'{"data":{}}', b'{"data":"a"}', b"[1]", b'{"data":null,"error":"no"}'),
        *(b'{"data":[null]}', b'{"error":"no"}', b'{"error":"no","data":{"key":"a"}}'),
        *(b"<html></html>", b'[{"key":', b'{"data":[{}]'),
    ],
)
def test_what_is_no_list_is_no_empty_one(body: bytes) -> None:
    with pytest.raises(BadBodyError):
        parse_undocumented(body, 1)


@pytest.mark.parametrize("body", [b"null", b' {"data": null} '])
def test_null_is_no_list_of_a_record_and_no_table_at_all(body: bytes) -> None:
    with pytest.raises(NotFoundError):
        parse_undocumented(body, 1)
    with pytest.raises(BadBodyError):
        parse_undocumented(body, 1, takes_one_record=False)


@given(body=values.map(str.encode))
def test_any_body_is_read_or_refused(body: bytes) -> None:
    try:
        page = parse_undocumented(body, 1)
    except (BadBodyError, NotFoundError):
        return
    assert all(record.startswith(b"{") for record in page.records)
    assert page.last >= page.number == 1


class Clamped(Exception):  # noqa: N818 - no error: how a server ends a list
    """Marks a server that gives its last page for any number beyond."""


def served(lists: dict[str, Sequence[object]], beyond: object, size: int) -> Callable[[Asked], Any]:
    """Answer lists without counts, in pages.

    Args:
        lists: The items by path.
        beyond: What comes behind the last page; `Clamped` for the last one again, an error to be raised.
        size: Items a page.
    """

    def answer(asked: Asked) -> Any:  # noqa: ANN401 - any JSON
        items, number = lists[asked.path], int(asked.sent["page"])
        last = max(1, -(-len(items) // size))
        if number <= last or beyond is Clamped:
            start = (min(number, last) - 1) * size
            return items[start : start + size]
        return beyond

    return answer


class Token:
    """A token that is always good."""

    def token(self) -> str:
        return "any"

    def renew(self, refused: str, *, was_accepted: bool) -> bool:  # noqa: ARG002 - the interface
        return False


class Served(ScriptedTransport):
    """Gives answers with headers, as a client wants them."""


def items(count: int) -> list[dict[str, int]]:
    return [{"key": number} for number in range(count)]


REFUSED = RequestRefusedError("the server answered 422", "Report it.")
ABSENT = NotFoundError("the server answered 404", "Deselect it.")
UNSATISFIABLE = MakiniError("the server answered 416", "Ask Makini's support.")
FORBIDDEN = EntityAbsentError("the server answered 403", "Deselect it.")


@pytest.mark.parametrize("beyond", [[], Clamped, REFUSED, ABSENT], ids=["empty", "clamped", "refused", "absent"])
@pytest.mark.parametrize("lengths", [(1, 9), (3, 3, 7), (9, 1, 4), (0, 3, 6, 2), (4, 4, 4)], ids=str)
def test_every_item_of_every_list_comes_once(beyond: object, lengths: tuple[int, ...]) -> None:
    lists: dict[str, Sequence[object]] = {f"/{place}": items(length) for place, length in enumerate(lengths)}
    transport = Served(served(lists, beyond, 3))
    client, paging = Client(transport, Token(), max_wait=0), Paging()
    for path, wanted in lists.items():
        rows = [
            row for batch in ListReader(UndocumentedSource(client, path, paging), None).batches() for row in batch.rows
        ]
        assert [json.loads(row.raw) for row in rows] == wanted
    assert len(transport.asked) <= sum(3 * (length // 3 + 2) for length in lengths)


@pytest.mark.parametrize("beyond", [[], Clamped, REFUSED], ids=["empty", "clamped", "refused"])
@pytest.mark.parametrize("count", [0, 1, 3, 7])
@pytest.mark.parametrize(
    "form",
    [
        lambda listed: {"rows": listed},
        lambda listed: {"data": {"items": listed}, "status": "ok"},
        lambda listed: {"results": listed, "count": len(listed), "next": None},
        lambda listed: {"columns": ["key"], "rows": [list(item.values()) for item in listed]},
    ],
    ids=["rows", "data items", "results", "columns"],
)
def test_every_item_comes_whatever_holds_the_list(form: Callable[[Any], object], count: int, beyond: object) -> None:
    answer = served({"/x": items(count)}, beyond, 3)

    def formed(asked: Asked) -> Any:  # noqa: ANN401 - any JSON
        listed = answer(asked)
        return form(listed) if isinstance(listed, list) else listed

    client = Client(Served(formed), Token(), max_wait=0)
    batches = ListReader(UndocumentedSource(client, "/x", Paging()), None).batches()
    assert [json.loads(row.raw) for batch in batches for row in batch.rows] == items(count)


def test_where_pages_are_not_heeded_shorter_lists_are_asked_for_once() -> None:
    lists: dict[str, Sequence[object]] = {f"/{length}": items(length) for length in (5, 4, 3, 2, 1)}
    transport = Served(served(lists, Clamped, 100))
    client, paging = Client(transport, Token(), max_wait=0), Paging()
    for path in lists:
        list(ListReader(UndocumentedSource(client, path, paging), None).batches())
    assert len(transport.asked) == len(lists) + 2


@pytest.mark.parametrize("error", [REFUSED, ABSENT])
def test_a_counted_list_whose_next_page_does_not_come_is_not_whole(error: Exception) -> None:
    meta = {"current_page": 1, "last_page": 2, "per_page": 1, "total": 2}
    transport = Served(lambda asked: {"data": [A], "meta": meta} if asked.sent["page"] == "1" else error)
    client = Client(transport, Token(), max_wait=0)
    with pytest.raises(MakiniError, match="page 2 is not given: the server answered 4"):
        list(ListReader(UndocumentedSource(client, "/x", Paging()), None).batches())


def test_a_list_that_is_another_one_at_each_look_is_not_settled() -> None:
    looks = iter([[A], [B], [], [B], [C], [], [C], [A], []])
    client = Client(Served(lambda _: next(looks)), Token(), max_wait=0)
    reading = ListReader(UndocumentedSource(client, "/x", Paging()), None)
    rows = [row.raw for batch in reading.batches() for row in batch.rows]
    assert {json.loads(row)["key"] for row in rows} == set("abc")
    assert not reading.outcome.is_settled


def rows_of(answer: Callable[[Asked], Any]) -> tuple[list[Any], ListReader, Served]:
    """Read a list."""
    transport = Served(answer)
    client = Client(transport, Token(), max_wait=0)
    reading = ListReader(UndocumentedSource(client, "/x", Paging()), None)
    rows = [json.loads(row.raw) for batch in reading.batches() for row in batch.rows]
    return rows, reading, transport


@pytest.mark.parametrize("error", [REFUSED, ABSENT])
def test_a_page_that_is_refused_once_is_no_end(error: Exception) -> None:
    refusals = iter([error])
    paged = served({"/x": items(7)}, [], 3)

    def answer(asked: Asked) -> Any:  # noqa: ANN401 - any JSON
        refusal = next(refusals, None) if asked.sent["page"] == "2" else None
        return refusal or paged(asked)

    rows, _, _ = rows_of(answer)

    assert rows == items(7)


def test_a_page_that_is_forbidden_is_no_end() -> None:
    with pytest.raises(MakiniError, match="page 2 is not given: the server answered 403"):
        rows_of(served({"/x": items(3)}, FORBIDDEN, 3))


def test_rows_in_another_order_each_time_end_where_numbers_are_not_heeded() -> None:
    chance = random.Random(1)  # noqa: S311 - an order, no secret

    rows, reading, transport = rows_of(lambda _: chance.sample(items(25), 25))

    assert sorted(row["key"] for row in rows) == list(range(25))
    assert reading.outcome.is_settled
    assert len(transport.asked) <= 3


def test_rows_that_change_where_numbers_are_not_heeded_do_not_come_twice() -> None:
    versions = count()

    rows, reading, _ = rows_of(lambda _: [*items(24), {"key": 24, "version": next(versions)}])

    assert [row["key"] for row in rows] == list(range(25))
    assert not reading.outcome.is_settled


@pytest.mark.parametrize("beyond", [[], REFUSED, ABSENT], ids=["empty", "refused", "absent"])
@pytest.mark.parametrize("length", [2, 3, 6, 25])
def test_rows_that_are_all_alike_all_come(beyond: object, length: int) -> None:
    rows, _, _ = rows_of(served({"/x": [A] * length}, beyond, 3))

    assert rows == [A] * length


@pytest.mark.parametrize("body", [b'{"message":"No parts"}', b'{"success":false,"message":"timeout"}'])
def test_an_answer_that_only_tells_something_is_no_record(body: bytes) -> None:
    with pytest.raises(BadBodyError):
        parse_undocumented(body, 1)


def test_an_empty_object_is_an_empty_child_list_but_no_table() -> None:
    assert parse_undocumented(b" {} ", 1).records == []
    with pytest.raises(BadBodyError):
        parse_undocumented(b"{}", 1, takes_one_record=False)


@pytest.mark.parametrize("trouble", [REFUSED, ABSENT, FORBIDDEN, UnreachableError("the server answered 500")])
def test_a_server_that_fails_far_beyond_the_end_heeds_numbers(trouble: Exception) -> None:
    paged = served({"/x": [A] * 7}, [], 3)

    rows, _, _ = rows_of(lambda asked: trouble if int(asked.sent["page"]) > 99 else paged(asked))

    assert rows == [A] * 7


def shuffled(length: int) -> list[dict[str, int]]:
    """Give rows of three values only, as in a table without a key."""
    chance = random.Random(2)  # noqa: S311 - an order, no secret
    return [{"key": chance.randrange(3)} for _ in range(length)]


@pytest.mark.parametrize(
    "rows", [shuffled(25), [A, B, C] * 9, [*items(20), *items(10)[5:]]], ids=["few", "same", "end"]
)
@pytest.mark.parametrize("beyond", [[], Clamped, REFUSED], ids=["empty", "clamped", "refused"])
def test_rows_that_come_again_are_rows(rows: list[Any], beyond: object) -> None:
    size = 10 if beyond is Clamped else 3

    came, _, _ = rows_of(served({"/x": rows}, beyond, size))

    assert came == rows


def test_a_list_that_never_ends_is_an_error() -> None:
    numbers = count()

    with pytest.raises(MakiniError, match="after 100 pages"):
        rows_of(lambda _: [{"key": next(numbers)} for _ in range(3)])


def test_a_list_that_comes_round_is_an_error() -> None:
    with pytest.raises(MakiniError, match="after 100 pages"):
        rows_of(lambda asked: items(7)[(int(asked.sent["page"]) - 1) % 3 * 3 :][:3])


@pytest.mark.parametrize("beyond", [[], Clamped], ids=["empty", "clamped"])
def test_a_long_list_is_no_endless_one(beyond: object) -> None:
    rows, _, _ = rows_of(served({"/x": items(700)}, beyond, 3))

    assert rows == items(700)


def paged_from(first: int, rows: Sequence[object], *, counts: bool, before: object = None) -> Callable[[Asked], Any]:
    """Answer in pages of three, numbered from somewhere; `before` comes for the page before the first."""

    def answer(asked: Asked) -> Any:  # noqa: ANN401 - any JSON
        place = int(asked.sent["page"]) - first
        if place < 0:
            return before
        meta = {"current_page": place + first, "last_page": max(-(-len(rows) // 3), 1) - 1 + first}
        return {"data": rows[3 * place : 3 * place + 3], **({"meta": meta} if counts else {})}

    return answer


def came_of(answer: Callable[[Asked], Any], dialect: QueryParameters, page_size: int = 5) -> list[Any]:
    client = Client(Served(answer), Token(), max_wait=0)
    reading = ListReader(PageFetcher(client, "/x", None, PageSize(page_size), dialect), None)
    return [json.loads(row.raw) for batch in reading.batches() for row in batch.rows]


@pytest.mark.parametrize("length", [0, 1, 3, 7])
@pytest.mark.parametrize("counts", [True, False])
def test_a_page_0_that_no_document_tells_of_is_found(length: int, counts: bool) -> None:  # noqa: FBT001 - a parameter
    assert came_of(paged_from(0, items(length), counts=counts), ASSUMED) == items(length)


@pytest.mark.parametrize(
    "before", [REFUSED, ABSENT, UNSATISFIABLE, UnreachableError("the server answered 500"), b"<html>", {"error": 1}]
)
@pytest.mark.parametrize("counts", [True, False])
def test_that_there_is_no_page_0_does_no_harm(before: object, counts: bool) -> None:  # noqa: FBT001 - a parameter
    assert came_of(paged_from(1, items(7), counts=counts, before=before), ASSUMED) == items(7)


@pytest.mark.parametrize("before", [REFUSED, ABSENT, {"data": []}])
def test_a_page_0_may_be_declared_where_there_is_none(before: object) -> None:
    dialect = replace(ASSUMED, first=0)
    assert came_of(paged_from(1, items(7), counts=False, before=before), dialect) == items(7)


@pytest.mark.parametrize("length", [0, 2, 3, 7])
def test_a_server_may_take_offsets_for_multiples_of_the_limit(length: int) -> None:
    def answer(asked: Asked) -> Any:  # noqa: ANN401 - any JSON
        limit, most = int(asked.sent["limit"]), 3
        start = int(asked.sent["offset"]) // limit * min(limit, most)
        return {"data": items(length)[start : start + min(limit, most)]}

    came = came_of(answer, replace(ASSUMED, offset="offset", size="limit"))

    assert {row["key"] for row in came} == set(range(length))  # some come twice, which a key makes good


@pytest.mark.parametrize("counts", [True, False])
def test_a_trouble_that_passes_does_not_tell_that_there_is_no_page_0(counts: bool) -> None:  # noqa: FBT001 - a parameter
    troubles = iter([UnreachableError("the server answered 503"), BadBodyError("the body is an HTML page")])
    paged = paged_from(0, items(7), counts=counts)

    def answer(asked: Asked) -> Any:  # noqa: ANN401 - any JSON
        trouble = next(troubles, None) if asked.sent["page"] == "0" else None
        return trouble or paged(asked)

    assert came_of(answer, ASSUMED) == items(7)


@pytest.mark.parametrize(
    "trouble", [UnreachableError("the server answered 503"), TransientError("busy", retry_after=9.0)], ids=type
)
def test_a_trouble_that_stays_fails_the_list(trouble: Exception) -> None:
    paged = paged_from(0, items(7), counts=False)
    asked_for: list[str] = []

    def answer(asked: Asked) -> Any:  # noqa: ANN401 - any JSON
        asked_for.append(asked.sent["page"])
        return trouble if "0" in asked_for else paged(asked)

    with pytest.raises((UnreachableError, WaitTooLongError)):
        came_of(answer, ASSUMED)


def test_a_trouble_that_passes_does_not_tell_that_numbers_are_heeded() -> None:
    troubles = iter([UnreachableError("the server answered 503")])

    rows, _, _ = rows_of(lambda asked: (int(asked.sent["page"]) > 99 and next(troubles, None)) or items(50))

    assert rows == items(50)


def test_page_0_is_asked_for_as_page_1_was() -> None:
    """A server may refuse an order by nothing, and give records in another order without one."""
    transport = Served(paged_from(0, items(2), counts=True))
    client = Client(transport, Token(), max_wait=0)

    list(ListReader(PageFetcher(client, "/x", "updatedAt", PageSize(5), ASSUMED), None).batches())

    first, zero, *_ = transport.asked
    assert zero.sent == {**first.sent, "page": "0"}
    assert first.sent["page"] == "1"


def counted_from(first: int, rows: Sequence[object], **counts: int) -> Callable[[Asked], Any]:
    """Answer in pages of three, numbered from somewhere, that count all records and whatever else."""

    def answer(asked: Asked) -> Any:  # noqa: ANN401 - any JSON
        number = int(asked.sent["page"])
        start, last = 3 * (number - first), max(-(-len(rows) // 3), 1) - 1 + first
        meta = {"current_page": number, "last_page": last, "total": len(rows), **counts}
        return REFUSED if start < 0 else {"data": rows[start : start + 3], "meta": meta}

    return answer


@pytest.mark.parametrize("length", [0, 3, 4, 6, 9, 10])
@pytest.mark.parametrize("counts", [{}, {"per_page": 3}], ids=str)
@pytest.mark.parametrize("first", [0, 1])
def test_counts_may_show_a_page_0(first: int, length: int, counts: dict[str, int]) -> None:
    assert came_of(counted_from(first, items(length), **counts), ASSUMED) == items(length)


def test_no_page_0_is_asked_for_where_counts_agree() -> None:
    transport = Served(counted_from(1, items(7), per_page=3))
    client = Client(transport, Token(), max_wait=0)

    list(ListReader(PageFetcher(client, "/x", None, PageSize(3), ASSUMED), None).batches())

    assert {asked.sent["page"] for asked in transport.asked} == {"1", "2", "3"}


@pytest.mark.parametrize(
    ("dialect", "page_size", "length", "reason"),
    [
        (replace(ASSUMED, cursor="after", declares_cursor=True), 500, 3, "the document declares the cursor after"),
        (ASSUMED, 7, 7, "7 records may be the most"),
        (ASSUMED, 500, 100, "100 records may be the most"),
        (ASSUMED, 500, 99, None),
        (replace(ASSUMED, size=None), 500, 100, "100 records may be the most"),
    ],
    ids=["cursor", "full", "round", "short", "unsized"],
)
def test_one_page_that_may_be_a_part_is_told_of(
    dialect: QueryParameters, page_size: int, length: int, reason: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    assert came_of(lambda _: {"data": items(length)}, dialect, page_size) == items(length)

    told = [each.message for each in caplog.records if each.levelname == "WARNING"]
    assert len(told) == (reason is not None)
    assert all(str(reason) in message for message in told)


def test_indices_may_count_from_1() -> None:
    def answer(asked: Asked) -> Any:  # noqa: ANN401 - any JSON
        start = int(asked.sent["startIndex"]) - 1
        return {"data": items(7)[start : start + 3]}

    dialect = replace(ASSUMED, offset="startIndex", first_offset=1, size=None)
    assert came_of(answer, dialect) == items(7)


def test_a_warning_of_a_part_comes_once_for_lists_of_one_kind(caplog: pytest.LogCaptureFixture) -> None:
    client, paging = Client(Served(lambda _: items(100)), Token(), max_wait=0), Paging()
    for path in ("/x", "/y"):
        list(ListReader(UndocumentedSource(client, path, paging), None).batches())

    assert [each.levelname for each in caplog.records].count("WARNING") == 1


@pytest.mark.parametrize("length", [0, 1, 3, 4, 7])
@pytest.mark.parametrize("limit", [None, "limit"])
@pytest.mark.parametrize("first", [0, 1])
def test_an_offset_may_count_pages(length: int, limit: str | None, first: int) -> None:
    def answer(asked: Asked) -> Any:  # noqa: ANN401 - any JSON
        start = 3 * (int(asked.sent["offset"]) - first)
        return {"data": items(length)[start : start + 3]}

    assert came_of(answer, replace(ASSUMED, offset="offset", first_offset=first, size=limit)) == items(length)


@pytest.mark.parametrize("first", [0, 1])
def test_a_size_may_be_a_filter(first: int, caplog: pytest.LogCaptureFixture) -> None:
    paged = paged_from(first, items(7), counts=True)

    def answer(asked: Asked) -> Any:  # noqa: ANN401 - any JSON
        return {"data": [], "meta": {"current_page": 1, "last_page": 1}} if "size" in asked.sent else paged(asked)

    assert came_of(answer, replace(ASSUMED, size="size", guesses_size=True)) == items(7)
    assert "is a filter" in caplog.text


def test_a_page_0_that_is_page_1_once_more_is_declared_in_vain() -> None:
    def answer(asked: Asked) -> Any:  # noqa: ANN401 - any JSON
        number = int(asked.sent["page"])
        start = 3 * (max(number, 1) - 1)
        return {"data": items(10)[start : start + 3], "meta": {"current_page": number, "last_page": 4}}

    assert came_of(answer, replace(ASSUMED, first=0, may_begin_at_zero=False)) == items(10)


def test_counted_pages_are_read_once_where_all_have_come() -> None:
    rows, _, transport = rows_of(counted_from(1, items(7), per_page=3))

    assert rows == items(7)
    assert [asked.sent["page"] for asked in transport.asked] == ["1", "2", "3"]
