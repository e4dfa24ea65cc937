"""Read with nothing but requests, json and a loop, without checks and without a state: the lower bound."""

from __future__ import annotations

import json
import os
import sys

import requests

URL = os.environ["TAP_MAKINI_API_URL"] + "/api/eam/work-orders"


def main() -> None:
    """Write all records as Singer messages."""
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {os.environ['TAP_MAKINI_API_TOKEN']}"
    number, last = 0, 1
    while number < last:
        number += 1
        response = session.get(URL, params={"page": number, "per_page": 500}, timeout=60).json()
        last = response["meta"]["last_page"]
        for record in response["data"]:
            message = {"type": "RECORD", "stream": "work_orders", "record": record}
            sys.stdout.write(json.dumps(message) + "\n")


if __name__ == "__main__":
    main()
