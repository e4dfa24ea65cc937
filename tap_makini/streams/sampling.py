"""Sample records at discovery, and add columns for the fields that no schema names.

Custom fields are switched on per connection and "show up alongside" the standard ones (v3 guide), so only the data
shows them. A sampled field becomes a nullable column of the widest type seen. One whose name resembles another's stays
in `_makini_extra`, as all unknown fields do. Samples come from the first connection whose token is accepted.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from tap_makini.errors import CredentialError, EntityAbsentError, MakiniError, NothingReadError, RequestRefusedError
from tap_makini.identifiers import unambiguous_column_names
from tap_makini.pagination.page_request import PageRequest
from tap_makini.rawjson import REFUSED, NotJSONError, members
from tap_makini.schema import ADDED_COLUMNS, DATE_TIME, TEXT
from tap_makini.streams.lists import fetcher_of
from tap_makini.timestamps import parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_makini.connections.connection import Connection
    from tap_makini.endpoints import Endpoint
    from tap_makini.pagination.page_fetcher import PageFetcher
    from tap_makini.pagination.response import Page

logger = logging.getLogger(__name__)

_Schema = dict[str, Any]


def with_sampled_fields(endpoint: Endpoint, connections: list[Connection], count: int) -> Endpoint:
    """Return an endpoint with a column for each custom field.

    Args:
        endpoint: The endpoint of a list.
        connections: Where to look; those whose credential is refused are removed.
        count: How many records to look at.

    Raises:
        NothingReadError: No credential is accepted.
    """
    connection = connections[0]
    try:
        return _sampled(endpoint, connection, count)
    except CredentialError as error:
        _take_out(connection, connections, error)
        return with_sampled_fields(endpoint, connections, count)
    except EntityAbsentError:
        logger.info("Stream %s: no custom fields found, because the connection does not offer it.", endpoint.stream)
    except MakiniError as error:
        logger.warning("Stream %s: discovered without custom fields: %s", endpoint.stream, error)
    return endpoint


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
            "raw_tables: patterns are ignored for %s, because its tables cannot be listed: %s", connection, error
        )
        return tables.named


def with_sampled_columns(endpoint: Endpoint, connections: list[Connection], count: int) -> Endpoint:
    """Return an endpoint of raw tables with the columns that the first connection with rows has.

    Args:
        endpoint: The endpoint.
        connections: Where to look; those whose credential is refused are removed.
        count: How many rows to look at.

    Raises:
        NothingReadError: No credential is accepted.
    """
    for connection in tuple(connections):
        sampled = _sampled_table(endpoint, connection, connections, count)
        if sampled.schema["properties"]:
            return sampled
    logger.warning("Stream %s: no columns found, because its table returned no rows.", endpoint.stream)
    return endpoint


def _sampled_table(endpoint: Endpoint, connection: Connection, connections: list[Connection], count: int) -> Endpoint:
    try:
        return _sampled(endpoint, connection, count)
    except CredentialError as error:
        _take_out(connection, connections, error)
    except EntityAbsentError as error:
        logger.info("Stream %s: not offered by %s: %s", endpoint.stream, connection, error)
    except MakiniError as error:
        logger.warning("Stream %s: not sampled at %s: %s", endpoint.stream, connection, error)
    return endpoint


def _sampled(endpoint: Endpoint, connection: Connection, count: int) -> Endpoint:
    records = newest_page(fetcher_of(endpoint, connection), count).records[:count]
    return replace(endpoint, schema=with_custom_fields(endpoint.schema, records))


def _take_out(connection: Connection, connections: list[Connection], error: CredentialError) -> None:
    if len(connections) == 1:
        raise NothingReadError(str(error)) from error
    logger.warning("Connection %s: not sampled: %s", connection, error)
    connections.remove(connection)


def newest_page(fetcher: PageFetcher, count: int) -> Page:
    """Fetch the records that changed last, if the server honors the order.

    Args:
        fetcher: The list.
        count: How many records to request.

    Returns:
        A page, larger than requested if the server does not take a size.

    Raises:
        MakiniError: The list cannot be read.
    """
    try:
        return fetcher.fetch(PageRequest(order="desc" if fetcher.sorts else None, size=fetcher.size_of(count)))
    except RequestRefusedError:
        return fetcher.open(None).page


def with_custom_fields(schema: _Schema, records: Iterable[bytes]) -> _Schema:
    """Add a column for each custom field of sampled records.

    Args:
        schema: The schema of an item.
        records: JSON objects.

    Returns:
        The schema with the custom fields after its own properties, in the order of their names.
    """
    known: dict[str, _Schema] = schema["properties"]
    samples = _samples(known, records)
    custom = unambiguous_column_names(samples, taken=(*known, *ADDED_COLUMNS))
    return {**schema, "properties": {**known, **{name: _column(samples[name]) for name in custom}}}


def _samples(known: Mapping[str, _Schema], records: Iterable[bytes]) -> dict[str, list[Any]]:
    samples: dict[str, list[Any]] = {}
    for record in records:
        for name, raw in members(record).items():
            if name not in known:
                samples.setdefault(name, []).append(_value(bytes(raw)))
    return samples


def _value(raw: bytes) -> Any:  # noqa: ANN401 - any JSON
    try:
        return msgspec.json.decode(raw)
    except (NotJSONError, *REFUSED):
        return {}  # of no type that a column could have


def _column(values: Iterable[Any]) -> _Schema:
    """Return the narrowest column that holds all of these values; JSON text if nothing narrower does."""
    present = [value for value in values if value is not None]
    if present and all(isinstance(value, list) for value in present):
        items = [item for value in present for item in value]
        nested = any(isinstance(item, (dict, list)) for item in items)
        return TEXT if nested else {"type": ["array", "null"], "items": _column(items)}
    if present and all(isinstance(value, bool) for value in present):
        return {"type": ["boolean", "null"]}
    if present and all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in present):
        return {"type": ["number", "null"]}  # a whole amount in the sample may have a fraction tomorrow
    if present and all(_is_date_time(value) for value in present):
        return DATE_TIME
    return TEXT


def _is_date_time(value: object) -> bool:
    return isinstance(value, str) and ":" in value and parse_timestamp(value) is not None
