from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import requests
from jsonschema import Draft202012Validator, FormatChecker

from makini_sandbox import Behaviour, Sandbox
from makini_sandbox.data.shapes import SHAPES
from makini_sandbox.documents.v3 import v3_document
from makini_sandbox.documents.v4 import v4_document
from makini_sandbox.entities import CHILD_LISTS, ENTITIES, PRODUCTS
from makini_sandbox.envelope import PAGINGS

from .conftest import Client

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import Serve

Node = dict[str, Any]
VENDOR: Node = json.loads((Path(__file__).parents[1] / "data" / "vendor_v3.json").read_text(encoding="utf-8"))
V4_PATH = "/api/v4/openapi.json"
PATHS = [V4_PATH, *(f"/openapi/{product}.json" for product in PRODUCTS)]
URL = "https://api.example"
V4 = v4_document({slug: entity.shape for slug, entity in ENTITIES.items()}, URL, PAGINGS["v3"])
V3 = {product: v3_document(product, URL) for product in PRODUCTS}

each_product = pytest.mark.parametrize("product", PRODUCTS)


def served(client: Client, path: str) -> Any:  # noqa: ANN401 - any JSON
    response = requests.get(client.sandbox.url + path, timeout=30)
    assert response.status_code == 200
    return response.json() if path.endswith("json") else msgspec.yaml.decode(response.content)


def references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        for name, value in node.items():
            if name == "$ref":
                yield value
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def resolved(root: Node, reference: str) -> Any:  # noqa: ANN401 - any JSON
    found: Any = root
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found


def schema_of(operation: Node) -> Node:
    schema: Node = operation["responses"]["200"]["content"]["application/json"]["schema"]
    return schema


# --- how they are served ---


@pytest.mark.parametrize("path", PATHS)
def test_documents_need_no_token_and_say_where_the_api_is(client: Client, path: str) -> None:
    described = served(client, path)
    assert described["servers"] == [{"url": client.sandbox.url}]
    expected = V4 if path == V4_PATH else V3[path.removeprefix("/openapi/").removesuffix(".json")]
    assert {**described, "servers": expected["servers"]} == expected
    assert all(one.slug is None for one in client.sandbox.requests)


@pytest.mark.parametrize("path", [V4_PATH, "/openapi/wms.json"])
def test_documents_are_the_same_in_yaml(client: Client, path: str) -> None:
    assert served(client, path) == served(client, path.replace(".json", ".yaml"))


@pytest.mark.parametrize("path", PATHS)
def test_every_document_is_served_in_yaml(client: Client, path: str) -> None:
    response = requests.get(client.sandbox.url + path.replace(".json", ".yaml"), timeout=30)
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/yaml")
    assert response.text.startswith("openapi:")


def test_documents_are_read_only_and_count_against_no_limit(serve: Serve) -> None:
    client = serve(rows=1, behaviour=Behaviour(rate_limit=1))
    for _ in range(3):
        served(client, V4_PATH)
    assert client.page("assets").status_code == 200
    assert client.page("assets").status_code == 429
    assert requests.post(client.sandbox.url + V4_PATH, timeout=10).status_code == 405


def test_work_order_materials_are_declared_as_they_are_returned(serve: Serve) -> None:
    found = served(serve(rows=0, behaviour=Behaviour(work_order_materials="WorkOrder")), V4_PATH)
    schema = schema_of(found["paths"]["/api/v4/work-orders/materials"]["get"])
    assert "#/components/schemas/WorkOrder" in references(schema)


@pytest.mark.parametrize("document", [V4, *V3.values()], ids=["v4", *V3])
def test_no_reference_in_a_document_dangles(document: Node) -> None:
    assert {reference for reference in references(document) if not resolved(document, reference)} == set()


# --- v4 ---


def test_v4_lists_every_entity_one_admin_list_and_some_writes() -> None:
    paths = V4["paths"]
    assert V4["openapi"].startswith("3.1")
    lists = {path for path, item in paths.items() if "{" not in path and "get" in item}
    assert lists == {f"/api/v4/{slug}" for slug in ENTITIES} | {"/api/system/connections"}
    assert {f"{path}/{{id}}" for path in lists if path.startswith("/api/v4/")} < set(paths)
    assert {path for path, item in paths.items() if "post" in item} == {
        "/api/v4/work-orders",
        "/api/v4/service-requests",
        "/api/v4/purchase-orders",
    }
    names = [item[method]["operationId"] for item in paths.values() for method in ("get", "post") if method in item]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("paging", "page", "size", "first"),
    [
        ("v3", "page", "per_page", 1),
        ("brackets", "page[number]", "page[size]", 1),
        ("camel", "pageNumber", "pageSize", 1),
        ("offset", "offset", "limit", 0),
        ("from_zero", "page", "per_page", 0),
    ],
)
def test_v4_lists_declare_their_parameters(paging: str, page: str, size: str, first: int) -> None:
    document = v4_document({slug: entity.shape for slug, entity in ENTITIES.items()}, URL, PAGINGS[paging])
    for slug in ENTITIES:
        item = document["paths"][f"/api/v4/{slug}"]
        declared = [*item.get("parameters", []), *item["get"]["parameters"]]
        parameters = [resolved(document, one["$ref"]) if "$ref" in one else one for one in declared]
        styles = {one["name"]: one.get("style") for one in parameters}
        assert styles == {page: None, size: None, "filter": "deepObject", "sort": "deepObject"}
        assert [one["schema"]["minimum"] for one in parameters if one["name"] == page] == [first]


