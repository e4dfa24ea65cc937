"""The test suite that the Singer SDK offers for taps, against the sandbox, with every stream selected."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest
from direct_sandbox import DirectSandbox
from singer_sdk.testing import get_tap_test_class

from makini_sandbox import Behaviour, ManualClock
from tap_makini.tap import TapMakini

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIG: dict[str, Any] = {"api_token": "set-by-a-fixture", "products": ["eam"]}

# As few rows as put something into each array of the sandbox, since the suite demands a record of each stream.
SIZES = {"asset-templates": 4, "assets": 14, "materials": 67, "pm": 6, "work-orders": 23}
TODAY = datetime(2026, 3, 1, tzinfo=timezone.utc)


def catalog_of_all_streams() -> dict[str, Any]:
    catalog = TapMakini(config=dict(CONFIG)).catalog_dict
    for entry in catalog["streams"]:
        [root] = [item["metadata"] for item in entry["metadata"] if not item["breadcrumb"]]
        root["selected"] = True
    return catalog


@pytest.fixture(scope="module", autouse=True)
def _sandbox() -> Iterator[None]:
    with DirectSandbox(rows=3, sizes=SIZES, behaviour=Behaviour(quirks=False), clock=ManualClock(TODAY)) as sandbox:
        CONFIG.update(api_url=sandbox.url, api_token=sandbox.token)
        yield


TestTapMakini = get_tap_test_class(TapMakini, config=CONFIG, parse_env_config=False, catalog=catalog_of_all_streams())
