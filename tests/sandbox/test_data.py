from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from makini_sandbox import Behaviour, ManualClock, Sandbox
from makini_sandbox.data.shapes import fields_of
from makini_sandbox.entities import ENTITIES

CLOCK = ManualClock(datetime(2026, 3, 1, 12, tzinfo=timezone.utc))
decode = msgspec.json.Decoder(float_hook=Decimal).decode


@pytest.fixture(scope="module")
def data() -> dict[str, list[dict[str, Any]]]:
    store = Sandbox(rows=150, clock=CLOCK).store
    return {slug: [decode(row) for row in store.raw(slug)] for slug in ENTITIES}


@pytest.fixture(scope="module")
def keys(data: dict[str, list[dict[str, Any]]]) -> dict[str, set[str]]:
    return {slug: {row["key"] for row in rows if "key" in row} for slug, rows in data.items()}


REFERENCES = [
    ("work-orders", "assetKey", "assets"),
    ("work-orders", "siteKey", "sites"),
    ("work-orders", "locationKey", "locations"),
    ("work-orders", "teamKey", "teams"),
    ("work-orders", "statusKey", "statuses/work-orders"),
    ("work-orders", "parentKey", "work-orders"),
    ("work-orders", "laborAssignedKey", "labors"),
    ("work-orders", "pmKey", "pm"),
    ("work-orders", "serviceRequestKey", "service-requests"),
    ("work-orders", "assetDowntimeKey", "assets-downtime"),
    ("work-orders", "organizationKey", "organizations"),
    ("work-orders", "storeroomKey", "storerooms"),
    ("work-orders", "userApprovedKey", "users"),
    ("work-orders", "accountKey", "accounts"),
    ("meter-readings", "meterKey", "meters"),
    ("service-requests", "workOrderKey", "work-orders"),
    ("purchase-orders", "vendorKey", "vendors"),
    ("purchase-orders", "currencyKey", "currencies"),
    ("purchase-orders", "statusKey", "statuses/purchase-orders"),
    ("purchase-orders.line-items", "materialKey", "materials"),
    ("purchase-orders.line-items", "uomKey", "uom"),
    ("invoices", "poKey", "purchase-orders"),
    ("invoices", "statusKey", "statuses/invoices"),
    ("sales-orders", "customerKey", "customers"),
    ("fulfillments", "salesOrderKey", "sales-orders"),
    ("exchange-rates", "baseCurrencyKey", "currencies"),
    ("stock-transfers", "toStoreroomKey", "storerooms"),
    ("products", "groupKey", "groups"),
    ("vendors", "companyKey", "companies"),
]


@pytest.mark.parametrize(("slug", "field", "target"), REFERENCES)
def test_references_resolve(
    data: dict[str, list[dict[str, Any]]],
    keys: dict[str, set[str]],
    slug: str,
    field: str,
    target: str,
) -> None:
    found = {row[field] for row in data[slug] if row[field] is not None}
    assert found
    assert found <= keys[target]


def test_no_reference_at_all_dangles(data: dict[str, list[dict[str, Any]]], keys: dict[str, set[str]]) -> None:
    everything = set().union(*keys.values())
    for slug, rows in data.items():
        for row in rows:
            for name, value in row.items():
                if name.endswith("Key") and value is not None:
                    assert value in everything, (slug, name)
                if name.endswith("Keys") and isinstance(value, list):
                    assert everything.issuperset(value), (slug, name)


def test_rows_agree_on_where_they_are(data: dict[str, list[dict[str, Any]]]) -> None:
    assets = {row["key"]: row for row in data["assets"]}
    locations = {row["key"]: row for row in data["locations"]}
    sites = {row["key"]: row for row in data["sites"]}
    for order in data["work-orders"]:
        asset = assets[order["assetKey"]]
        assert order["siteKey"] == asset["siteKey"]
        assert order["locationKey"] == asset["locationKey"]
        location = locations[order["locationKey"]]
        assert location["siteKey"] == order["siteKey"]
        assert sites[order["siteKey"]]["organizationKey"] == location["organizationKey"]


def test_a_reading_is_of_its_meters_asset(data: dict[str, list[dict[str, Any]]]) -> None:
    assets = {row["key"]: row["assetKeys"] for row in data["meters"]}
    assert all([row["assetKey"]] == assets[row["meterKey"]] for row in data["meter-readings"])


def test_an_invoice_has_the_vendor_and_currency_of_its_order(
    data: dict[str, list[dict[str, Any]]],
) -> None:
    orders = {row["key"]: row for row in data["purchase-orders"]}
    for invoice in data["invoices"]:
        order = orders[invoice["poKey"]]
        assert invoice["vendorKey"] == order["vendorKey"]
        assert invoice["currencyKey"] == order["currencyKey"]
        assert all(line["currencyKey"] == order["currencyKey"] for line in invoice["lineItems"])


