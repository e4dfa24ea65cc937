from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from openapi.documents import THING, Node, document, endpoints, envelope, get, offer, query, responses
from tap_makini.openapi import DocumentError

if TYPE_CHECKING:
    from collections.abc import Sequence

OTHER = {"/api/eam/others": get()}
ITEM_REF = {"$ref": "#/components/schemas/Thing"}


def streams(paths: Node, **more: Any) -> list[str]:  # noqa: ANN401 - any JSON
    """Give the streams of a document, without one that it always has."""
    return [name for name in endpoints(document({**OTHER, **paths}, **more)) if name != "others"]


# --- which operations ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "declared",
    [
        responses(envelope(THING)),
        responses(envelope(THING), "2XX"),
        responses(envelope(THING), "206"),
        responses(envelope(THING), "default"),
        responses(envelope(THING), media="application/json; charset=utf-8"),
        responses(envelope(THING), media="application/vnd.api+json"),
        responses(envelope(THING), media="*/*"),
        responses(envelope(ITEM_REF)),
        responses({"$ref": "#/components/schemas/Things"}),
        {"200": {"$ref": "#/components/responses/Things"}},
        responses({"allOf": [{"properties": {"meta": {}}}, {"$ref": "#/components/schemas/Things"}]}),
        responses({"oneOf": [{"$ref": "#/components/schemas/Things"}, {"type": "null"}]}),
        responses({"type": ["object", "null"], "properties": {"data": {"items": {"properties": {"a": {}}}}}}),
        responses(envelope({"type": "object", "additionalProperties": {"type": "string"}})),
        responses(envelope({})),
        responses(envelope({"$ref": "item.json"})),
        responses({"properties": {"data": {"type": "array"}}}),
        {"200": {"content": {"application/problem+json": {}, **responses(envelope(THING))["200"]["content"]}}},
    ],
)
def test_lists_are_recognized_by_the_envelope_in_any_form(declared: Node) -> None:
    components = {
        "schemas": {"Thing": THING, "Things": envelope(ITEM_REF)},
        "responses": {"Things": responses({"$ref": "#/components/schemas/Things"})["200"]},
    }

    assert streams({"/x": {"get": {"responses": declared}}}, components=components) == ["x"]


def test_one_needless_level_of_nesting_is_undone() -> None:
    """Makini's export for several products declares `data` as a list of lists of items."""
    nested = {"type": "array", "items": ITEM_REF}
    paths = {"/api/eam/things": get(nested), "/api/eam/others": get({"type": "array", "items": nested})}

    read = endpoints(document(paths, components={"schemas": {"Thing": THING}}))

    assert list(read) == ["things"]
    assert list(read["things"].schema["properties"]) == ["key", "updatedAt"]


@pytest.mark.parametrize(
    "item",
    [
        {"get": {"responses": responses(THING)}},
        {"get": {"responses": responses({"type": "array", "items": THING})}},
        {"get": {"responses": responses(envelope({"type": "string"}))}},
        {"get": {"responses": responses({"properties": {"data": THING}})}},
        {"get": {"responses": responses(envelope(THING), "404")}},
        {"get": {"responses": responses(envelope(THING), media="application/xml")}},
        {"get": {}},
        {"post": get()["get"]},
        get(parameters=[{"name": "key", "in": "path"}]),
        *(get(tags=[tag]) for tag in ("Admin", "Admin API", "administration", "admin_api")),
        get(security=[{"adminToken": []}]),
        {**get(), "parameters": [{"$ref": "#/components/parameters/Key"}]},
    ],
)
def test_other_responses_are_not_lists(item: Node) -> None:
    components = {"parameters": {"Key": {"name": "key", "in": "path"}}}

    assert streams({"/x": item}, components=components) == []


@pytest.mark.parametrize(
    "path",
    [
        "/api/system/connections",
        "/api/v4/system/connections",
        "/admin/users",
        "/link/tokens",
        "/api/oauth/clients",
        "/api/raw/tables",
        "/api/raw/tables/x/data",
        "/api/eam/assets/{key}",
        "@elsewhere.example/assets",
        "/assets?all=1",
        "/assets#all",
        "//elsewhere.example/assets",
        "/a/../assets",
        "/a/%2e%2E/assets",
        "/a%2f..%2Fassets",
        "/a\\assets",
        "assets",
        "/",
    ],
)
def test_paths_of_administration_and_odd_paths_are_left_out(path: str) -> None:
    assert streams({path: get()}) == []


