from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from makini_sandbox import Behaviour

if TYPE_CHECKING:
    from .conftest import Client, Serve

SLUG = "work-orders"
KEYSET = {"filter[updatedAt:gteq]": "2025-06-15T12:00:00Z", "sort[updatedAt]": 0, "per_page": 500}
SORTED = {"sort[updatedAt]": 0, "per_page": 500}


def dates(client: Client, **parameters: object) -> list[Any]:
    return [row["updatedAt"] for row in client.rows(SLUG, **(parameters or KEYSET))]


def all_dates(client: Client) -> list[str]:
    return [row["updatedAt"] for row in client.sandbox.store.rows(SLUG)]


# --- filters and sorts ---


def test_a_filter_by_day_compares_days(serve: Serve) -> None:
    client = serve(rows=2, behaviour=Behaviour(filter="day"))
    early, late = client.sandbox.store.keys(SLUG)
    client.sandbox.store.update(SLUG, early, updatedAt="2025-06-15T00:00:00Z")
    client.sandbox.store.update(SLUG, late, updatedAt="2025-06-15T23:00:00Z")
    assert len(dates(client)) == 2
    assert dates(client, **{"filter[updatedAt:gt]": "2025-06-15T01:00:00Z"}) == []


def test_an_exclusive_filter_leaves_out_its_bound(client: Client) -> None:
    bound = sorted(all_dates(client))[30]
    parameters = {**KEYSET, "filter[updatedAt:gteq]": bound}
    assert dates(client, **parameters)[0] == bound
    client.sandbox.behaviour.filter = "exclusive"
    assert bound not in dates(client, **parameters)


@pytest.mark.parametrize(("filter_", "count"), [("ignored", 60), ("empty", 0)])
def test_an_ignored_filter_gives_all_rows_and_an_empty_one_none(client: Client, filter_: Any, count: int) -> None:  # noqa: ANN401 - a literal
    client.sandbox.behaviour.filter = filter_
    assert dates(client) == sorted(all_dates(client))[:count]


@pytest.mark.parametrize("status", [400, 422])
def test_a_filter_is_refused_with_the_status_that_is_set(client: Client, status: int) -> None:
    client.sandbox.behaviour = Behaviour(filter="refused", filter_refusal=status)
    assert client.page(SLUG, **KEYSET).status_code == status
    assert client.page(SLUG).status_code == 200


def test_an_ignored_order_is_that_of_insertion(client: Client) -> None:
    client.sandbox.behaviour.order = "ignored"
    assert dates(client, **SORTED) == all_dates(client)


def test_a_shuffled_order_differs_for_each_request(client: Client) -> None:
    client.sandbox.behaviour.order = "shuffled"
    first, second = dates(client), dates(client)
    assert first != second
    assert sorted(first) == sorted(second)


def test_rows_may_come_newest_first_whatever_is_requested(client: Client) -> None:
    client.sandbox.behaviour.order = "newest_first"
    found = dates(client)
    assert found == sorted(found, reverse=True)


def test_a_sort_is_refused_by_name(client: Client) -> None:
    client.sandbox.behaviour.refuse_sort = True
    response = client.page(SLUG, **SORTED)
    assert (response.status_code, "sort[updatedAt]" in response.text) == (422, True)


@pytest.mark.parametrize(("null_dates", "kept"), [("filtered", 0), ("kept", 10)])
def test_a_filter_hides_rows_without_a_date_or_keeps_them(serve: Serve, null_dates: Any, kept: int) -> None:  # noqa: ANN401 - a literal
    found = dates(serve(sizes={SLUG: 100}, behaviour=Behaviour(undated_rows=10, null_dates=null_dates)))
    assert found.count(None) == kept
    assert len(found) > kept


@pytest.mark.parametrize(("nulls_sort", "at"), [("first", 0), ("last", -1)])
def test_a_sort_puts_rows_without_a_date_first_or_last(serve: Serve, nulls_sort: Any, at: int) -> None:  # noqa: ANN401 - a literal
    client = serve(rows=9, behaviour=Behaviour(undated_rows=1, nulls_sort=nulls_sort))
    for sort in (0, 1):
        found = dates(client, **{"sort[updatedAt]": sort})
        assert found.pop(at) is None
        assert found == sorted(found, reverse=sort == 1)


def test_ties_have_another_order_for_another_page_size(serve: Serve) -> None:
    client = serve(rows=40, behaviour=Behaviour(tie_order="by_page_size"))
    for key in client.sandbox.store.keys(SLUG):
        client.sandbox.store.update(SLUG, key, updatedAt="2026-01-01T00:00:00Z")

    def keys(size: int) -> list[str]:
        return [row["key"] for row in client.rows(SLUG, **{**KEYSET, "per_page": size})]

    assert keys(7) == keys(7) != keys(8)
    assert sorted(keys(7)) == sorted(keys(8))
    client.sandbox.behaviour.tie_order = "stable"
    assert keys(7) == keys(8)


