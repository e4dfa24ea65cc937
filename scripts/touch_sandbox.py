"""Change a few rows in the sandbox, so that an incremental run has something to load."""

from __future__ import annotations

import os
from urllib.request import Request, urlopen

CHANGES = {"work-orders": 3, "assets": 2, "purchase-orders": 1}


def main() -> None:
    """Update rows of three entities in the sandbox that the environment names."""
    api_url = os.environ["TAP_MAKINI_API_URL"].rstrip("/")
    for slug, count in CHANGES.items():
        url = f"{api_url}/sandbox/touch?slug={slug}&n={count}"
        with urlopen(Request(url, method="POST")):  # noqa: S310 - the sandbox set the address
            print(f"Changed {count} rows of {slug} in the source")


if __name__ == "__main__":
    main()