def test_a_path_is_asked_for_with_its_letters_encoded() -> None:
    paths = {"/api/v4/große teile": get(), "/api/v4/große teile/{id}/fähig keiten": {"get": BARE}}

    (endpoint,) = endpoints(document(paths)).values()

    assert (endpoint.stream, endpoint.path) == ("große_teile", "/api/v4/gro%C3%9Fe%20teile")
    assert [(child.name, child.path) for child in endpoint.children] == [
        ("fähig keiten", "/api/v4/gro%C3%9Fe%20teile/{key}/f%C3%A4hig%20keiten")
    ]


def test_the_log_says_what_every_get_is(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    paths = {
        **{path: get() for path in ("/a", "/b", "/a?x", "/api/system/c", "/a/{id}", "/api/raw/tables", "/a/{id}/d")},
        "/e": {"get": {"responses": responses(THING)}},
        "/f": {"post": {}},
    }

    endpoints(document(paths))

    assert caplog.messages == [
        (
            "The OpenAPI documents describe GETs: 2 lists, 1 lists of a record, "
            "1 without a list of records under 'data', "
            "4 of single records, raw tables, administration or unusable paths."
        ),
        "GET /e: not read, because it returns no list of records under 'data'.",
    ]


@pytest.mark.parametrize(
    "more",
    [
        {"tags": ["Administrators", "Plant admin", "Administrative units"]},
        {"security": [{"bearer": []}, {"adminToken": []}]},
        {"security": []},
        {"security": [{"adminToken": []}, {}]},
        {"tags": 5, "security": [5, None]},
    ],
)
def test_paths_that_only_resemble_administration_are_offered(more: Node) -> None:
    paths = {"/x": get(**more), "/api/v4/link": get(), "/api/v4/system": get()}

    assert streams(paths) == ["link", "system", "x"]


def test_a_servers_own_path_is_no_part_of_names() -> None:
    servers = [{"url": "https://a.example/makini/api/v4/erp"}]
    content = document({"/work-orders": get(), "/admin/users": get()}, servers=servers)

    assert list(endpoints(content, products=("erp",))) == ["work_orders"]
    with pytest.raises(DocumentError, match="of the products erp, but none of eam"):
        endpoints(content, products=("eam",))


def test_a_path_item_may_have_a_reference_and_parts_of_its_own() -> None:
    paths = {"/x": {"$ref": "#/components/pathItems/X", **get()}, "/y": {"$ref": "#/components/pathItems/X"}}
    items = {"X": {"parameters": query("pageNumber"), "get": {}}}

    read = endpoints(document(paths, components={"pathItems": items}))

    assert read["x"].query_parameters.page == "pageNumber"
    assert list(read) == ["x"]


def test_a_path_item_may_be_a_reference() -> None:
    paths = {"/api/eam/assets": get(), "/api/eam/machines": {"$ref": "#/paths/~1api~1eam~1assets"}}

    assert streams(paths) == ["assets", "machines"]


@pytest.mark.parametrize(
    ("paths", "reason"),
    [
        (OTHER, r"lists of the products eam, but none of wms\. Change the setting products"),
        (
            {"/x": {"get": {"responses": responses({"properties": {"items": {"type": "array", "items": THING}}})}}},
            r"nothing to read\. GET /x: no list of records under 'data'\. If Makini's docs export it so",
        ),
        (
            {f"/{name}": {"get": {"responses": responses({"type": "array", "items": THING})}} for name in "ab"},
            r"GET /a: no list of records under 'data' \(and 1 more like it\)",
        ),
        ({"/a%0Ab": {"get": {"responses": responses(THING)}}}, r"GET /a\\nb: no list of records"),
        ({"/x/{key}": get(), "/y": {"post": {}}}, r"nothing to read \(no GET returns a list\)"),
    ],
)
def test_a_document_without_streams_is_refused_with_the_reason(paths: Node, reason: str) -> None:
    with pytest.raises(DocumentError, match=reason) as raised:
        offer(document(paths), products=("wms",))

    assert "0.json" in str(raised.value)
    assert ("products" in str(raised.value)) == (paths is OTHER)
    assert "\n" not in str(raised.value)


# --- names -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "stream"),
    [
        ("/api/eam/work-orders", "work_orders"),
        ("/api/v4/work-orders", "work_orders"),
        ("/v4.1/eam/work-orders/", "work_orders"),
        ("/eam/purchase-orders.line-items", "purchase_orders_line_items"),
        ("/api/eam/statuses/work-orders", "statuses_work_orders"),
        ("/api/eam/workOrders", "workOrders"),
        ("/api/eam/a--b", "a_b"),
        ("/api/eam/a__b/_c", "a_b_c"),
        ("/api/eam/a%20b", "a_b"),
        ("/api/eam/größen", "größen"),
        ("/api/eam/gr%C3%B6%C3%9Fen", "größen"),
        ("/api/v4/設備", "設備"),
        ("/api/eam/reconciliations", "reconciliations_list"),
        ("/api/eam/Reconciled-Keys", "Reconciled_Keys_list"),
        ("/api/v4/systems", "systems"),
        ("/api/v4/assets/link", "assets_link"),
        ("/api/eam/connections", "connections_list"),
        ("/api/eam/raw/things", "raw_things_list"),
        ("/api/eam", "api_eam"),
        ("/eam/api/v4", "eam_api_v4"),
        ("/things/v4/eam", "things_v4_eam"),
    ],
)
def test_streams_are_named_after_the_path(path: str, stream: str) -> None:
    assert streams({path: get()}) == [stream]


