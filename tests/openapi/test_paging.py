"""Whatever a document calls the parameters for pages, and from which number it counts, every row comes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal, get_args

import pytest
from direct_sandbox import DirectSandbox
from streams.raw_harness import run, selecting

from makini_sandbox import Behaviour, Sandbox
from makini_sandbox.documents.served import V4_PATH
from tap_makini.http.transport import Request
from tap_makini.tap import TapMakini

if TYPE_CHECKING:
    from pathlib import Path

    from cli.harness import Outcome

Paging = Literal["v3", "brackets", "camel", "offset", "from_zero", "from_zero_counted"]
SLUG, STREAM, ROWS = "vendors", "vendors", 57


def described(sandbox: DirectSandbox) -> dict[str, Any]:
    """Return the sandbox's document, cut down to one list."""
    content: dict[str, Any] = json.loads(sandbox.respond(Request("GET", V4_PATH), None).content)
    content["paths"] = {path: item for path, item in content["paths"].items() if path == f"/api/v4/{SLUG}"}
    return content


def read(folder: Path, sandbox: Sandbox, content: object, stream: str | None = None) -> Outcome:
    """Run the tap once, in this process, for one stream or for all that are selected by default."""
    path = folder / "document.json"
    path.write_text(json.dumps(content))
    config: dict[str, Any] = {"openapi_file": [str(path)], "api_token": sandbox.token, "max_wait_seconds": 0}
    catalog = None if stream is None else selecting(TapMakini(config=config).catalog_dict, [stream])
    return run(config, catalog)


def source(paging: Paging, rows: int = ROWS, **knobs: Any) -> DirectSandbox:  # noqa: ANN401 - knobs of all kinds
    return DirectSandbox(sizes={SLUG: rows}, behaviour=Behaviour(paging=paging, **knobs))


def keys(outcome: Outcome) -> set[str]:
    return {message["record"]["id"] for message in outcome.of("RECORD", STREAM)}


@pytest.mark.parametrize("envelope", ["v4", "no_meta"])
@pytest.mark.parametrize("paging", get_args(Paging))
def test_every_row_comes(tmp_path: Path, paging: Paging, envelope: str) -> None:
    for rows, honors in ((0, True), (10, False), (ROWS, True), (ROWS, False)):
        knobs = {} if honors else {"filter": "ignored", "order": "ignored"}
        with source(paging, rows, envelope=envelope, max_page_size=10, **knobs) as sandbox:
            outcome = read(tmp_path, sandbox, described(sandbox))
            assert outcome.code == 0, outcome.errors
            assert keys(outcome) == set(sandbox.store.keys(SLUG))


@pytest.mark.parametrize("honors", ["honoured", "ignored"])
@pytest.mark.parametrize("names", ["cursor", "cursor per_page", "cursor page"])
def test_no_page_is_asked_for_where_only_a_cursor_is_declared(tmp_path: Path, names: str, honors: Any) -> None:  # noqa: ANN401 - a knob
    with source("v3", cursor="follow", max_page_size=10, order=honors) as sandbox:
        content = described(sandbox)
        parameters = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in names.split()]
        content["paths"][f"/api/v4/{SLUG}"]["get"]["parameters"] = parameters
        outcome = read(tmp_path, sandbox, content)
        queries = [request.query for request in sandbox.requests if request.slug == SLUG]
    assert outcome.code == 0, outcome.errors
    assert keys(outcome) == set(sandbox.store.keys(SLUG))
    assert any("cursor" in query for query in queries) is (honors == "ignored")  # else the times lead on
    assert "page" in names.split() or not any("page" in query for query in queries)
    assert all(("per_page" in query) == ("per_page" in names) for query in queries)


def test_the_media_type_that_is_declared_is_asked_for(tmp_path: Path) -> None:
    with source("v3") as sandbox:
        content = described(sandbox)
        response = content["paths"][f"/api/v4/{SLUG}"]["get"]["responses"]["200"]
        response["content"] = {"application/vnd.api+json": response["content"]["application/json"]}
        sandbox.requests.clear()
        outcome = read(tmp_path, sandbox, content)
        asked = {(request.slug, request.headers["accept"]) for request in sandbox.requests}
    assert keys(outcome) == set(sandbox.store.keys(SLUG))
    assert asked == {(SLUG, "application/vnd.api+json"), (None, "application/json")}


