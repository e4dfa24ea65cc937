"""The entities table against a compact copy of the v3 spec's list endpoints."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tap_makini.entities import ENTITIES

VENDOR: dict[str, dict[str, Any]] = json.loads(
    Path(__file__).with_name("data").joinpath("vendor_v3.json").read_bytes(),
)
DECLARED, ITEMS = VENDOR["entities"], VENDOR["items"]
BY_SLUG = {entity.slug: entity for entity in ENTITIES}
STATUSES = sorted(slug for slug in DECLARED if slug.startswith("statuses/"))
READ_AS_ANOTHER_ITEM = {"work-orders/materials": "MaterialItem"}


def test_every_list_endpoint_has_exactly_one_row() -> None:
    assert Counter(entity.slug for entity in ENTITIES) == Counter(DECLARED.keys())


@pytest.mark.parametrize("slug", DECLARED)
def test_each_row_agrees_with_the_vendor(slug: str) -> None:
    entity, declared = BY_SLUG[slug], DECLARED[slug]

    assert list(entity.products) == declared["products"]
    assert entity.item == READ_AS_ANOTHER_ITEM.get(entity.slug, declared["item"])
    assert entity.sizes_pages == declared["per_page"]


def test_stream_names_are_unique_identifiers() -> None:
    names = [entity.stream for entity in ENTITIES]

    assert [name for name, count in Counter(names).items() if count > 1] == []
    assert [name for name in names if not name.isidentifier()] == []


@pytest.mark.parametrize(
    ("slug", "stream"),
    [
        ("work-orders", "work_orders"),
        ("purchase-orders.line-items", "purchase_orders_line_items"),
        ("statuses/work-orders", "statuses_work_orders"),
    ],
)
def test_a_stream_is_named_after_its_slug(slug: str, stream: str) -> None:
    assert BY_SLUG[slug].stream == stream


@pytest.mark.parametrize(
    ("slug", "products", "path"),
    [
        ("vendors", ("eam", "erp", "wms"), "/api/eam/vendors"),
        ("vendors", ("wms", "eam"), "/api/wms/vendors"),
        ("currencies", ("eam", "wms", "erp"), "/api/wms/currencies"),
        ("purchase-orders.line-items", ("erp",), "/api/erp/purchase-orders.line-items"),
        ("statuses/rfq", ("eam", "erp"), "/api/erp/statuses/rfq"),
        ("work-orders", ("erp", "wms"), None),
        ("work-orders", (), None),
    ],
)
def test_a_path_is_under_the_first_product_that_offers_it(
    slug: str,
    products: tuple[str, ...],
    path: str | None,
) -> None:
    assert BY_SLUG[slug].path(products) == path


@pytest.mark.parametrize(
    ("slug", "replication_key"),
    [
        ("uom", None),
        ("work-orders/custom-fields", None),
        ("meter-readings", "createdAt"),
        ("exchange-rates", "createdAt"),
    ],
)
def test_entities_without_an_update_time_have_another_replication_key_or_none(
    slug: str, replication_key: str | None
) -> None:
    assert BY_SLUG[slug].replication_key == replication_key


@pytest.mark.parametrize("slug", DECLARED)
def test_the_replication_key_is_the_best_that_the_vendor_declares(slug: str) -> None:
    entity = BY_SLUG[slug]
    best = [name for name in ("updatedAt", "createdAt") if name in ITEMS[entity.item]]

    assert entity.replication_key == next(iter(best), None)


@pytest.mark.parametrize("slug", DECLARED)
def test_the_key_is_the_vendors_or_else_the_name(slug: str) -> None:
    entity = BY_SLUG[slug]

    assert entity.key == (("key",) if "key" in ITEMS[entity.item] else ("name",))


def test_custom_fields_are_keyed_by_name() -> None:
    assert BY_SLUG["work-orders/custom-fields"].key == ("name",)


@pytest.mark.parametrize("slug", STATUSES)
def test_there_is_a_status_list_for_each_kind_of_order(slug: str) -> None:
    status = BY_SLUG[slug]

    assert (status.item, status.replication_key, status.sizes_pages) == ("Status", "updatedAt", False)


@pytest.mark.parametrize("slug", ["sites", "materials", "work-orders/materials", "work-orders/custom-fields"])
def test_some_other_lists_have_no_page_size(slug: str) -> None:
    assert not BY_SLUG[slug].sizes_pages