@pytest.mark.parametrize(
    ("paths", "products", "chosen"),
    [
        (["/api/eam/x", "/api/erp/x"], ("eam", "erp"), {"x": "/api/eam/x"}),
        (["/api/eam/x", "/api/erp/x"], ("erp", "eam"), {"x": "/api/erp/x"}),
        (["/api/eam/x", "/api/erp/x", "/api/wms/y"], ("erp",), {"x": "/api/erp/x"}),
        (["/api/eam/x", "/api/v4/eam/x", "/api/v4.1/eam/x", "/api/v3/eam/x"], ("eam",), {"x": "/api/v4.1/eam/x"}),
        (["/api/v9/eam/x", "/api/v10/eam/x"], ("eam",), {"x": "/api/v10/eam/x"}),
        (["/api/v3/eam/x", "/api/v4/erp/x"], ("eam", "erp"), {"x": "/api/v3/eam/x"}),
        (["/api/eam/x", "/api/erp/x", "/api/v4/x"], ("eam", "erp"), {"x": "/api/v4/x"}),
        (
            ["/api/eam/a-b", "/api/eam/a.b", "/api/eam/c"],
            ("eam",),
            {"a_b": "/api/eam/a-b", "api_eam_a_b": "/api/eam/a.b", "c": "/api/eam/c"},
        ),
        (
            ["/api/eam/x", "/eam/x", "/eam/api_eam_x"],
            ("eam",),
            {"api_eam_x": "/eam/api_eam_x", "x": "/api/eam/x", "eam_x": "/eam/x"},
        ),
        (
            ["/api/eam/Sites", "/eam/sites"],
            ("eam",),
            {"Sites": "/api/eam/Sites", "eam_sites": "/eam/sites"},
        ),
    ],
)
def test_of_several_paths_the_preferred_product_has_the_name(
    paths: Sequence[str], products: Sequence[str], chosen: dict[str, str]
) -> None:
    read = endpoints(document({path: get() for path in paths}), products=products)

    assert {name: endpoint.path for name, endpoint in read.items()} == chosen
    assert list(read) == sorted(read)


def test_of_one_path_in_two_documents_the_later_counts() -> None:
    later = {"properties": {"later": {"type": "string"}}}

    read = endpoints(document({"/x": get()}), document({"/x": get(later)}))

    assert list(read["x"].schema["properties"]) == ["later"]


def test_what_is_deprecated_gives_way() -> None:
    paths = {"/v5/x": get(deprecated=True), "/v4/x": get(), "/v4/y": get(deprecated=True)}

    read = endpoints(document(paths))

    assert {name: endpoint.path for name, endpoint in read.items()} == {"x": "/v4/x", "y": "/v4/y"}


