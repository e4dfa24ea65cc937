"""What `make docs` writes is up to date."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

import pytest

from scripts.docs import MELTANO, PAGES, ROOT, generated, part_names, parts
from scripts.meltano_settings import about
from tap_makini.config import SETTINGS
from tap_makini.entities import ENTITIES

if TYPE_CHECKING:
    from pathlib import Path

GENERATED = generated()


@pytest.mark.parametrize("path", GENERATED, ids=lambda path: path.name)
def test_a_generated_file_is_up_to_date(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    present, wanted = path.read_text(encoding="utf-8").splitlines(), GENERATED[path].splitlines()
    difference = list(difflib.unified_diff(present, wanted, name, "make docs", n=1, lineterm=""))
    assert not difference, f"{name}: run `make docs`\n" + "\n".join(difference[:60])


def test_every_generated_part_has_its_place_in_one_page() -> None:
    placed = [name for path in PAGES.glob("*.md") for name in part_names(path.read_text(encoding="utf-8"))]
    assert sorted(placed) == sorted(parts(about()["settings"]["properties"]))


def test_every_setting_and_stream_is_in_its_tables() -> None:
    settings, streams, meltano = GENERATED[PAGES / "settings.md"], GENERATED[PAGES / "streams.md"], GENERATED[MELTANO]
    for name in SETTINGS["properties"]:
        assert f"| `{name}` |" in settings
        assert f"    - name: {name}\n" in meltano
    for entity in ENTITIES:
        assert f"| `{entity.stream}` |" in streams
