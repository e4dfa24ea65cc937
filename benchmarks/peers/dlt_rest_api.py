"""dlt's `rest_api` source, in its own environment: `extract` writes JSON lines, `load` runs a whole pipeline to files.

`extract` is the least that dlt can do: it fetches, and neither infers a schema nor types anything. `load` is what its
users run: extract, normalise into tables, load as JSON lines into a folder.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"

import dlt  # type: ignore[import-not-found]
from dlt.destinations import filesystem  # type: ignore[import-not-found]
from dlt.sources.rest_api import rest_api_source  # type: ignore[import-not-found]

CONFIG = {
    "client": {
        "base_url": os.environ["TAP_MAKINI_API_URL"],
        "auth": {"type": "bearer", "token": os.environ["TAP_MAKINI_API_TOKEN"]},
        "paginator": {"type": "page_number", "base_page": 1, "total_path": "meta.last_page"},
    },
    "resources": [
        {
            "name": "work_orders",
            "primary_key": "key",
            "endpoint": {"path": "api/eam/work-orders", "params": {"per_page": 500}, "data_selector": "data"},
        }
    ],
}


def extract() -> None:
    """Write each record as a Singer message, like the others."""
    for record in rest_api_source(CONFIG).resources["work_orders"]:
        message = {"type": "RECORD", "stream": "work_orders", "record": record}
        sys.stdout.write(json.dumps(message) + "\n")


def load() -> None:
    """Run a pipeline into a temporary folder; fail if it did not load the given number of rows."""
    with tempfile.TemporaryDirectory() as folder:
        pipeline = dlt.pipeline(
            "benchmark", pipelines_dir=f"{folder}/state", destination=filesystem(f"file://{folder}/data")
        )
        pipeline.run(rest_api_source(CONFIG), loader_file_format="jsonl")
        loaded = pipeline.last_trace.last_normalize_info.row_counts["work_orders"]
        sys.exit(loaded != int(sys.argv[2]))


if __name__ == "__main__":
    {"extract": extract, "load": load}[sys.argv[1]]()
