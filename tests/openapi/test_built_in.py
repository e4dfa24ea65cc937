"""What the tap knows better than documents, above all than the vendor's v3 exports: the lists that are built in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from openapi.documents import ALL, FACTS, TEXT, document, endpoints, get, offer, vendor_document
from tap_makini.endpoints import ASSUMED, V3
from tap_makini.entities import ENTITIES

if TYPE_CHECKING:
    from tap_makini.endpoints import Endpoint

BUILT_IN = {entity.stream: entity for entity in ENTITIES}
BY_SLUG = {entity.slug: entity for entity in ENTITIES}


def built_in(stream: str) -> Endpoint:
    endpoint = BUILT_IN[stream].endpoint(ALL)
    assert endpoint is not None
    return endpoint


def properties(path: str, declared: dict[str, Any]) -> dict[str, Any]:
    (endpoint,) = endpoints(document({path: get({"properties": declared})})).values()
    read: dict[str, Any] = endpoint.schema["properties"]
    return read


@pytest.mark.parametrize("products", [ALL, ("wms", "erp", "eam"), ("erp",)])
def test_the_vendors_documents_offer_what_is_built_in(products: tuple[str, ...]) -> None:
    read = offer(*map(vendor_document, ALL), products=products)

    declared = [BY_SLUG[slug].endpoint(products) for slug in FACTS["entities"]]
    expected = [endpoint for endpoint in declared if endpoint]
    assert list(read.endpoints) == sorted(expected, key=lambda endpoint: endpoint.stream)
    assert read.servers == ("https://api.makini.io",)


@pytest.mark.parametrize("product", ALL)
def test_the_vendors_document_of_several_products_offers_the_same(product: str) -> None:
    plain, nested = vendor_document(product), vendor_document(product, nests_lists=True)

    assert offer(nested) == offer(plain)


def test_the_vendors_documents_offer_all_lists_and_6_child_lists() -> None:
    read = offer(*map(vendor_document, ALL))

    assert {endpoint.stream for endpoint in read.endpoints} == {BY_SLUG[slug].stream for slug in FACTS["entities"]}
    assert [(endpoint.stream, child.name) for endpoint in read.endpoints for child in endpoint.children] == [
        ("asset_templates", "materials"),
        ("assets", "materials"),
        ("materials", "children"),
        ("pm", "materials"),
        ("production_orders", "materials"),
        ("work_orders", "materials"),
    ]


@pytest.mark.parametrize("path", ["/api/eam/work-orders", "/api/wms/work-orders", "/api/v3/eam/work-orders"])
def test_a_document_adds_properties_to_a_built_in_list(path: str) -> None:
    declared = {
        "key": {"type": "integer"},
        "ESTIMATEDTIME": {},
        "tasks": {"type": "string"},
        "new": {"type": "integer"},
    }

    assert properties(path, declared) == {
        **built_in("work_orders").schema["properties"],
        "new": {"type": ["number", "null"]},
    }


def test_a_built_in_list_keeps_its_key() -> None:
    paths = {f"/api/eam/{slug}": get({"properties": {"name": {}}}) for slug in ("work-orders/custom-fields", "gadgets")}

    read = endpoints(document(paths))

    assert {stream: endpoint.key for stream, endpoint in read.items()} == {
        "work_orders_custom_fields": ("name",),
        "gadgets": (),
    }


@pytest.mark.parametrize(
    ("path", "properties_"),
    [
        ("/api/eam/gadgets", {}),
        ("/api/v4/work-orders", {}),
        ("/api/v4/eam/work-orders", {}),
        ("/work-orders", {}),
        ("/api/v4/work-orders/materials", {}),
        ("/api/eam/work-orders", {"_idValue": {}}),
    ],
)
def test_other_lists_and_those_of_v4_are_as_declared(path: str, properties_: dict[str, Any]) -> None:
    declared = {"estimatedTime": {"type": "string"}, "id": {}, "key": {}, **properties_}

    (endpoint,) = endpoints(document({path: get({"properties": declared})})).values()

    assert endpoint.schema["properties"] == dict.fromkeys(declared, TEXT)
    assert (endpoint.key, endpoint.query_parameters) == (("id",), ASSUMED)


@pytest.mark.parametrize("names", ["page per_page", "pageNumber pageSize", "limit", ""])
def test_a_built_in_list_counts_its_pages_under_any_parameters(names: str) -> None:
    parameters = [{"name": name, "in": "query"} for name in names.split()]

    (endpoint,) = endpoints(document({"/api/eam/assets": get(parameters=parameters)})).values()

    assert endpoint.query_parameters.must_count
    assert names or endpoint.query_parameters == V3


@pytest.mark.parametrize("path", ["/api/eam/work-orders/materials", "/api/eam/work-orders/{key}/materials"])
def test_lists_of_materials_are_as_built_in(path: str) -> None:
    """The export declares them as work orders."""
    item = get({"properties": {"key": {}, "estimatedTime": {}}})

    orders, *others = endpoints(document({"/api/eam/work-orders": get(), path: item})).values()

    read = [(each.schema, each.key) for each in others] + [(each.schema, each.key) for each in orders.children]
    assert read == [(built_in("work_orders_materials").schema, ("key",))]


@pytest.mark.parametrize("declared", [{"id": {"type": "string"}, "quantity": {"type": "number"}}, {}])
def test_child_lists_of_v4_are_as_declared(declared: dict[str, Any]) -> None:
    """Nothing is known of them: an item's key that v3 has would be null in each."""
    item = {"type": "object", "properties": declared}
    parent = {"type": "object", "properties": {"id": {"type": "string"}, "_updatedAt": {"type": "string"}}}
    paths = {"/api/v4/work-orders": get(parent), "/api/v4/work-orders/{id}/materials": get(item)}

    (child,) = endpoints(document(paths))["work_orders"].children

    assert child.schema["properties"].keys() == declared.keys()
    assert child.key == (("id",) if declared else ())
