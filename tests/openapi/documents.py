"""Builders of OpenAPI documents, and the reading of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tap_makini.openapi import read_documents

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tap_makini.endpoints import Endpoint, Offer

Node = dict[str, Any]
ALL = ("eam", "erp", "wms")
THING: Node = {"type": "object", "properties": {"key": {"type": "string"}, "updatedAt": {"type": "string"}}}


def envelope(item: Any) -> Node:  # noqa: ANN401 - any JSON
    return {"type": "object", "properties": {"data": {"type": "array", "items": item}, "meta": {"type": "object"}}}


def answers(schema: Any, status: str = "200", media: str = "application/json") -> Node:  # noqa: ANN401 - any JSON
    return {status: {"description": "", "content": {media: {"schema": schema}}}}


def get(item: Any = THING, **more: Any) -> Node:  # noqa: ANN401 - any JSON
    """A path item with a GET that lists items."""
    return {"get": {"responses": answers(envelope(item)), **more}}


def query(*names: str) -> list[Node]:
    return [{"name": name, "in": "query", "schema": {}} for name in names]


def document(paths: Mapping[str, Any], **more: Any) -> Node:  # noqa: ANN401 - any JSON
    return {"openapi": "3.0.3", "info": {"title": "", "version": "1"}, "paths": dict(paths), **more}


def offer(folder: Path, *documents: Any, products: Sequence[str] = ALL) -> Offer:  # noqa: ANN401 - any JSON
    """Read documents, from files."""
    locations = []
    for number, content in enumerate(documents):
        path = folder / f"{number}.json"
        path.write_bytes(json.dumps(content).encode())
        locations.append(str(path))
    return read_documents(locations, products, user_agent="tests")


def endpoints(folder: Path, *documents: Any, products: Sequence[str] = ALL) -> dict[str, Endpoint]:  # noqa: ANN401
    """Read documents, from files; endpoints by stream."""
    return {endpoint.stream: endpoint for endpoint in offer(folder, *documents, products=products).endpoints}


def columns(folder: Path, properties: Mapping[str, Any], **components: Any) -> Node:  # noqa: ANN401 - any JSON
    """Give the columns of a list `gadgets` whose items have these properties."""
    item = {"type": "object", "properties": dict(properties)}
    content = document({"/api/eam/gadgets": get(item)}, components={"schemas": components})
    read: Node = endpoints(folder, content)["gadgets"].schema["properties"]
    return read
