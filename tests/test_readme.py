"""What the README says of settings, streams and files is true of the tree."""

from __future__ import annotations

import re
from pathlib import Path

from scripts.docs import README, filled, streams_table
from tap_makini.entities import ENTITIES

TEXT = README.read_text(encoding="utf-8")


def test_tables_are_up_to_date() -> None:
    assert filled(TEXT) == TEXT, "run `make docs`"
    assert streams_table() in TEXT
    assert streams_table().count("\n| `") == len(ENTITIES) + 1


def test_links_lead_somewhere() -> None:
    targets = [target for target in re.findall(r"\]\(([^)#]+)\)", TEXT) if "://" not in target]
    assert targets
    assert [target for target in targets if not (Path(README).parent / target).exists()] == []


def test_make_targets_exist() -> None:
    makefile = (README.parent / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"`make (\w+)|^make (\w+)", TEXT, re.MULTILINE))
    wanted = {first or second for first, second in named}
    assert {target for target in wanted if not re.search(rf"^{target}:", makefile, re.MULTILINE)} == set()
