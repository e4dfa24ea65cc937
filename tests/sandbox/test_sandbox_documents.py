from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests
import yaml
from jsonschema import Draft202012Validator

from makini_sandbox import Behaviour
from makini_sandbox.entities import ENTITIES, PRODUCTS

if TYPE_CHECKING:
    from .conftest import Client, Serve

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
