"""What the README names exists."""

from __future__ import annotations

import re
from pathlib import Path

from scripts.docs import README

TEXT = README.read_text(encoding="utf-8")


def test_links_lead_somewhere() -> None:
    targets = [target for target in re.findall(r"\]\(([^)#]+)\)", TEXT) if "://" not in target]
    assert targets
    assert [target for target in targets if not (Path(README).parent / target).exists()] == []


def test_make_targets_exist() -> None:
    makefile = (README.parent / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"`make (\w+)|^make (\w+)", TEXT, re.MULTILINE))
    wanted = {first or second for first, second in named}
    assert {target for target in wanted if not re.search(rf"^{target}:", makefile, re.MULTILINE)} == set()
