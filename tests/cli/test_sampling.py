"""Custom fields: found by discovery with `sample_records`, and loaded into columns of their own."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft7Validator

from makini_sandbox import Behaviour, Fault, Sandbox
from tap_makini.entities import ENTITIES

from .harness import INSTALLED, Files, held_keys, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .harness import Outcome

TEXT = {"type": ["string", "null"]}
CUSTOM: dict[str, Any] = {
    "Zone": "north",
    "riskScore": 12.5,
    "inspected": True,
    "lastAudit": "2025-01-02T03:04:05Z",
    "tags": ["a", "b"],
    "permit": {"number": 1, "by": {"name": "Bo"}},
    "Kostenstelle (€)": None,
}
COLUMNS: dict[str, Any] = {
    "Kostenstelle (€)": TEXT,
    "Zone": TEXT,
    "inspected": {"type": ["boolean", "null"]},
    "lastAudit": {"type": ["string", "null"], "format": "date-time"},
    "permit": TEXT,
    "riskScore": {"type": ["number", "null"]},
    "tags": {"type": ["array", "null"], "items": TEXT},
}
COLLIDING: dict[str, Any] = {
    "NAME": 1,
    "site_key": 2,
    "plantCode": 3,
    "plant_code": 4,
    "_Makini_Extra": 5,
    "x" * 64: 6,
    "é" * 32: 7,
}
QUIET = Behaviour(quirks=False)


@dataclass(frozen=True)
class Discovery:
    """What discovery wrote.

    Attributes:
        outcome: Of the program.
    """

    outcome: Outcome

    @property
    def catalog(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.outcome.output)
        return document

    def columns(self, stream: str) -> dict[str, Any]:
        """Give a stream's columns."""
        [entry] = [entry for entry in self.catalog["streams"] if entry["stream"] == stream]
        columns: dict[str, Any] = entry["schema"]["properties"]
        return columns


def discover(sandbox: Sandbox, folder: Path, hash_seed: str = "", **settings: object) -> Discovery:
    config = {"api_url": sandbox.url, "api_token": sandbox.token, "sample_records": 5, **settings}
    path = folder / "config.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    if hash_seed:
        return Discovery(
            run("--config", path, "--discover", environment={"PYTHONHASHSEED": hash_seed}, program=[INSTALLED])
        )
    return Discovery(run("--config", path, "--discover"))


def custom(discovery: Discovery, catalog: dict[str, Any], stream: str) -> dict[str, Any]:
    """Give the columns that sampling has added to a stream."""
    [entry] = [entry for entry in catalog["streams"] if entry["stream"] == stream]
    standard = entry["schema"]["properties"]
    return {name: column for name, column in discovery.columns(stream).items() if name not in standard}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(rows=10, behaviour=replace(QUIET)) as server:
        server.store.insert("assets", key="old", updatedAt="2001-01-01T00:00:00Z", tooOld=1)
        for number in range(5):
            server.store.insert("assets", key=f"new{number}", **CUSTOM, **COLLIDING)
        yield server