# --- pages ---


@pytest.mark.parametrize(
    ("behaviour", "status", "size"),
    [
        (Behaviour(), 200, 500),
        (Behaviour(max_page_size=20), 200, 20),
        (Behaviour(max_page_size=20, oversize="refuse"), 422, 20),
        (Behaviour(only_page_size=20), 422, 20),
        (Behaviour(page_size_ignored=True, default_page_size=15), 200, 15),
    ],
)
def test_a_page_size_is_honored_or_clamped_or_refused_or_ignored(
    client: Client, behaviour: Behaviour, status: int, size: int
) -> None:
    client.sandbox.behaviour = behaviour
    response = client.page(SLUG, per_page=500)
    assert response.status_code == status
    if status == 200:
        assert (response.json()["meta"]["per_page"], len(response.json()["data"])) == (size, min(size, 60))
    else:
        assert "per_page" in response.text
        assert client.page(SLUG, per_page=size).json()["meta"]["per_page"] == size


@pytest.mark.parametrize(
    ("envelope", "parts", "meta"),
    [
        ("v3", {"data", "links", "meta"}, 7),
        ("v4", {"data", "meta"}, 4),
        ("no_meta", {"data", "links"}, 0),
    ],
)
def test_each_envelope_has_its_parts(client: Client, envelope: Any, parts: set[str], meta: int) -> None:  # noqa: ANN401 - a literal
    client.sandbox.behaviour.envelope = envelope
    response = client.page(SLUG).json()
    assert set(response) == parts
    assert len(response.get("meta", ())) == meta


@pytest.mark.parametrize(
    ("paging", "names", "numbers", "following"),
    [
        ("v3", ("page", "per_page"), (2, 6), "page=3"),
        ("brackets", ("page[number]", "page[size]"), (2, 6), "page%5Bnumber%5D=3"),
        ("camel", ("pageNumber", "pageSize"), (2, 6), "pageNumber=3"),
        ("from_zero", ("page", "per_page"), (1, 5), "page=2"),
        ("from_zero_counted", ("page", "per_page"), (1, 6), "page=2"),
        ("offset", ("offset", "limit"), (None, None), "offset=20"),
    ],
)
def test_the_second_of_six_pages_is_reached_by_each_kind_of_paging(
    client: Client, paging: str, names: tuple[str, str], numbers: tuple[int | None, int | None], following: str
) -> None:
    client.sandbox.behaviour.merge({"paging": paging})
    page, size = names
    response = client.page(SLUG, **{page: numbers[0] or 10, size: 10}).json()
    assert response["data"] == client.sandbox.store.rows(SLUG)[10:20]
    assert (response["meta"].get("current_page"), response["meta"].get("last_page")) == numbers
    assert response["links"]["next"].endswith(following)


def test_cursors_lead_through_a_snapshot(serve: Serve) -> None:
    client = serve(rows=25, behaviour=Behaviour(cursor="follow"))
    keys = client.sandbox.store.keys(SLUG)
    response = client.page(SLUG, per_page=10).json()
    read = [row["key"] for row in response["data"]]
    client.sandbox.store.remove(SLUG, keys[0])
    while cursor := response["next_cursor"]:
        response = client.page(SLUG, per_page=10, cursor=cursor).json()
        read += [row["key"] for row in response["data"]]
    assert read == keys


def test_cursors_may_lead_in_a_circle(client: Client) -> None:
    client.sandbox.behaviour.cursor = "loop"
    cursors: list[Any] = [None]
    for _ in range(4):
        parameters = {} if cursors[-1] is None else {"cursor": cursors[-1]}
        cursors.append(client.page(SLUG, **parameters).json()["next_cursor"])
    assert cursors == [None, "a", "b", "a", "b"]


@pytest.mark.parametrize("mode", ["follow", "loop"])
@pytest.mark.parametrize("cursor", ["x", "7.1", "0.0"])
def test_an_unknown_cursor_is_refused(client: Client, mode: Any, cursor: str) -> None:  # noqa: ANN401 - a literal
    client.sandbox.behaviour.cursor = mode
    assert client.page(SLUG, cursor=cursor).status_code == 422


def test_bodies_may_be_compressed(client: Client) -> None:
    client.sandbox.behaviour.gzip = True
    response = client.page(SLUG, per_page=60)
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.json()["data"] == client.sandbox.store.rows(SLUG)


# --- rows ---


def test_deleted_rows_may_be_hidden(serve: Serve) -> None:
    client = serve(rows=10)
    key = client.sandbox.store.keys(SLUG)[0]
    client.sandbox.store.delete(SLUG, key)
    assert key in {row["key"] for row in client.rows(SLUG, **KEYSET)}
    client.sandbox.behaviour.deleted = "hidden"
    for parameters in (KEYSET, {"per_page": 5}):
        assert key not in {row["key"] for row in client.rows(SLUG, **parameters)}


