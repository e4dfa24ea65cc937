"""The routes by which the documents are had, without a token, as JSON or as YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import yaml
from starlette.responses import Response

from makini_sandbox.documents.v3 import v3_document
from makini_sandbox.documents.v4 import v4_document
from makini_sandbox.entities import ENTITIES, PRODUCTS
from makini_sandbox.paging import PAGINGS
from makini_sandbox.refusal import Refusal

if TYPE_CHECKING:
    from makini_sandbox.sandbox import Sandbox

V4_PATH = "/api/v4/openapi.json"
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_MEDIA_TYPES = {"json": "application/json", "yaml": "application/yaml"}


class DocumentApi:
    """Answers with OpenAPI documents."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._written: dict[str, bytes] = {}

    def answers(self, path: str) -> bool:
        """Whether a path belongs to it."""
        return path in _PATHS

    def answer(self, method: str, path: str) -> Response:
        """The document at a path.

        Raises:
            Refusal: Where the document is not asked for, but written.
        """
        if method != "GET":
            raise Refusal(405, "The double is read-only.")
        ending = path.rpartition(".")[2]
        if path not in self._written:
            self._written[path] = _as_text(self._document(_PATHS[path]), ending)
        return Response(self._written[path], media_type=_MEDIA_TYPES[ending])

    def _document(self, name: str) -> dict[str, Any]:
        url = self._sandbox.url
        if name in PRODUCTS:
            return v3_document(name, url)
        shapes = {slug: entity.shape for slug, entity in ENTITIES.items()}
        shapes["work-orders/materials"] = self._sandbox.behaviour.work_order_materials
        return v4_document(shapes, url, PAGINGS[self._sandbox.behaviour.paging])


_PATHS = {
    f"{path}.{ending}": name
    for path, name in [("/api/v4/openapi", "v4"), *((f"/openapi/{product}", product) for product in PRODUCTS)]
    for ending in _MEDIA_TYPES
}


def _as_text(document: dict[str, Any], ending: str) -> bytes:
    encoded = msgspec.json.encode(document)
    if ending == "json":
        return encoded
    # Decoded anew, so that parts that are one object are written out and not as aliases.
    text: bytes = yaml.dump(
        msgspec.json.decode(encoded), Dumper=_DUMPER, sort_keys=False, allow_unicode=True, encoding="utf-8"
    )
    return text
