"""What there is to read: the entities that the tap knows itself, or what OpenAPI documents describe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_makini.endpoints import Offer
from tap_makini.entities import ENTITIES
from tap_makini.errors import NothingReadError

if TYPE_CHECKING:
    from tap_makini.config import Settings


def offer(settings: Settings) -> Offer:
    """Find out what the API offers; no token is needed for it.

    Raises:
        NothingReadError: An OpenAPI document cannot be used.
    """
    if settings.openapi_file:
        return _described(settings)
    endpoints = (entity.endpoint(settings.products) for entity in ENTITIES)
    return Offer(tuple(endpoint for endpoint in endpoints if endpoint is not None))


def _described(settings: Settings) -> Offer:
    from tap_makini.openapi import DocumentError, read_documents  # noqa: PLC0415 - of what it needs, others have no use

    try:
        return read_documents(
            settings.openapi_file,
            settings.products,
            timeout=settings.request_timeout_seconds,
            user_agent=settings.user_agent,
        )
    except DocumentError as error:
        raise NothingReadError(str(error)) from error
