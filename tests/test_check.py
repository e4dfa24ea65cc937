from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import pytest

from tap_makini.check import check
from tap_makini.endpoints import Endpoint, PageSize
from tap_makini.errors import CredentialError, EntityAbsentError, MakiniError, NothingReadError, StreamsFailedError
from tap_makini.pagination.page_fetcher import PageFetcher

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tap_makini.connections.connection import Connection
    from tap_makini.http.client import Client
    from tap_makini.streams import ListStream

REFUSED = CredentialError("the server answered 401", "Check the token.")
ABSENT = EntityAbsentError("the server answered 404", "Deselect it.")
BROKEN = MakiniError("the server answered 500", "Run again later.")


class Server:
    """Responds to the request for a list: with its newest records and their count, or with an error."""

    def __init__(self, response: list[dict[str, Any]] | MakiniError, total: int | None = None) -> None:
        self._response = response
        self._total = total
        self.requests: list[dict[str, str]] = []

    def get(self, _path: str, params: Mapping[str, str], read: Callable[[bytes], Any], *_: object, **__: object) -> Any:  # noqa: ANN401
        self.requests.append(dict(params))
        if isinstance(self._response, MakiniError):
            raise self._response
        size = len(self._response) or 1
        last = -(-(self._total or 1) // size)
        meta = {"current_page": 1, "last_page": last, "per_page": size, "total": self._total}
        return read(json.dumps({"data": self._response, "meta": meta}).encode())


@dataclass
class StubStream:
    """A stream by its name.

    Attributes:
        filter_key: Its replication key.
    """

    name: str
    filter_key: str | None = "updatedAt"

    def page_fetcher(self, connection: StubConnection) -> PageFetcher:
        client = cast("Client", connection.servers[self.name])
        return PageFetcher(client, Endpoint(self.name, f"/api/eam/{self.name}", {}, (), self.filter_key), PageSize(500))


class StubConnection:
    """A connection with a server for each stream, by the stream's name."""

    def __init__(self, name: str | None = None, **servers: Server) -> None:
        self.name = name
        self.servers = servers


HEADING = ["stream", "offered", "records", "newest", "update"]


def checked(*connections: StubConnection, streams: Sequence[str | StubStream]) -> list[list[str]]:
    """Return the cells of the table."""
    lines: list[str] = []
    stubs = [StubStream(stream) if isinstance(stream, str) else stream for stream in streams]
    check(cast("list[Connection]", connections), cast("list[ListStream]", stubs), lines.append)
    assert not any(line.endswith(" ") for line in lines)
    return [line.split() for line in lines]


def test_one_record_shows_count_newest_update_and_why_a_list_is_read_in_full() -> None:
    assets = Server([{"key": "a", "updatedAt": "2025-01-02T03:04:05+02:00"}], 1_234)
    users = Server([{"key": "a", "updatedAt": "2025-01-02T03:04:05Z"}], 3)
    heading, *table = checked(StubConnection(assets=assets, users=users), streams=["assets", StubStream("users", None)])

    assert heading == HEADING
    assert table[0] == ["assets", "yes", "1234", "2025-01-02", "01:04"]
    assert " ".join(table[1]) == ("read in full each run because the server does not show that it honors the order")
    assert table[2] == ["users", "yes", "3"]
    assert assets.requests == [{"page": "1", "per_page": "1", "sort[updatedAt]": order} for order in "10"]
    assert users.requests == [{"page": "1", "per_page": "1"}]


@pytest.mark.parametrize(
    ("records", "total", "cells"),
    [
        ([], 0, ["assets", "yes", "0"]),
        ([{"key": "a"}], None, ["assets", "yes"]),
        ([{"key": "a", "updatedAt": "soon"}], 1, ["assets", "yes", "1"]),
    ],
    ids=["empty", "uncounted", "undated"],
)
def test_a_cell_is_empty_if_its_value_is_unknown(
    records: list[dict[str, Any]], total: int | None, cells: list[str]
) -> None:
    assert checked(StubConnection(assets=Server(records, total)), streams=["assets"]) == [HEADING, cells]


def test_a_page_larger_than_requested_shows_its_newest_update() -> None:
    dates = ("2024-01-01T00:00:00Z", "2025-06-01T00:00:00Z", "2023-01-01T00:00:00Z")
    server = Server([{"key": date, "updatedAt": date} for date in dates], 3)

    assert checked(StubConnection(assets=server), streams=["assets"])[1:] == [
        ["assets", "yes", "3", "2025-06-01", "00:00"]
    ]


def test_a_stream_that_is_not_offered_is_not_a_failure() -> None:
    connection = StubConnection(assets=Server(ABSENT), sites=Server([], 0))

    assert checked(connection, streams=["assets", "sites"])[1:] == [["assets", "no"], ["sites", "yes", "0"]]


def test_each_of_several_connections_has_a_table() -> None:
    acme = StubConnection("acme", sites=Server([], 0))
    zeta = StubConnection("zeta", sites=Server(ABSENT))

    assert checked(acme, zeta, streams=["sites"]) == [
        ["Connection", "acme"],
        HEADING,
        ["sites", "yes", "0"],
        ["Connection", "zeta"],
        HEADING,
        ["sites", "no"],
    ]


def test_each_line_is_printed_before_the_next_request() -> None:
    printed: list[str] = []
    first, second = Server([], 0), Server([], 0)
    connection = cast("Connection", StubConnection(assets=first, sites=second))
    streams = cast("list[ListStream]", [StubStream("assets"), StubStream("sites")])

    def print_line(line: str) -> None:
        printed.append(line)
        assert len(first.requests) + len(second.requests) == len(printed) - 1

    check([connection], streams, print_line)
    assert len(printed) == 3


# --- failures --------------------------------------------------------------------------------------


def test_a_stream_that_fails_is_shown_and_the_others_are_checked() -> None:
    lines: list[str] = []
    connection = cast("Connection", StubConnection(assets=Server(BROKEN), sites=Server([], 0), pm=Server(BROKEN)))
    streams = cast("list[ListStream]", [StubStream("assets"), StubStream("sites"), StubStream("pm")])
    with pytest.raises(StreamsFailedError) as caught:
        check([connection], streams, lines.append)

    assert [line.split()[:2] for line in lines[1:]] == [["assets", "failed"], ["sites", "yes"], ["pm", "failed"]]
    assert str(caught.value) == "Not readable: assets, pm: the server answered 500. Run again later."


def test_a_refused_token_ends_the_check_of_its_connection() -> None:
    after = Server([], 0)
    with pytest.raises(NothingReadError, match=r"^the server answered 401\. Check the token\."):
        checked(StubConnection(assets=Server(REFUSED), sites=after), streams=["assets", "sites"])

    assert not after.requests


def test_a_refused_token_is_a_failure_of_its_connection_only() -> None:
    zeta = Server([], 0)
    connections = StubConnection("acme", assets=Server(REFUSED)), StubConnection("zeta", assets=zeta)
    with pytest.raises(StreamsFailedError, match=r"^Not readable: acme/assets: the server answered 401\."):
        checked(*connections, streams=["assets"])

    assert zeta.requests


def test_nothing_is_read_if_every_token_is_refused() -> None:
    connections = [StubConnection(name, assets=Server(REFUSED)) for name in ("acme", "zeta")]
    with pytest.raises(NothingReadError, match=r"^acme/assets, zeta/assets: the server answered 401\."):
        checked(*connections, streams=["assets"])


@pytest.mark.parametrize("streams", [[], ["assets"], ["assets", "sites"], ["assets", "connections"]])
def test_nothing_is_read_if_no_stream_is_offered(streams: list[str]) -> None:
    connection = StubConnection(assets=Server(ABSENT), sites=Server(ABSENT), connections=Server([{"id": 1}], 1))
    with pytest.raises(NothingReadError, match=r"^No stream is offered. Check the settings api_url"):
        checked(connection, streams=streams)
