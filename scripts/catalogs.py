"""Build the reference catalogs: everything that discovery finds, and ready selections of it."""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path
from typing import Any

import yaml

from tap_makini.tap import TapMakini

FOLDER = Path(__file__).parents[1] / "catalog"


def discovered() -> dict[str, Any]:
    """Return the catalog that discovery prints."""
    return TapMakini(config={}, validate_config=False, setup_mapper=False).catalog_dict


def selections() -> dict[str, list[str]]:
    """Return the streams of each ready selection."""
    listed = yaml.safe_load((FOLDER / "selections.yml").read_text(encoding="utf-8"))
    return {name: sorted(chain(*groups)) for name, groups in listed.items() if not name.startswith("x-")}


def catalogs() -> dict[Path, str]:
    """Return the text of each catalog."""
    full = discovered()
    entries = {entry["tap_stream_id"]: entry for entry in full["streams"]}
    ready = {
        f"{name}.json": {"streams": [entries[stream] for stream in streams]} for name, streams in selections().items()
    }
    return {
        FOLDER / name: json.dumps(catalog, indent=2) + "\n" for name, catalog in {"catalog.json": full, **ready}.items()
    }
