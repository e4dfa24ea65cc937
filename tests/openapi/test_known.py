"""What the tap knows better than documents, above all than the vendor's v3 exports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from openapi.documents import ALL, document, endpoints, get, offer
from openapi.vendor import vendor_document
from tap_makini.entities import ENTITIES
from tap_makini.query_parameters import ASSUMED, V3

if TYPE_CHECKING:
    from pathlib import Path

    from tap_makini.endpoints import Endpoint

TEXT = {"type": ["string", "null"]}
BUILT_IN = {entity.stream: entity for entity in ENTITIES}


def built_in(stream: str) -> Endpoint:
    endpoint = BUILT_IN[stream].endpoint(ALL)
    assert endpoint is not None
    return endpoint


def properties(folder: Path, slug: str, declared: dict[str, Any]) -> dict[str, Any]:
    content = document({f"/api/eam/{slug}": get({"properties": declared})})
    (endpoint,) = endpoints(folder, content).values()
    read: dict[str, Any] = endpoint.schema["properties"]
    return read


@pytest.mark.parametrize("products", [ALL, ("wms", "erp", "eam"), ("erp",)])
def test_the_vendors_documents_offer_what_is_built_in(tmp_path: Path, products: tuple[str, ...]) -> None:
    read = offer(tmp_path, *map(vendor_document, ALL), products=products)

    expected = [endpoint for entity in ENTITIES if (endpoint := entity.endpoint(products))]
    assert list(read.endpoints) == sorted(expected, key=lambda endpoint: endpoint.stream)
    assert read.servers == ("https://api.makini.io",)


@pytest.mark.parametrize("product", ALL)
def test_the_vendors_document_of_several_products_offers_the_same(tmp_path: Path, product: str) -> None:
    plain, nested = vendor_document(product), vendor_document(product, nests_lists=True)

    assert offer(tmp_path, nested) == offer(tmp_path, plain)


def test_the_vendors_documents_offer_six_child_lists(tmp_path: Path) -> None:
    read = offer(tmp_path, *map(vendor_document, ALL))

    assert [(endpoint.stream, child.name) for endpoint in read.endpoints for child in endpoint.children] == [
        ("asset_templates", "materials"),
        ("assets", "materials"),
        ("materials", "children"),
        ("pm", "materials"),
        ("production_orders", "materials"),
        ("work_orders", "materials"),
    ]


def test_the_document_says_which_properties_there_are(tmp_path: Path) -> None:
    read = properties(tmp_path, "work-orders", {"key": {}, "custom": {"type": "integer"}})

    assert read == {"key": TEXT, "custom": {"type": ["number", "null"]}}


@pytest.mark.parametrize(
    "declared",
    [
        {"type": "string"},
        {"type": "integer"},
        {"type": "boolean"},
        {},
        {"oneOf": [{"type": "string"}, {"type": "array"}]},
    ],
)
def test_a_built_in_scalar_stays(tmp_path: Path, declared: dict[str, Any]) -> None:
    assert properties(tmp_path, "work-orders", {"estimatedTime": declared})["estimatedTime"] == {
        "type": ["number", "null"]
    }


def test_a_built_in_array_stays_where_the_vendor_declares_text(tmp_path: Path) -> None:
    declared = {"lineItems": {"type": "string"}}

    read = properties(tmp_path, "fulfillments", declared)

    assert read["lineItems"] == built_in("fulfillments").schema["properties"]["lineItems"]


@pytest.mark.parametrize(
    ("declared", "column"),
    [
        ({"type": "string"}, TEXT),
        ({"type": "object", "properties": {"a": {}}}, {"type": ["object", "null"], "properties": {"a": TEXT}}),
    ],
)
def test_another_structure_is_the_documents(tmp_path: Path, declared: dict[str, Any], column: dict[str, Any]) -> None:
    assert properties(tmp_path, "work-orders", {"tasks": declared})["tasks"] == column


def test_a_list_of_v3_is_read_alike_whatever_its_stream_is_called(tmp_path: Path) -> None:
    """Another list has the name, or another product's document describes it."""
    declared = {"key": {}, "updatedAt": {}, "estimatedTime": {"type": "string"}, "id": {}}
    paths = {path: get({"properties": declared}) for path in ("/api/eam/work-orders", "/api/eam/work_orders")}
    paths |= {"/api/erp/work-orders": paths["/api/eam/work-orders"]}

    read = [
        *endpoints(tmp_path, document(paths), products=("eam",)).values(),
        *endpoints(tmp_path, document(paths), products=("erp",)).values(),
    ]

    assert {endpoint.stream for endpoint in read} == {"work_orders", "api_eam_work_orders"}
    assert [endpoint.path for endpoint in read] == [
        "/api/eam/work_orders",
        "/api/eam/work-orders",
        "/api/erp/work-orders",
    ]
    for endpoint in read:
        assert (endpoint.key, endpoint.dialect) == (("key",), V3)
        assert endpoint.schema["properties"]["estimatedTime"] == {"type": ["number", "null"]}


