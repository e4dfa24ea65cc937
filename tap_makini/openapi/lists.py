"""Read the lists of an API from the documents that describe it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_makini.endpoints import ASSUMED, V3, V3_UNSIZED, Child, Endpoint, Offer
from tap_makini.entities import MATERIALS, child_list
from tap_makini.identifiers import column_names
from tap_makini.openapi.choice import ListPath, Role, children_by_parent, choose, classify
from tap_makini.openapi.columns import STANDARD_NAMES, is_v4, item_schema, key_of, replication_key_of, with_text_key
from tap_makini.openapi.document import open_document
from tap_makini.openapi.location import DocumentError, Location
from tap_makini.openapi.operations import PARAMETER, operations_of
from tap_makini.openapi.parameters import query_parameters_of
from tap_makini.openapi.responses import child_item, list_item
from tap_makini.openapi.schemas import Kind, Shape
from tap_makini.schema import load_item_schema

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from tap_makini.entities import Entity
    from tap_makini.openapi.operations import Operation

    Schema = dict[str, Any]


def read_documents(
    locations: Sequence[str],
    products: Sequence[str],
    *,
    user_agent: str,
    timeout: float = 60.0,
) -> Offer:
    """Return what the API offers according to OpenAPI documents.

    Args:
        locations: Paths and http(s) URLs; of a list that several documents describe, the last description counts.
        products: Products to read, the preferred one first.
        user_agent: Value of the User-Agent header.
        timeout: Seconds to wait for a document.

    Raises:
        DocumentError: A document cannot be used, or none describes a list that can be read.
    """
    documents = [open_document(Location(text), timeout, user_agent) for text in locations]
    labels = ", ".join(document.location.label for document in documents)
    try:
        found = classify(operation for document in documents for operation in operations_of(document))
        chosen = choose(found[Role.LIST], products)
        children = children_by_parent(found[Role.CHILD])
        endpoints = tuple(
            _endpoint(stream, operation, children.get(operation.path, {})) for stream, operation in chosen.items()
        )
    except RecursionError:
        msg = f"{labels}: schemas are nested too deeply. Report it with the document."
        raise DocumentError(msg) from None
    streams = {operation.scope.path: stream for stream, operation in chosen.items()}
    for document in documents:
        document.warn_of_missing(streams)
    if not chosen:
        raise _nothing_to_read(labels, found, products)
    return Offer(endpoints, tuple(_servers(found, {operation.path for operation in chosen.values()})))


def _nothing_to_read(labels: str, found: Mapping[Role, Sequence[Operation]], products: Sequence[str]) -> DocumentError:
    lists, others = found[Role.LIST], found[Role.OTHER]
    if lists:
        described = sorted({product for each in lists if (product := ListPath.of(each).product)})
        return DocumentError(
            f"{labels}: lists of the products {', '.join(described)}, but none of "
            f"{', '.join(products)}. Change the setting products, or export the documents of these products."
        )
    if others:
        more = f" (and {len(others) - 1} more like it)" if len(others) > 1 else ""
        return DocumentError(
            f"{labels}: nothing to read. GET {others[0].label}: no list of records under 'data'{more}. "
            "If Makini's docs export it so, report it with the document."
        )
    return DocumentError(
        f"{labels}: nothing to read (no GET returns a list). Export it again from Makini's docs, as OpenAPI 3."
    )


def _servers(found: Mapping[Role, Sequence[Operation]], paths: Container[str]) -> dict[str, None]:
    """Return, each once, the servers of all operations that return these lists or lists of their records."""
    lists = (operation for operation in found[Role.LIST] if operation.path in paths)
    below = found[Role.CHILD]
    children = (child for child in below if child.parent_and_name and child.parent_and_name[0] in paths)
    return dict.fromkeys(operation.origin for operation in (*lists, *children) if operation.origin)


def _endpoint(stream: str, operation: Operation, children: Mapping[str, Operation]) -> Endpoint:
    item = list_item(operation) or Shape(Kind.OBJECT)
    entity = None if is_v4(item.properties) else ListPath.of(operation).entity
    if entity:
        schema, key, replication_key = _built_in_schema(entity, item), entity.key, entity.replication_key
    else:
        schema, key = _declared_schema(item)
        replication_key = replication_key_of(schema["properties"])
    return Endpoint(
        stream,
        operation.path + operation.ending,
        schema,
        key,
        replication_key,
        query_parameters_of(operation, V3 if entity else ASSUMED, replication_key),
        tuple(_child(name, child, entity) for name, child in sorted(children.items())),
    )


def _child(name: str, operation: Operation, parent: Entity | None) -> Child:
    path = PARAMETER.sub("{key}", operation.path) + operation.ending
    query_parameters = query_parameters_of(operation, V3_UNSIZED)
    if parent and name in parent.children:
        return child_list(name, path, query_parameters)
    schema, key = _declared_schema(child_item(operation) or Shape(Kind.OBJECT))
    return Child(name, path, schema, key, query_parameters)


def _declared_schema(item: Shape) -> tuple[Schema, tuple[str, ...]]:
    schema = item_schema(item)
    key = key_of(schema["properties"])
    return with_text_key(schema, key), key


def _built_in_schema(entity: Entity, item: Shape) -> Schema:
    """Return a built-in schema with the properties that only the document has, since the export's types are not right.

    Lists of materials are declared as lists of other items, so there it has none.
    """
    built_in = load_item_schema(entity.item)
    if entity.item == MATERIALS:
        return built_in
    known = built_in["properties"]
    names = column_names([*known, *item.properties], {*known, *STANDARD_NAMES})
    added = {name: item.properties[name] for name in names if name not in known}
    more = item_schema(Shape(Kind.OBJECT, added))["properties"]
    return {**built_in, "properties": known | more}