# --- keys ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "key", "replication_key"),
    [
        ("key id name createdAt updatedAt", ("id",), "updatedAt"),
        ("key name createdAt updatedAt", ("key",), "updatedAt"),
        ("id name createdAt", ("id",), "createdAt"),
        ("name", (), None),
        ("code", (), None),
        ("key id _idValue _updatedAt updatedAt", ("id",), "_updatedAt"),
        ("id _displayValue _createdAt createdAt", ("id",), "_createdAt"),
        ("id _displayValue", ("id",), None),
        ("key _updatedAt", ("key",), "_updatedAt"),
        ("id key _createdAt", ("id",), "_createdAt"),
        ("id key _deletedAt", ("id",), None),
        ("id key _implements", ("id",), None),
        ("ID id _UpdatedAt _updatedAt", ("id",), "_updatedAt"),
        ("KEY key UpdatedAt updatedAt", ("key",), "updatedAt"),
        ("id _idValue _createdAt updatedAt", ("id",), None),
        ("id _idValue _createdAt _modifiedAt", ("id",), None),
        ("key createdAt updated_at", ("key",), None),
        ("key createdAt lastModifiedDate", ("key",), None),
        ("key createdAt updatedBy", ("key",), None),
        ("key createdAt exchangeRate", ("key",), "createdAt"),
    ],
)
def test_the_key_is_found_among_the_properties(names: str, key: tuple[str, ...], replication_key: str | None) -> None:
    item = {"properties": {name: {"type": "string"} for name in names.split()}}

    endpoint = endpoints(document({"/x": get(item)}))["x"]

    assert (endpoint.key, endpoint.replication_key) == (key, replication_key)


def test_a_key_is_text() -> None:
    item = {"properties": {"id": {"type": "integer"}, "_idValue": {"type": "integer"}}}

    assert endpoints(document({"/x": get(item)}))["x"].schema["properties"] == {
        "id": {"type": ["string", "null"]},
        "_idValue": {"type": ["number", "null"]},
    }


INSTANT = {"type": "string", "format": "date-time"}


@pytest.mark.parametrize(
    "updated",
    [
        {"type": "number"},
        {"type": "object", "properties": {"date": INSTANT}},
        {"oneOf": [INSTANT, {"type": "integer"}]},
        {"anyOf": [INSTANT, {"type": "object", "properties": {"date": INSTANT}}]},
        {"type": ["string", "integer", "null"]},
    ],
)
@pytest.mark.parametrize("names", [("_updatedAt", "_createdAt"), ("updatedAt", "createdAt")])
def test_records_whose_update_time_is_no_instant_are_read_whole(updated: Node, names: tuple[str, str]) -> None:
    item = {"properties": {"key": {}, names[0]: updated, names[1]: INSTANT}}

    assert endpoints(document({"/x": get(item)}))["x"].replication_key is None


# --- children --------------------------------------------------------------------------------------

BARE = {"responses": {"200": {"description": ""}}}
UNKNOWN = {"type": ["object", "null"], "properties": {}}
KNOWN = {"type": ["object", "null"], "properties": {"id": {"type": ["string", "null"]}}}
IDENTIFIED = {"type": "object", "properties": {"id": {"type": "string"}}}
NAMED = {"type": "object", "properties": {"name": {"type": "string"}}}


@pytest.mark.parametrize(
    ("operation", "schema"),
    [
        (get(IDENTIFIED)["get"], KNOWN),
        ({"responses": responses({"type": "array", "items": IDENTIFIED})}, KNOWN),
        ({"responses": responses(IDENTIFIED)}, KNOWN),
        ({"responses": responses({"type": "object"})}, UNKNOWN),
        ({"responses": responses({})}, UNKNOWN),
        ({"responses": {"200": {"description": "", "content": {"application/json": {}}}}}, UNKNOWN),
        (BARE, UNKNOWN),
        ({"responses": {**BARE["responses"], **responses(IDENTIFIED, "default")}}, UNKNOWN),
    ],
)
def test_child_lists_are_found_in_all_forms(operation: Node, schema: Node) -> None:
    paths = {"/api/eam/x": get(), "/api/eam/x/{xKey}/line-items": {"get": operation}}

    (child,) = endpoints(document(paths))["x"].children

    assert (child.name, child.path) == ("line-items", "/api/eam/x/{key}/line-items")
    assert child.schema == schema
    assert child.key == (("id",) if schema is KNOWN else ())


@pytest.mark.parametrize(
    ("path", "operation"),
    [
        ("/api/eam/x/{key}", BARE),
        ("/api/eam/x/{key}/a/{other}", BARE),
        ("/api/eam/x/{key}/a/b", BARE),
        ("/api/eam/x/{key}/{a}", BARE),
        ("/api/eam/y/{key}/a", BARE),
        ("/api/erp/x/{key}/a", BARE),
        ("/api/eam/x/{key}/a", {"responses": responses({"type": "string"})}),
        ("/api/eam/x/{key}/a", {"responses": responses({}, media="application/pdf")}),
        ("/api/eam/x/{key}/a", {"responses": {"204": {"description": ""}}}),
    ],
)
def test_other_paths_are_not_child_lists(path: str, operation: Node) -> None:
    paths = {"/api/eam/x": get(), path: {"get": operation}}

    assert endpoints(document(paths))["x"].children == ()


