"""The reference catalogs are what discovery gives, and the ready selections hold what they promise."""

from __future__ import annotations

import difflib
import json
import subprocess
import sys

import pytest

from scripts.catalogs import FOLDER, catalogs, selections
from tap_makini.entities import CONNECTIONS, ENTITIES

WANTED = catalogs()


@pytest.mark.parametrize("name", sorted(WANTED))
def test_catalog_is_up_to_date(name: str) -> None:
    present = (FOLDER / name).read_text(encoding="utf-8")
    difference = list(
        difflib.unified_diff(present.splitlines(), WANTED[name].splitlines(), f"catalog/{name}", "--discover", n=1)
    )
    assert not difference, "run `make catalogs`:\n" + "\n".join(difference[:60])


def test_discovery_prints_the_whole_catalog_and_the_same_each_time() -> None:
    command = [sys.executable, "-m", "tap_makini", "--discover"]
    first, second = (
        subprocess.run(command, capture_output=True, check=True, env={"PYTHONHASHSEED": seed}).stdout
        for seed in ("1", "2")
    )
    assert first == second
    assert json.loads(first) == json.loads((FOLDER / "catalog.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("name", "streams"), selections().items())
def test_selection_selects_existing_streams_once(name: str, streams: list[str]) -> None:
    assert len(set(streams)) == len(streams)
    assert set(streams) <= {entity.stream for entity in (*ENTITIES, CONNECTIONS)}
    for entry in json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))["streams"]:
        (root,) = (item["metadata"] for item in entry["metadata"] if item["breadcrumb"] == [])
        assert root["selected"] is True, entry["tap_stream_id"]


def test_every_stream_but_master_lists_is_in_a_selection() -> None:
    selected = {stream for streams in selections().values() for stream in streams}
    left_out = {entity.stream for entity in ENTITIES} - selected
    assert left_out == {"production_orders", "statuses_production_orders", "statuses_projects"}
