"""The ready selections hold what they promise."""

from __future__ import annotations

import json

import pytest

from scripts.catalogs import FOLDER, selections
from tap_makini.entities import CONNECTION, ENTITIES


@pytest.mark.parametrize(("name", "streams"), selections().items())
def test_a_selection_selects_existing_streams_once(name: str, streams: list[str]) -> None:
    assert len(set(streams)) == len(streams)
    assert set(streams) <= {entity.stream for entity in (*ENTITIES, CONNECTION)}
    for entry in json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))["streams"]:
        (root,) = (item["metadata"] for item in entry["metadata"] if item["breadcrumb"] == [])
        assert root["selected"] is True, entry["tap_stream_id"]
