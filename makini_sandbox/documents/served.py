"""Serve the documents, without a token, as JSON or as YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import yaml
from starlette.responses import Response

from makini_sandbox.documents.v3 import v3_document
from makini_sandbox.documents.v4 import v4_document
from makini_sandbox.entities import ENTITIES, PRODUCTS
from makini_sandbox.envelope import PAGINGS
from makini_sandbox.responses import Refusal

if TYPE_CHECKING:
    from starlette.requests import Request

    from makini_sandbox.state import State

V4_PATH = "/api/v4/openapi.json"
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_MEDIA_TYPES = {"json": "application/json", "yaml": "application/yaml"}
_PATHS = {
    f"{path}.{ending}": name
    for path, name in [("/api/v4/openapi", "v4"), *((f"/openapi/{product}", product) for product in PRODUCTS)]
    for ending in _MEDIA_TYPES
}


class DocumentApi:
    """Responds with OpenAPI documents, each written once."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._written: dict[tuple[str, str], bytes] = {}

    def serves(self, path: str) -> bool:
        """Return whether a path belongs to it."""
        return path in _PATHS

    def respond(self, request: Request) -> Response:
        """Return the document at a path.

        Raises:
            Refusal: The method is not GET.
        """
        if request.method != "GET":
            raise Refusal(405, "The sandbox is read-only.")
        path, url = request.url.path, str(request.base_url).rstrip("/")
        ending = path.rpartition(".")[2]
        if (path, url) not in self._written:
            self._written[path, url] = _encode(self._document(_PATHS[path], url), ending)
        return Response(self._written[path, url], media_type=_MEDIA_TYPES[ending])

    def _document(self, name: str, url: str) -> dict[str, Any]:
        if name in PRODUCTS:
            return v3_document(name, url)
        shapes = {slug: entity.shape for slug, entity in ENTITIES.items()}
        shapes["work-orders/materials"] = self._state.behaviour.work_order_materials
        return v4_document(shapes, url, PAGINGS[self._state.behaviour.paging])


def _encode(document: dict[str, Any], ending: str) -> bytes:
    encoded = msgspec.json.encode(document)
    if ending == "json":
        return encoded
    # Decoded anew, so that parts that are one object are written out and not as aliases.
    text: bytes = yaml.dump(
        msgspec.json.decode(encoded), Dumper=_DUMPER, sort_keys=False, allow_unicode=True, encoding="utf-8"
    )
    return text
