"""Describe the settings of the tap in `meltano.yml`, in the form of Meltano Hub."""

from __future__ import annotations

import json
import re
import textwrap
from typing import Any

import yaml
from click.testing import CliRunner

from tap_makini.tap import TapMakini

Setting = dict[str, Any]

_BLOCK = re.compile(r"(?<=    settings: # written by `make docs`\n).*?(?=  loaders:\n)", re.DOTALL)


def about() -> dict[str, Any]:
    """Return what `tap-makini --about --format=json` prints."""
    result = CliRunner().invoke(TapMakini.cli, ["--about", "--format=json"])
    printed: dict[str, Any] = json.loads(result.stdout)
    return printed


def with_settings(text: str, settings: list[Setting]) -> str:
    """Return the text of `meltano.yml` with the settings of the tap replaced."""
    dumped = yaml.safe_dump(settings, sort_keys=False, width=110, allow_unicode=True)
    return _BLOCK.sub(lambda _: textwrap.indent(dumped, "    "), text)


def hub_settings(declared: dict[str, Any]) -> list[Setting]:
    """Describe all settings as Meltano Hub does, in their order.

    Args:
        declared: The properties of the JSON schema of the settings.
    """
    return [_hub_setting(*item) for item in declared.items()]


def _hub_setting(name: str, declared: dict[str, Any]) -> Setting:
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


def kind(declared: dict[str, Any]) -> str:
    """Return the Hub's kind of a declared JSON schema."""
    if "enum" in declared:
        return "options"
    if declared.get("format") in {"date", "date-time"}:
        return "date_iso8601"
    types = [declared["type"]] if isinstance(declared["type"], str) else declared["type"]
    return str(next(name for name in types if name != "null"))
