from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tap_makini.connections.freshness import Integration, look_up, warn_if_stale
from tap_makini.endpoints import PageSize
from tap_makini.errors import BadBodyError, CredentialError, EntityAbsentError, MakiniError, TransientError
from tap_makini.pagination.page_request import PageRequest
from tap_makini.streams import ConnectionsStream
from tap_makini.tap import TapMakini

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_makini.connections.connection import Connection
    from tap_makini.http.client import Client
    from tap_makini.pagination.response import Page

SYNCED_AT = datetime(2025, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
DATA = {
    "id": 17,
    "company_name": "Acme Ltd.",
    "provider": "maximo",
    "sync_status": "fulldone",
    "sync_updated_at": "2025-01-02T03:04:05Z",
}
WHOLE = Integration("17", "Acme Ltd.", "maximo", "fulldone", SYNCED_AT)


@dataclass
class OneResponse:
    """Give one response, as a client that never retries.

    Attributes:
        response: A body, or an error.
        asked: The paths and queries that came.
        max_wait: Seconds that repetitions were allowed to take.
    """

    response: bytes | Exception
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    max_wait: object = None

    def get(
        self, path: str, params: Mapping[str, str], read: Callable[[bytes], Any], *_: object, **options: object
    ) -> Any:  # noqa: ANN401
        self.asked.append((path, dict(params)))
        self.max_wait = options.get("max_wait")
        if isinstance(self.response, Exception):
            raise self.response
        return read(self.response)


def looked_up(response: object) -> Integration:
    """Look up a connection of which the API says this: JSON, a body or an error."""
    body = response if isinstance(response, (bytes, Exception)) else json.dumps(response).encode()
    return look_up(cast("Client", OneResponse(body)))


# --- reading the response --------------------------------------------------------------------------


def test_one_request_finds_what_a_connection_is() -> None:
    server = OneResponse(json.dumps({"data": DATA}).encode())

    assert look_up(cast("Client", server))._replace(record=None) == WHOLE
    assert server.asked == [("/api/integrations/current", {})]
    assert server.max_wait == 0.0


@pytest.mark.parametrize(
    ("response", "integration"),
    [
        (DATA, WHOLE),
        ({"data": {**DATA, "id": "c-17", "unknown": [1]}}, WHOLE._replace(id="c-17")),
        ({"data": {}}, Integration()),
        ({"data": {"provider": "sap"}}, Integration(provider="sap")),
        ({"data": dict.fromkeys(DATA)}, Integration()),
        ({"data": dict.fromkeys(DATA, "")}, Integration()),
        ({"data": dict.fromkeys(DATA, True)}, Integration()),
        ({"data": {name: ["x"] for name in DATA}}, Integration()),
        ({"data": {name: {"x": 1} for name in DATA}}, Integration()),
        ({"data": {**DATA, "sync_updated_at": "yesterday"}}, WHOLE._replace(synced_at=None)),
        ({"data": {**DATA, "sync_updated_at": 1_735_787_045}}, WHOLE._replace(synced_at=None)),
        ({"data": {**DATA, "sync_updated_at": "2025-01-02T05:04:05+02:00"}}, WHOLE),
    ],
)
def test_a_response_of_another_shape_is_read_as_far_as_it_goes(response: object, integration: Integration) -> None:
    assert looked_up(response)._replace(record=None) == integration


def test_the_record_is_the_whole_response() -> None:
    data = {**DATA, "unknown": [1, {"x": None}]}

    for response in (data, {"data": data}):
        assert json.loads(looked_up(response).record or b"") == data
    assert looked_up({"data": {**data, "id": None}}).record is None


@pytest.mark.parametrize(
    "response",
    [
        b"",
        b"<html></html>",
        b'{"data":',
        b'{"data": NaN}',
        b'{"data": {"id": "\\ud800"}}',
        b'{"data": {"id": ' + b"9" * 5_000 + b"}}",
        b"[" * 100_000,
        b"null",
        b"[]",
        b'"text"',
        {"data": None},
        {"data": [DATA]},
        {"data": "text"},
        CredentialError("401", ""),
        EntityAbsentError("404", ""),
        MakiniError("302", ""),
        TransientError("503", ""),
        BadBodyError("cut off"),
    ],
    ids=lambda response: repr(response)[:30],
)
def test_an_error_is_a_result(response: object, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        found = looked_up(response)

    assert isinstance(found.error, MakiniError)
    assert found._replace(error=None) == Integration()
    assert not caplog.messages


documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["done", "2025-01-02"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["data", *DATA]), inner),
    max_leaves=8,
)


@given(documents.map(lambda document: json.dumps(document).encode()) | st.binary())
@example(b'{"data":{"id":1e400}}')
def test_any_body_is_read(body: bytes) -> None:
    for part in looked_up(body)[:4]:
        assert part is None or (isinstance(part, str) and part != "")


# --- the stream of connections ---------------------------------------------------------------------


def page_of(integration: Integration) -> Page:
    connection = SimpleNamespace(client=None, name=None, page_size=PageSize(500), integration=integration)
    stream = ConnectionsStream(TapMakini(config={}, validate_config=False, setup_mapper=False))
    return stream.page_fetcher(cast("Connection", connection)).fetch(PageRequest())


def test_a_connection_is_the_only_record_of_its_list() -> None:
    page = page_of(WHOLE._replace(record=b'{"id":17}'))

    assert page.records == [b'{"id":17}']
    assert page.is_last
    assert page.total == 1


@pytest.mark.parametrize("error", [None, TransientError("503"), EntityAbsentError("404", "")])
def test_a_server_that_says_nothing_of_connections_does_not_offer_the_stream(error: MakiniError | None) -> None:
    with pytest.raises(EntityAbsentError):
        page_of(Integration(error=error))


def test_a_token_that_is_refused_is_not_hidden() -> None:
    refused = CredentialError("401", "")
    with pytest.raises(CredentialError) as caught:
        page_of(Integration(error=refused))

    assert caught.value is refused


# --- what follows ----------------------------------------------------------------------------------


def test_a_connection_is_called_after_its_company_else_by_its_id() -> None:
    assert WHOLE.name == "Acme Ltd."
    assert WHOLE._replace(company_name=None).name == "17"
    assert Integration().name is None


@pytest.mark.parametrize(
    ("status", "is_settled"),
    [
        ("done", True),
        ("fulldone", True),
        ("inprogress", False),
        ("error", False),
        ("fail", False),
        ("DONE", False),
        ("paused", False),
        (None, False),
    ],
)
def test_a_copy_is_settled_where_that_is_certain(status: str | None, *, is_settled: bool) -> None:
    assert WHOLE._replace(sync_status=status).is_settled is is_settled
    assert not WHOLE._replace(sync_status=status, synced_at=None).is_settled


@pytest.mark.parametrize(
    ("status", "warning"),
    [
        ("error", "Makini's own sync of acme has status 'error': its data is no longer updated."),
        ("fail", "Makini's own sync of acme has status 'fail': its data is no longer updated."),
        ("inprogress", "Makini is syncing acme right now"),
        ("done", None),
        ("fulldone", None),
        ("paused", None),
        (None, None),
    ],
)
def test_data_that_is_no_longer_updated_logs_a_warning(
    status: str | None, warning: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        warn_if_stale(Integration(sync_status=status), "acme")

    if warning is None:
        assert not caplog.messages
    else:
        [message] = caplog.messages
        assert message.startswith(warning)
        assert ("re-authorized" in message) is (status != "inprogress")
