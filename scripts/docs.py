"""Write everything that is generated from the code: tables and diagrams in `docs/`, `meltano.yml`, the ready catalogs.

A page holds a generated part between two comments, and the rest of the page is written by hand:

    <!-- streams: written by `make docs` -->
    <!-- end -->
"""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts import catalogs, diagrams
from scripts.meltano_settings import about, hub_settings, with_settings
from scripts.references import CONCLUDED, references, tables, unknown
from tap_makini.config import Settings
from tap_makini.entities import CONNECTION, ENTITIES, MATERIALS
from tap_makini.schema import deletion_time, load_item_schema
from tap_makini.streams import DependentStream, LinesStream
from tap_makini.tap import TapMakini

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from scripts.references import Table

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "docs"
MELTANO = ROOT / "meltano.yml"

_PART = re.compile(r"(<!-- ([a-z-]+): written by `make docs` -->\n).*?(<!-- end -->)", re.DOTALL)
_SCHEMAS = "../tap_makini/schemas"

_Settings = dict[str, dict[str, Any]]


def generated() -> dict[Path, str]:
    """Return the text of each generated file; what is written by hand in it stays as it is."""
    settings: _Settings = about()["settings"]["properties"]
    written = {name: make() for name, make in parts(settings).items()}
    pages = {path: path.read_text(encoding="utf-8") for path in sorted(PAGES.glob("*.md"))}
    return {
        **{path: with_parts(text, written) for path, text in pages.items() if _PART.search(text)},
        MELTANO: with_settings(MELTANO.read_text(encoding="utf-8"), hub_settings(settings)),
        **catalogs.catalogs(),
    }


def parts(settings: _Settings) -> Mapping[str, Callable[[], str]]:
    """Return what writes each generated part, by the part's name.

    Args:
        settings: The properties of the JSON schema of all settings.
    """
    names = {field.name for field in fields(Settings)}
    own = {name: declared for name, declared in settings.items() if name in names}
    others = {name: declared for name, declared in settings.items() if name not in names}
    return {
        "settings": lambda: settings_table(own),
        "sdk-settings": lambda: settings_table(others),
        "streams": streams_table,
        "dependent-streams": dependent_streams_table,
        "without-deletion-time": without_deletion_time_table,
        "references": lambda: references_table(tables()),
        "concluded": concluded_table,
        "unknown": lambda: unknown_table(tables()),
        "diagrams": lambda: diagrams.document(tables()),
    }


def with_parts(text: str, written: Mapping[str, str]) -> str:
    """Return the text of a page with its generated parts written again."""
    return _PART.sub(lambda part: f"{part[1]}{written[part[2]].rstrip()}\n{part[3]}", text)


def part_names(text: str) -> list[str]:
    """Return the names of the generated parts of a page."""
    return [name for _, name, _ in _PART.findall(text)]


# --- settings ---


def settings_table(settings: _Settings) -> str:
    """Return a row for each setting."""
    rows = ((f"`{name}`", _default(declared), _description(declared)) for name, declared in settings.items())
    return markdown(("setting", "default", "description"), rows)


def _default(declared: dict[str, Any]) -> str:
    if declared.get("default") in (None, []):
        return ""
    default = declared["default"]
    text = str(default).lower() if isinstance(default, bool) else str(default)
    return f"`{','.join(default) if isinstance(default, list) else text}`"


def _description(declared: dict[str, Any]) -> str:
    secret = "**Secret.** " if declared.get("secret") else ""
    return secret + " ".join(declared["description"].split()).replace("|", r"\|")


# --- streams ---


def streams_table() -> str:
    """Return a row for each stream of a list."""
    rows = (
        (
            f"`{entity.stream}`",
            f"`{entity.slug}`",
            ", ".join(entity.products),
            ", ".join(f"`{name}`" for name in entity.key),
            f"`{entity.replication_key}`" if entity.replication_key else "full table",
            f"[{entity.item}]({_SCHEMAS}/{entity.item}.json)",
        )
        for entity in sorted((*ENTITIES, CONNECTION), key=lambda entity: entity.stream)
    )
    return markdown(("stream", "entity", "products", "key", "incremental by", "columns"), rows)


def dependent_streams_table() -> str:
    """Return a row for each stream of what belongs to the records of another one."""
    rows = ((f"`{stream.name}`", f"`{stream.parent.name}`", *_rows_of(stream)) for stream in dependent_streams())
    return markdown(("stream", "parent", "kind", "columns"), rows)


def dependent_streams() -> Iterator[DependentStream]:
    """Yield the built-in streams of lines and child lists."""
    tap = TapMakini(config={}, validate_config=False, setup_mapper=False)
    for name in sorted(tap.streams):
        stream = tap.streams[name]
        if isinstance(stream, DependentStream):
            yield stream


def _rows_of(stream: DependentStream) -> tuple[str, str]:
    if isinstance(stream, LinesStream):
        return "lines", f"items of `{stream.array}`"
    return "child list", f"[{MATERIALS}]({_SCHEMAS}/{MATERIALS}.json)"


def without_deletion_time_table() -> str:
    """Return a row for each stream whose records do not say when they were deleted."""
    entities = sorted(ENTITIES, key=lambda entity: entity.item)
    rows = (
        (f"`{entity.item}`", f"`{entity.stream}`")
        for entity in entities
        if deletion_time(load_item_schema(entity.item)["properties"]) is None
    )
    return markdown(("item type", "stream"), rows)


# --- references ---


def references_table(listed: Iterable[Table]) -> str:
    """Return a row for each stream that refers to others."""
    found: dict[str, list[str]] = {}
    for stream, path, target in references(listed):
        found.setdefault(stream, []).append(f"`{path}` → `{target}`")
    return markdown(("stream", "references"), ((f"`{stream}`", ", ".join(each)) for stream, each in found.items()))


def concluded_table() -> str:
    """Return a row for each column whose name alone does not say what it refers to."""
    rows = ((f"`{place}`", f"`{stream}`", reason) for place, (stream, reason) in CONCLUDED.items())
    return markdown(("column", "refers to", "because"), rows)


def unknown_table(listed: Iterable[Table]) -> str:
    """Return a row for each column of which it is not known what it refers to."""
    return markdown(("column", "what is known"), ((f"`{place}`", reason) for place, reason in unknown(listed).items()))


def markdown(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table."""
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def main() -> None:
    """Write the files."""
    for path, text in generated().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