@pytest.fixture(scope="module")
def discovery(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Discovery:
    return discover(sandbox, tmp_path_factory.mktemp("discovery"))


# --- discovery -------------------------------------------------------------------------------------


def test_custom_fields_of_the_newest_records_become_columns(discovery: Discovery, catalog: dict[str, Any]) -> None:
    assert discovery.outcome.code == 0
    assert custom(discovery, catalog, "assets") == COLUMNS
    assert custom(discovery, catalog, "work_orders") == {}


def test_custom_fields_stand_by_name_before_the_taps_own_columns(discovery: Discovery) -> None:
    names = list(discovery.columns("assets"))

    assert names[-2 - len(COLUMNS) :] == [*sorted(COLUMNS), "_makini_connection", "_makini_extra"]


def test_custom_fields_can_be_selected_like_any_other_column(discovery: Discovery) -> None:
    [entry] = [entry for entry in discovery.catalog["streams"] if entry["stream"] == "assets"]
    inclusions = {
        item["breadcrumb"][1]: item["metadata"]["inclusion"]
        for item in entry["metadata"]
        if len(item["breadcrumb"]) == 2
    }

    assert {inclusions[name] for name in COLUMNS} == {"available"}


def test_discovery_gives_the_same_bytes_each_time(sandbox: Sandbox, discovery: Discovery, tmp_path: Path) -> None:
    assert discover(sandbox, tmp_path, hash_seed="1").outcome.output == discovery.outcome.output


def test_each_stream_is_asked_once_and_for_its_newest(sandbox: Sandbox, tmp_path: Path) -> None:
    before = len(sandbox.requests)
    discover(sandbox, tmp_path, sample_records=3)
    requests = [request for request in sandbox.requests[before:] if request.slug]

    assert len(requests) == len({request.slug for request in requests}) == len(ENTITIES)
    [assets] = [request for request in requests if request.slug == "assets"]
    assert assets.query == {"page": "1", "per_page": "3", "sort[updatedAt]": "1"}


def test_without_the_setting_nothing_is_asked(sandbox: Sandbox, tmp_path: Path, catalog: dict[str, Any]) -> None:
    before = len(sandbox.requests)

    assert discover(sandbox, tmp_path, sample_records=0).catalog == catalog
    assert len(sandbox.requests) == before


# --- what cannot be sampled ------------------------------------------------------------------------


def test_streams_that_cannot_be_sampled_fall_back_with_a_warning(tmp_path: Path, catalog: dict[str, Any]) -> None:
    faults = [Fault("status", slug="assets", times=None, status=409), Fault("not_json", slug="sites", times=None)]
    behaviour = replace(QUIET, faults=faults, absent=frozenset({"teams"}))
    with Sandbox(rows=3, behaviour=behaviour) as server:
        for slug in ("assets", "sites", "teams", "work-orders"):
            server.store.insert(slug, Zone="north")
        found = discover(server, tmp_path, max_wait_seconds=0)

    assert found.outcome.code == 0
    warnings = sorted(warning for warning in found.outcome.logged("WARNING") if "custom fields" in warning)
    assert [": ".join(warning.split(": ")[:2]) for warning in warnings] == [
        "Stream assets: discovered without custom fields",
        "Stream sites: discovered without custom fields",
    ]
    assert "409" in warnings[0]
    for stream in ("assets", "sites", "teams"):
        assert custom(found, catalog, stream) == {}
    assert custom(found, catalog, "work_orders") == {"Zone": TEXT}


def test_a_server_that_refuses_the_order_is_sampled_all_the_same(tmp_path: Path, catalog: dict[str, Any]) -> None:
    with Sandbox(rows=0, behaviour=replace(QUIET, refuse_sort=True)) as server:
        server.store.insert("assets", Zone="north")
        found = discover(server, tmp_path)

    assert custom(found, catalog, "assets") == {"Zone": TEXT}
    assert not found.outcome.logged("WARNING")


def test_a_wrong_token_ends_discovery(sandbox: Sandbox, tmp_path: Path) -> None:
    before = len(sandbox.requests)
    outcome = discover(sandbox, tmp_path, api_token="wrong-token").outcome  # noqa: S106 - opens nothing

    assert (outcome.code, outcome.output) == (1, "")
    assert outcome.last_line.startswith("the server answered 401")
    assert "wrong-token" not in outcome.errors
    assert len(sandbox.requests) == before + 1


def test_without_a_token_there_is_nothing_to_sample(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text('{"sample_records": 5}', encoding="utf-8")
    outcome = run("--config", path, "--discover")

    assert (outcome.code, outcome.output) == (1, "")
    assert "api_token" in outcome.last_line


# --- loading ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def loaded(
    sandbox: Sandbox, discovery: Discovery, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Outcome, list[Any]]:
    """Gives what a run with the discovered catalog wrote, and what it had asked."""
    files = Files(tmp_path_factory.mktemp("run"), discovery.catalog)
    before = len(sandbox.requests)
    outcome = files.read(sandbox, "assets", settings={"sample_records": 5})
    return outcome, sandbox.requests[before:]


def records(outcome: Outcome) -> dict[str, dict[str, Any]]:
    return {message["record"]["key"]: message["record"] for message in outcome.of("RECORD", "assets")}


def test_with_a_catalog_nothing_is_sampled_again(loaded: tuple[Outcome, list[Any]]) -> None:
    outcome, requests = loaded
    lists = [request for request in requests if request.slug]

    assert outcome.code == 0
    assert {request.slug for request in lists} == {"assets"}
    assert "1" not in {request.query.get("sort[updatedAt]") for request in lists}


def test_records_fill_the_columns(sandbox: Sandbox, loaded: tuple[Outcome, list[Any]]) -> None:
    outcome, _ = loaded
    found = records(outcome)
    [schema] = outcome.of("SCHEMA", "assets")
    validator = Draft7Validator(schema["schema"], format_checker=Draft7Validator.FORMAT_CHECKER)
    for record in found.values():
        validator.validate(record)

    assert found.keys() == held_keys(sandbox, "assets")
    filled = {name: found["new0"][name] for name in COLUMNS}
    assert json.loads(filled.pop("permit")) == CUSTOM["permit"]
    assert filled == {name: value for name, value in CUSTOM.items() if name != "permit"}


def test_what_could_be_no_column_is_in_extra_and_nothing_else_is(loaded: tuple[Outcome, list[Any]]) -> None:
    found = records(loaded[0])

    assert json.loads(found["new0"]["_makini_extra"]) == {f"/{name}": value for name, value in COLLIDING.items()}
    assert json.loads(found["old"]["_makini_extra"]) == {"/tooOld": 1}
    others = [record for key, record in found.items() if not key.startswith(("new", "old"))]
    assert others
    assert {record["_makini_extra"] for record in others} == {None}
    assert not {name for record in others for name in COLUMNS if record.get(name) is not None}


def test_what_appears_later_is_reported_until_the_catalog_is_refreshed(loaded: tuple[Outcome, list[Any]]) -> None:
    [line] = [line for line in loaded[0].logged("INFO") if line.startswith("Stream assets: values that fit no column")]

    assert "/tooOld (unknown, 1 in all)" in line


def test_a_run_without_a_catalog_samples_first(tmp_path: Path) -> None:
    with Sandbox(rows=0, behaviour=replace(QUIET)) as server:
        server.store.insert("assets", key="a", Zone="north", NAME="upper")
        path = tmp_path / "config.json"
        config = {"api_url": server.url, "api_token": server.token, "sample_records": 1}
        path.write_text(json.dumps(config), encoding="utf-8")
        outcome = run("--config", path)

    [record] = records(outcome).values()
    assert outcome.code == 0
    assert record["Zone"] == "north"
    assert json.loads(record["_makini_extra"]) == {"/NAME": "upper"}


@pytest.mark.parametrize("settings", [{"sample_records": 1}, {"raw_tables": ["dbo.*"]}])
def test_a_refused_customer_is_not_sampled_but_still_reported(tmp_path: Path, settings: dict[str, Any]) -> None:
    with Sandbox(rows=1, behaviour=replace(QUIET)) as server:
        connections = [{"name": "bad", "api_token": "wrong-token"}, {"name": "good", "api_token": server.token}]
        path = tmp_path / "config.json"
        path.write_text(json.dumps({"api_url": server.url, "connections": connections, **settings}), encoding="utf-8")
        outcome = run("--config", path)

    assert outcome.code == 3
    assert outcome.last_line.startswith("Incomplete: bad")
    assert any(line.startswith("Connection bad: not sampled:") for line in outcome.logged("WARNING"))
    assert outcome.of("RECORD", "assets")


def test_a_deletion_time_that_only_records_have_marks_deletes(tmp_path: Path) -> None:
    with Sandbox(rows=3, behaviour=QUIET) as server:
        server.store.insert("documents", deletedAt="2025-01-02T03:04:05Z")
        found = discover(server, tmp_path, mark_deleted=True)

    columns = {entry["stream"]: list(entry["schema"]["properties"]) for entry in found.catalog["streams"]}
    added = ["_makini_connection", "_makini_extra", "_sdc_deleted_at"]
    assert columns["documents"][-4:] == ["deletedAt", *added]
    assert columns["vendors"][-3:] == added
