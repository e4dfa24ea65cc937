"""The forms of an answer with rows or child items: what is understood, what is refused, what is one record."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from conform_strategies import values
from hypothesis import given
from hypothesis import strategies as st

from tap_makini.errors import BadBodyError, NotFoundError
from tap_makini.pagination.undocumented.response import parse_undocumented
from tap_makini.pagination.undocumented.tally import ClaimingPage

if TYPE_CHECKING:
    from tap_makini.pagination.response import Page

A, B = {"a": 1}, {"a": 2}
KEYED = {"key": "k", "name": "kit"}
META = {"current_page": 1, "last_page": 3, "per_page": 2, "total": 6}
COMMON = ("data", "rows", "items", "results", "records", "value")


def read(body: object, *, of_table: bool, asked: int = 1) -> Page:
    return parse_undocumented(json.dumps(body).encode(), asked, takes_one_record=not of_table)


def records(page: Page) -> list[Any]:
    return [json.loads(record) for record in page.records]


BOTH = pytest.mark.parametrize("of_table", [True, False], ids=["table", "child"])
LISTS: list[object] = [{name: [A, B]} for name in COMMON] + [{"data": {name: [A, B]}} for name in COMMON]
LISTS += [
    [A, B],
    {"Rows": [A, B], "Total_Count": 2, "_links": {"self": {"href": "/"}}},
    {"value": [A, B], "@odata.context": "$metadata#T", "@odata.count": 2},
    {"items": [A, B], "hasMore": False, "limit": 25, "offset": 0, "count": 2, "links": [{"rel": "self"}]},
    {"error": None, "success": True, "rows": [A, B]},
    {"columns": ["a"], "rows": [[1], [2]]},
    {"columns": ["a"], "data": [[1], [2]]},
    {"columns": [{"name": "a", "type": "int"}], "rows": [[1], [2]]},
    {"fields": [{"COLUMN_NAME": "a", "id": 7}], "rows": [[1], [2]]},
    {"data": {"columns": ["a"], "rows": [[1], [2]]}},
    {"meta": {"columns": ["a"]}, "data": [[1], [2]]},
    {"columns": ["a"], "rows": [A, B]},
    {"data": {"1": A, "2": B}},
    {"7": A, "9": B},
    {"data": [A, B], "meta": {"request_id": "r"}},
    {"data": [A, B], "meta": None, "next_cursor": None},
]


@BOTH
@pytest.mark.parametrize("body", LISTS, ids=repr)
def test_all_rows_of_a_list_come_and_another_page_is_asked_for(body: object, of_table: bool) -> None:  # noqa: FBT001 - a parameter
    page = read(body, of_table=of_table)
    assert records(page) == [A, B]
    assert page.last == 2


@BOTH
@pytest.mark.parametrize("name", COMMON)
@pytest.mark.parametrize("is_deep", [True, False])
def test_the_usual_counts_are_heeded_beside_any_list(name: str, is_deep: bool, of_table: bool) -> None:  # noqa: FBT001 - parameters
    listed = {name: [A, B], "meta": META}
    page = read({"data": listed} if is_deep else listed, of_table=of_table)
    assert (records(page), page.last, page.total) == ([A, B], 3, 6)
    page = read({name: [A, B], "next_cursor": "c"}, of_table=of_table)
    assert (records(page), page.next_cursor) == ([A, B], "c")


@BOTH
@pytest.mark.parametrize(
    "body",
    [[], {"rows": []}, {"data": {"rows": [], "total": 0}}, {"columns": ["a"], "rows": []}, {"data": [], "meta": {}}],
    ids=repr,
)
def test_an_empty_list_ends_the_table(body: object, of_table: bool) -> None:  # noqa: FBT001 - a parameter
    page = read(body, of_table=of_table)
    assert (page.records, page.last) == ([], 1)


@pytest.mark.parametrize(
    "body",
    [
        *(A, KEYED, {"data": KEYED}, {"data": {"site": A, "owner": B}}, {"rows": {"site": A}}, {"columns": ["a"]}),
        *({"foo": [A]}, {"data": {"foo": [A]}}, {"data": {"1": A, "b": B}}, {"data": {"1": A, "2": 7}}),
        *({"rows": [A], "items": [B]}, {"data": {"rows": {"rows": [A]}}}, {"data": {"data": {"data": [A]}}}),
        *({"rows": None}, {"rows": "a"}, {"meta": META}, {"next_cursor": "c"}),
    ],
    ids=repr,
)
def test_a_table_is_never_one_record(body: object) -> None:
    with pytest.raises(BadBodyError):
        read(body, of_table=True)


@BOTH
@pytest.mark.parametrize(
    "body",
    [
        *({"rows": [A, 7]}, {"rows": [A, [1]]}, {"columns": ["a"], "rows": [[1, 2]]}, {"columns": ["a"], "rows": [[]]}),
        *({"columns": ["a", "a"], "rows": [[1, 2]]}, {"columns": [7], "rows": [[1]]}, {"columns": [{}], "rows": [[1]]}),
        *({"columns": ["a"], "rows": [A, [1]]}, {"error": "no", "rows": []}, {"errors": ["no"], "data": [A]}),
        *({"success": False, "data": []}, {"data": [A], "meta": {**META, "current_page": 2}}),
        *({"rows": [A], "meta": {**META, "last_page": 2}}, [[1]], {"data": [[1]]}),
    ],
    ids=repr,
)
def test_what_would_lose_a_value_is_refused(body: object, of_table: bool) -> None:  # noqa: FBT001 - a parameter
    with pytest.raises(BadBodyError):
        read(body, of_table=of_table)


@pytest.mark.parametrize(
    ("body", "record"),
    [
        ({**KEYED, "items": [A]}, None),
        ({**KEYED, "items": [A], "records": [B]}, None),
        ({"ID": 7, "rows": [A]}, None),
        ({"name": "kit", "items": []}, None),
        ({"name": "kit", "values": [1, 2]}, None),
        ({"name": "kit", "values": [[1], [2]]}, None),
        ({"data": {**KEYED, "items": [A]}}, {**KEYED, "items": [A]}),
        ({"site": A, "owner": B}, None),
    ],
    ids=repr,
)
def test_a_child_list_may_be_one_record_that_holds_lists(body: object, record: object) -> None:
    page = read(body, of_table=False)
    assert records(page) == [record or body]
    assert page.is_last


@pytest.mark.parametrize(
    "words",
    [{"status": "error"}, {"status": "Failed", "message": "timeout"}, {"code": 500}, {"statusCode": "404"}],
    ids=repr,
)
def test_an_answer_that_reports_an_error_is_no_empty_table(words: dict[str, object]) -> None:
    with pytest.raises(BadBodyError, match="reports an error"):
        read({**words, "data": []}, of_table=True)


def test_values_stay_as_they_were_sent() -> None:
    body = b'{"columns": ["a", "\\u00e4\\"b"], "rows": [[1.50, {"x":[1e400]}], ["\\ud800", null]]}'
    page = parse_undocumented(body, 1, takes_one_record=False)
    assert page.records == [b'{"a":1.50,"\\u00e4\\"b":{"x":[1e400]}}', b'{"a":"\\ud800","\\u00e4\\"b":null}']


@pytest.mark.parametrize(
    ("words", "claims"),
    [
        ({}, (0, 0, False)),
        ({"total": 250}, (250, 0, False)),
        ({"total": "250", "count": 2}, (250, 0, False)),
        ({"totalCount": 250.0, "total_pages": 3}, (250, 3, False)),
        ({"pagination": {"total_records": 9, "next": "/?page=2"}}, (9, 0, True)),
        ({"links": {"next": "/?page=2"}}, (0, 0, True)),
        ({"_links": {"next": {"href": "/?page=2"}}}, (0, 0, True)),
        ({"@odata.nextLink": "/?$skip=2"}, (0, 0, True)),
        ({"has_more": True}, (0, 0, True)),
        ({"last": False, "totalElements": 25}, (25, 0, True)),
        ({"last": True}, (0, 0, False)),
        ({"done": False, "nextRecordsUrl": "/x"}, (0, 0, True)),
        ({"isLast": False}, (0, 0, True)),
        ({"recordsTotal": 25, "recordsFiltered": 25, "draw": 1}, (25, 0, False)),
        ({"pagination": {"total_entries": 25}}, (25, 0, False)),
        ({"exceededTransferLimit": True}, (0, 0, True)),
        ({"truncated": False, "more": False, "nextOffset": None}, (0, 0, False)),
        ({"nextOffset": 10}, (0, 0, True)),
        ({"cursor": "abc"}, (0, 0, True)),
        ({"meta": {"pagination": {"total": 250, "count": 20, "total_pages": 13}}}, (250, 13, False)),
        ({"total": "1,250", "remaining": 230}, (1250, 0, True)),
        ({"next": None, "hasMore": False, "nextToken": "", "next_page": 0}, (0, 0, False)),
        ({"total": -1, "count": None, "pages": True, "rowCount": "many"}, (0, 0, False)),
    ],
    ids=repr,
)
@pytest.mark.parametrize("is_deep", [True, False])
def test_what_an_answer_says_of_the_whole_list_is_read(
    words: Any,  # noqa: ANN401 - any JSON
    claims: tuple[int, int, bool],
    is_deep: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    listed = {"rows": [A, B], **words}
    page = read({"data": listed} if is_deep else listed, of_table=True)
    assert isinstance(page, ClaimingPage)
    assert (page.claims.records, page.claims.pages, page.claims.leads_on) == claims


names = st.sampled_from(
    [
        *(*COMMON, "columns", "meta", "links", "next", "total", "count", "pages", "error", "success", "next_cursor"),
        *("current_page", "last_page", "key", "id", "a", "1", "2", "pagination", ""),
    ]
)
finite = st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | st.integers(-3, 300) | finite | st.text(max_size=3)
documents = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4), max_leaves=20
)
bodies = documents.map(lambda document: json.dumps(document).encode()) | values.map(str.encode) | st.binary()


@given(body=bodies, first=st.integers(0, 1), asked=st.integers(1, 3), of_table=st.booleans(), by_cursor=st.booleans())
def test_whatever_comes_is_records_or_a_body_that_cannot_be_trusted(
    body: bytes,
    first: int,
    asked: int,
    of_table: bool,  # noqa: FBT001 - a parameter, as the next one
    by_cursor: bool,  # noqa: FBT001
) -> None:
    try:
        page = parse_undocumented(body, asked, first=first, by_cursor=by_cursor, takes_one_record=not of_table)
    except (BadBodyError, NotFoundError) as refusal:
        str(refusal).encode()
        return
    assert all(record.startswith(b"{") for record in page.records)
    assert page.last >= page.number == asked


rows = st.lists(st.dictionaries(names | st.text(max_size=3), documents, max_size=3), max_size=5)
beside = st.dictionaries(st.sampled_from(["total", "count", "next", "status", "pagination"]), scalars, max_size=2)


@given(listed=rows, name=st.sampled_from(COMMON), words=beside, depth=st.integers(0, 2), of_table=st.booleans())
def test_every_row_of_a_list_comes(listed: list[Any], name: str, words: Any, depth: int, of_table: bool) -> None:  # noqa: ANN401, FBT001 - any JSON
    body: object = [listed, {**words, name: listed}, {"data": {**words, name: listed}}][depth]
    page = read(body, of_table=of_table)
    assert [json.dumps(record) for record in records(page)] == [json.dumps(record) for record in listed]


@given(table=st.lists(st.lists(documents, min_size=2, max_size=2), min_size=1, max_size=5), is_deep=st.booleans())
def test_every_value_of_rows_under_columns_comes(table: list[list[Any]], is_deep: bool) -> None:  # noqa: FBT001 - a parameter
    listed = {"columns": ["x", "y"], "rows": table}
    page = read({"data": listed} if is_deep else listed, of_table=True)
    assert json.dumps([list(record.values()) for record in records(page)]) == json.dumps(table)
    assert all(list(record) == ["x", "y"] for record in records(page))
