from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from cli.harness import Files, Outcome, run
from few_lists import few_lists

from .vendor import token_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .vendor import Vendor


@dataclass(frozen=True)
class Reader:
    """Has the program read.

    Attributes:
        files: Writes the files that it needs.
    """

    files: Files

    def arguments(self, settings: dict[str, Any], streams: tuple[str, ...], state: object = None) -> list[str | Path]:
        """Write the files, and give the command line that names them."""
        arguments: list[str | Path] = ["--config", self.files.write("config.json", settings)]
        arguments += ["--catalog", self.files.selection(*streams)] if streams else []
        return arguments + (["--state", self.files.write("state.json", state)] if state is not None else [])

    def read(
        self, vendor: Vendor, *streams: str, state: object = None, level: str = "INFO", **settings: object
    ) -> Outcome:
        """Read streams of all connections, unless the settings say otherwise."""
        config = vendor.settings(**settings)
        arguments = self.arguments({n: v for n, v in config.items() if v is not None}, streams, state)
        return run(*arguments, environment={"TAP_MAKINI_LOGLEVEL": level})


@pytest.fixture(scope="package", autouse=True)
def _few_lists() -> Iterator[None]:
    names = ("accounts", "assets", "labors", "sites", "teams", "uom", "users", "vendors", "work_orders")
    with few_lists({*names, "work_orders_custom_fields"}):
        yield


@pytest.fixture(scope="package")
def catalog(tmp_path_factory: pytest.TempPathFactory, _few_lists: None) -> dict[str, Any]:
    """The catalog that is discovered where connections are named."""
    config = tmp_path_factory.mktemp("discovery") / "config.json"
    config.write_text(json.dumps({"connections": [{"name": "any", "api_token": token_of("any")}]}))
    document: dict[str, Any] = json.loads(run("--config", config, "--discover").output)
    return document


@pytest.fixture
def reader(tmp_path: Path, catalog: dict[str, Any]) -> Reader:
    return Reader(Files(tmp_path, catalog))
