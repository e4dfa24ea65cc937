from __future__ import annotations

import json
from contextlib import suppress
from functools import partial
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_makini.errors import BadBodyError, NotFoundError
from tap_makini.pagination.response import Page, parse_child_page, parse_page

V3 = {"current_page": 1, "from": 1, "last_page": 1, "path": "https://host/x", "per_page": 2, "to": 1, "total": 1}
RECORD = b'{"key":"a"}'

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
documents = st.dictionaries(st.text(max_size=5), values, max_size=3)
forms = st.fixed_dictionaries({"indent": st.sampled_from([None, 2]), "ensure_ascii": st.booleans()})
spaces = st.text(" \t\r\n", max_size=3)


def body(records: list[bytes], meta: object = None, **others: object) -> bytes:
    members = {"meta": meta, **others}
    rest = b"".join(b',"%s":%s' % (name.encode(), json.dumps(value).encode()) for name, value in members.items())
    return b'{"data":[%s]%s}' % (b",".join(records), rest)


def said(**changes: object) -> dict[str, object]:
    """Give a v3 `meta` of one record on one page, with changes."""
    return {name: value for name, value in {**V3, **changes}.items() if value is not ...}


def filled(count: int) -> list[bytes]:
    return [b'{"key":%d}' % number for number in range(count)]


def only(raw: bytes) -> bytes:
    """Read a page of one record and give that record."""
    (record,) = parse_page(body([raw], said()), 1).records
    return record


# --- the records -----------------------------------------------------------------------------------


@given(st.lists(st.tuples(documents, forms, spaces, spaces), min_size=1, max_size=4))
def test_records_stay_as_they_came_byte_for_byte(
    given_records: list[tuple[dict[str, Any], dict[str, Any], str, str]],
) -> None:
    records = [json.dumps(document, **form).encode() for document, form, _, _ in given_records]
    padded = [
        before.encode() + record + behind.encode()
        for record, (_, _, before, behind) in zip(records, given_records, strict=True)
    ]
    meta = said(per_page=len(records), total=len(records))

    assert parse_page(body(padded, meta), 1).records == records


@given(documents)
def test_a_record_that_json_does_not_allow_changes_none_of_the_others(document: dict[str, Any]) -> None:
    record = json.dumps(document, separators=(",", ":")).encode()
    page = parse_page(body([record, b'{"amount":NaN}'], said(total=2)), 1)

    assert page.records == [record, b'{"amount":"NaN"}']


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        (b'{"a":-Infinity}', b'{"a":"-Infinity"}'),
        (b'{"a":"\\ud800"}', b'{"a":"\\ud800"}'),
        (b'{"a":"tab\there"}', b'{"a":"tab\\u0009here"}'),
        (b'{"a":1e999,"b":%s}' % (b"9" * 5_000), b'{"a":1e999,"b":%s}' % (b"9" * 5_000)),
        (b'{"a":NaN,"b":%s}' % (b"9" * 5_000), b'{"a":"NaN","b":%s}' % (b"9" * 5_000)),
        (b'{"a":%s1%s}' % (b"[" * 1_000, b"]" * 1_000), b'{"a":%s1%s}' % (b"[" * 1_000, b"]" * 1_000)),
        (b'{"a":%s{}%s}' % (b'{"a":' * 3_000, b"}" * 3_000), b'{"a":%s{}%s}' % (b'{"a":' * 3_000, b"}" * 3_000)),
    ],
    ids=["infinity", "surrogate", "control character", "huge numbers", "huge beside NaN", "deep list", "deep object"],
)
def test_what_strict_json_does_not_allow_is_read(raw: bytes, read: bytes) -> None:
    assert only(raw) == read


def test_bytes_that_are_no_utf8_are_no_reason_to_lose_a_record() -> None:
    record = only(b'{"key":"a","name":"M\xfcller"}')

    assert json.loads(record.decode("utf-8", "replace"))["key"] == "a"


def test_a_byte_order_mark_is_skipped() -> None:
    assert parse_page(b"\xef\xbb\xbf" + body([RECORD], said()), 1).records == [RECORD]


# --- the envelope ----------------------------------------------------------------------------------


