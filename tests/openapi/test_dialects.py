from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from openapi.documents import Node, document, endpoints, get, query
from tap_makini.reading.dialect import V3, Dialect

if TYPE_CHECKING:
    from pathlib import Path


def dialect(folder: Path, *parameters: Node, key: str = "_updatedAt") -> Dialect:
    item: Node = {"properties": {"id": {}, "_idValue": {}, key: {}}}
    components = {"parameters": {"Page": query("page_number")[0]}}
    paths = {"/x": get(item, parameters=list(parameters))}
    return endpoints(folder, document(paths, components=components))["x"].dialect


def sort(name: str = "sort", **more: Any) -> Node:  # noqa: ANN401 - any JSON
    return {"name": name, "in": "query", **more}


@pytest.mark.parametrize("names", ["", "filter sort", "page per_page filter sort", "unheard_of"])
def test_what_is_not_declared_is_v3s(tmp_path: Path, names: str) -> None:
    assert dialect(tmp_path, *query(*names.split())) == V3


@pytest.mark.parametrize(
    ("names", "page", "size"),
    [
        ("page", "page", None),
        ("pageNumber pageSize", "pageNumber", "pageSize"),
        ("page[number] page[size]", "page[number]", "page[size]"),
        ("p limit", "p", "limit"),
        ("limit", "page", "limit"),
    ],
)
def test_paging(tmp_path: Path, names: str, page: str, size: str | None) -> None:
    assert dialect(tmp_path, *query(*names.split())) == replace(V3, page=page, size=size)


def test_parameters_by_reference_and_in_headers(tmp_path: Path) -> None:
    parameters = ({"$ref": "#/components/parameters/Page"}, {"name": "limit", "in": "header"})

    assert dialect(tmp_path, *parameters) == replace(V3, page="page_number", size=None)


@pytest.mark.parametrize(
    ("name", "since"),
    [
        ("filter[_updatedAt:gteq]", "filter[{key}:gteq]"),
        ("filter[_updatedAt][gte]", "filter[{key}][gte]"),
        ("_updatedAt[gte]", "{key}[gte]"),
        ("_updatedAt_gte", "{key}_gte"),
        ("_updatedAt__gte", "{key}__gte"),
        ("_updatedAtFrom", "{key}From"),
        ("modified_after", "modified_after"),
        ("updatedSince", "updatedSince"),
        ("filter[name:gteq]", V3.since),
        ("filter[_updatedAt:lt]", V3.since),
    ],
)
def test_since(tmp_path: Path, name: str, since: str) -> None:
    assert dialect(tmp_path, *query(name)) == replace(V3, since=since)


def test_a_bound_of_updates_is_none_of_creations(tmp_path: Path) -> None:
    assert dialect(tmp_path, *query("modified_after"), key="_createdAt") == V3


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        (sort(schema={"enum": ["_updatedAt", "-_updatedAt"]}), ("sort", "{key}", "-{key}")),
        (sort(schema={"type": "array", "items": {"enum": ["-_updatedAt"]}}), ("sort", "{key}", "-{key}")),
        (sort(example="_updatedAt:desc"), ("sort", "{key}:asc", "{key}:desc")),
        (sort(schema={"example": "_updatedAt desc"}), ("sort", "{key} asc", "{key} desc")),
        (sort(examples={"a": {"value": "_updatedAt,desc"}}), ("sort", "{key},asc", "{key},desc")),
        (sort(schema={"examples": ["-_updatedAt"]}), ("sort", "{key}", "-{key}")),
        (sort("order_by", schema={"enum": ["-_updatedAt"]}), ("order_by", "{key}", "-{key}")),
    ],
)
def test_order(tmp_path: Path, parameter: Node, expected: tuple[str, str, str]) -> None:
    name, ascending, descending = expected

    assert dialect(tmp_path, parameter) == replace(V3, sort=name, ascending=ascending, descending=descending)


@pytest.mark.parametrize(
    "parameter",
    [
        sort(),
        sort(schema={"enum": ["-name"]}),
        sort("sort_by", schema={"enum": ["_updatedAt"]}),
        sort(schema=5, example={"a": 1}, examples=[[]]),
    ],
)
def test_an_order_that_is_not_fully_declared_is_v3s(tmp_path: Path, parameter: Node) -> None:
    assert dialect(tmp_path, parameter) == V3


def test_names_go_with_the_key(tmp_path: Path) -> None:
    item: Node = {"properties": {"key": {}, "updatedAt": {}}}
    paths = {"/x": get(item, parameters=query("updatedAt[gte]", "_updatedAt_gte"))}

    assert endpoints(tmp_path, document(paths))["x"].dialect.since == "{key}[gte]"
