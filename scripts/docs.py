"""Write what the documents say of the code: tables of the README, and the map of entities."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from scripts import entities_map
from scripts.hub_settings import about
from tap_makini.entities import CONNECTIONS, ENTITIES

README = Path(__file__).parents[1] / "README.md"


def settings_table() -> str:
    """Give the settings as `--about` tells them."""
    rows = [f"| `{name}` | {_default(declared)} | {_description(declared)} |" for name, declared in _settings().items()]
    return "\n".join(["| setting | default | |", "| --- | --- | --- |", *rows])


def _settings() -> dict[str, dict[str, Any]]:
    settings: dict[str, dict[str, Any]] = about()["settings"]["properties"]
    return settings


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
    """Give a row for each stream."""
    rows = [
        f"| `{entity.stream}` | `{entity.slug}` | {', '.join(entity.products)} | "
        f"{', '.join(f'`{key}`' for key in entity.key)} | "
        f"{f'`{entity.replication_key}`' if entity.replication_key else 'read whole'} |"
        for entity in sorted((*ENTITIES, CONNECTIONS), key=lambda entity: entity.stream)
    ]
    return "\n".join(
        ["| stream | entity | products | key | incremental by |", "| --- | --- | --- | --- | --- |", *rows]
    )


def filled(text: str) -> str:
    """Put the tables between their marks."""
    for name, table in (("settings", settings_table()), ("streams", streams_table())):
        text = re.sub(
            rf"(?<=<!-- {name}: written by `make docs` -->\n).*?(?=<!-- end -->)",
            f"{table}\n".replace("\\", r"\\"),
            text,
            flags=re.DOTALL,
        )
    return text


def main() -> None:
    """Write the documents anew."""
    README.write_text(filled(README.read_text(encoding="utf-8")), encoding="utf-8")
    entities_map.DOCUMENT.write_text(entities_map.document(entities_map.tables()), encoding="utf-8")


if __name__ == "__main__":
    main()
