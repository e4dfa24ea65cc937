"""The offer of an API: its lists, as its documents describe them."""

from __future__ import annotations

import logging
from collections import defaultdict
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from tap_makini.endpoints import Child, Endpoint, Offer
from tap_makini.openapi.answers import UNKNOWN_ITEM, item_of_child, item_of_list
from tap_makini.openapi.choice import children_by_parent, choose
from tap_makini.openapi.columns import first_columns, item_schema, size
from tap_makini.openapi.dialects import dialect_of
from tap_makini.openapi.document import open_document
from tap_makini.openapi.errors import DocumentError
from tap_makini.openapi.keys import is_built_in, is_v4, key_of, replication_key_of, standard_names, with_text_key
from tap_makini.openapi.known import corrected
from tap_makini.openapi.location import Location
from tap_makini.openapi.names import list_name, stream_name
from tap_makini.openapi.operations import PARAMETER, operations_of
from tap_makini.openapi.resolve import TooLargeError
from tap_makini.openapi.roles import Role, sort_out
from tap_makini.query_parameters import ASSUMED, V3, V3_UNSIZED

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping, Sequence

    from tap_makini.openapi.document import Document
    from tap_makini.openapi.operations import Operation
    from tap_makini.openapi.shape import Shape

logger = logging.getLogger(__name__)

_LEVELS = 6
_MOST_COLUMNS = 1_500
"""Properties of a schema in all; a PostgreSQL table takes 1,600 columns."""


def read_documents(
    locations: Sequence[str],
    products: Sequence[str],
    *,
    user_agent: str,
    timeout: float = 60.0,
) -> Offer:
    """Read what the API offers from OpenAPI documents.

    Args:
        locations: Paths and http(s) URLs; of a list that several describe alike, the last one's description counts.
        products: Products to read, the preferred one first.
        user_agent: What to call ourselves when fetching.
        timeout: Seconds to wait for a connection and between two bytes of an answer.

    Raises:
        DocumentError: A document cannot be used, or none describes a list that can be read.
    """
    documents = [open_document(Location(text), timeout, user_agent) for text in locations]
    found = sort_out(operation for document in documents for operation in operations_of(document))
    chosen = choose(found.get(Role.LIST, ()), products)
    children = children_by_parent(found.get(Role.CHILD, ()))
    endpoints = tuple(
        _endpoint(stream, operation, children.get(operation.path, {})) for stream, operation in chosen.items()
    )
    _warn_of_missing(documents, chosen, children)
    if not chosen:
        labels = ", ".join(document.location.label for document in documents)
        raise _nothing_to_read(labels, found, products)
    return Offer(endpoints, tuple(_servers(found, {operation.path for operation in chosen.values()})))


def _nothing_to_read(labels: str, found: Mapping[Role, Sequence[Operation]], products: Sequence[str]) -> DocumentError:
    lists, others = found.get(Role.LIST, ()), found.get(Role.OTHER, ())
    if lists:
        described = sorted({product for each in lists if (product := list_name(each.path, each.template).product)})
        return DocumentError(
            f"{labels}: lists of the products {', '.join(described)}, but none of "
            f"{', '.join(products)}. Change the setting products, or export the documents of these products."
        )
    if others:
        more = f" (and {len(others) - 1} more like it)" if len(others) > 1 else ""
        return DocumentError(
            f"{labels}: nothing to read. GET {unquote(others[0].path)}: no list of records under 'data'{more}. "
            "If Makini's docs export it so, report it with the document."
        )
    return DocumentError(
        f"{labels}: nothing to read (no GET answers with a list). Export it again from Makini's docs, as OpenAPI 3."
    )


def _warn_of_missing(
    documents: Iterable[Document], chosen: Mapping[str, Operation], children: Mapping[str, Mapping[str, Operation]]
) -> None:
    streams: dict[Location, dict[str, str]] = defaultdict(dict)
    for stream, operation in chosen.items():
        streams[operation.document.location][operation.document.path] = stream
        for name, child in children.get(operation.path, {}).items():
            streams[child.document.location][child.document.path] = f"{stream}__{stream_name([name])}"
    for document in documents:
        document.warn_of_missing(streams[document.location])


def _servers(found: Mapping[Role, Sequence[Operation]], paths: Container[str]) -> dict[str, None]:
    """Give, each once, the servers of all operations that describe these lists or what is below their records."""
    lists = (operation for operation in found.get(Role.LIST, ()) if operation.path in paths)
    below = found.get(Role.CHILD, ())
    children = (child for child in below if child.parent_and_name and child.parent_and_name[0] in paths)
    return dict.fromkeys(operation.origin for operation in (*lists, *children) if operation.origin)


def _endpoint(stream: str, operation: Operation, children: Mapping[str, Operation]) -> Endpoint:
    v3_stream = list_name(operation.path, operation.template).v3_stream
    schema = _fitting(lambda levels: corrected(item_of_list(operation, levels), v3_stream), stream, v3_stream)
    properties = schema["properties"]
    of_v4 = is_v4(properties)
    replication_key = replication_key_of(properties)
    return Endpoint(
        stream,
        operation.path + operation.ending,
        schema,
        key_of(properties, v3_stream),
        replication_key,
        dialect_of(operation, V3 if is_built_in(v3_stream) and not of_v4 else ASSUMED, replication_key),
        tuple(_child(stream, "" if of_v4 else v3_stream, name, child) for name, child in sorted(children.items())),
    )


def _child(parent: str, v3_parent: str, name: str, operation: Operation) -> Child:
    part = stream_name([name])
    v3_stream = f"{v3_parent}__{part}" if v3_parent else ""
    schema = _fitting(
        lambda levels: corrected(item_of_child(operation, levels), v3_stream), f"{parent}__{part}", v3_stream
    )
    path = PARAMETER.sub("{key}", operation.path) + operation.ending
    return Child(name, path, schema, key_of(schema["properties"], v3_stream), dialect_of(operation, V3_UNSIZED))


def _fitting(read: Callable[[int], Shape], stream: str, v3_stream: str) -> dict[str, Any]:
    """Give an item's schema, with as many levels as leave it small enough for a table."""
    deepest = _with_levels(read, _LEVELS, v3_stream)
    if deepest and size(deepest) <= _MOST_COLUMNS:
        return deepest
    flat = _with_levels(read, 1, v3_stream)
    if flat is None:
        logger.warning("Stream %s has no columns: its item is described by too many schemas.", stream)
        return item_schema(UNKNOWN_ITEM)
    fitting = first_columns(flat, _MOST_COLUMNS, standard_names(flat["properties"]))
    for levels in range(2, _LEVELS):  # upwards: what is too large takes longest
        schema = _with_levels(read, levels, v3_stream)
        if schema is None or size(schema) > _MOST_COLUMNS:
            break
        fitting = schema
    return fitting


def _with_levels(read: Callable[[int], Shape], levels: int, v3_stream: str) -> dict[str, Any] | None:
    try:
        return with_text_key(item_schema(read(levels)), v3_stream)
    except TooLargeError:
        return None
