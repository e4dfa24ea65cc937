from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from openapi.documents import THING, Node, answers, document, endpoints, envelope, get, query
from tap_makini.query_parameters import ASSUMED, V3, V3_UNSIZED, QueryParameters

if TYPE_CHECKING:
    from pathlib import Path


def dialect(folder: Path, *parameters: Node, key: str = "_updatedAt") -> QueryParameters:
    item: Node = {"properties": {"id": {}, "_idValue": {}, key: {}}}
    components = {"parameters": {"Page": query("page_number")[0]}}
    paths = {"/x": get(item, parameters=list(parameters))}
    return endpoints(folder, document(paths, components=components))["x"].dialect


def sort(name: str = "sort", **more: Any) -> Node:  # noqa: ANN401 - any JSON
    return {"name": name, "in": "query", **more}


@pytest.mark.parametrize("names", ["", "filter sort", "page per_page filter sort", "unheard_of"])
def test_what_is_not_declared_is_as_in_v3(tmp_path: Path, names: str) -> None:
    assert dialect(tmp_path, *query(*names.split())) == ASSUMED


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
def test_the_media_type_that_is_declared_is_asked_for(tmp_path: Path, declared: list[str], accept: str) -> None:
    content = {media: answers(envelope(THING), media=media)["200"]["content"][media] for media in declared}
    listed = {"get": {"responses": {"200": {"description": "", "content": content}}}}

    (endpoint,) = endpoints(tmp_path, document({"/x": listed, "/x/{id}/y": listed})).values()

    assert endpoint.dialect.accept == accept
    assert [child.dialect.accept for child in endpoint.children] == [accept]


@pytest.mark.parametrize(
    ("names", "page", "size"),
    [
        ("page", "page", None),
        ("pageNumber pageSize", "pageNumber", "pageSize"),
        ("page[number] page[size]", "page[number]", "page[size]"),
        ("p limit", "p", "limit"),
        ("limit", "page", "limit"),
        ("page offset limit", "page", "limit"),
    ],
)
def test_paging(tmp_path: Path, names: str, page: str, size: str | None) -> None:
    wanted = replace(ASSUMED, page=page, size=size, guesses_size=size == "limit")
    assert dialect(tmp_path, *query(*names.split())) == wanted


@pytest.mark.parametrize("name", ["offset", "skip", "start", "$skip", "startIndex"])
def test_offsets(tmp_path: Path, name: str) -> None:
    told = dialect(tmp_path, *query(name, "limit"))

    assert told == replace(ASSUMED, offset=name, size="limit", may_not_count=True, guesses_size=True)


def test_a_deep_object_is_one_parameter_for_each_property(tmp_path: Path) -> None:
    schema = {"properties": {"number": {"type": "integer", "minimum": 0}, "size": {"maximum": 50}}}
    page = {"name": "page", "in": "query", "style": "deepObject", "schema": schema}

    told = dialect(tmp_path, page)

    assert (told.page, told.first, told.size, told.largest) == ("page[number]", 0, "page[size]", 50)
    assert not told.may_begin_at_zero


def test_an_object_is_one_parameter_for_each_property(tmp_path: Path) -> None:
    """As springdoc has it: a reference to `Pageable`, exploded by default."""
    schema = {"properties": {"page": {"type": "integer", "minimum": 0}, "size": {"type": "integer"}}}
    pageable: Node = {"name": "pageable", "in": "query", "schema": {"allOf": [schema]}}

    told = dialect(tmp_path, pageable)

    assert (told.page, told.first, told.size) == ("page", 0, "size")
    assert dialect(tmp_path, {**pageable, "explode": False}) == ASSUMED


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        ({"size": {"enum": ["S", "M"]}}, None),
        ({"limit": {"type": "string"}}, None),
        ({"limit": {"type": "integer"}}, "limit"),
        ({"limit": {"anyOf": [{"type": "integer", "maximum": 50}, {"type": "null"}]}}, "limit"),
        ({"PageSize": {"type": "integer"}}, "PageSize"),
        ({"per-page": {"type": "integer"}}, "per-page"),
    ],
    ids=repr,
)
def test_a_size_is_told_by_name_and_type(tmp_path: Path, declared: Node, told: str | None) -> None:
    parameters = [{"name": name, "in": "query", "schema": schema} for name, schema in declared.items()]

    assert dialect(tmp_path, *query("page"), *parameters).size == told


