"""Lines and child lists by the command line: off until they are selected, and stopped by a signal."""

from __future__ import annotations

import fnmatch
import select
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from cli.test_signals import running
from connections.conftest import Reader
from connections.vendor import Manner, Vendor, named, summary

from makini_sandbox import Behaviour, Fault, Sandbox

from .harness import LINES, MATERIALS, MATERIALS_SLUG, PARENT_KEY, WORK, WORK_SLUG

if TYPE_CHECKING:
    from cli.harness import Files

MELTANO = Path(__file__).parents[2] / "meltano.yml"


def test_dependent_streams_are_off_by_default(catalog: dict[str, Any]) -> None:
    defaults = {
        entry["stream"]: metadata["metadata"].get("selected-by-default", True)
        for entry in catalog["streams"]
        for metadata in entry["metadata"]
        if not metadata["breadcrumb"]
    }
    assert {name for name, is_on in defaults.items() if not is_on} == {name for name in defaults if "__" in name}
    assert {LINES, MATERIALS} <= defaults.keys()


def test_a_run_without_a_catalog_reads_no_dependent_stream(files: Files) -> None:
    with Sandbox(rows=2) as sandbox:
        outcome = files.read(sandbox, settings={"products": ["eam"]})
        assert not [request.slug for request in sandbox.requests if "{key}" in (request.slug or "")]
    assert outcome.code == 0
    assert WORK in {message["stream"] for message in outcome.of("RECORD")}
    assert not [message for message in outcome.of("SCHEMA") if "__" in message["stream"]]


def test_meltano_reads_no_dependent_stream_unless_it_is_selected(catalog: dict[str, Any]) -> None:
    [plugin] = yaml.safe_load(MELTANO.read_text(encoding="utf-8"))["plugins"]["extractors"]
    excluding = [pattern[1:] for pattern in plugin["select"] if pattern.startswith("!")]
    names = [entry["stream"] for entry in catalog["streams"]]
    excluded = {name for name in names if any(fnmatch.fnmatch(f"{name}.key", pattern) for pattern in excluding)}
    assert excluded == {name for name in names if "__" in name}


@pytest.mark.parametrize(("absent", "status", "code"), [(True, 404, 0), (True, 403, 0), (False, 500, 3)])
def test_only_a_failing_child_list_makes_a_run_exit_with_3(files: Files, absent: bool, status: Any, code: int) -> None:  # noqa: FBT001, ANN401 - parameters
    behaviour = Behaviour(absent=frozenset({MATERIALS_SLUG} if absent else ()), absent_answer=status)
    behaviour.faults = [] if absent else [Fault("status", slug=MATERIALS_SLUG, status=status, times=None)]
    with Sandbox(rows=5, behaviour=behaviour) as sandbox:
        outcome = files.read(sandbox, WORK, MATERIALS, settings={"max_wait_seconds": 0})
    assert outcome.code == code
    assert len(outcome.of("RECORD", WORK)) == 5
    assert "bookmarks" in outcome.state
    assert (MATERIALS in outcome.last_line) is (code == 3)
    assert len([line for line in outcome.logged("WARNING") if f"Stream {MATERIALS} is left out" in line]) == int(absent)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_while_child_lists_do_not_respond_ends_the_run_with_a_state(
    files: Files, number: signal.Signals
) -> None:
    silent = Fault("timeout", slug=MATERIALS_SLUG, nth=4, times=None)
    with (
        Sandbox(sizes={WORK_SLUG: 20}, behaviour=Behaviour(faults=[silent])) as sandbox,
        running(files, sandbox, MATERIALS) as run,
    ):
        run.take_until(b'"SCHEMA"')
        while sum(request.slug == MATERIALS_SLUG for request in sandbox.requests) < 4:
            assert run.process.poll() is None
            select.select([], [], [], 0.01)
        run.process.send_signal(number)
        assert run.wait() == 128 + number
        run.drain()
    *_, last = run.output.splitlines()
    assert b'"STATE"' in last
    assert b"replication_key_value" not in last
    assert b"progress" not in last


LIMITED, REVOKED, WELL = NAMES = named(3)


def test_a_limited_and_a_revoked_connection_leave_the_others_whole(files: Files) -> None:
    """One is limited: when it has to wait, all its requests wait. One is revoked meanwhile."""
    manners = {LIMITED: Manner(limit=12, window=1.0)}
    with Vendor(NAMES, manners=manners, sizes={WORK_SLUG: 16}) as vendor:

        def revoke(_: Sandbox, request: Any) -> None:  # noqa: ANN401 - a recorded request
            if request.slug == MATERIALS_SLUG and request.connection == REVOKED:
                vendor.manners[REVOKED] = Manner(status=401)

        vendor.sandbox.on_request(revoke)
        outcome = Reader(files).read(vendor, WORK, MATERIALS, max_parallel=3)
        held = {
            (connection.name, key, item["key"])
            for connection in vendor.sandbox.connections.values()
            for key in connection.store.keys(WORK_SLUG)
            for item in connection.store.children(WORK_SLUG, key, "materials")
        }

    assert outcome.code == 3
    assert REVOKED in outcome.last_line
    assert not {LIMITED, WELL} & set(outcome.last_line.split())
    [schema] = outcome.of("SCHEMA", MATERIALS)
    assert schema["key_properties"] == ["_makini_connection", PARENT_KEY, "key"]
    came = [
        tuple(each["record"][name] for name in schema["key_properties"]) for each in outcome.of("RECORD", MATERIALS)
    ]
    assert len(set(came)) == len(came)
    assert {key for key in held if key[0] != REVOKED} <= set(came) <= held
    statuses = {(each["connection"], each["stream"]): each["status"] for each in summary(outcome.errors)}
    assert statuses[WELL, MATERIALS] == statuses[LIMITED, MATERIALS] == "complete"
    refused = manners[LIMITED].refused
    assert refused
    assert [refused[window] for window in sorted(refused)][1:] == [1] * (len(refused) - 1)