def test_a_v3_envelope_has_links_and_counts() -> None:
    links = {"first": "https://host/x?page=1", "last": None, "prev": None, "next": None}
    meta = said(current_page=2, last_page=3, per_page=2, total=5)
    page = parse_page(body(filled(2), meta, links=links), 2)

    assert page == Page(filled(2), number=2, last=3, size=2, total=5, is_full=True)
    assert (page.position, page.end, page.is_last) == (2, 4, False)


def test_a_v4_envelope_has_no_links() -> None:
    meta = {"current_page": 1, "last_page": 1, "per_page": 50, "total": 2}

    wanted = Page(filled(2), number=1, last=1, size=50, total=2)
    assert parse_page(body(filled(2), meta), 1) == wanted


def test_numbers_may_be_text_as_php_sends_them_back() -> None:
    meta = said(current_page="1", last_page="2", per_page="2", total="3")

    wanted = Page(filled(2), number=1, last=2, size=2, total=3, is_full=True)
    assert parse_page(body(filled(2), meta), 1) == wanted


def test_a_list_may_be_null_where_none_are_counted() -> None:
    meta = {"current_page": 1, "last_page": 1, "per_page": 50}
    assert parse_page(json.dumps({"data": None, "meta": {**meta, "total": 0}}).encode(), 1).records == []
    with pytest.raises(BadBodyError):
        parse_page(json.dumps({"data": None, "meta": {**meta, "total": 1}}).encode(), 1)


@pytest.mark.parametrize("cursor", ["abc", "1", 17], ids=repr)
@pytest.mark.parametrize("within", ["envelope", "meta"])
def test_a_next_cursor_stands_in_the_envelope_or_in_meta(cursor: object, within: str) -> None:
    place: dict[str, Any] = {"next_cursor": cursor} if within == "envelope" else {"meta": {"next_cursor": cursor}}
    page = parse_page(body([RECORD], **place), 1)

    assert page.next_cursor == str(cursor)
    assert not page.is_last


@pytest.mark.parametrize("cursor", [None, ""], ids=repr)
def test_without_a_cursor_the_pages_count(cursor: object) -> None:
    page = parse_page(body([RECORD], said(next_cursor=cursor), next_cursor=cursor), 1)

    assert page.next_cursor is None
    assert page.is_last


@pytest.mark.parametrize("meta", [{}, said(current_page=0, last_page=0, total=0, per_page=0), {"per_page": 15}])
def test_a_meta_that_counts_nothing_leaves_the_list_uncounted(meta: dict[str, object]) -> None:
    page = parse_page(body(filled(3), meta), 1)

    assert page.is_uncounted
    assert not page.is_last


@pytest.mark.parametrize("meta", [None, {}, said(current_page=0, last_page=0)], ids=repr)
def test_without_records_such_a_meta_is_no_end(meta: dict[str, object] | None) -> None:
    with pytest.raises(BadBodyError, match=r"the response has no page counts|'total' is"):
        parse_page(body([], meta), 1)


@pytest.mark.parametrize(
    ("asked", "meta", "last"),
    [
        (1, {"current_page": 0, "last_page": 2, "per_page": 2, "total": 5}, 3),
        (1, {"current_page": 0, "last_page": 3, "per_page": 2, "total": 5}, 3),
        (2, {"current_page": 1, "last_page": 2}, 3),
        (3, {"current_page": 2, "last_page": 2, "per_page": 2, "total": 6}, 3),
        (1, {"current_page": 0, "last_page": 0}, 1),
    ],
)
def test_pages_may_be_numbered_from_zero(asked: int, meta: dict[str, object], last: int) -> None:
    page = parse_page(body(filled(2), meta), asked, first=0)

    assert (page.number, page.last) == (asked, last)


@pytest.mark.parametrize(
    ("count", "asked", "meta"),
    [
        (2, 2, {"current_page": 2, "last_page": 3}),
        (2, 1, {"current_page": 1, "last_page": 3, "per_page": 2, "total": 5}),
        (2, 1, {"current_page": 0, "last_page": 1, "per_page": 2, "total": 9}),
        (0, 1, {"current_page": 0, "last_page": 2, "per_page": 2, "total": 5}),
    ],
)
def test_contradictions_of_such_numbers_are_rejected(count: int, asked: int, meta: dict[str, object]) -> None:
    with pytest.raises(BadBodyError, match="contradicts itself"):
        parse_page(body(filled(count), meta), asked, first=0)


