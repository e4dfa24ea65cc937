"""A server that knows nothing of Makini: it gives what mock tools make of the vendor's own description of the API.

Such tools know no data, only declared types. They ignore page, filter and sort, and answer an example of each type,
which is seldom what the field holds: `string` for a date, an object for a quantity.
"""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

VENDOR = json.loads((Path(__file__).parents[1] / "data" / "vendor_v3.json").read_text(encoding="utf-8"))


class Answer(NamedTuple):
    """What the server says."""

    body: object
    status: int = 200
    headers: Mapping[str, str] = {}


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


def mocked(meta: object, text: str = "string") -> Callable[[str], Answer]:
    """Answer each list that the vendor describes with one example.

    Args:
        meta: What the envelope says of the list.
        text: What stands for a string.

    Returns:
        From a path to its answer.
    """

    def answer(path: str) -> Answer:
        _, _, product, slug = path.split("/", 3)
        entity = VENDOR["entities"].get(slug)
        if entity is None or product not in entity["products"]:
            return Answer({"message": "no such route"}, 404)
        return Answer({"data": [example_item(entity["item"], text)], "links": {}, "meta": meta})

    return answer


@contextmanager
def serving(answer: Callable[[str], Answer]) -> Iterator[str]:
    """Serve answers by path.

    Yields:
        The server's address.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            said = answer(urlsplit(self.path).path)
            body = json.dumps(said.body).encode()
            self.send_response(said.status)
            for name, value in {**said.headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=[0.05])
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
