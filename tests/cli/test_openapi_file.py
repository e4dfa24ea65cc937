"""Running from an OpenAPI document: what a user sees of it, from a file, from a URL, and from a broken one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import pytest
import yaml
from jsonschema import Draft7Validator

from cli.harness import run
from makini_sandbox import Behaviour, Sandbox
from tap_makini.entities import ENTITIES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli.harness import Files, Outcome

PRODUCTS = ("eam", "erp", "wms")
CATALOGS = Path(__file__).parents[2] / "catalog"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(rows=12) as server:
        yield server


def document(sandbox: Sandbox, path: str = "/api/v4/openapi.json") -> Any:  # noqa: ANN401 - decoded JSON
    with urlopen(sandbox.url + path) as answer:  # noqa: S310 - the sandbox gave its address
        return json.load(answer)


def discovered(files: Files, **settings: object) -> dict[str, dict[str, Any]]:
    outcome = run("--discover", "--config", files.write("discovery.json", settings))
    assert outcome.code == 0, outcome.errors
    return {entry["tap_stream_id"]: entry for entry in json.loads(outcome.output)["streams"]}


def read(files: Files, *arguments: str | Path, **settings: object) -> Outcome:
    return run("--config", files.write("config.json", settings), *arguments)


def test_a_v4_api_is_read_from_its_document_alone(files: Files, sandbox: Sandbox) -> None:
    """Neither a token for discovery nor an address besides is needed, and what is sent is what was announced."""
    path = files.write("v4.json", document(sandbox))
    streams = discovered(files, openapi_file=str(path))
    entry = streams["work_orders"]
    assert (entry["key_properties"], entry["replication_key"]) == (["id"], "_updatedAt")

    outcome = read(files, openapi_file=str(path), api_token=sandbox.token)
    assert outcome.code == 0, outcome.errors
    assert {message["record"]["id"] for message in outcome.of("RECORD", "work_orders")} == set(
        sandbox.store.keys("work-orders")
    )
    for schema in outcome.of("SCHEMA"):
        validator = Draft7Validator(schema["schema"])
        for message in outcome.of("RECORD", schema["stream"]):
            validator.validate(message["record"])
    assert {name for name in streams if "__" in name}.isdisjoint(s["stream"] for s in outcome.of("SCHEMA"))


def test_a_v4_list_is_read_from_its_bookmark_on(files: Files, sandbox: Sandbox) -> None:
    path = files.write("v4.json", document(sandbox))
    settings = {"openapi_file": str(path), "api_token": sandbox.token, "lookback_minutes": 0, "max_parallel": 1}
    first = read(files, **settings)
    latest = first.state["bookmarks"]["assets"]["replication_key_value"]
    sandbox.store.update("assets", sandbox.store.keys("assets")[0], name="changed")
    sandbox.requests.clear()
    again = read(files, "--state", files.write("state.json", first.state), **settings)
    changed = [message["record"] for message in again.of("RECORD", "assets")]
    assert sandbox.store.keys("assets")[0] in {record["id"] for record in changed}
    assert all(record["_updatedAt"] >= latest[:19] for record in changed)
    asked = [request.query for request in sandbox.requests if request.path == "/api/v4/assets"]
    assert all("filter[_updatedAt:gteq]" in query for query in asked)


def test_lines_of_a_v4_record_carry_its_id(files: Files, sandbox: Sandbox) -> None:
    path = files.write("v4.json", document(sandbox))
    entry = discovered(files, openapi_file=str(path))["purchase_orders__line_items"]
    root = next(item["metadata"] for item in entry["metadata"] if not item["breadcrumb"])
    root["selected"] = True
    catalog = files.write("catalog.json", {"streams": [entry]})
    outcome = read(files, "--catalog", catalog, openapi_file=str(path), api_token=sandbox.token)
    orders = {row["key"]: row for row in sandbox.store.rows("purchase-orders")}
    lines = [message["record"] for message in outcome.of("RECORD")]
    assert len(lines) == sum(
        len(order["lineItems"]) for order in orders.values() if isinstance(order["lineItems"], list)
    )
    assert {line["_makini_parent_key"] for line in lines} <= orders.keys()


def test_the_v3_documents_give_what_the_tap_knows_itself(files: Files, sandbox: Sandbox) -> None:
    paths = []
    for product in PRODUCTS:
        text = yaml.safe_dump(document(sandbox, f"/openapi/{product}.json"))
        paths.append(str(files.write(f"{product}.yaml", text)))
    described, known = discovered(files, openapi_file=paths), discovered(files)
    assert {entity.stream for entity in ENTITIES} <= described.keys()
    assert {name: entry["key_properties"] for name, entry in described.items()} == {
        name: entry["key_properties"] for name, entry in known.items()
    }


def test_an_address_that_is_set_counts_more_than_the_documents(files: Files, sandbox: Sandbox) -> None:
    described = document(sandbox)
    described["servers"] = [{"url": "http://127.0.0.1:1"}]
    path = files.write("elsewhere.json", described)
    outcome = read(files, openapi_file=str(path), api_token=sandbox.token, api_url=sandbox.url)
    assert outcome.code == 0, outcome.errors


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[1]",
        "{}",
        "swagger: '2.0'\npaths: {}",
        "openapi: 3.1.0\npaths: {}",
        "<html></html>",
        "paths: {/x: {$ref: '#/components/pathItems/x'}}",
        "paths: {/x: {get: {responses: {200: {content: {application/json: {schema: {type: array}}}}}}}}",
    ],
    ids=[
        "empty",
        "cut off",
        "a list",
        "an empty object",
        "another version",
        "without lists",
        "HTML",
        "a reference to nowhere",
        "another envelope",
    ],
)
@pytest.mark.parametrize("command", [["--discover"], []], ids=["discovery", "a run"])
def test_a_document_that_is_of_no_use_is_one_clear_line(files: Files, content: str, command: list[str]) -> None:
    path = files.write("document.yaml", content)
    outcome = read(files, *command, openapi_file=str(path), api_token="unused")  # noqa: S106 - opens nothing
    assert outcome.code == 1
    assert outcome.output == ""
    assert "document.yaml" in outcome.last_line
    assert len(outcome.logged("ERROR")) == 1


def test_a_document_that_is_not_there_is_one_clear_line(files: Files, sandbox: Sandbox) -> None:
    for missing in (str(files.folder / "nowhere.json"), f"{sandbox.url}/nowhere.json", "http://127.0.0.1:1/x.json"):
        outcome = read(files, "--discover", openapi_file=missing)
        assert outcome.code == 1
        assert len(outcome.logged("ERROR")) == 1
        assert missing.rpartition("/")[2] in outcome.last_line


def test_a_refused_token_stops_a_v4_run_like_any_other(files: Files) -> None:
    with Sandbox(rows=3, behaviour=Behaviour()) as sandbox:
        outcome = read(files, openapi_file=f"{sandbox.url}/api/v4/openapi.json", api_token="wrong")  # noqa: S106
    assert outcome.code == 1
    assert "401" in outcome.last_line


@pytest.mark.parametrize("catalog", ["discovered", "shipped"])
def test_a_catalog_of_the_built_in_api_does_not_go_with_a_v4_document(
    files: Files, sandbox: Sandbox, catalog: str
) -> None:
    """Each run would give each record another key, so that a table grows with every one."""
    path = files.write("v4.json", document(sandbox))
    known = files.write("v3.json", {"streams": list(discovered(files).values())})
    given = known if catalog == "discovered" else CATALOGS / "maintenance.json"
    outcome = read(files, "--catalog", given, openapi_file=str(path), api_token=sandbox.token)
    assert outcome.code == 1
    assert outcome.output == ""
    assert "is key, here it is id" in outcome.last_line
    assert "openapi_file" in outcome.last_line


def test_a_catalog_of_a_v4_document_does_not_go_without_it(files: Files, sandbox: Sandbox) -> None:
    path = files.write("v4.json", document(sandbox))
    given = files.write("catalog.json", {"streams": list(discovered(files, openapi_file=str(path)).values())})
    outcome = read(files, "--catalog", given, api_token=sandbox.token, api_url=sandbox.url)
    assert outcome.code == 1
    assert "is id, here it is key" in outcome.last_line


def test_another_key_of_a_known_column_is_the_users_choice(files: Files, sandbox: Sandbox) -> None:
    path = files.write("v4.json", document(sandbox))
    entry = discovered(files, openapi_file=str(path))["assets"]
    entry["key_properties"] = ["_idValue"]
    for item in entry["metadata"]:
        if not item["breadcrumb"]:
            item["metadata"]["table-key-properties"] = ["_idValue"]
    given = files.write("catalog.json", {"streams": [entry]})
    outcome = read(files, "--catalog", given, openapi_file=str(path), api_token=sandbox.token)
    assert outcome.code == 0, outcome.errors


def test_documents_of_several_servers_are_not_all_asked_at_the_first(files: Files, sandbox: Sandbox) -> None:
    one, other = document(sandbox), document(sandbox)
    one["paths"] = {"/api/v4/assets": one["paths"]["/api/v4/assets"]}
    other["paths"] = {"/api/v4/vendors": other["paths"]["/api/v4/vendors"]}
    other["servers"] = [{"url": "https://elsewhere.example"}]
    paths = [str(files.write("one.json", one)), str(files.write("other.json", other))]
    sandbox.requests.clear()
    outcome = read(files, openapi_file=paths, api_token=sandbox.token)
    assert outcome.code == 1
    assert sandbox.url in outcome.last_line
    assert "https://elsewhere.example" in outcome.last_line
    assert not sandbox.requests
    assert {"assets", "vendors"} <= discovered(files, openapi_file=paths).keys()
    together = read(files, openapi_file=paths, api_token=sandbox.token, api_url=sandbox.url)
    assert together.code == 0, together.errors


def test_a_catalog_by_the_time_of_creation_is_told_of(files: Files, sandbox: Sandbox) -> None:
    """As it was discovered when the document had no time of update."""
    path = files.write("v4.json", document(sandbox))
    entry = discovered(files, openapi_file=str(path))["assets"]
    entry["replication_key"] = "_createdAt"
    for item in entry["metadata"]:
        if not item["breadcrumb"]:
            item["metadata"]["replication-key"] = "_createdAt"
    given = files.write("catalog.json", {"streams": [entry]})
    outcome = read(files, "--catalog", given, openapi_file=str(path), api_token=sandbox.token)
    assert outcome.code == 0, outcome.errors
    [warning] = [line for line in outcome.logged("WARNING") if "assets" in line]
    assert "read by _createdAt, though records have _updatedAt" in warning
