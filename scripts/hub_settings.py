"""Turn what `tap-makini --about` says into the settings of `meltano.yml`, in the Hub's form."""

from __future__ import annotations

import json
import sys
from typing import Any

import yaml
from click.testing import CliRunner

from tap_makini.tap import TapMakini

Setting = dict[str, Any]


def about() -> dict[str, Any]:
    """Give what `tap-makini --about --format=json` prints."""
    result = CliRunner().invoke(TapMakini.cli, ["--about", "--format=json"])
    said: dict[str, Any] = json.loads(result.stdout)
    return said


def kind(declared: dict[str, Any]) -> str:
    """Name the Hub's kind of a declared JSON schema."""
    if "enum" in declared:
        return "options"
    if declared.get("format") in {"date", "date-time"}:
        return "date_iso8601"
    types = [declared["type"]] if isinstance(declared["type"], str) else declared["type"]
    return str(next(name for name in types if name != "null"))


def hub_setting(name: str, declared: dict[str, Any]) -> Setting:
    """Describe one setting as the Hub does."""
    setting: Setting = {
        "name": name,
        "label": declared["title"],
        "kind": kind(declared),
        "description": declared["description"],
    }
    if declared.get("secret"):
        setting["sensitive"] = True
    if "default" in declared:
        setting["value"] = declared["default"]
    if "enum" in declared:
        setting["options"] = [{"label": str(value), "value": value} for value in declared["enum"] if value is not None]
    return setting


def hub_settings(said: dict[str, Any]) -> list[Setting]:
    """Describe all settings, in their order."""
    return [hub_setting(*item) for item in said["settings"]["properties"].items()]


def main() -> None:
    """Print the settings as YAML."""
    yaml.safe_dump(hub_settings(about()), sys.stdout, sort_keys=False, width=110)


if __name__ == "__main__":
    main()