@pytest.mark.parametrize(
    ("declared", "page", "offset"),
    [
        ({"p": {"type": "string"}}, "page", None),
        ({"p": {"type": "integer"}}, "p", None),
        ({"PageNumber": {}}, "PageNumber", None),
        ({"start": {"type": "string", "format": "date"}}, "page", None),
        ({"start": {"type": "integer"}}, "page", "start"),
        ({"offset": {"type": "integer", "default": 1}}, "offset", None),
        ({"offset": {"type": "integer", "description": "The page offset."}}, "offset", None),
        ({"offset": {"type": "integer", "default": 0}}, "page", "offset"),
        ({"start": {"minimum": 1}}, "start", None),
        ({"start": {"minimum": 1, "description": "Number of the first record, from 1"}}, "page", "start"),
        ({"start": {"minimum": 1, "description": "The page number; records are sorted"}}, "start", None),
        ({"startIndex": {"default": 1}}, "page", "startIndex"),
        ({"offset": {"description": "UTC offset of times in minutes"}}, "page", None),
        ({"start": {"type": "integer", "description": "Start of the period, Unix time"}}, "page", None),
        ({"offset": {"description": "Where to start"}}, "page", "offset"),
        ({"offset": {"description": "Passes over the entities updated before"}}, "page", "offset"),
        ({"offset": {"description": "Pagination; what is listed is sorted by date"}}, "page", "offset"),
        ({"offset": {"description": "Records to pass over, latest update first"}}, "page", "offset"),
    ],
    ids=repr,
)
def test_a_place_is_told_by_name_and_type(tmp_path: Path, declared: Node, page: str, offset: str | None) -> None:
    parameters = [{"name": name, "in": "query", "schema": schema} for name, schema in declared.items()]

    told = dialect(tmp_path, *parameters)

    assert (told.page, told.offset) == (page, offset)


@pytest.mark.parametrize(
    ("name", "schema", "first"),
    [
        ("offset", {}, 0),
        ("offset", {"minimum": 0}, 0),
        ("startIndex", {"minimum": 1}, 1),
        ("startIndex", {"minimum": 1, "default": 0}, 0),
        ("startIndex", {"description": "The 1-based index of the first result"}, 1),
        ("start", {"default": 1, "description": "The first row"}, 1),
    ],
)
def test_what_passes_over_no_record(tmp_path: Path, name: str, schema: Node, first: int) -> None:
    told = dialect(tmp_path, {"name": name, "in": "query", "schema": schema})

    assert (told.offset, told.first_offset) == (name, first)


def test_odata(tmp_path: Path) -> None:
    told = dialect(tmp_path, *query("$skip", "$top", "$filter"))

    assert (told.offset, told.size) == ("$skip", "$top")


def test_what_is_deprecated_counts_only_where_there_is_nothing_else(tmp_path: Path) -> None:
    old = {"name": "page", "in": "query", "deprecated": True}

    assert dialect(tmp_path, old, *query("offset", "limit")).offset == "offset"
    assert dialect(tmp_path, old).page == "page"


def test_sizes_to_choose_from(tmp_path: Path) -> None:
    size = {"name": "per_page", "in": "query", "schema": {"type": "integer", "enum": [100, 10, 25]}}

    assert dialect(tmp_path, size).sizes == (10, 25, 100)


@pytest.mark.parametrize(
    ("names", "page", "offset"),
    [
        ("page_token", None, None),
        ("page_token per_page", None, None),
        ("page_token page", "page", None),
        ("page_token offset", "page", "offset"),
    ],
)
def test_cursors(tmp_path: Path, names: str, page: str | None, offset: str | None) -> None:
    told = dialect(tmp_path, *query(*names.split()))

    assert (told.cursor, told.declares_cursor) == ("page_token", True)
    assert (told.page, told.offset) == (page, offset)


def test_there_is_no_page_zero_without_pages(tmp_path: Path) -> None:
    assert not dialect(tmp_path, *query("cursor")).may_begin_at_zero


@pytest.mark.parametrize("name", ["pageMarker", "resume_token", "pageOffset", "skipCount", "startAt", "last_id"])
def test_other_parameters_for_pages_are_told_of(tmp_path: Path, name: str, caplog: pytest.LogCaptureFixture) -> None:
    dialect(tmp_path, *query(name, "page_size", "q"))

    [message] = [each.message for each in caplog.records if each.levelname == "WARNING"]
    assert f"/x may be asked for pages by {name}," in message