@pytest.mark.parametrize("meta", [None, {}, {"total": 9}, {"current_page": 1}, {"last_page": 3}])
def test_a_response_need_not_count_where_nothing_is_documented(meta: object) -> None:
    page = parse_page(body(filled(2), meta), 1, must_count=False)

    assert page.records == filled(2)
    assert page.is_uncounted


def test_an_empty_list_is_one_last_page() -> None:
    for number in (0, 1):
        page = parse_page(body([], said(current_page=number, last_page=number, total=0)), 1)

        assert (page.records, page.is_last, page.total) == ([], True, 0)


def test_the_page_after_the_last_is_empty() -> None:
    page = parse_page(body([], said(current_page=4, last_page=3, total=6)), 4)

    assert (page.is_last, page.position) == (True, 6)


def test_a_page_may_be_short_without_being_the_last() -> None:
    page = parse_page(body(filled(1), said(last_page=3, per_page=2, total=6)), 1)

    assert (page.is_last, page.end) == (False, 2)


@given(st.integers(0, 60), st.integers(1, 20), st.data())
def test_every_page_of_a_consistent_list_is_accepted(total: int, size: int, data: st.DataObject) -> None:
    last = max(-(-total // size), 1)
    number = data.draw(st.integers(1, last))
    count = min(size, total - (number - 1) * size)
    meta = said(current_page=number, last_page=last, per_page=size, total=total)
    for left_out in data.draw(st.sets(st.sampled_from(["total", "per_page", "from", "to", "path"]))):
        del meta[left_out]
    page = parse_page(body(filled(count), meta), number)

    assert len(page.records) == count
    assert page.is_last == (number == last)


@pytest.mark.parametrize(
    ("count", "asked", "meta"),
    [
        (1, 1, None),
        (0, 1, None),
        (0, 1, {}),
        (1, 1, said(current_page=...)),
        (1, 1, said(last_page=...)),
        (1, 1, said(last_page=None)),
        (1, 1, said(current_page=0)),
        (2, 2, said(current_page=1, last_page=2, total=4)),
        (2, 1, said(current_page=2, last_page=2, total=4)),
        (0, 2, said(current_page=1, last_page=1, total=0)),
        (2, 2, said(current_page=2, last_page=1, total=4)),
        (0, 1, said(last_page=3, total=6)),
        (0, 2, said(current_page=2, last_page=3, total=6)),
        (0, 1, said(last_page=3, total=...)),
        (0, 1, said(total=7)),
        (0, 1, said(current_page=0, last_page=0, total=7)),
        (2, 2, said(current_page=2, last_page=2, total=3)),
        (2, 1, said(total=1)),
        (2, 1, said(total=0)),
        (2, 1, said(per_page=..., total=1)),
        (2, 1, said(last_page=1, per_page=2, total=3)),
        (2, 2, said(current_page=2, last_page=2, per_page=2, total=50)),
    ],
)
def test_contradictions_are_rejected(count: int, asked: int, meta: object) -> None:
    with pytest.raises(BadBodyError, match=r"contradicts itself|the response has no page counts"):
        parse_page(body(filled(count), meta), asked)


@pytest.mark.parametrize(
    "items",
    [b"1", b"null", b'"text"', b"[]", b'{"key":1},null', b"NaN"],
)
def test_data_holds_records_and_nothing_else(items: bytes) -> None:
    with pytest.raises(BadBodyError):
        parse_page(body([items], said(total=...)), 1)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b" ",
        b"null",
        b"[]",
        b"{}",
        b'"data"',
        b'{"data":null,"meta":{}}',
        b'{"data":{},"meta":{}}',
        b'{"data":"NaN","meta":{}}',
        b'{"meta":{"current_page":1,"last_page":1}}',
        b'{"meta":{"current_page":NaN,"last_page":1},"data":[]}',
        b'{"data":[],"meta":[]}',
        b'{"data":[],"meta":{"current_page":-1,"last_page":1}}',
        b'{"data":[],"meta":{"current_page":1.5,"last_page":2}}',
        body([RECORD], said())[:-1],
        body([RECORD], said()) + b"}",
        body([RECORD], said()) * 2,
        body([b'{"a":NaN}'], said())[:-1],
        body([b'{"a":NaN}'], said()) + b"<br />",
        b"\x00\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_what_is_no_list_is_rejected(raw: bytes) -> None:
    with pytest.raises(BadBodyError):
        parse_page(raw, 1)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b'{"rows":[{"key":"a"}],"count":1}', "object with 'rows' (array), 'count' (number)"),
        (b'{"data":{"items":[{"key":"a"}]}}', "object with 'data' (object)"),
        (b'{"data":{"1":{"key":"a"},"2":{"key":"b"}}}', "object with 'data' (object)"),
        (b'{"columns":["key"],"rows":[["a"]]}', "object with 'columns' (array), 'rows' (array)"),
        (b'{"data":[],"meta":"x"}', "object with 'data' (array), 'meta' (text)"),
        (b'{"data":null,"next":true}', "object with 'data' (null), 'next' (boolean)"),
        (b'{"key":"a"}', "object with 'key' (text)"),
        (b"{}", "object without properties"),
        (b"7", "but the body is a number"),
        (b"tru", "not valid JSON (invalid JSON at character 0)"),
        (b"{%s}" % b",".join(b'"a%d":1' % n for n in range(20)), "'a7' (number), …"),
    ],
    ids=lambda value: value[:30].decode() if isinstance(value, bytes) else "",
)
@pytest.mark.parametrize("must_count", [True, False])
def test_a_body_of_another_form_is_named_by_its_properties(raw: bytes, message: str, must_count: bool) -> None:  # noqa: FBT001
    with pytest.raises(BadBodyError) as caught:
        parse_page(raw, 1, must_count=must_count)

    assert caught.value.cause.startswith("expected ")
    assert "with the list 'data'" in caught.value.cause
    assert message in caught.value.cause