def strict(node: object) -> object:
    """Return a schema of OpenAPI 3.1 in which `nullable`, which is not a keyword there, means what its users mean."""
    if isinstance(node, list):
        return [strict(value) for value in node]
    if not isinstance(node, dict):
        return node
    rest = {name: strict(value) for name, value in node.items() if name != "nullable"}
    return {"anyOf": [rest, {"type": "null"}]} if node.get("nullable") is True else rest


@pytest.fixture(scope="module")
def plain_rows() -> Iterator[Client]:
    """A sandbox whose rows are as their schemas say."""
    with Sandbox(rows=8, behaviour=Behaviour(quirks=False)) as sandbox, requests.Session() as session:
        yield Client(sandbox, session)


def test_v4_records_are_as_described_null_included(plain_rows: Client) -> None:
    found = strict(V4)
    assert isinstance(found, dict)
    for slug, entity in ENTITIES.items():
        response = plain_rows.get(f"/api/v4/{slug}").json()
        schema = {"components": found["components"], **schema_of(found["paths"][f"/api/v4/{slug}"]["get"])}
        validator = Draft202012Validator(schema, format_checker=FormatChecker(["date-time"]))
        assert response["data"], slug
        assert [f"{slug}: {fault.message}" for fault in validator.iter_errors(response)] == []
        standard, own = found["components"]["schemas"][entity.shape]["allOf"]
        known = {*resolved(found, standard["$ref"])["properties"], *own["properties"]}
        assert all(record.keys() == known for record in response["data"]), slug


def test_v4_schemas_take_many_forms() -> None:
    schemas = V4["components"]["schemas"]
    properties = [one for schema in schemas.values() for one in all_properties(schema)]
    assert any(isinstance(one.get("type"), list) for one in properties)
    assert any("nullable" in one for one in properties)
    assert any("oneOf" in one for one in properties)
    assert any("anyOf" in one for one in properties)
    assert any("allOf" in one for one in properties)
    assert any("$ref" in one for one in properties)
    assert any("enum" in one and "type" in one for one in properties)
    assert any("enum" in one and "type" not in one for one in properties)
    assert any(one.get("additionalProperties") is True for one in properties)
    assert "#/components/schemas/Asset" in references(schemas["Asset"])


def all_properties(schema: Node) -> Iterator[Node]:
    yield from schema.get("properties", {}).values()
    for part in schema.get("allOf", []):
        yield from all_properties(part)


# --- v3 ---


def declared_form(schema: Node) -> str:
    """Write a schema as the vendor's facts do."""
    if "$ref" in schema:
        return "->" + str(schema["$ref"]).rpartition("/")[2]
    if "$ref" in schema.get("items", {}):
        return f"[{schema['items']['$ref'].rpartition('/')[2]}]"
    return str(schema["type"])


@each_product
def test_v3_documents_declare_what_the_vendor_does(product: str) -> None:
    for item in VENDOR["items"].keys() & SHAPES.keys():
        declared = V3[product]["components"]["schemas"][item].get("properties", {})
        assert {name: declared_form(schema) for name, schema in declared.items()} == VENDOR["items"][item], item
    assert V3[product]["openapi"].startswith("3.0")
    assert "nullable" not in json.dumps(V3[product])


@each_product
def test_v3_documents_have_the_lists_of_a_product(product: str) -> None:
    paths = V3[product]["paths"]
    slugs = {slug for slug, entity in ENTITIES.items() if product in entity.products}
    rows = {f"/api/{product}/{slug}/{{key}}" for slug in slugs}
    items = {f"/api/{product}/{child.slug}" for child in CHILD_LISTS if product in child.products}
    assert set(paths) == {f"/api/{product}/{slug}" for slug in slugs} | rows | items


@pytest.mark.parametrize("slug", VENDOR["entities"])
def test_v3_lists_are_declared_as_the_vendor_does(slug: str) -> None:
    entity = VENDOR["entities"][slug]
    assert {product for product in PRODUCTS if f"/api/{product}/{slug}" in V3[product]["paths"]} == {
        *entity["products"]
    }
    for product in entity["products"]:
        operation = V3[product]["paths"][f"/api/{product}/{slug}"]["get"]
        names = {one["name"] for one in operation["parameters"]}
        assert names == {"filter", "page", "sort"} | ({"per_page"} if entity["per_page"] else set())
        properties = schema_of(operation)["properties"]
        assert properties.keys() == {"data", "links", "meta"}
        assert declared_form(properties["data"]) == f"[{entity['item']}]"


def test_v3_documents_say_little_of_child_lists() -> None:
    paths = V3["eam"]["paths"]
    bare = {path for path, item in paths.items() if schema_of(item["get"]) == {"type": "object"}}
    assert bare == {
        "/api/eam/materials/{key}/children",
        "/api/eam/assets/{key}/materials",
        "/api/eam/asset-templates/{key}/materials",
        "/api/eam/pm/{key}/materials",
    }
    orders = schema_of(paths["/api/eam/work-orders/{key}/materials"]["get"])
    assert declared_form(orders["properties"]["data"]) == "[WorkOrder]"
