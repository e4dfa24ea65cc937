"""Builders of OpenAPI documents, and the reading of them without files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tap_makini.openapi import read_documents
from tap_makini.openapi.location import Location

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_makini.endpoints import Endpoint, Offer

Node = dict[str, Any]
ALL = ("eam", "erp", "wms")
TEXT: Node = {"type": ["string", "null"]}
THING: Node = {"type": "object", "properties": {"key": {"type": "string"}, "updatedAt": {"type": "string"}}}


def envelope(item: Any) -> Node:  # noqa: ANN401 - any JSON
    return {"type": "object", "properties": {"data": {"type": "array", "items": item}, "meta": {"type": "object"}}}


def responses(schema: Any, status: str = "200", media: str = "application/json") -> Node:  # noqa: ANN401 - any JSON
    return {status: {"description": "", "content": {media: {"schema": schema}}}}


def get(item: Any = THING, **more: Any) -> Node:  # noqa: ANN401 - any JSON
    """A path item with a GET that lists items."""
    return {"get": {"responses": responses(envelope(item)), **more}}


def query(*names: str) -> list[Node]:
    return [{"name": name, "in": "query", "schema": {}} for name in names]


def document(paths: Mapping[str, Any], **more: Any) -> Node:  # noqa: ANN401 - any JSON
    return {"openapi": "3.0.3", "info": {"title": "", "version": "1"}, "paths": dict(paths), **more}


def read_bytes(*contents: bytes, products: Sequence[str] = ALL) -> Offer:
    """Read documents, called `0.json` and so on."""
    by_name = {f"{number}.json": content for number, content in enumerate(contents)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Location, "fetch", lambda self, *_: by_name[self.text])
        return read_documents([*by_name], products, user_agent="tests")


def offer(*documents: Any, products: Sequence[str] = ALL) -> Offer:  # noqa: ANN401 - any JSON
    """Read documents."""
    return read_bytes(*(json.dumps(content).encode() for content in documents), products=products)


def endpoints(*documents: Any, products: Sequence[str] = ALL) -> dict[str, Endpoint]:  # noqa: ANN401 - any JSON
    """Read documents; endpoints by stream."""
    return {endpoint.stream: endpoint for endpoint in offer(*documents, products=products).endpoints}


def columns(properties: Mapping[str, Any], **components: Any) -> Node:  # noqa: ANN401 - any JSON
    """Return the columns of a list `gadgets` whose items have these properties."""
    item = {"type": "object", "properties": dict(properties)}
    content = document({"/api/eam/gadgets": get(item)}, components={"schemas": components})
    read: Node = endpoints(content)["gadgets"].schema["properties"]
    return read
