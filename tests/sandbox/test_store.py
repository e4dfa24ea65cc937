from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

from makini_sandbox import ManualClock, RecordedRequest, Sandbox

from .conftest import NOON

if TYPE_CHECKING:
    from .conftest import Client, Serve

KEYSET = {"filter[updatedAt:gteq]": "2024-01-01", "sort[updatedAt]": 0, "per_page": 7}
SLUG = "work-orders"


def updated_since_2024(client: Client) -> list[str]:
    return [row["key"] for row in client.rows(SLUG, **KEYSET)]


def in_order(client: Client) -> list[str]:
    rows = client.sandbox.store.rows(SLUG)
    return [row["key"] for row in sorted(rows, key=lambda row: str(row["updatedAt"]))]


def test_changes_show_in_an_order_that_has_been_read(serve: Serve) -> None:
    client = serve(rows=30)
    store = client.sandbox.store
    assert updated_since_2024(client) == in_order(client)
    new = store.insert(SLUG, updatedAt="2025-03-04T05:06:07Z", title="new")
    moved, gone = store.keys(SLUG)[3:5]
    store.update(SLUG, moved, title="moved")
    store.remove(SLUG, gone)
    found = updated_since_2024(client)
    assert found == in_order(client)
    assert found[-1] == moved
    assert new in found
    assert gone not in found


def test_an_update_keeps_the_digits_of_amounts() -> None:
    store = Sandbox(rows=1).store
    key = store.keys("purchase-orders")[0]
    store.insert_raw("purchase-orders", b'{"key":"%s","total":12.50}' % key.encode())
    store.update("purchase-orders", key, title="new")
    assert store.raw("purchase-orders") == [b'{"key":"%s","total":12.50,"title":"new"}' % key.encode()]


def test_an_inserted_row_is_like_the_others_and_dated_now() -> None:
    store = Sandbox(rows=2, clock=ManualClock(NOON)).store
    key = store.insert(SLUG)
    row = store.rows(SLUG)[-1]
    assert row["key"] == key
    assert row["createdAt"] == row["updatedAt"] == "2026-03-01T12:00:00Z"
    assert len(set(store.keys(SLUG))) == 3


@pytest.mark.parametrize("body", [b'{"key":"k","a":NaN,"a":1e400}', b"{", b'{"title":"\\ud800"}'])
def test_raw_rows_are_served_as_they_are(serve: Serve, body: bytes) -> None:
    client = serve(rows=0)
    key = client.sandbox.store.insert_raw(SLUG, body)
    assert client.sandbox.store.keys(SLUG) == [key]
    assert b'"data":[' + body + b"]" in client.page(SLUG).content


def test_a_row_whose_date_cannot_be_read_counts_as_undated(serve: Serve) -> None:
    client = serve(rows=2)
    key = client.sandbox.store.insert(SLUG, updatedAt="not a date")
    assert key not in updated_since_2024(client)
    assert client.rows(SLUG, **{"sort[updatedAt]": 0})[0]["key"] == key


def test_dates_with_an_offset_or_a_fraction_are_instants(serve: Serve) -> None:
    client = serve(rows=0)
    store = client.sandbox.store
    texts = ["2025-01-01T00:30:00+01:00", "2025-01-01T00:00:00Z", "2025-01-01T00:00:00.500Z"]
    keys = [store.insert(SLUG, updatedAt=text) for text in texts]
    assert updated_since_2024(client) == keys


def test_touch_moves_those_that_are_oldest(serve: Serve) -> None:
    client = serve(rows=10)
    before = updated_since_2024(client)
    assert client.sandbox.store.touch(SLUG, 3) == before[:3]
    assert updated_since_2024(client)[-3:] == [key for key in client.sandbox.store.keys(SLUG) if key in before[:3]]


def test_unknown_entities_and_rows_are_refused() -> None:
    store = Sandbox(rows=1).store
    with pytest.raises(KeyError):
        store.rows("nothing")
    with pytest.raises(KeyError):
        store.update(SLUG, "none")
    with pytest.raises(KeyError):
        store.remove(SLUG, "none")


def test_a_callback_changes_rows_before_each_response(serve: Serve) -> None:
    client = serve(rows=4)
    seen: list[int] = []

    def insert(sandbox: Sandbox, record: RecordedRequest) -> None:
        seen.append(record.number)
        sandbox.store.insert(SLUG)

    client.sandbox.on_request(insert)
    totals = [client.page(SLUG).json()["meta"]["total"] for _ in range(3)]
    assert totals == [5, 6, 7]
    assert seen == [1, 2, 3]


def test_a_failing_callback_fails_the_test() -> None:
    def fail(_: Sandbox, __: RecordedRequest) -> None:
        raise LookupError("the callback's own error")

    sandbox = Sandbox(rows=1)
    sandbox.on_request(fail)
    with pytest.raises(LookupError, match="own error"):
        request_once(sandbox)


def request_once(sandbox: Sandbox) -> None:
    with sandbox:
        headers = {"Authorization": f"Bearer {sandbox.token}"}
        response = requests.get(f"{sandbox.url}/api/eam/work-orders", headers=headers, timeout=10)
        assert response.status_code == 500


def test_a_sandbox_that_is_not_served_has_no_address() -> None:
    with pytest.raises(RuntimeError, match="not being served"):
        _ = Sandbox().url
