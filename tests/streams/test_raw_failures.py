"""Tables that cannot be listed or read, by the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from cli.harness import Outcome, run
from direct_sandbox import DirectSandbox

from makini_sandbox import Behaviour, Fault, Sandbox

from .raw_harness import raw_catalog, raw_streams, settings_of

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("_few_lists")

LIST = "raw/tables"
WRONG = "wrong"
FAILURES = [Fault("status", slug=LIST, status=status, times=None) for status in (403, 404, 500)]
FAILURES += [Fault(kind, slug=LIST, times=None) for kind in ("html_200", "not_json")]
WITHOUT_LIST = pytest.mark.parametrize("failure", FAILURES, ids=lambda fault: f"{fault.kind}-{fault.status}")


def program(folder: Path, sandbox: Sandbox, *arguments: str | Path, **settings: object) -> Outcome:
    config = folder / "config.json"
    config.write_text(json.dumps(settings_of(sandbox, **settings)), encoding="utf-8")
    return run("--config", config, *arguments)


def sandbox_with(*faults: Fault, **options: Any) -> Sandbox:  # noqa: ANN401 - the sandbox's own
    return DirectSandbox(rows=2, behaviour=Behaviour(faults=list(faults)), **options)


@WITHOUT_LIST
def test_discovery_offers_all_but_the_tables_that_fail(tmp_path: Path, failure: Fault) -> None:
    with sandbox_with(failure) as sandbox:
        outcome = program(tmp_path, sandbox, "--discover", raw_tables=["d*", "audit_log"])
    assert outcome.code == 0
    catalog = json.loads(outcome.output)
    assert raw_streams(catalog) == ["raw_audit_log"]
    assert "vendors" in {entry["stream"] for entry in catalog["streams"]}
    [warning] = outcome.logged("WARNING")
    assert "raw_tables: patterns are ignored for the connection, because its tables cannot be listed" in warning


@WITHOUT_LIST
def test_a_run_loads_all_but_the_tables_that_fail(tmp_path: Path, failure: Fault) -> None:
    catalog = tmp_path / "catalog.json"
    with sandbox_with() as sandbox:
        document = json.loads(program(tmp_path, sandbox, "--discover").output)
        entries = [entry for entry in document["streams"] if entry["stream"] in {"uom", "vendors"}]
        catalog.write_text(json.dumps({"streams": entries + raw_catalog("a")["streams"]}), encoding="utf-8")
        sandbox.behaviour.faults.append(failure)
        outcome = program(tmp_path, sandbox, "--catalog", catalog, raw_tables=["T*"])
    is_absent = failure.kind == "status" and failure.status != 500
    assert outcome.code == (0 if is_absent else 3)
    assert {message["stream"] for message in outcome.of("RECORD")} == {"uom", "vendors"}
    logged = outcome.logged("WARNING" if is_absent else "ERROR")
    assert "raw_T" in logged[0]


@pytest.mark.parametrize("pattern", ["*", "audit_log"])
def test_a_wrong_token_ends_discovery_in_one_line(tmp_path: Path, pattern: str) -> None:
    with sandbox_with() as sandbox:
        outcome = program(tmp_path, sandbox, "--discover", raw_tables=[pattern], api_token=WRONG)
    assert outcome.code == 1
    assert not outcome.output
    assert len(outcome.logged("ERROR")) == 1
    assert "Check the setting api_token" in outcome.last_line


def test_one_wrong_token_of_several_leaves_the_others_tables(tmp_path: Path) -> None:
    with sandbox_with(connections={"t-a": "acme", "t-b": "bolt"}) as sandbox:
        connections = [{"name": "acme", "api_token": WRONG}, {"name": "bolt", "api_token": "t-b"}]
        outcome = program(tmp_path, sandbox, "--discover", raw_tables=["a*"], connections=connections)
    assert outcome.code == 0
    assert raw_streams(json.loads(outcome.output)) == ["raw_audit_log"]
    assert "acme" in outcome.logged("WARNING")[0]


def test_a_pattern_that_matches_nothing_is_logged(tmp_path: Path) -> None:
    with sandbox_with() as sandbox:
        outcome = program(tmp_path, sandbox, "--discover", raw_tables=["nothing*"])
    assert outcome.code == 0
    assert "raw_tables" in outcome.last_line


def test_the_program_reads_what_it_discovers(tmp_path: Path) -> None:
    catalog = tmp_path / "catalog.json"
    with sandbox_with() as sandbox:
        document = json.loads(program(tmp_path, sandbox, "--discover", raw_tables=["*"]).output)
        streams = raw_streams(document)
        entries = [entry for entry in document["streams"] if entry["stream"] in streams]
        catalog.write_text(json.dumps({"streams": entries}), encoding="utf-8")
        outcome = program(tmp_path, sandbox, "--catalog", catalog, raw_tables=["*"])
    assert outcome.code == 0
    assert {message["stream"] for message in outcome.of("SCHEMA")} == set(streams)
    assert len(outcome.of("RECORD")) == 75