@pytest.mark.parametrize(
    ("declared", "first"),
    [
        ({}, 1),
        ({"schema": {"minimum": 0}}, 0),
        ({"schema": {"minimum": 0, "default": 1}}, 1),
        ({"schema": {"minimum": 1, "default": 0}}, 0),
        ({"schema": {"default": 0}}, 0),
        ({"schema": {"default": False}}, 1),
        ({"schema": {"example": 0}}, 0),
        ({"example": 0}, 0),
        ({"example": 2}, 1),
        ({"description": "Zero-based page index (0..N)"}, 0),
        ({"description": "The page, starting at 0."}, 0),
        ({"description": "The page, starting at 1; 0 is no page."}, 1),
        ({"description": "The first page is 0."}, 0),
        ({"schema": {"description": "0-indexed"}}, 0),
        ({"schema": {"default": "0"}}, 0),
        ({"schema": {"anyOf": [{"type": "integer", "default": 0}, {"type": "null"}]}}, 0),
        ({"schema": {"allOf": [{"minimum": 0}]}}, 0),
    ],
)
def test_the_number_of_the_first_page(tmp_path: Path, declared: Node, first: int) -> None:
    assert dialect(tmp_path, {"name": "page", "in": "query", **declared}).first == first


def test_the_largest_page(tmp_path: Path) -> None:
    sizes = [{"name": "per_page", "in": "query", "schema": {"maximum": most}} for most in (50, "50", 0)]

    assert [dialect(tmp_path, size).largest for size in sizes] == [50, 50, None]


def test_a_child_list_is_asked_as_its_operation_declares(tmp_path: Path) -> None:
    declared = get(parameters=query("page[number]", "page[size]"))
    paths = {"/x": get(), "/x/{key}/a": declared, "/x/{key}/b": get(parameters=query("sort")), "/x/{key}/c": get()}

    children = endpoints(tmp_path, document(paths))["x"].children

    told = replace(V3, page="page[number]", size="page[size]")
    assert {child.name: child.dialect for child in children} == {"a": told, "b": V3_UNSIZED, "c": V3_UNSIZED}


def test_parameters_by_reference_and_in_headers(tmp_path: Path) -> None:
    parameters = ({"$ref": "#/components/parameters/Page"}, {"name": "limit", "in": "header"})

    assert dialect(tmp_path, *parameters) == replace(ASSUMED, page="page_number", size=None)


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
        ("filter[name:gteq]", ASSUMED.since),
        ("filter[_updatedAt:lt]", ASSUMED.since),
    ],
)
def test_since(tmp_path: Path, name: str, since: str) -> None:
    until = ASSUMED.until if since == ASSUMED.since else None  # which names of an end go with it is not declared
    assert dialect(tmp_path, *query(name)) == replace(ASSUMED, since=since, until=until)


@pytest.mark.parametrize(
    ("parameter", "since"),
    [
        ({"name": "updated_since", "schema": {"type": "integer"}}, ASSUMED.since),
        ({"name": "updated_since", "schema": {"type": "string", "format": "date-time"}}, "updated_since"),
        ({"name": "since"}, ASSUMED.since),
        ({"name": "since", "description": "Records created since"}, ASSUMED.since),
        ({"name": "since", "description": "Changed since"}, "since"),
    ],
)
def test_a_bound_is_told_by_name_type_and_words(tmp_path: Path, parameter: Node, since: str) -> None:
    assert dialect(tmp_path, {"in": "query", **parameter}).since == since


def test_a_bound_of_updates_is_none_of_creations(tmp_path: Path) -> None:
    assert dialect(tmp_path, *query("modified_after"), key="_createdAt") == ASSUMED


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

    assert dialect(tmp_path, parameter) == replace(ASSUMED, sort=name, ascending=ascending, descending=descending)


@pytest.mark.parametrize(
    "parameter",
    [
        sort(),
        sort(schema={"enum": ["-name"]}),
        sort("sort_by", schema={"enum": ["_updatedAt"]}),
        sort(schema=5, example={"a": 1}, examples=[[]]),
    ],
)
def test_an_order_that_is_not_fully_declared_is_as_in_v3(tmp_path: Path, parameter: Node) -> None:
    assert dialect(tmp_path, parameter) == ASSUMED


def test_names_go_with_the_key(tmp_path: Path) -> None:
    item: Node = {"properties": {"key": {}, "updatedAt": {}}}
    paths = {"/x": get(item, parameters=query("updatedAt[gte]", "_updatedAt_gte"))}

    assert endpoints(tmp_path, document(paths))["x"].dialect.since == "{key}[gte]"
