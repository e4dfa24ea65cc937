"""Find out what there is to read: which connections, and which entities of theirs."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tap_makini.connections.admin_api import AdminApi, AdminAuthenticator
from tap_makini.connections.connection import Connection, ConnectionEntry, named_connections, pick
from tap_makini.connections.refreshing import RefreshingAuthenticator
from tap_makini.connections.token_store import TokenStore
from tap_makini.endpoints import Offer
from tap_makini.entities import ENTITIES
from tap_makini.errors import NothingReadError
from tap_makini.http.authenticators import StaticAuthenticator
from tap_makini.http.client import Client
from tap_makini.http.transport import Transport

if TYPE_CHECKING:
    from tap_makini.config import Settings

logger = logging.getLogger(__name__)


def offer(settings: Settings) -> Offer:
    """Return the lists that the API offers; this needs no token.

    Raises:
        NothingReadError: An OpenAPI document is not valid.
    """
    if settings.openapi_file:
        return _described(settings)
    endpoints = (entity.endpoint(settings.products) for entity in ENTITIES)
    return Offer(tuple(endpoint for endpoint in endpoints if endpoint is not None))


def _described(settings: Settings) -> Offer:
    from tap_makini.openapi import DocumentError, read_documents  # noqa: PLC0415 - only this needs what it imports

    try:
        return read_documents(
            settings.openapi_file,
            settings.products,
            timeout=settings.request_timeout_seconds,
            user_agent=settings.user_agent,
        )
    except DocumentError as error:
        raise NothingReadError(str(error)) from error


def open_connections(settings: Settings) -> list[Connection]:
    """Return the connections that the settings name.

    Raises:
        MakiniError: The Admin API does not list them.
    """
    transport = Transport(settings.api_url, settings.request_timeout_seconds, settings.user_agent)
    return [
        Connection(
            entry.name,
            Client(
                transport,
                entry.authenticator,
                max_wait=settings.max_wait_seconds,
                requests_per_minute=settings.requests_per_minute,
                owner=entry.name,
            ),
            settings.page_size,
            settings.raw_tables,
            settings.max_parallel,
        )
        for entry in pick(_entries(settings, transport), settings.connection_names)
    ]


def _entries(settings: Settings, transport: Transport) -> list[ConnectionEntry]:
    client_id, client_secret = settings.client_id or "", settings.client_secret or ""
    max_wait = settings.max_wait_seconds
    if settings.connections:
        return named_connections(settings.connections)
    if settings.api_token is not None:
        return [ConnectionEntry(None, StaticAuthenticator(settings.api_token))]
    if settings.token_file is not None:
        authenticator = RefreshingAuthenticator(
            transport,
            TokenStore(settings.token_file),
            client_id=client_id,
            client_secret=client_secret,
            refresh_token=settings.refresh_token,
            max_wait=max_wait,
        )
        return [ConnectionEntry(None, authenticator)]
    admin = AdminApi(transport, AdminAuthenticator(transport, client_id, client_secret, max_wait), max_wait)
    listing = admin.list_connections()
    for name, status in listing.inactive:
        logger.warning("Connection %s is skipped: its status in Makini is %s.", name, status)
    return listing.active
