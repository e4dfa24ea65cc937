"""The query parameters that an operation declares, and what is said of their values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_makini.openapi.operations import Operation


def query_parameters(operation: Operation) -> dict[str, Mapping[str, Any]]:
    """Give the query parameters by the names that requests have; of a deep object, one for each property."""
    named: dict[str, Mapping[str, Any]] = {}
    for parameter in operation.parameters:
        if parameter.get("in") == "query" and isinstance(parameter.get("name"), str):
            properties = schema_of(operation, parameter).get("properties")
            if parameter.get("style") == "deepObject" and isinstance(properties, dict):
                named |= {f"{parameter['name']}[{name}]": {"schema": part} for name, part in properties.items()}
            else:
                named[parameter["name"]] = parameter
    return named


def schema_of(operation: Operation, parameter: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give the schema of a parameter."""
    return operation.document.followed(parameter.get("schema"))


def texts(operation: Operation, parameter: Mapping[str, Any]) -> Iterator[str]:
    """Give the texts that a parameter may be, by its enum and examples."""
    schema = schema_of(operation, parameter)
    for node in (parameter, schema, operation.document.followed(schema.get("items"))):
        for keyword in ("enum", "example", "examples", "default"):
            said = node.get(keyword)
            values = [*said.values()] if isinstance(said, dict) else said if isinstance(said, list) else [said]
            for value in values:
                text = value.get("value") if isinstance(value, dict) else value
                if isinstance(text, str):
                    yield text