@pytest.mark.parametrize("moves", [True, False])
def test_a_delete_moves_updated_at_or_not(serve: Serve, moves: bool) -> None:  # noqa: FBT001 - the case
    client = serve(rows=1, behaviour=Behaviour(delete_moves_updated_at=moves))
    store = client.sandbox.store
    before = store.rows(SLUG)[0]
    store.delete(SLUG, before["key"])
    after = store.rows(SLUG)[0]
    assert after["deletedAt"] == "2026-03-01T12:00:00Z"
    assert after["updatedAt"] == (after["deletedAt"] if moves else before["updatedAt"])


@pytest.mark.parametrize("item", ["MaterialItem", "WorkOrder"])
def test_work_order_materials_are_of_the_item_type_that_is_set(serve: Serve, item: Any) -> None:  # noqa: ANN401 - a literal
    row = serve(rows=1, behaviour=Behaviour(work_order_materials=item)).page("work-orders/materials").json()["data"][0]
    assert ("materialKey" in row, "completionRemarks" in row) == (item == "MaterialItem", item == "WorkOrder")


# --- errors ---


@pytest.mark.parametrize("status", [403, 404, 501])
def test_absent_entities_are_refused(client: Client, status: Any) -> None:  # noqa: ANN401 - a literal
    client.sandbox.behaviour = Behaviour(absent=frozenset({"assets", "erp/vendors"}), absent_answer=status)
    assert client.page("assets").status_code == status
    assert client.get("/api/erp/vendors").status_code == status
    assert client.get("/api/wms/vendors").status_code == 200


def test_absent_entities_are_empty(client: Client) -> None:
    client.sandbox.behaviour = Behaviour(absent=frozenset({"assets"}), absent_answer="empty")
    assert client.page("assets").json()["meta"]["total"] == 0


@pytest.mark.parametrize(
    ("form", "path", "value"),
    [
        ("flat", ["code"], "VALIDATION_FAILED"),
        ("nested", ["error", "code"], "VALIDATION_FAILED"),
        ("list", ["errors", 0, "code"], "VALIDATION_FAILED"),
        ("laravel", ["errors", "page", 0], "page: the value must be a whole number from 1."),
    ],
)
def test_an_error_body_in_json_has_its_form(client: Client, form: Any, path: list[Any], value: str) -> None:  # noqa: ANN401 - a literal
    client.sandbox.behaviour.error_body = form
    found = client.page(SLUG, page="x").json()
    for step in path:
        found = found[step]
    assert found == value


@pytest.mark.parametrize(
    ("form", "body", "media_type"),
    [
        ("html", "<html><body><h1>422</h1></body></html>", "text/html; charset=utf-8"),
        ("text", "error 422", "text/plain; charset=utf-8"),
        ("empty", "", "application/json"),
    ],
)
def test_an_error_body_need_not_be_json(client: Client, form: Any, body: str, media_type: str) -> None:  # noqa: ANN401 - a literal
    client.sandbox.behaviour.error_body = form
    response = client.page(SLUG, page="x")
    assert (response.text, response.headers["Content-Type"]) == (body, media_type)


# --- settings by text ---


def test_a_setting_may_be_of_one_entity(client: Client) -> None:
    client.sandbox.behaviour.assign("work-orders:max_page_size=2")
    assert client.page(SLUG, per_page=5).json()["meta"]["per_page"] == 2
    assert client.page("assets", per_page=5).json()["meta"]["per_page"] == 5


@pytest.mark.parametrize(
    ("assignment", "name", "value"),
    [
        ("order=shuffled", "order", "shuffled"),
        ("refuse_sort=true", "refuse_sort", True),
        ("max_page_size=100", "max_page_size", 100),
        ("max_page_size=null", "max_page_size", None),
        ("absent=assets,erp/vendors", "absent", frozenset({"assets", "erp/vendors"})),
        ("absent=", "absent", frozenset()),
        ("absent_answer=501", "absent_answer", 501),
        ("absent_answer=empty", "absent_answer", "empty"),
        ("cursor=loop", "cursor", "loop"),
    ],
)
def test_a_setting_may_be_given_as_text(assignment: str, name: str, value: object) -> None:
    behaviour = Behaviour()
    behaviour.assign(assignment)
    assert getattr(behaviour, name) == value


@pytest.mark.parametrize("assignment", ["order", "order=sideways", "colour=red", "rate_limit=x", "raw_answer=columns"])
def test_a_setting_that_does_not_exist_is_refused_by_name(assignment: str) -> None:
    with pytest.raises(ValueError, match=assignment.partition("=")[0]):
        Behaviour().assign(assignment)
