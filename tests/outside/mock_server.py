"""A server that knows nothing of Makini: it gives what mock tools make of the vendor's own description of the API.

Such tools know no data, only declared types. They ignore page, filter and sort, and give an example of each type,
which is seldom what the field holds: `string` for a date, an object for a quantity.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from http_server import Received, Reply

if TYPE_CHECKING:
    from collections.abc import Callable

VENDOR = json.loads((Path(__file__).parents[1] / "data" / "vendor_v3.json").read_text(encoding="utf-8"))


def example(declared: str, text: str) -> Any:  # noqa: ANN401 - any JSON
    """Make an example of a type as the vendor declares it.

    Args:
        declared: The type, `[Item]` for a list, `->Item` for a nested object.
        text: What stands for a string.

    Returns:
        Its JSON.
    """
    if declared.startswith("["):
        return [example_item(declared.strip("[]"), text)]
    if declared.startswith("->"):
        return example_item(declared.removeprefix("->"), text)
    return {"string": text, "integer": 0, "number": 0.5, "boolean": True, "object": {}, "array": [text]}[declared]


def example_item(item: str, text: str) -> dict[str, Any]:
    """Make an example of an item type; one that the vendor names but does not describe has no properties."""
    return {name: example(declared, text) for name, declared in VENDOR["items"].get(item, {}).items()}


def mocked(meta: object, text: str = "string") -> Callable[[Received], Reply]:
    """Respond to a request for each list that the vendor describes with one example.

    Args:
        meta: What the envelope says of the list.
        text: What stands for a string.

    Returns:
        From a request to its response.
    """

    def respond(request: Received) -> Reply:
        _, _, product, slug = request.path.split("/", 3)
        entity = VENDOR["entities"].get(slug)
        if entity is None or product not in entity["products"]:
            return Reply({"message": "no such route"}, 404)
        return Reply({"data": [example_item(entity["item"], text)], "links": {}, "meta": meta})

    return respond
