"""How a list is read: why in full, and where it ends."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from scripted_transport import ScriptedTransport

from pagination.test_repeated_passes import REFUSED, Token
from tap_makini.endpoints import ASSUMED, Endpoint, PageSize, QueryParameters
from tap_makini.http.client import Client
from tap_makini.pagination.list_reader import ListReader, why_read_in_full
from tap_makini.pagination.page_fetcher import PageFetcher
from tap_makini.streams.sampling import newest_page

if TYPE_CHECKING:
    from collections.abc import Callable

    from scripted_transport import Asked

START = datetime(2025, 1, 1, tzinfo=timezone.utc)
ROWS = [{"key": f"{n:02}", "updatedAt": (START + timedelta(hours=n * 7 % 40)).isoformat()} for n in range(40)]
FILTER, SORT = "filter[updatedAt:gteq]", "sort[updatedAt]"


def honoring(*names: str, counts: bool = True, refuses: str = "") -> Callable[[Asked], Any]:
    """Serve the rows in pages of ten, by those parameters that are honored."""

    def respond(asked: Asked) -> Any:  # noqa: ANN401 - any JSON
        sent, found = asked.sent, ROWS
        if refuses in sent:
            return REFUSED
        if FILTER in names and FILTER in sent:
            found = [row for row in found if row["updatedAt"] >= sent[FILTER].replace("Z", "+00:00")]
        if SORT in names and SORT in sent:
            found = sorted(found, key=lambda row: row["updatedAt"], reverse=sent[SORT] == "1")
        size = int(sent.get("per_page", 10))
        number = int(sent["skip"]) // size + 1 if "skip" in sent else int(sent.get("page", 1))
        page = found[size * (number - 1) : size * number]
        meta = {"current_page": number, "last_page": max(-(-len(found) // size), 1), "per_page": size}
        return {"data": page, "meta": {**meta, "total": len(found)}} if counts else {"data": page}

    return respond


@pytest.mark.parametrize("start", [None, START + timedelta(hours=20)], ids=["first run", "later run"])
@pytest.mark.parametrize(
    ("respond", "parameters", "reason"),
    [
        (honoring(FILTER, SORT), ASSUMED, None),
        (honoring(SORT), ASSUMED, None),
        (honoring(FILTER, SORT, counts=False), ASSUMED, "its responses do not count pages"),
        (honoring(FILTER, SORT), replace(ASSUMED, page=None, offset="skip"), "it is paged by offset"),
        (honoring(FILTER, SORT, refuses=SORT), ASSUMED, "the server refuses the order"),
        (honoring(), ASSUMED, "the server does not show that it honors the order"),
    ],
    ids=["honored", "order only", "uncounted", "offset", "order refused", "nothing honored"],
)
def test_the_reason_for_reading_a_list_in_full_is_named(
    respond: Callable[[Asked], Any],
    parameters: QueryParameters,
    reason: str | None,
    start: datetime | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fetcher() -> PageFetcher:
        client = Client(ScriptedTransport(respond), Token(), max_wait=0)
        return PageFetcher(client, Endpoint("x", "/x", {}, ("key",), "updatedAt", parameters), PageSize(10), "acme")

    reader = ListReader(fetcher(), start, reached=start)
    delivered = {row.raw for batch in reader.batches() for row in batch.rows}

    assert len(delivered) >= 20
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    if reason is None:
        assert warnings == []
    else:
        assert len(warnings) == 1
        assert warnings[0] == f"Stream acme/x is read in full each run because {reason}."
    checked = fetcher()
    assert why_read_in_full(checked, newest_page(checked, 1)) == reason


@pytest.mark.parametrize("replication_key", [None, "updatedAt"])
def test_a_full_page_is_not_the_end_of_a_second_pass_either(replication_key: str | None) -> None:
    """Each response counts only the records up to its own end, and a record leaves an early page meanwhile."""
    rows = [{"key": number, "updatedAt": f"2025-01-01T00:{number * 7 % 60:02}:00Z"} for number in range(43)]

    def respond(asked: Asked) -> Any:  # noqa: ANN401 - any JSON
        number = int(asked.sent["page"])
        if number == 3 and len(rows) == 43:
            rows.pop(0)
        records = rows[number * 10 - 10 : number * 10]
        total = number * 10 - 10 + len(records)
        meta = {"current_page": number, "last_page": max(-(-total // 10), 1), "per_page": 10, "total": total}
        return {"data": records, "meta": meta}

    endpoint = Endpoint("x", "/x", {}, ("key",), replication_key)
    client = Client(ScriptedTransport(respond), Token(), max_wait=0)
    reader = ListReader(PageFetcher(client, endpoint, PageSize(10)), None)
    received = {json.loads(row.raw)["key"] for batch in reader.batches() for row in batch.rows}

    assert received >= {row["key"] for row in rows}
