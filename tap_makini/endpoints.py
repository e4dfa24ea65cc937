"""What the API offers to read, according to the built-in table or an OpenAPI document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tap_makini.query_parameters import V3, V3_UNSIZED, QueryParameters


@dataclass(frozen=True)
class Child:
    """A list that each record of another list has; it takes one request for each parent.

    Attributes:
        name: What the vendor calls it; with the parent's stream, the name of its stream.
        path: Its path, with `{key}` for the parent's key.
        schema: Schema of an item.
        key: What tells the items of one parent apart; empty if nothing does.
        query_parameters: Names of its query parameters.
    """

    name: str
    path: str
    schema: dict[str, Any]
    key: tuple[str, ...]
    query_parameters: QueryParameters = V3_UNSIZED


@dataclass(frozen=True)
class Endpoint:
    """A list.

    Attributes:
        stream: Name of the stream.
        path: Path of the list on the API's host.
        schema: Schema of an item: a nullable object of `type`, `format`, `properties` and `items` only.
        key: Primary key; empty if there is none.
        replication_key: Property to read incrementally by, None for a full table.
        query_parameters: Names of its query parameters.
        children: The lists that each record has.
    """

    stream: str
    path: str
    schema: dict[str, Any]
    key: tuple[str, ...]
    replication_key: str | None = None
    query_parameters: QueryParameters = V3
    children: tuple[Child, ...] = ()


@dataclass(frozen=True)
class Offer:
    """All that an API offers.

    Attributes:
        endpoints: Its lists.
        servers: Scheme, host and port of the servers; empty if they are not known.
    """

    endpoints: tuple[Endpoint, ...]
    servers: tuple[str, ...] = ()
