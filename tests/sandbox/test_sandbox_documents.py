from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
import yaml
from jsonschema import Draft202012Validator, FormatChecker

from makini_sandbox import Behaviour
from makini_sandbox.data.shapes import SHAPES
from makini_sandbox.entities import CHILD_LISTS, ENTITIES, PRODUCTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import Client, Serve

Node = dict[str, Any]
VENDOR: Node = json.loads((Path(__file__).parents[1] / "data" / "vendor_v3.json").read_text(encoding="utf-8"))
V4 = "/api/v4/openapi.json"
DOCUMENTS = [V4, *(f"/openapi/{product}.json" for product in PRODUCTS)]


def document(client: Client, path: str) -> Any:  # noqa: ANN401 - any JSON
    answer = requests.get(client.sandbox.url + path, timeout=30)
    assert answer.status_code == 200
    return answer.json() if path.endswith("json") else yaml.safe_load(answer.text)


@pytest.mark.parametrize("path", DOCUMENTS)
def test_documents_need_no_token_and_say_where_the_api_is(serve: Serve, path: str) -> None:
    client = serve(rows=1)
    described = document(client, path)
    assert described["servers"] == [{"url": client.sandbox.url}]
    assert described == document(client, path.replace(".json", ".yaml"))
    assert client.sandbox.requests == [] or all(one.slug is None for one in client.sandbox.requests)


def test_v4_describes_each_entity(serve: Serve) -> None:
    described = document(serve(rows=1), V4)
    assert described["openapi"].startswith("3.1")
    lists = {path.removeprefix("/api/v4/") for path in described["paths"] if "{" not in path} - {
        "/api/system/connections"
    }
    assert lists == ENTITIES.keys()


@pytest.mark.parametrize("product", PRODUCTS)
def test_v3_describes_the_entities_of_a_product(serve: Serve, product: str) -> None:
    described = document(serve(rows=1), f"/openapi/{product}.json")
    assert described["openapi"].startswith("3.0")
    lists = {path.removeprefix(f"/api/{product}/") for path in described["paths"] if "{" not in path}
    assert lists == {slug for slug, entity in ENTITIES.items() if product in entity.products}


@pytest.mark.parametrize("slug", ENTITIES)
def test_what_v4_answers_is_as_described(serve: Serve, slug: str) -> None:
    client = serve(rows=8, behaviour=Behaviour(quirks=False))
    described = document(client, V4)
    operation = described["paths"][f"/api/v4/{slug}"]["get"]
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    validator = Draft202012Validator({**schema, "components": described["components"]})
    answer = without_nulls(client.get(f"/api/v4/{slug}").json())
    assert answer["data"]
    assert [fault.message for fault in validator.iter_errors(answer)] == []


