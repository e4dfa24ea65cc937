"""List the programs that are compared, each with the command that reads all work orders."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_ROOT = Path(__file__).parent.parent
_PEERS = Path(__file__).parent / "peers"
_TAP = (sys.executable, "-m", "tap_makini")
TAP = "tap-makini"
PLAIN_SDK = "plain singer-sdk stream"
PLAIN_PAGING = "tap-makini, plain paging"


@dataclass(frozen=True)
class Contender:
    """A program.

    Attributes:
        name: What it is called in the tables.
        command: What runs it.
        counts: Whether it writes a RECORD message for each record.
    """

    name: str
    command: tuple[str, ...]
    counts: bool = True


def tap(folder: Path) -> Contender:
    """Return this tap as its users run it: everything checked, read by the keyset paginator."""
    return Contender(TAP, (*_TAP, "--config=ENV", "--catalog", _catalog(folder)))


def plain_paging(folder: Path) -> Contender:
    """Return this tap with plain paging in place of its paginators."""
    module = "benchmarks.peers.plain_paging_tap"
    return Contender(PLAIN_PAGING, (sys.executable, "-m", module, "--config=ENV", "--catalog", _catalog(folder)))


def starts() -> list[Contender]:
    """Return the programs whose start-up is compared."""
    return [
        Contender("`tap-makini --discover`", (*_TAP, "--discover"), counts=False),
        Contender('`python -c "import singer_sdk"`', (sys.executable, "-c", "import singer_sdk"), counts=False),
    ]


def peers(folder: Path, rows: int, environment: Mapping[str, str]) -> list[Contender]:
    """Return all that read the same list in other ways."""
    dlt = (_python("bench-dlt"), str(_PEERS / "dlt_rest_api.py"))
    return [
        Contender("bare requests + json loop", (sys.executable, "-m", "benchmarks.peers.bare_loop")),
        Contender(PLAIN_SDK, (sys.executable, "-m", "benchmarks.peers.plain_sdk_tap", "--config=ENV")),
        Contender(f"dlt {_version('dlt')} rest_api, extraction only", (*dlt, "extract")),
        Contender(f"dlt {_version('dlt')} rest_api, to JSONL files", (*dlt, "load", str(rows)), counts=False),
        Contender(f"Airbyte CDK {_version('airbyte-cdk')}, declarative", _airbyte(folder, environment)),
        Contender(f"tap-rest-api-msdk {_version('tap-rest-api-msdk')}", _tap_rest_api_msdk(folder, environment)),
    ]


def _catalog(folder: Path) -> str:
    discovered = subprocess.run((*_TAP, "--discover"), check=True, capture_output=True).stdout  # noqa: S603 - the tap
    catalog = json.loads(discovered)
    catalog["streams"] = [stream for stream in catalog["streams"] if stream["tap_stream_id"] == "work_orders"]
    return _write(folder / "catalog.json", catalog)


def _airbyte(folder: Path, environment: Mapping[str, str]) -> tuple[str, ...]:
    stream = {"name": "work_orders", "json_schema": {"type": "object"}, "supported_sync_modes": ["full_refresh"]}
    catalog = {"streams": [{"stream": stream, "sync_mode": "full_refresh", "destination_sync_mode": "overwrite"}]}
    return (
        str(Path(_python("bench-airbyte-cdk")).with_name("source-declarative-manifest")),
        *("read", "--manifest-path", str(_PEERS / "airbyte_manifest.yaml")),
        *("--config", _write(folder / "airbyte.json", _settings(environment))),
        *("--catalog", _write(folder / "airbyte_catalog.json", catalog)),
    )


def _tap_rest_api_msdk(folder: Path, environment: Mapping[str, str]) -> tuple[str, ...]:
    settings = _settings(environment)
    config = {
        "api_url": settings["api_url"],
        "auth_method": "bearer_token",
        "bearer_token": settings["api_token"],
        "pagination_request_style": "page_number_paginator",
        "pagination_response_style": "page",
        "next_page_token_path": "$.links.next",
        "streams": [
            {
                "name": "work_orders",
                "path": "/api/eam/work-orders",
                "records_path": "$.data[*]",
                "primary_keys": ["key"],
                "params": {"per_page": 500},
            }
        ],
    }
    program = Path(_python("bench-tap-rest-api-msdk")).with_name("tap-rest-api-msdk")
    return str(program), "--config", _write(folder / "tap_rest_api_msdk.json", config)


def _settings(environment: Mapping[str, str]) -> dict[str, str]:
    return {name.removeprefix("TAP_MAKINI_").lower(): value for name, value in environment.items()}


def _write(path: Path, value: Any) -> str:  # noqa: ANN401 - any JSON
    path.write_text(json.dumps(value), encoding="utf-8")
    return str(path)


def _python(environment: str) -> str:
    return str(_ROOT / ".venvs" / environment / "bin" / "python")


def _version(package: str) -> str:
    """Return the version of a peer that is pinned."""
    pins = (_ROOT / "requirements" / f"bench-{package}.txt").read_text(encoding="utf-8")
    found = re.search(rf"^{package}==(\S+)", pins, re.MULTILINE)
    return found[1] if found else "?"
