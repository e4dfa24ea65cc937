"""What is asked of a list, and what is asked instead once the server has refused."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, TypeVar, cast

import pytest

from tap_makini.endpoints import V3, V3_UNSIZED, Endpoint, PageSize, QueryParameters
from tap_makini.errors import BadBodyError, CredentialError, RequestRefusedError
from tap_makini.pagination.page_fetcher import PageFetcher
from tap_makini.pagination.page_request import PageRequest
from tap_makini.pagination.paginator import Row, RowReader, dated, digest, is_ascending

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_makini.http.client import Client

T = TypeVar("T")

BOUND = datetime(2025, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
FILTER, SORT = "filter[updatedAt:gteq]", "sort[updatedAt]"


@dataclass
class Server:
    """Responds to each request with one record, or refuses it.

    Attributes:
        refuses: Gives what is wrong with a query, if anything is.
        asked: The queries that came.
        keys: The records of each response.
    """

    refuses: Callable[[Mapping[str, str]], str | None] = lambda _: None
    asked: list[dict[str, str]] = field(default_factory=list)
    keys: tuple[str, ...] = ("a",)

    def get(self, path: str, params: Mapping[str, str], read: Callable[[bytes], T], *_: object) -> T:
        assert path == "/api/eam/assets"
        self.asked.append(dict(params))
        if reason := self.refuses(params):
            raise RequestRefusedError(f"the server answered 422 ({reason})", "Report it.")
        page = int(params.get("page", 1))
        meta = {"current_page": page, "last_page": 5, "per_page": int(params.get("per_page", 15))}
        return read(json.dumps({"data": [{"key": key} for key in self.keys], "meta": meta}).encode())


def source(
    server: object, page_size: PageSize, key: str | None = "updatedAt", names: QueryParameters = V3
) -> PageFetcher:
    return PageFetcher(cast("Client", server), Endpoint("assets", "/api/eam/assets", {}, (), key, names), page_size)


# --- the query -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "params"),
    [
        (PageRequest(), {"page": "1"}),
        (PageRequest(page=3, size=50), {"page": "3", "per_page": "50"}),
        (PageRequest(cursor="abc", page=3, size=50), {"cursor": "abc", "per_page": "50"}),
        (PageRequest(BOUND, "asc"), {"page": "1", FILTER: "2025-01-02T03:04:05Z", SORT: "0"}),
        (PageRequest(order="desc"), {"page": "1", SORT: "1"}),
        (
            PageRequest((BOUND + timedelta(microseconds=900_000)).astimezone(timezone(timedelta(hours=2)))),
            {"page": "1", FILTER: "2025-01-02T03:04:05Z"},
        ),
    ],
)
def test_a_page_request_becomes_query_parameters(query: PageRequest, params: dict[str, str]) -> None:
    assert query.params("updatedAt") == params


# --- opening a list --------------------------------------------------------------------------------


def test_the_first_request_filters_sorts_and_sizes() -> None:
    server = Server()
    first_page = source(server, PageSize(500)).open(BOUND)

    assert server.asked == [PageRequest(BOUND, "asc", 500).params("updatedAt")]
    assert first_page.request == PageRequest(BOUND, "asc", 500)
    assert first_page.page.number == 1


def test_a_full_table_is_not_sorted_and_an_unsized_list_not_sized() -> None:
    server = Server()
    source(server, PageSize(500), None, V3_UNSIZED).open(None)

    assert server.asked == [{"page": "1"}]


def refuses_sizes_above(largest: int, reason: str) -> Callable[[Mapping[str, str]], str | None]:
    return lambda params: reason if int(params.get("per_page", 0)) > largest else None


@pytest.mark.parametrize(("largest", "accepted"), [(500, 500), (499, 100), (100, 100), (99, None)])
@pytest.mark.parametrize("reason", ["bad request", "per_page: must not be greater", "page size too large"])
def test_a_refused_page_size_is_lowered_and_nothing_else_is_given_up(
    largest: int, accepted: int | None, reason: str
) -> None:
    query = source(Server(refuses_sizes_above(largest, reason)), PageSize(500)).open(BOUND).request

    assert query == PageRequest(BOUND, "asc", accepted)


def test_a_size_that_was_refused_is_not_requested_of_the_next_list() -> None:
    server = Server(refuses_sizes_above(100, "per_page"))
    page_size = PageSize(500)
    source(server, page_size).open(BOUND)
    before = len(server.asked)
    query = source(server, page_size).open(BOUND).request

    assert query.size == 100
    assert len(server.asked) == before + 1


def test_a_size_that_is_modest_already_is_not_raised() -> None:
    server = Server(refuses_sizes_above(0, "per_page"))
    source(server, PageSize(40)).open(BOUND)

    assert {params.get("per_page") for params in server.asked} == {"40", None}


@pytest.mark.parametrize(
    ("refused", "kept"),
    [(FILTER, PageRequest(None, "asc", 500)), (SORT, PageRequest(BOUND, None, 500))],
)
@pytest.mark.parametrize("named", [True, False], ids=["blamed", "not blamed"])
def test_of_filter_and_order_only_what_is_refused_is_given_up(refused: str, kept: PageRequest, *, named: bool) -> None:
    server = Server(lambda params: (refused if named else "bad request") if refused in params else None)
    query = source(server, PageSize(500)).open(BOUND).request

    assert query == kept
    if named:
        assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("refuses", "changes"),
    [
        (lambda params: SORT if SORT in params else None, f"without {SORT}"),
        (refuses_sizes_above(100, "per_page"), "with per_page=100"),
        (lambda params: "no" if params.keys() - {"page"} else None, f"without per_page, {FILTER}, {SORT}"),
    ],
    ids=["order", "size", "everything"],
)
def test_the_log_names_stream_and_parameters_when_a_refused_request_is_sent_otherwise(
    refuses: Callable[[Mapping[str, str]], str | None], changes: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    source(Server(refuses), PageSize(500)).open(BOUND)

    [message] = caplog.messages
    assert message.startswith("Stream assets: the server refused the request (the server answered 422 (")
    assert message.endswith(f")). Requesting again {changes}.")


def test_a_server_that_takes_nothing_but_page_is_read_all_the_same() -> None:
    server = Server(lambda params: "no" if params.keys() - {"page"} else None)
    query = source(server, PageSize(500)).open(BOUND).request

    assert query == PageRequest()
    assert all(params != again for at, params in enumerate(server.asked) for again in server.asked[:at])


def test_a_list_that_is_refused_in_every_form_says_why_it_was_at_first() -> None:
    reasons = iter(["the first reason", *["another"] * 50])

    with pytest.raises(RequestRefusedError, match="the first reason"):
        source(Server(lambda _: next(reasons)), PageSize(500)).open(BOUND)


def test_other_errors_are_no_reason_to_ask_for_less() -> None:
    class Revoked(Server):
        def get(self, path: str, params: Mapping[str, str], read: Callable[[bytes], T], *_: object) -> T:
            super().get(path, params, read)
            raise CredentialError("the server answered 401", "Check the setting api_token.")

    server = Revoked()

    with pytest.raises(CredentialError):
        source(server, PageSize(500)).open(BOUND)
    assert len(server.asked) == 1


# --- one page --------------------------------------------------------------------------------------


def test_the_same_records_once_more_are_no_next_page() -> None:
    lists = source(Server(), PageSize(500))
    first = lists.fetch(PageRequest())

    assert lists.fetch(PageRequest(page=2), previous=[b'{"key": "b"}']).number == 2
    with pytest.raises(BadBodyError, match="page 2 repeats page 1"):
        lists.fetch(PageRequest(page=2), previous=first.records)


def test_an_empty_page_may_follow_an_empty_page() -> None:
    empty = Server(keys=())

    assert source(empty, PageSize(500)).fetch(PageRequest(page=5), previous=[]).records == []


# --- rows ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "instant"),
    [
        (b'{"key":"a","updatedAt":"2025-01-02T03:04:05Z"}', BOUND),
        (b'{"updatedAt":"2025-01-02T05:04:05+02:00","x":{"updatedAt":"1999-01-01"}}', BOUND),
        (b'{"x":{"updatedAt":"1999-01-01"}}', None),
        (b'{"updatedAt":null}', None),
        (b'{"updatedAt":1735787045}', None),
        (b'{"updatedAt":{"date":"2025-01-02"}}', None),
        (b'{"updatedAt":"0000-00-00"}', None),
        (b'{"updatedat":"2025-01-02"}', None),
        (b'{"amount":NaN,"updatedAt":"2025-01-02T03:04:05Z"}', BOUND),
        (b'{"x":%s%s,"updatedAt":"2025-01-02T03:04:05Z"}' % (b"[" * 2_000, b"]" * 2_000), BOUND),
        (b'{"name":"M\xfcller","updatedAt":"2025-01-02T03:04:05Z"}', BOUND),
        (b'{"name":"\\ud800","updatedAt":"2025-01-02T03:04:05Z"}', BOUND),
        (b'{"n":%s,"updatedAt":"2025-01-02T03:04:05Z"}' % (b"9" * 5_000), BOUND),
    ],
    ids=lambda value: f"{value[:40]!r}" if isinstance(value, bytes) else "",
)
def test_a_row_has_the_timestamp_of_its_record(raw: bytes, instant: datetime | None) -> None:
    (row,) = RowReader("updatedAt").rows([raw])

    assert row == Row(raw, instant)


def test_without_a_replication_key_no_row_has_a_timestamp() -> None:
    rows = RowReader(None).rows([b'{"":"2025-01-02","updatedAt":"2025-01-02"}'])

    assert dated(rows) == []


def test_order_is_not_strict_and_digests_tell_contents_apart() -> None:
    assert is_ascending([])
    assert is_ascending([BOUND, BOUND, BOUND + timedelta(microseconds=1)])
    assert not is_ascending([BOUND, BOUND - timedelta(microseconds=1)])
    assert len({digest(b'{"a":1}'), digest(b'{"a": 1}'), digest(b'{"a":1}')}) == 2
