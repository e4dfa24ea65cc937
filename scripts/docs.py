"""Write everything that is generated from the code: tables, the map of entities, `meltano.yml`, the ready catalogs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from scripts import catalogs, entities_map
from scripts.meltano_settings import about, hub_settings, with_settings
from tap_makini.entities import CONNECTIONS, ENTITIES

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
MELTANO = ROOT / "meltano.yml"


def generated() -> dict[Path, str]:
    """Return the text of each generated file, with what is written by hand in it as it stands."""
    settings: dict[str, dict[str, Any]] = about()["settings"]["properties"]
    tables = {"settings": settings_table(settings), "streams": streams_table()}
    return {
        README: with_tables(README.read_text(encoding="utf-8"), tables),
        MELTANO: with_settings(MELTANO.read_text(encoding="utf-8"), hub_settings(settings)),
        entities_map.DOCUMENT: entities_map.document(entities_map.tables()),
        **catalogs.catalogs(),
    }


def with_tables(text: str, tables: dict[str, str]) -> str:
    """Return a text with other tables between their marks."""
    for name, table in tables.items():
        mark = rf"(?<=<!-- {name}: written by `make docs` -->\n).*?(?=<!-- end -->)"
        escaped = f"{table}\n".replace("\\", r"\\")
        text = re.sub(mark, escaped, text, flags=re.DOTALL)
    return text


def settings_table(settings: dict[str, dict[str, Any]]) -> str:
    """Return a row for each setting.

    Args:
        settings: The properties of their JSON schema.
    """
    rows = [f"| `{name}` | {_default(declared)} | {_description(declared)} |" for name, declared in settings.items()]
    return "\n".join(["| setting | default | |", "| --- | --- | --- |", *rows])


def _default(declared: dict[str, Any]) -> str:
    if declared.get("default") in (None, []):
        return ""
    default = declared["default"]
    text = str(default).lower() if isinstance(default, bool) else str(default)
    return f"`{','.join(default) if isinstance(default, list) else text}`"


def _description(declared: dict[str, Any]) -> str:
    secret = "Secret. " if declared.get("secret") else ""
    return secret + " ".join(declared["description"].split()).replace("|", r"\|")


def streams_table() -> str:
    """Return a row for each stream."""
    rows = [
        f"| `{entity.stream}` | `{entity.slug}` | {', '.join(entity.products)} | "
        f"{', '.join(f'`{key}`' for key in entity.key)} | "
        f"{f'`{entity.replication_key}`' if entity.replication_key else 'read whole'} |"
        for entity in sorted((*ENTITIES, CONNECTIONS), key=lambda entity: entity.stream)
    ]
    return "\n".join(
        ["| stream | entity | products | key | incremental by |", "| --- | --- | --- | --- | --- |", *rows]
    )


def main() -> None:
    """Write the files."""
    for path, text in generated().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