def test_status_text_and_status_key_agree(data: dict[str, list[dict[str, Any]]]) -> None:
    names = {row["key"]: row["name"] for row in data["statuses/work-orders"]}
    assert all(row["status"] == names[row["statusKey"]] for row in data["work-orders"])


def test_line_items_are_those_of_the_orders(data: dict[str, list[dict[str, Any]]]) -> None:
    nested = [line for order in data["purchase-orders"] for line in order["lineItems"]]
    listed = data["purchase-orders.line-items"]
    assert [line["key"] for line in nested] == [line["key"] for line in listed]
    for inner, outer in zip(nested, listed, strict=True):
        common = inner.keys() & outer.keys()
        texts = {name: str(inner[name]) for name in common}
        assert texts == {name: str(outer[name]) for name in common}


TOTALED = [
    slug for slug, entity in ENTITIES.items() if any(field.name == "totalNetValue" for field in fields_of(entity.shape))
]


@pytest.mark.parametrize("slug", TOTALED)
def test_lines_add_up_to_the_totals(data: dict[str, list[dict[str, Any]]], slug: str) -> None:
    for order in data[slug]:
        lines = order["lineItems"]
        net = sum(Decimal(str(line["lineTotalValue"])) for line in lines)
        tax = sum(Decimal(str(line["lineTaxValue"])) for line in lines)
        assert Decimal(str(order["totalNetValue"])) == net
        assert Decimal(str(order["totalGrossValue"])) == net + tax
        for line in lines:
            price, quantity = Decimal(str(line["price"])), Decimal(str(line["quantity"]))
            exact = price * quantity - Decimal(str(line["discount"]))
            assert abs(exact - Decimal(str(line["lineTotalValue"]))) <= Decimal("0.005")


def test_keys_are_hashes_and_unique(keys: dict[str, set[str]]) -> None:
    for slug, found in keys.items():
        assert all(len(key) == 40 and int(key, 16) >= 0 for key in found), slug
    assert len(set().union(*keys.values())) == sum(map(len, keys.values()))


def test_each_entity_has_as_many_rows_as_its_table_says(data: dict[str, list[dict[str, Any]]]) -> None:
    assert len(data["work-orders"]) == len(data["purchase-orders"]) == 150
    assert len(data["statuses/work-orders"]) == 6
    assert len(data["purchase-orders.line-items"]) == 300
    assert len(data["sites"]) == 12
    few = Sandbox(rows=3, sizes={"work-orders": 7}, clock=CLOCK).store
    assert (few.count("work-orders"), few.count("sites"), few.count("taxes")) == (7, 3, 6)


def test_dates_lie_in_the_two_years_before_the_clock(
    data: dict[str, list[dict[str, Any]]],
) -> None:
    now, spans = CLOCK(), []
    for row in data["work-orders"]:
        created, updated = (
            datetime.strptime(row[name], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
            for name in ("createdAt", "updatedAt")
        )
        assert now - timedelta(days=731) <= created <= updated < now
        spans.append(created)
    assert max(spans) - min(spans) > timedelta(days=600)


def test_a_share_of_the_rows_is_odd() -> None:
    store = Sandbox(rows=1000, clock=CLOCK).store
    rows = [decode(row) for row in store.raw("work-orders")]
    fields = store.fields("work-orders")
    shares = {
        "deleted": sum(row["deletedAt"] is not None for row in rows),
        "custom": sum(not fields.issuperset(row) for row in rows),
        "text": sum(isinstance(row["estimatedTime"], str) for row in rows),
        "lists": sum(not isinstance(row["tasks"], list) for row in rows),
    }
    assert all(5 <= count <= 50 for count in shares.values()), shares


def test_rows_without_quirks_have_the_fields_of_the_schema() -> None:
    store = Sandbox(rows=40, behaviour=Behaviour(quirks=False), clock=CLOCK).store
    for slug in ENTITIES:
        fields = store.fields(slug)
        assert all(row.keys() == fields for row in store.rows(slug)), slug


def test_custom_fields_are_those_that_are_listed(data: dict[str, list[dict[str, Any]]]) -> None:
    listed = {row["name"] for row in data["work-orders/custom-fields"]}
    standard = Sandbox(clock=CLOCK).store.fields("work-orders")
    found = {name for row in data["work-orders"] for name in row if name not in standard}
    assert found == listed


def test_the_same_seed_gives_the_same_bytes() -> None:
    first, again, other = (
        [Sandbox(rows=5, seed=seed, clock=CLOCK).store.raw(slug) for slug in ENTITIES] for seed in (5, 5, 6)
    )
    assert first == again
    assert first != other


def test_a_work_order_is_about_a_kilobyte() -> None:
    rows = Sandbox(rows=500, clock=CLOCK).store.raw("work-orders")
    assert 900 < sum(map(len, rows)) / len(rows) < 1300