@pytest.mark.parametrize(
    ("raw", "records"),
    [
        (b'[{"key":"a"}]', [RECORD]),
        (b" []", []),
        (b'[{"a":NaN}]', [b'{"a":"NaN"}']),
        (b'{"data":[{"key":"a"}]}', [RECORD]),
        (b'{"data":[],"meta":{"total":0}}', []),
    ],
)
def test_a_list_may_have_no_counts(raw: bytes, records: list[bytes]) -> None:
    page = parse_page(raw, 1, must_count=False)

    assert (page.records, page.is_uncounted, page.says_more, page.says_end) == (records, True, None, False)
    assert page.is_last is not bool(records)


@pytest.mark.parametrize(
    ("said", "more"),
    [
        ('"links":{"next":"https://host/x?page=2"}', "next"),
        ('"@odata.nextLink":"https://host/x"', "@odata.nextLink"),
        ('"meta":{"has_more":true}', "has_more"),
        ('"meta":{"pagination":{"moreItems":true}}', "moreItems"),
        ('"meta":{"pagination":{"total_pages":2}}', "total_pages"),
        ('"pageInfo":{"hasNextPage":true,"endCursor":null}', "hasNextPage"),
        ('"pagination":{"nextPageToken":"x","has_more":false}', "nextPageToken"),
        ('"last":false', "last"),
        ('"isLastPage":false', "isLastPage"),
        ('"complete":false', "complete"),
        ('"continuationToken":"x"', "continuationToken"),
        ('"meta":{"last_page":4}', "last_page"),
        ('"page":{"totalPages":2}', "totalPages"),
    ],
)
def test_an_answer_without_counts_may_say_that_more_follows(said: str, more: str) -> None:
    page = parse_page(f'{{"data":[{{"key":"a"}}],{said}}}'.encode(), 1, must_count=False)

    assert (page.is_uncounted, page.says_more) == (True, more)


