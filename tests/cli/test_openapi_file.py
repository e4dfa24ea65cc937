"""Running from an OpenAPI document: what a user sees of it, from a file, from a URL, and from a broken one."""

from __future__ import annotations

import json
import logging
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import pytest
import yaml
from jsonschema import Draft7Validator
from streams.raw_harness import run as run_here
from streams.raw_harness import selecting

from cli.harness import run
from makini_sandbox import Behaviour, Sandbox
from tap_makini.entities import ENTITIES
from tap_makini.errors import NothingReadError
from tap_makini.tap import TapMakini

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli.harness import Files, Outcome

PRODUCTS = ("eam", "erp", "wms")
CATALOGS = Path(__file__).parents[2] / "catalog"
Node = dict[str, Any]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(rows=12) as server:
        yield server


@pytest.fixture(scope="module")
def described(sandbox: Sandbox) -> Node:
    return document(sandbox)


@pytest.fixture(scope="module")
def v4(described: Node, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The path of the v4 document."""
    path = tmp_path_factory.mktemp("v4") / "v4.json"
    path.write_text(json.dumps(described))
    return str(path)


def document(sandbox: Sandbox, path: str = "/api/v4/openapi.json") -> Node:
    with urlopen(sandbox.url + path) as response:  # noqa: S310 - the sandbox gave its address
        content: Node = json.load(response)
    return content


def discovered(openapi_file: str | list[str] | None = None) -> dict[str, Node]:
    """Return the entries of a catalog by stream, which the caller may change."""
    return json.loads(_entries(json.dumps({"openapi_file": openapi_file} if openapi_file else {})))  # type: ignore[no-any-return]


@cache
def _entries(settings: str) -> str:
    catalog = TapMakini(config=json.loads(settings), validate_config=False).catalog_dict
    return json.dumps({entry["tap_stream_id"]: entry for entry in catalog["streams"]})


def read(catalog: Node | None = None, state: Node | None = None, **settings: object) -> Outcome:
    return run_here(settings, catalog, state)


def chosen(entry: Node, **root: object) -> Node:
    """Return the catalog of one stream, with other metadata."""
    for item in entry["metadata"]:
        if not item["breadcrumb"]:
            item["metadata"] |= root
    return selecting({"streams": [entry]}, [entry["tap_stream_id"]])


def test_a_v4_api_is_read_from_its_document_alone(files: Files, sandbox: Sandbox, v4: str) -> None:
    """Neither a token for discovery nor an address besides is needed, and what is sent is what was announced."""
    found = run("--discover", "--config", files.write("discovery.json", {"openapi_file": v4}))
    streams = {entry["tap_stream_id"]: entry for entry in json.loads(found.output)["streams"]}
    lists = {entity.stream for entity in ENTITIES}
    assert lists <= streams.keys()
    assert {(*streams[name]["key_properties"], streams[name]["replication_key"]) for name in lists} == {
        ("id", "_updatedAt")
    }

    outcome = run("--config", files.write("config.json", {"openapi_file": v4, "api_token": sandbox.token}))
    assert outcome.code == 0, outcome.errors
    assert {message["record"]["id"] for message in outcome.of("RECORD", "work_orders")} == set(
        sandbox.store.keys("work-orders")
    )
    for schema in outcome.of("SCHEMA"):
        validator = Draft7Validator(schema["schema"])
        for message in outcome.of("RECORD", schema["stream"]):
            validator.validate(message["record"])
    assert {name for name in streams if "__" in name}.isdisjoint(s["stream"] for s in outcome.of("SCHEMA"))


def test_a_v4_list_is_read_from_its_bookmark_on(sandbox: Sandbox, v4: str) -> None:
    settings: Node = {"openapi_file": v4, "api_token": sandbox.token, "lookback_minutes": 0, "max_parallel": 1}
    catalog = chosen(discovered(openapi_file=v4)["assets"])
    first = read(catalog, **settings)
    latest = first.state["bookmarks"]["assets"]["replication_key_value"]
    sandbox.store.update("assets", sandbox.store.keys("assets")[0], name="changed")
    sandbox.requests.clear()
    again = read(catalog, first.state, **settings)
    changed = [message["record"] for message in again.of("RECORD", "assets")]
    assert sandbox.store.keys("assets")[0] in {record["id"] for record in changed}
    assert all(record["_updatedAt"] >= latest[:19] for record in changed)
    asked = [request.query for request in sandbox.requests if request.path == "/api/v4/assets"]
    assert all("filter[_updatedAt:gteq]" in query for query in asked)


def test_lines_of_a_v4_record_carry_its_id(sandbox: Sandbox, v4: str) -> None:
    catalog = chosen(discovered(openapi_file=v4)["purchase_orders__line_items"])
    outcome = read(catalog, openapi_file=v4, api_token=sandbox.token)
    orders = {row["key"]: row for row in sandbox.store.rows("purchase-orders")}
    lines = [message["record"] for message in outcome.of("RECORD")]
    assert len(lines) == sum(
        len(order["lineItems"]) for order in orders.values() if isinstance(order["lineItems"], list)
    )
    assert {line["_makini_parent_key"] for line in lines} <= orders.keys()


def test_the_v3_documents_give_what_the_tap_knows_itself(files: Files, sandbox: Sandbox) -> None:
    paths = []
    for product in PRODUCTS:
        text = yaml.dump(document(sandbox, f"/openapi/{product}.json"), Dumper=yaml.CSafeDumper)
        paths.append(str(files.write(f"{product}.yaml", text)))
    described, known = discovered(openapi_file=paths), discovered()
    assert {entity.stream for entity in ENTITIES} <= described.keys()
    assert {name: entry["key_properties"] for name, entry in described.items()} == {
        name: entry["key_properties"] for name, entry in known.items()
    }


def test_the_setting_api_url_overrides_the_documents(files: Files, sandbox: Sandbox, described: Node) -> None:
    content = {**described, "servers": [{"url": "http://127.0.0.1:1"}]}
    path = files.write("elsewhere.json", content)
    outcome = read(openapi_file=str(path), api_token=sandbox.token, api_url=sandbox.url)
    assert outcome.code == 0, outcome.errors


NOWHERE = "paths: {/x: {$ref: '#/components/pathItems/x'}}"
OTHER_ENVELOPE = "paths: {/x: {get: {responses: {200: {content: {application/json: {schema: {type: array}}}}}}}}"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", "not an OpenAPI document (expected an object at the top level)"),
        ("{", "neither JSON nor YAML (line 2, column 1: "),
        ("swagger: '2.0'\npaths: {}", "not an OpenAPI 3 document (Swagger 2 is not supported)"),
        ("openapi: 3.1.0\npaths: {}", "not an OpenAPI document (expected an object with paths under 'paths')"),
        ("<html></html>", "not an OpenAPI document (expected an object at the top level)"),
        (NOWHERE, "nothing to read (no GET returns a list)"),
        (OTHER_ENVELOPE, "nothing to read. GET /x: no list of records under 'data'."),
    ],
)
def test_a_document_without_lists_is_refused(files: Files, content: str, fault: str) -> None:
    path = files.write("document.yaml", content)
    with pytest.raises(NothingReadError) as raised:
        discovered(openapi_file=str(path))
    assert str(raised.value).startswith(f"{path}: {fault}")


@pytest.mark.parametrize(
    ("command", "location"),
    [
        (["--discover"], "{folder}/broken.yaml"),
        ([], "{folder}/broken.yaml"),
        (["--discover"], "{url}/nowhere.json"),
        ([], "http://127.0.0.1:1/nowhere.json"),
    ],
)
def test_a_fault_in_a_document_is_one_clear_line(
    files: Files, sandbox: Sandbox, command: list[str], location: str
) -> None:
    files.write("broken.yaml", "{")
    place = location.format(folder=files.folder, url=sandbox.url)
    settings = {"openapi_file": place, "api_token": "unused"}
    outcome = run(*command, "--config", files.write("config.json", settings))
    assert (outcome.code, outcome.output) == (1, "")
    assert len(outcome.logged("ERROR")) == 1
    assert outcome.last_line.startswith(f"{place}: ")


def test_a_refused_token_stops_a_v4_run_like_any_other() -> None:
    with Sandbox(rows=3, behaviour=Behaviour()) as sandbox, pytest.raises(NothingReadError, match="401"):
        read(openapi_file=f"{sandbox.url}/api/v4/openapi.json", api_token="wrong")  # noqa: S106 - opens nothing


@pytest.mark.parametrize("catalog", ["discovered", "shipped"])
def test_a_catalog_of_the_built_in_api_does_not_go_with_a_v4_document(sandbox: Sandbox, v4: str, catalog: str) -> None:
    """Each run would give each record another key, so that a table grows with every one."""
    shipped = json.loads(CATALOGS.joinpath("maintenance.json").read_bytes())
    given = {"streams": list(discovered().values())} if catalog == "discovered" else shipped
    with pytest.raises(NothingReadError, match="is key, here it is id") as raised:
        read(given, openapi_file=v4, api_token=sandbox.token)
    assert "openapi_file" in str(raised.value)


def test_a_catalog_of_a_v4_document_does_not_go_without_it(sandbox: Sandbox, v4: str) -> None:
    given = {"streams": list(discovered(openapi_file=v4).values())}
    with pytest.raises(NothingReadError, match="is id, here it is key"):
        read(given, api_token=sandbox.token, api_url=sandbox.url)


def test_another_key_of_a_known_column_is_the_users_choice(sandbox: Sandbox, v4: str) -> None:
    entry = discovered(openapi_file=v4)["assets"]
    entry["key_properties"] = ["_idValue"]
    catalog = chosen(entry, **{"table-key-properties": ["_idValue"]})
    outcome = read(catalog, openapi_file=v4, api_token=sandbox.token)
    assert outcome.code == 0, outcome.errors


def test_documents_of_several_servers_are_not_all_asked_at_the_first(
    files: Files, sandbox: Sandbox, described: Node
) -> None:
    one, other = (
        {**described, "paths": {path: described["paths"][path]}} for path in ("/api/v4/assets", "/api/v4/vendors")
    )
    other["servers"] = [{"url": "https://elsewhere.example"}]
    paths = [str(files.write("one.json", one)), str(files.write("other.json", other))]
    sandbox.requests.clear()
    with pytest.raises(NothingReadError) as raised:
        read(openapi_file=paths, api_token=sandbox.token)
    assert sandbox.url in str(raised.value)
    assert "https://elsewhere.example" in str(raised.value)
    assert not sandbox.requests
    assert {"assets", "vendors"} <= discovered(openapi_file=paths).keys()
    together = read(openapi_file=paths, api_token=sandbox.token, api_url=sandbox.url)
    assert together.code == 0, together.errors


def test_a_catalog_that_reads_by_creation_time_logs_a_warning(
    sandbox: Sandbox, v4: str, caplog: pytest.LogCaptureFixture
) -> None:
    """As it was discovered when the document had no time of update."""
    caplog.set_level(logging.WARNING)
    entry = discovered(openapi_file=v4)["assets"]
    entry["replication_key"] = "_createdAt"
    catalog = chosen(entry, **{"replication-key": "_createdAt"})
    outcome = read(catalog, openapi_file=v4, api_token=sandbox.token)
    assert outcome.code == 0, outcome.errors
    [warning] = [line for line in caplog.messages if "assets" in line]
    assert "the replication key is _createdAt, but records have _updatedAt" in warning
