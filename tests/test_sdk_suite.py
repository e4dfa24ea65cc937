"""The test suite that the Singer SDK offers for taps, against the sandbox, with every stream selected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from direct_sandbox import DirectSandbox
from singer_sdk.testing import SuiteConfig, get_tap_test_class

from makini_sandbox import Behaviour
from tap_makini.tap import TapMakini

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIG: dict[str, Any] = {"api_token": "set-by-a-fixture", "products": ["eam"]}

# Streams of lists that the sandbox leaves empty; the suite demands a record of each stream.
EMPTY = [
    "asset_templates__documents",
    "assets__documents",
    "materials__documents",
    "materials__drawings",
    "materials__price_levels",
    "pm__documents",
    "work_orders__documents",
    "work_orders__resources",
    "work_orders__tasks",
]


def catalog_of_all_streams() -> dict[str, Any]:
    catalog = TapMakini(config=dict(CONFIG)).catalog_dict
    for entry in catalog["streams"]:
        [root] = [item["metadata"] for item in entry["metadata"] if not item["breadcrumb"]]
        root["selected"] = True
    return catalog


@pytest.fixture(scope="module", autouse=True)
def _sandbox() -> Iterator[None]:
    with DirectSandbox(rows=3, behaviour=Behaviour(quirks=False)) as sandbox:
        CONFIG.update(api_url=sandbox.url, api_token=sandbox.token)
        yield


TestTapMakini = get_tap_test_class(
    TapMakini,
    config=CONFIG,
    parse_env_config=False,
    catalog=catalog_of_all_streams(),
    suite_config=SuiteConfig(ignore_no_records_for_streams=EMPTY),
)