def without_nulls(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Leave out what is null: parts of the document say `nullable`, as documents do, though 3.1 has no such word."""
    if isinstance(value, dict):
        return {name: without_nulls(part) for name, part in value.items() if part is not None}
    return [without_nulls(part) for part in value] if isinstance(value, list) else value


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


def declared_form(schema: Node) -> str:
    """A schema as the vendor's facts write it."""
    if "$ref" in schema:
        return "->" + str(schema["$ref"]).rpartition("/")[2]
    if "$ref" in schema.get("items", {}):
        return f"[{schema['items']['$ref'].rpartition('/')[2]}]"
    return str(schema["type"])


def strict(node: object) -> object:
    """A schema of OpenAPI 3.1 in which ``nullable``, which is no keyword there, means what its users mean."""
    if isinstance(node, list):
        return [strict(value) for value in node]
    if not isinstance(node, dict):
        return node
    rest = {name: strict(value) for name, value in node.items() if name != "nullable"}
    return {"anyOf": [rest, {"type": "null"}]} if node.get("nullable") is True else rest


@pytest.mark.parametrize("path", DOCUMENTS)
def test_no_reference_in_a_document_dangles(serve: Serve, path: str) -> None:
    found = document(serve(rows=0), path)
    assert {reference for reference in references(found) if not resolved(found, reference)} == set()


def test_documents_are_read_only_and_count_against_no_limit(serve: Serve) -> None:
    client = serve(rows=1, behaviour=Behaviour(rate_limit=1))
    for _ in range(3):
        document(client, V4)
    assert client.page("assets").status_code == 200
    assert client.page("assets").status_code == 429
    assert requests.post(client.sandbox.url + V4, timeout=10).status_code == 405


def test_v4_lists_every_entity_one_admin_list_and_some_writes(serve: Serve) -> None:
    paths = document(serve(rows=0), V4)["paths"]
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


def test_v4_lists_declare_their_parameters(serve: Serve) -> None:
    found = document(serve(rows=0), V4)
    for slug in ENTITIES:
        item = found["paths"][f"/api/v4/{slug}"]
        declared = [*item.get("parameters", []), *item["get"]["parameters"]]
        parameters = [resolved(found, one["$ref"]) if "$ref" in one else one for one in declared]
        styles = {one["name"]: one.get("style") for one in parameters}
        assert styles == {"page": None, "per_page": None, "filter": "deepObject", "sort": "deepObject"}


def test_null_is_answered_only_where_the_document_allows_it(serve: Serve) -> None:
    client = serve(rows=12, behaviour=Behaviour(quirks=False))
    found = strict(document(client, V4))
    assert isinstance(found, dict)
    for slug, entity in ENTITIES.items():
        answer = client.get(f"/api/v4/{slug}").json()
        schema = schema_of(found["paths"][f"/api/v4/{slug}"]["get"])
        Draft202012Validator(
            {"components": found["components"], **schema},
            format_checker=FormatChecker(["date-time"]),
        ).validate(answer)
        assert answer["data"], slug
        known = own_properties(found, entity.shape)
        assert all(record.keys() == known for record in answer["data"]), slug


def own_properties(found: Node, shape: str) -> set[str]:
    standard, own = found["components"]["schemas"][shape]["allOf"]
    return {*resolved(found, standard["$ref"])["properties"], *own["properties"]}


def test_v4_schemas_take_many_forms(serve: Serve) -> None:
    schemas = document(serve(rows=0), V4)["components"]["schemas"]
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


def test_work_order_materials_are_declared_as_they_are_answered(serve: Serve) -> None:
    found = document(serve(rows=0, behaviour=Behaviour(work_order_materials="WorkOrder")), V4)
    schema = schema_of(found["paths"]["/api/v4/work-orders/materials"]["get"])
    assert "#/components/schemas/WorkOrder" in references(schema)


@pytest.mark.parametrize("product", PRODUCTS)
def test_v3_documents_declare_what_the_vendor_does(serve: Serve, product: str) -> None:
    found = document(serve(rows=0), f"/openapi/{product}.json")
    for item in VENDOR["items"].keys() & SHAPES.keys():
        fields = VENDOR["items"][item]
        declared = found["components"]["schemas"][item].get("properties", {})
        assert {name: declared_form(schema) for name, schema in declared.items()} == fields, item
    assert found["openapi"].startswith("3.0")
    assert "nullable" not in json.dumps(found)


@pytest.mark.parametrize("product", PRODUCTS)
def test_v3_documents_hold_the_lists_of_a_product(serve: Serve, product: str) -> None:
    paths = document(serve(rows=0), f"/openapi/{product}.json")["paths"]
    entities = {slug: one for slug, one in VENDOR["entities"].items() if product in one["products"]}
    rows = {f"/api/{product}/{slug}/{{key}}" for slug in entities}
    items = {f"/api/{product}/{child.slug}" for child in CHILD_LISTS if product in child.products}
    assert set(paths) == {f"/api/{product}/{slug}" for slug in entities} | rows | items
    for slug, entity in entities.items():
        operation = paths[f"/api/{product}/{slug}"]["get"]
        names = {one["name"] for one in operation["parameters"]}
        assert names == {"filter", "page", "sort"} | ({"per_page"} if entity["per_page"] else set()), slug
        properties = schema_of(operation)["properties"]
        assert properties.keys() == {"data", "links", "meta"}
        assert declared_form(properties["data"]) == f"[{entity['item']}]", slug


def test_v3_documents_say_little_of_child_lists(serve: Serve) -> None:
    paths = document(serve(rows=0), "/openapi/eam.json")["paths"]
    bare = {path for path, item in paths.items() if schema_of(item["get"]) == {"type": "object"}}
    assert bare == {
        "/api/eam/materials/{key}/children",
        "/api/eam/assets/{key}/materials",
        "/api/eam/asset-templates/{key}/materials",
        "/api/eam/pm/{key}/materials",
    }
    orders = schema_of(paths["/api/eam/work-orders/{key}/materials"]["get"])
    assert declared_form(orders["properties"]["data"]) == "[WorkOrder]"
