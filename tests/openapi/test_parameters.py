"""The query parameters of lists, as documents declare them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from openapi.documents import THING, Node, document, endpoints, envelope, get, query, responses
from tap_makini.endpoints import ASSUMED, V3, V3_UNSIZED, QueryParameters


def read(*parameters: Node, key: str = "_updatedAt") -> QueryParameters:
    item: Node = {"properties": {"id": {}, "_idValue": {}, key: {}}}
    components = {"parameters": {"Page": query("page_number")[0]}}
    paths = {"/x": get(item, parameters=list(parameters))}
    return endpoints(document(paths, components=components))["x"].query_parameters


def one(name: str, **more: Any) -> Node:  # noqa: ANN401 - any JSON
    return {"name": name, "in": "query", **more}


PAGES: dict[str, Any] = {"is_first_known": False}  # a page is declared, but not its first number


@pytest.mark.parametrize(
    ("names", "differences"),
    [
        ("", {}),
        ("filter sort", {}),
        ("page per_page filter sort", PAGES),
        ("creditLimit status page per_page", PAGES),
        # pages
        ("page", {**PAGES, "size": None}),
        ("pageNumber pageSize", {**PAGES, "page": "pageNumber", "size": "pageSize"}),
        ("PageNumber per-page", {**PAGES, "page": "PageNumber", "size": "per-page"}),
        ("page[number] page[size]", {**PAGES, "page": "page[number]", "size": "page[size]"}),
        ("limit", {"size": "limit"}),
        ("page offset limit", {**PAGES, "size": "limit"}),
        # offsets
        ("offset", {"offset": "offset", "size": None}),
        ("skip limit", {"offset": "skip", "size": "limit"}),
        ("$skip $top $filter", {"offset": "$skip", "size": "$top"}),
        # cursors
        ("cursor", {"page": None, "size": None}),
        ("page_token per_page", {"page": None, "cursor": "page_token"}),
        ("page_token page", {**PAGES, "size": None, "cursor": "page_token"}),
        ("page_token offset", {"offset": "offset", "size": None, "cursor": "page_token"}),
        ("page[cursor] page[size]", {"page": None, "size": "page[size]", "cursor": "page[cursor]"}),
        # bounds
        ("filter[_updatedAt:gteq]", {}),
        ("filter[_updatedAt:lt] filter[name:gteq]", {}),
        ("filter[_updatedAt][gte]", {"start_value": "filter[{key}][gte]", "end_value": None}),
        ("_updatedAt[gte]", {"start_value": "{key}[gte]", "end_value": None}),
        ("_updatedAt_gte", {"start_value": "{key}_gte", "end_value": None}),
        ("_updatedAt__gte", {"start_value": "{key}__gte", "end_value": None}),
        ("_updatedAtFrom", {"start_value": "{key}From", "end_value": None}),
        ("modified_after", {"start_value": "modified_after", "end_value": None}),
        ("updatedSince", {"start_value": "updatedSince", "end_value": None}),
        ("since", {}),
    ],
)
def test_parameters_are_known_by_name(names: str, differences: dict[str, Any]) -> None:
    """What is not declared is as in the v3 guide."""
    assert read(*query(*names.split())) == replace(ASSUMED, **differences)


@pytest.mark.parametrize(
    ("names", "unknown"),
    [
        ("pageMarker per_page", ("pageMarker",)),
        ("resume_token q page_offset", ("page_offset", "resume_token")),
        ("skipCount", ("skipCount",)),
        ("startAt", ("startAt",)),
        ("last_id", ("last_id",)),
        ("lastId pageSize status", ("lastId",)),
        ("rowLimit", ("rowLimit",)),
        ("start size top", ("start",)),
        ("pg firstResult startingAfter row_start", ("firstResult", "pg", "row_start", "startingAfter")),
        ("startDate firstName lastName windowSize nextInspection startsBefore", ()),
        ("lastId page", ()),
        ("creditLimit offset", ()),
        ("timeZoneOffset cursor", ()),
    ],
)
def test_unknown_parameters_for_pages_are_named_unless_a_known_one_is_declared(
    names: str, unknown: tuple[str, ...]
) -> None:
    assert read(*query(*names.split())).unknown_paging == unknown


@pytest.mark.parametrize(
    ("schema", "page", "offset"),
    [
        ({}, 1, 0),
        ({"minimum": 0}, 0, 0),
        ({"minimum": 1}, 1, 1),
        ({"minimum": 0, "default": 1}, 1, 1),
        ({"minimum": 1, "default": 0}, 0, 0),
        ({"default": "0"}, 0, 0),
        ({"default": False}, 1, 0),
        ({"default": 20, "minimum": 0}, 0, 0),
        ({"default": [0]}, 0, 0),
        ({"anyOf": [{"type": "integer", "default": 0}, {"type": "null"}]}, 0, 0),
        ({"allOf": [{"minimum": 0}]}, 0, 0),
        ({"description": "Zero-based", "example": 0}, 1, 0),
    ],
)
def test_the_declaration_says_where_counting_begins(schema: Node, page: int, offset: int) -> None:
    assert read(one("page", schema=schema)).first == page
    assert read(one("startIndex", schema=schema)).first_offset == offset


def test_a_first_page_is_known_if_its_number_is_declared() -> None:
    assert [read(one("page", schema=schema)).is_first_known for schema in ({"default": 1}, {"minimum": 0}, {})] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("schema", "largest", "sizes"),
    [
        ({"maximum": 50}, 50, ()),
        ({"maximum": "50"}, 50, ()),
        ({"maximum": 0}, None, ()),
        ({"maximum": "9" * 5000}, None, ()),
        ({"anyOf": [{"maximum": 90}, {"maximum": 70}]}, 70, ()),
        ({"enum": [100, 10, 25]}, None, (10, 25, 100)),
        ({"enum": ["S", None]}, None, ()),
    ],
)
def test_the_largest_page_size_is_as_declared(schema: Node, largest: int | None, sizes: tuple[int, ...]) -> None:
    declared = read(one("per_page", schema=schema))

    assert (declared.largest, declared.sizes) == (largest, sizes)


@pytest.mark.parametrize(
    "parameter",
    [
        one("page", style="deepObject", schema={"properties": {"number": {"minimum": 0}, "size": {"maximum": 50}}}),
        one(
            "paging",
            schema={"allOf": [{"properties": {"page[number]": {"minimum": 0}, "page[size]": {"maximum": 50}}}]},
        ),
    ],
)
def test_an_object_is_one_parameter_for_each_property(parameter: Node) -> None:
    declared = read(parameter)

    assert (declared.page, declared.first, declared.size, declared.largest) == ("page[number]", 0, "page[size]", 50)


def test_an_object_that_is_not_exploded_is_one_parameter() -> None:
    parameter = one("paging", explode=False, schema={"properties": {"page": {}}})

    assert read(parameter) == replace(ASSUMED, unknown_paging=("paging",))


def test_what_is_deprecated_is_not_used() -> None:
    assert read(one("page", deprecated=True), *query("offset")).offset == "offset"


def test_parameters_are_found_by_reference_and_in_the_path_but_not_in_headers() -> None:
    item = {
        **get(parameters=[{"name": "limit", "in": "header"}]),
        "parameters": [{"$ref": "#/components/parameters/P"}],
    }
    content = document({"/x": item}, components={"parameters": {"P": query("page_number")[0]}})

    assert endpoints(content)["x"].query_parameters == replace(ASSUMED, page="page_number", size=None, **PAGES)


@pytest.mark.parametrize(
    ("declared", "accept"),
    [
        (["application/json"], "application/json"),
        (["application/vnd.api+json"], "application/vnd.api+json"),
        (["application/xml", "application/vnd.makini.v4+json; version=4"], "application/vnd.makini.v4+json; version=4"),
        (["application/problem+json", "application/json"], "application/json"),
        (["*/*"], "application/json"),
    ],
)
def test_the_declared_media_type_is_asked_for(declared: list[str], accept: str) -> None:
    content = {media: responses(envelope(THING), media=media)["200"]["content"][media] for media in declared}
    listed = {"get": {"responses": {"200": {"description": "", "content": content}}}}

    (endpoint,) = endpoints(document({"/x": listed, "/x/{id}/y": listed})).values()

    assert endpoint.query_parameters.accept == accept
    assert [child.query_parameters.accept for child in endpoint.children] == [accept]


def test_a_child_list_has_the_parameters_of_its_operation() -> None:
    declared = get(parameters=query("page[number]", "page[size]"))
    paths = {"/x": get(), "/x/{key}/a": declared, "/x/{key}/b": get(parameters=query("sort")), "/x/{key}/c": get()}

    children = endpoints(document(paths))["x"].children

    assert {child.name: child.query_parameters for child in children} == {
        "a": replace(V3, page="page[number]", size="page[size]"),
        "b": V3_UNSIZED,
        "c": V3_UNSIZED,
    }


@pytest.mark.parametrize("key", ["_createdAt", "updatedAt"])
def test_bounds_go_with_the_replication_key(key: str) -> None:
    other = read(*query("_updatedAt_gte", "modified_after"), key="_createdAt")

    assert other == ASSUMED
    assert read(*query(f"{key}[gte]", "_updatedAt_gte"), key="_createdAt").start_value == (
        "{key}[gte]" if key == "_createdAt" else ASSUMED.start_value
    )


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        (one("sort", schema={"enum": ["_updatedAt", "-_updatedAt"]}), ("sort", "{key}", "-{key}")),
        (one("sort", schema={"type": "array", "items": {"enum": ["-_updatedAt"]}}), ("sort", "{key}", "-{key}")),
        (one("sort", schema={"enum": ["_updatedAt:desc"]}), ("sort", "{key}:asc", "{key}:desc")),
        (one("order_by", schema={"enum": ["_updatedAt desc"]}), ("order_by", "{key} asc", "{key} desc")),
        (one("sort"), None),
        (one("sort", example="_updatedAt:desc"), None),
        (one("sort", schema={"enum": ["-name"]}), None),
        (one("sort_by", schema={"enum": ["_updatedAt"]}), None),
        (one("sort", schema={"enum": [["-_updatedAt"], {"a": 1}, None]}), None),
    ],
)
def test_an_order_is_v3s_unless_its_values_are_declared(parameter: Node, expected: tuple[str, str, str] | None) -> None:
    sort, ascending, descending = expected or (ASSUMED.sort, ASSUMED.ascending, ASSUMED.descending)

    assert read(parameter) == replace(ASSUMED, sort=sort, ascending=ascending, descending=descending)
