"""Sampling streams at discovery, from the first connection whose token is accepted."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tap_makini.errors import CredentialError, EntityAbsentError, MakiniError
from tap_makini.running.report import NothingReadError

if TYPE_CHECKING:
    from tap_makini.api.connection import OpenConnection
    from tap_makini.streams import ListStream

logger = logging.getLogger(__name__)


def add_custom_fields(stream: ListStream, connections: list[OpenConnection], count: int) -> None:
    """Add a stream's custom fields.

    Args:
        stream: The stream.
        connections: Where to look; those whose credential is refused are taken out.
        count: How many records to look at.

    Raises:
        NothingReadError: No credential is accepted.
    """
    connection = connections[0]
    try:
        stream.add_custom_fields(connection, count)
    except CredentialError as error:
        if len(connections) == 1:
            raise NothingReadError(str(error)) from error
        logger.warning("Connection %s is not sampled: %s", connection, error)
        connections.remove(connection)
        add_custom_fields(stream, connections, count)
    except EntityAbsentError:
        logger.info("Stream %s has no custom fields, since the connection does not offer it.", stream.name)
    except MakiniError as error:
        logger.warning("Stream %s is discovered without custom fields: %s", stream.name, error)