@pytest.mark.parametrize("paging", ["camel", "offset"])
def test_the_size_that_is_declared_is_asked_for(tmp_path: Path, paging: Paging) -> None:
    with source(paging) as sandbox:
        content = described(sandbox)
        content["components"]["parameters"]["PerPage"]["schema"]["maximum"] = 20
        outcome = read(tmp_path, sandbox, content)
        name = content["components"]["parameters"]["PerPage"]["name"]
        sizes = [int(request.query[name]) for request in sandbox.requests if request.slug == SLUG]
    assert keys(outcome) == set(sandbox.store.keys(SLUG))
    assert max(sizes) == 20


@pytest.mark.parametrize("is_declared", [True, False])
@pytest.mark.parametrize("order", ["honoured", "ignored"])
def test_a_server_may_take_certain_sizes_only(tmp_path: Path, order: str, is_declared: bool) -> None:  # noqa: FBT001 - a parameter
    with source("v3", only_page_size=20, order=order) as sandbox:
        content = described(sandbox)
        if is_declared:
            content["components"]["parameters"]["PerPage"]["schema"]["enum"] = [20]
        outcome = read(tmp_path, sandbox, content)
        sizes = {request.query.get("per_page") for request in sandbox.requests if request.slug == SLUG}
    assert outcome.code == 0, outcome.errors
    assert keys(outcome) == set(sandbox.store.keys(SLUG))
    assert sizes == {"20"} or not is_declared


@pytest.mark.parametrize("rows", [0, 10, ROWS])
@pytest.mark.parametrize("paging", ["v3", "from_zero", "from_zero_counted"])
def test_a_first_page_0_that_is_not_declared_loses_no_row_quietly(tmp_path: Path, paging: Paging, rows: int) -> None:
    with source(paging, rows, max_page_size=10) as sandbox:
        content = described(sandbox)
        content["components"]["parameters"]["Page"]["schema"] = {"type": "integer"}
        outcome = read(tmp_path, sandbox, content)
    all_came = keys(outcome) == set(sandbox.store.keys(SLUG))
    assert all_came if paging == "v3" else outcome.code == 3 or all_came


def with_child_lists(sandbox: DirectSandbox) -> dict[str, Any]:
    """Describe work orders and their materials, each asked for pages as the sandbox's v4 lists are."""
    content = described(sandbox)
    listed = content["paths"][f"/api/v4/{SLUG}"]["get"]
    (page, size) = (content["components"]["parameters"][name] for name in ("Page", "PerPage"))
    item = {"type": "object", "properties": {"key": {"type": "string"}, "updatedAt": {"type": "string"}}}
    envelope = {"type": "object", "properties": {"data": {"type": "array", "items": item}}}
    get = {**listed, "responses": {"200": {"content": {"application/json": {"schema": envelope}}}}}
    get["parameters"] = [page, size]
    paths = {"/api/eam/work-orders": {"get": get}, "/api/eam/work-orders/{key}/materials": {"get": get}}
    return {**content, "paths": paths}


@pytest.mark.parametrize("form", ["envelope", "list"])
@pytest.mark.parametrize("paging", get_args(Paging))
def test_every_item_of_child_lists_comes(tmp_path: Path, paging: Paging, form: Any) -> None:  # noqa: ANN401 - a knob
    behaviour = Behaviour(paging=paging, child_answer=form, child_page_size=3)
    with DirectSandbox(sizes={"work-orders": 6}, behaviour=behaviour) as sandbox:
        lengths = dict(zip(sandbox.store.keys("work-orders"), (0, 1, 3, 4, 7, 9), strict=True))
        for key, length in lengths.items():
            sandbox.store.set_children("work-orders", key, "materials", [{"key": f"{n}"} for n in range(length)])
        content = with_child_lists(sandbox)
        outcome = read(tmp_path, sandbox, content, stream="work_orders__materials")
    assert outcome.code == 0, outcome.errors
    items = [message["record"] for message in outcome.of("RECORD")]
    assert {(item["_makini_parent_key"], item["key"]) for item in items} == {
        (key, f"{n}") for key, length in lengths.items() for n in range(length)
    }
    assert len(items) == sum(lengths.values())
