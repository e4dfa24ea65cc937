"""Sample streams at discovery, from the first connection whose token is accepted."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tap_makini.errors import CredentialError, EntityAbsentError, MakiniError, NothingReadError
from tap_makini.schema import CONNECTION_COLUMN, EXTRA_COLUMN

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_makini.connections.connection import Connection
    from tap_makini.streams import ListStream, RawStream

logger = logging.getLogger(__name__)


def add_custom_fields(stream: ListStream, connections: list[Connection], count: int) -> None:
    """Add a stream's custom fields.

    Args:
        stream: The stream.
        connections: Where to look; those whose credential is refused are removed.
        count: How many records to look at.

    Raises:
        NothingReadError: No credential is accepted.
    """
    connection = connections[0]
    try:
        stream.add_custom_fields(connection, count)
    except CredentialError as error:
        _take_out(connection, connections, error)
        add_custom_fields(stream, connections, count)
    except EntityAbsentError:
        logger.info("Stream %s has no custom fields: the connection does not offer it.", stream.name)
    except MakiniError as error:
        logger.warning("Stream %s is discovered without custom fields: %s", stream.name, error)


def names_of_raw_streams(connections: list[Connection]) -> list[str]:
    """Return the names of the streams of the tables that any connection has.

    Args:
        connections: Where to look; those whose credential is refused are removed.

    Raises:
        NothingReadError: No credential is accepted.
    """
    names = {name for connection in tuple(connections) for name in _tables_at(connection, connections)}
    if not names:
        logger.warning("raw_tables: no pattern matches a table of the source system.")
    return sorted(names)


def _tables_at(connection: Connection, connections: list[Connection]) -> Iterable[str]:
    tables = connection.raw_tables
    try:
        return tables.streams()
    except CredentialError as error:
        _take_out(connection, connections, error)
        return ()
    except MakiniError as error:
        logger.warning(
            "raw_tables: the raw tables of %s cannot be listed, so that no pattern matches: %s", connection, error
        )
        return tables.named


def add_columns(stream: RawStream, connections: list[Connection], count: int) -> None:
    """Add a raw table's columns, from the first connection that has rows of it.

    Args:
        stream: The table's stream.
        connections: Where to look; those whose credential is refused are removed.
        count: How many rows to look at.

    Raises:
        NothingReadError: No credential is accepted.
    """
    for connection in tuple(connections):
        _add_columns_of(stream, connection, connections, count)
        if stream.schema["properties"].keys() - {CONNECTION_COLUMN, EXTRA_COLUMN}:
            return
    logger.warning("Stream %s is discovered without columns: no row of its table was seen.", stream.name)


def _add_columns_of(stream: RawStream, connection: Connection, connections: list[Connection], count: int) -> None:
    try:
        stream.add_custom_fields(connection, count)
    except CredentialError as error:
        _take_out(connection, connections, error)
    except EntityAbsentError as error:
        logger.info("Stream %s is not offered by %s: %s", stream.name, connection, error)
    except MakiniError as error:
        logger.warning("Stream %s is not sampled at %s: %s", stream.name, connection, error)


def _take_out(connection: Connection, connections: list[Connection], error: CredentialError) -> None:
    if len(connections) == 1:
        raise NothingReadError(str(error)) from error
    logger.warning("Connection %s is not sampled: %s", connection, error)
    connections.remove(connection)
