"""What the API offers to read and how it is requested, according to the built-in table or an OpenAPI document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

ListKind: TypeAlias = Literal["list", "child list", "table"]
"""What a list holds: records, the items of one record, or rows without a key, so that equal rows are separate rows."""


@dataclass(frozen=True)
class QueryParameters:
    """Names and values of a list's query parameters; `{key}` in them stands for the replication key.

    Attributes:
        page: Name of the page-number parameter; None if the list has only a cursor.
        offset: Name of the offset parameter, used instead; None if pages are numbered.
        first_offset: Value of `offset` that skips no record, 0 or 1.
        first: Number of the first page, 1 or 0.
        is_first_known: Whether a document or Makini's guide declares that number.
        size: Name of the page-size parameter; None if there is none.
        largest: The largest allowed page size; None if none is declared.
        sizes: The allowed page sizes; empty if any is allowed.
        cursor: Name of the cursor parameter.
        start_value: Name of the filter for the earliest timestamp, inclusive.
        end_value: Name of the filter for the timestamp that all must be before; None if there is none.
        sort: Name of the sort parameter; None if there is none.
        ascending: Value of `sort` for oldest first.
        descending: Value of `sort` for newest first.
        must_count: Whether each response must have page counts.
        accept: The media type to request.
        unknown_paging: Declared parameters that look like paging but are not known; empty if a known one is declared.
    """

    page: str | None = "page"
    offset: str | None = None
    first_offset: int = 0
    first: int = 1
    is_first_known: bool = True
    size: str | None = "per_page"
    largest: int | None = None
    sizes: tuple[int, ...] = ()
    cursor: str = "cursor"
    start_value: str = "filter[{key}:gteq]"
    end_value: str | None = "filter[{key}:lt]"
    sort: str | None = "sort[{key}]"
    ascending: str = "0"
    descending: str = "1"
    must_count: bool = True
    accept: str = "application/json"
    unknown_paging: tuple[str, ...] = ()


V3 = QueryParameters()
"""According to the v3 guide."""
V3_UNSIZED = QueryParameters(size=None)
"""The same, for lists that have no page size in the v3 spec."""
ASSUMED = QueryParameters(must_count=False)
"""What to send if no document declares parameters, as for v4."""


@dataclass
class PageSize:
    """The page size to request. Lists of a connection share it, so a refused size is not tried again.

    Attributes:
        value: How many records.
    """

    value: int

    def lower(self, value: int) -> None:
        """Replace the size by one that was accepted."""
        self.value = value


@dataclass(frozen=True)
class Child:
    """A list that each record of another list has; it takes one request for each parent.

    Attributes:
        name: Makini's name for it; with the parent's stream, the name of its stream.
        path: Its path, with `{key}` for the parent's key.
        schema: Schema of an item.
        key: Key of an item within its parent; empty if there is none.
        query_parameters: Its query parameters.
    """

    name: str
    path: str
    schema: dict[str, Any]
    key: tuple[str, ...]
    query_parameters: QueryParameters = V3_UNSIZED

    def of_parent(self, stream: str, key: str) -> Endpoint:
        """Return the list of one parent.

        Args:
            stream: Name of the stream of such lists.
            key: The parent's key, as a path segment.
        """
        path = self.path.replace("{key}", key)
        return Endpoint(stream, path, self.schema, self.key, None, self.query_parameters, kind="child list")


@dataclass(frozen=True)
class Endpoint:
    """A list.

    Attributes:
        stream: Name of the stream.
        path: Path of the list on the API's host.
        schema: Schema of an item: a nullable object of `type`, `format`, `properties` and `items` only.
        key: Primary key; empty if there is none.
        replication_key: Property to read incrementally by; None for a full table.
        query_parameters: Its query parameters.
        children: The lists that each record has.
        kind: What the list holds.
    """

    stream: str
    path: str
    schema: dict[str, Any]
    key: tuple[str, ...]
    replication_key: str | None = None
    query_parameters: QueryParameters = V3
    children: tuple[Child, ...] = ()
    kind: ListKind = "list"


@dataclass(frozen=True)
class Offer:
    """All that an API offers.

    Attributes:
        endpoints: Its lists.
        servers: Scheme, host and port of the servers; empty if they are not known.
    """

    endpoints: tuple[Endpoint, ...]
    servers: tuple[str, ...] = ()