@pytest.mark.parametrize(
    ("said", "says_end"),
    [
        ('"links":{"next":null}', True),
        ('"links":{"last":"https://host/x?page=1"}', False),
        ('"hasMore":false', True),
        ('"meta":{"has_more":0}', True),
        ('"last":true', True),
        ('"page":1', False),
        ('"pages":1', False),
        ('"accountId":12,"limit":500,"status":200,"request":{"discount":7}', False),
        ('"rows":[{"next":"x"}]', False),
        ('"rateLimit":{"remaining":59,"total":1000},"sync":{"completed":false},"cursor":"x"', False),
        ('"remaining_credits":7,"more_info":"https://host/docs","maxPages":100,"meta":{"pageCount":10}', False),
        ('"summary":{"total":125000},"timing":{"total":120}', False),
        ('"meta":{"meta":{"meta":{"meta":{"next":"x"}}}}', False),
    ],
)
def test_what_an_answer_says_of_its_end_is_no_sign_of_more(said: str, says_end: bool) -> None:  # noqa: FBT001 - a parameter
    page = parse_page(f'{{"data":[{{"key":"a"}}],{said}}}'.encode(), 1, must_count=False)

    assert (page.is_uncounted, page.says_more, page.says_end, page.total) == (True, None, says_end, None)


@pytest.mark.parametrize(
    "said",
    [
        '"total":35',
        '"totalCount":35',
        '"count":1,"recordsTotal":35',
        '"@odata.count":35',
        '"meta":{"total":"35"}',
        '"pagination":{"total":35}',
        '"meta":{"pagination":{"total_items":35}}',
        '"page":{"totalElements":35}',
    ],
)
def test_an_answer_without_page_counts_may_count_its_records(said: str) -> None:
    page = parse_page(f'{{"data":[{{"key":"a"}}],{said}}}'.encode(), 1, must_count=False)

    assert (page.is_uncounted, page.total) == (True, 35)


@pytest.mark.parametrize(
    "raw", [b'{"data":[],"error":"busy"}', b'{"data":[],"errors":["x"]}', b'{"data":[],"success":false}']
)
def test_an_error_beside_a_list_without_counts_is_no_end_of_it(raw: bytes) -> None:
    with pytest.raises(BadBodyError, match="reports an error beside its list"):
        parse_page(raw, 1, must_count=False)


@pytest.mark.parametrize(
    ("raw", "records"),
    [
        (b'{"key":"a"}', [RECORD]),
        (b' {"id":1,"next":[{}]} ', [b'{"id":1,"next":[{}]}']),
        (b" {} ", []),
        (b'{"data":[{"key":"a"}]}', [RECORD]),
        (b'[{"key":"a"}]', [RECORD]),
    ],
)
def test_one_bare_record_may_come_in_place_of_a_child_list(raw: bytes, records: list[bytes]) -> None:
    assert parse_child_page(raw, 1).records == records


@pytest.mark.parametrize(
    "raw",
    [
        *(b'{"message":"No parts"}', b'{"success":false,"message":"timeout"}', b'{"error":"no","key":"a"}'),
        *(b'{"data":{}}', b'{"data":{"key":"a"}}', b"7", b"[1]", b'{"data":[null]}', b"<html></html>", b'[{"key":'),
    ],
)
def test_what_is_neither_a_list_nor_a_record_is_rejected(raw: bytes) -> None:
    with pytest.raises(BadBodyError):
        parse_child_page(raw, 1)


@pytest.mark.parametrize("raw", [b"null", b' {"data": null} '])
def test_null_is_no_child_list_at_all(raw: bytes) -> None:
    with pytest.raises(NotFoundError):
        parse_child_page(raw, 1)


def test_an_html_page_is_named_as_such() -> None:
    with pytest.raises(BadBodyError, match="an HTML page"):
        parse_page(b"\n<!DOCTYPE html><html><body>Bad gateway</body></html>", 1)


def test_a_message_holds_nothing_of_the_body() -> None:
    with pytest.raises(BadBodyError) as caught:
        parse_page(b'{"data":[{"secret":"s3cret"}],"meta":"s3cret"}', 1)

    assert "s3cret" not in str(caught.value)


cut_bodies = st.builds(
    lambda at, insert: body([RECORD], said())[:at] + insert + body([RECORD], said())[at:],
    st.integers(0, 100),
    st.binary(max_size=5),
)


@given(st.binary() | cut_bodies | values.map(msgspec.json.encode), st.integers(1, 5))
def test_any_bytes_are_a_page_or_a_bad_body(raw: bytes, asked: int) -> None:
    for parse in (parse_page, partial(parse_page, must_count=False), parse_child_page):
        with suppress(BadBodyError, NotFoundError):
            page = parse(raw, asked)
            assert all(record.startswith(b"{") for record in page.records)
