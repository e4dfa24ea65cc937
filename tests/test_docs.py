"""What the pages for readers name exists, and they are short."""

from __future__ import annotations

import ast
import re
from functools import cache
from typing import TYPE_CHECKING

import pytest

from scripts.docs import PAGES, ROOT
from tap_makini.config import SETTINGS

if TYPE_CHECKING:
    from pathlib import Path

README = ROOT / "README.md"
FILES = [
    README,
    *(ROOT / f"{name}.md" for name in ("CONTRIBUTING", "SECURITY", "CHANGELOG")),
    *sorted(PAGES.glob("*.md")),
]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
MAKE_TARGETS = set(re.findall(r"^([a-z0-9-]+):.*## ", MAKEFILE, re.MULTILINE))
LONGEST_README, LONGEST_PAGE = 200, 150
GENERATED_PART = re.compile(r"(?<=by `make docs` -->\n).*?(?=<!-- end -->)", re.DOTALL)
WORDS_OF_A_SENTENCE = 5
LEAST_LETTERS = 8
"""Of a part of a message that is compared by itself."""

each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)


@cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def anchors_of(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", text_of(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each_file
def test_links_lead_somewhere(path: Path) -> None:
    targets = [target for target in re.findall(r"\]\(([^)]+)\)", text_of(path)) if "://" not in target]
    for name, _, anchor in (target.partition("#") for target in targets):
        file = (path.parent / name).resolve() if name else path
        assert file.exists(), name
        assert not anchor or anchor in anchors_of(file), f"{name}#{anchor}"


@each_file
def test_make_targets_exist(path: Path) -> None:
    named = {
        first or second for first, second in re.findall(r"`make ([\w-]+)|^make ([\w-]+)", text_of(path), re.MULTILINE)
    }
    assert named <= MAKE_TARGETS


def test_the_readme_names_every_make_target() -> None:
    assert {target for target in MAKE_TARGETS if f"`make {target}`" not in text_of(README)} == set()


@each_file
def test_variables_are_those_of_settings(path: Path) -> None:
    known = {*(name.upper() for name in SETTINGS["properties"]), "LOGLEVEL"}
    assert set(re.findall(r"TAP_MAKINI_([A-Z_]+)", text_of(path))) <= known


@pytest.mark.parametrize("path", sorted(PAGES.glob("*.md")), ids=lambda path: path.name)
def test_pages_can_be_reached_from_the_readme(path: Path) -> None:
    assert f"](docs/{path.name}" in text_of(README)


@each_file
def test_pages_are_short(path: Path) -> None:
    lines = GENERATED_PART.sub("", text_of(path)).count("\n")
    assert lines <= (LONGEST_README if path == README else LONGEST_PAGE)


# --- messages ---


def messages() -> list[str]:
    """Give the texts in the tap's source, with `…` for what is filled in."""
    found = []
    for path in sorted((ROOT / "tap_makini").rglob("*.py")):
        tree = ast.parse(text_of(path))
        parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                found.append("".join(part.value if isinstance(part, ast.Constant) else "…" for part in node.values))  # type: ignore[misc]
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
                found.append(re.sub(r"%(\.\d+f|[sd])", "…", node.value))
    return found


MESSAGES = [re.sub("…+", "…", message) for message in messages()]
FILLED = [
    re.compile(re.escape(message).replace("…", ".+")) for message in MESSAGES if LEAST_LETTERS <= len(message) < 500
]


def quoted(path: Path) -> list[str]:
    """Give the messages that a page quotes: what “the log says” in tables, and inline code that is a sentence."""
    text = re.sub(r"```.*?```", "", text_of(path), flags=re.DOTALL)
    tables = re.findall(r"^\| the log says .*\n\| --- .*\n((?:\|.*\n)+)", text, re.MULTILINE)
    cells = [row.split(" | ")[0] for table in tables for row in table.splitlines()]
    quotes = [quote for cell in cells for quote in re.findall(r"`([^`]+)`", cell)]
    code = [inline for inline in re.findall(r"`([^`]+)`", text) if len(inline.split()) >= WORDS_OF_A_SENTENCE]
    return [*quotes, *(inline for inline in code if not set(inline) & {"=", "{"})]


def is_in_source(part: str) -> bool:
    """Whether a message contains this, or is this with something filled in."""
    return any(part in message for message in MESSAGES) or any(pattern.fullmatch(part) for pattern in FILLED)


def test_pages_quote_messages() -> None:
    assert len(quoted(PAGES / "troubleshooting.md")) > 30
    assert quoted(PAGES / "openapi.md")


@pytest.mark.parametrize("quote", dict.fromkeys(quote for path in FILES for quote in quoted(path)))
def test_quoted_messages_are_those_of_the_code(quote: str) -> None:
    parts = [quote] if any(quote in message for message in MESSAGES) else quote.split("…")
    compared = [part.strip() for part in parts if len(part.strip()) >= LEAST_LETTERS]
    assert compared
    assert [part for part in compared if not is_in_source(part)] == []