def test_children_are_of_the_chosen_list_and_sorted() -> None:
    paths = {f"/api/{product}/x/{{k}}/{name}": {"get": BARE} for product in ("eam", "erp") for name in ("b", "a")}
    lists = {"/api/eam/x": get(), "/api/erp/x": get()}

    read = endpoints(document(paths), document(lists), products=("erp", "eam"))

    assert [child.path for child in read["x"].children] == ["/api/erp/x/{key}/a", "/api/erp/x/{key}/b"]


# --- servers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("servers", "server", "path"),
    [
        ([{"url": "https://api.example/"}], "https://api.example", "/x"),
        ([{"url": "https://api.example:8443/api/"}], "https://api.example:8443", "/api/x"),
        ([{"url": "/v4"}, {"url": "http://api.example"}], "http://api.example", "/x"),
        ([{"url": "/api"}], None, "/api/x"),
        ([{"url": "https://me:secret@api.example"}], "https://api.example", "/x"),
        (
            [
                {
                    "url": "https://{zone}.example/{base}",
                    "variables": {"zone": {"default": "eu"}, "base": {"default": "b"}},
                }
            ],
            "https://eu.example",
            "/b/x",
        ),
        ([{"url": "https://{zone}.example"}, {"url": "https://two.example"}], "https://two.example", "/x"),
        ([{"url": "https://[::1/"}, {"url": "https://a b/"}, {"url": "https://x:port/"}], None, "/x"),
        ([{"url": 5}, None, {}], None, "/x"),
        ([{"url": "api/"}], None, "/api/x"),
        ([{"url": "["}], None, "/%5B/x"),
        ([{"url": "/{version}"}], None, "/x"),
        ([{"url": "https://api.example/a b"}], "https://api.example", "/a%20b/x"),
        ([{"url": "https://api.example/a?b"}], "https://api.example", "/a/x"),
        ("https://api.example", None, "/x"),
        ([], None, "/x"),
    ],
)
def test_the_server_is_that_of_the_document(servers: object, server: str | None, path: str) -> None:
    read = offer(document({"/x": get()}, servers=servers))

    assert (read.servers, read.endpoints[0].path) == ((server,) if server else (), path)


def test_each_document_keeps_its_servers() -> None:
    first = document({"/x": get()})
    second = document({"/y": get()}, servers=[{"url": "https://second.example/api"}])
    third = document({"/z": get()}, servers=[{"url": "https://third.example"}])

    read = offer(first, second, third)

    assert read.servers == ("https://second.example", "https://third.example")
    assert [endpoint.path for endpoint in read.endpoints] == ["/x", "/api/y", "/z"]


def test_one_path_at_two_servers_is_read_at_one() -> None:
    first, second = (
        document({"/x": get()}, servers=[{"url": f"https://{host}"}]) for host in ("A.example", "b.example")
    )

    assert offer(first, second).servers == ("https://a.example", "https://b.example")
    assert offer(first, first).servers == ("https://a.example",)


def test_the_nearest_server_counts() -> None:
    paths = {
        "/a": get(),
        "/b": {**get(), "servers": [{"url": "https://b.example/base"}]},
        "/c": {**get(servers=[{"url": "https://c.example"}]), "servers": [{"url": "https://b.example"}]},
        "/a/{id}/d": {"get": {**BARE, "servers": [{"url": "https://d.example"}]}},
        "/e": get(servers=[]),
    }

    read = offer(document(paths, servers=[{"url": "https://a.example/api"}]))

    assert read.servers == ("https://a.example", "https://b.example", "https://c.example")
    assert [endpoint.path for endpoint in read.endpoints] == ["/api/a", "/base/b", "/c", "/api/e"]


def test_a_slash_at_the_end_of_an_address_stays() -> None:
    """Some frameworks respond only to it, and redirect from the address without it."""
    content = document({"/api/eam/gadgets/": get(), "/api/eam/gadgets/{id}/parts/": get()})
    endpoint = endpoints(content)["gadgets"]
    assert endpoint.path == "/api/eam/gadgets/"
    assert [child.path for child in endpoint.children] == ["/api/eam/gadgets/{key}/parts/"]