def test_a_list_of_another_api_is_none_of_v3_by_its_name(tmp_path: Path) -> None:
    declared = {"key": {}, "estimatedTime": {"type": "string"}}

    (endpoint,) = endpoints(tmp_path, document({"/api/v4/work-orders": get({"properties": declared})})).values()

    assert endpoint.dialect == ASSUMED
    assert endpoint.schema["properties"]["estimatedTime"] == TEXT


@pytest.mark.parametrize("names", ["page per_page", "pageNumber pageSize", "limit", ""])
def test_a_list_of_v3_has_to_count_its_pages_under_whatever_parameters(tmp_path: Path, names: str) -> None:
    parameters = [{"name": name, "in": "query"} for name in names.split()]

    (endpoint,) = endpoints(tmp_path, document({"/api/eam/assets": get(parameters=parameters)})).values()

    assert not endpoint.dialect.may_not_count


def test_what_is_nested_is_put_right_as_well(tmp_path: Path) -> None:
    task = {"properties": {"key": {}, "custom": {"type": "integer"}}}
    known = built_in("work_orders").schema["properties"]["tasks"]["items"]["properties"]

    read = properties(tmp_path, "work-orders", {"tasks": {"type": "array", "items": task}})

    assert read["tasks"]["items"]["properties"] == {
        **({"key": known["key"]} if "key" in known else {"key": TEXT}),
        "custom": {"type": ["number", "null"]},
    }


def test_other_lists_and_those_of_v4_are_as_declared(tmp_path: Path) -> None:
    declared = {"estimatedTime": {"type": "string"}}

    assert properties(tmp_path, "gadgets", declared)["estimatedTime"] == TEXT
    assert properties(tmp_path, "work-orders", {"_idValue": {}, **declared})["estimatedTime"] == TEXT


def test_lists_of_materials_are_the_documents_once_it_declares_materials(tmp_path: Path) -> None:
    names = [*built_in("work_orders_materials").schema["properties"], "custom"]

    read = properties(tmp_path, "work-orders/materials", {name: {"type": "string"} for name in names})

    assert read == {**built_in("work_orders_materials").schema["properties"], "custom": TEXT}


@pytest.mark.parametrize("declared", [{"id": {"type": "string"}, "quantity": {"type": "number"}}, {}])
def test_child_lists_of_v4_are_as_declared(tmp_path: Path, declared: dict[str, Any]) -> None:
    """Nothing is known of them: an item's key that v3 has would be null in each."""
    item = {"type": "object", "properties": declared}
    parent = {"type": "object", "properties": {"id": {"type": "string"}, "_updatedAt": {"type": "string"}}}
    content = document({"/api/v4/work-orders": get(parent), "/api/v4/work-orders/{id}/materials": get(item)})
    (child,) = endpoints(tmp_path, content)["work_orders"].children
    assert child.schema["properties"].keys() == declared.keys()
    assert child.key == (("id",) if declared else ())


def test_a_list_of_materials_with_ids_is_not_that_of_v3(tmp_path: Path) -> None:
    item = {"type": "object", "properties": {"id": {"type": "string"}, "quantity": {"type": "number"}}}
    read = endpoints(tmp_path, document({"/api/v4/work-orders/materials": get(item)}))["work_orders_materials"]
    assert (read.key, [*read.schema["properties"]]) == (("id",), ["id", "quantity"])
