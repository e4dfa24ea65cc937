"""Documents that mean no good, or nothing at all: reading ends, with an offer or with one clear error."""

from __future__ import annotations

import string
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openapi.documents import Node, document, get, offer, read_bytes
from tap_makini.openapi import DocumentError

if TYPE_CHECKING:
    from tap_makini.endpoints import Offer

_KEYWORDS = """
    $ref allOf oneOf anyOf type properties items format enum const additionalProperties nullable key id updatedAt
    _updatedAt data name in get parameters responses content schema 200 application/json tags servers url
"""
_VALUES = """
    #/components/schemas/A #/components/schemas/B #/paths/~1x/get #/components/schemas/A/allOf/0 # #/nowhere/0
    elsewhere.json object array string number null date-time query path GET https://a.example
"""
_NAMES = st.sampled_from(_KEYWORDS.split())
_TEXTS = st.sampled_from(_VALUES.split()) | st.text(string.printable, max_size=5)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | _TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_NAMES | st.text(max_size=3), inner, max_size=5),
    max_leaves=25,
)


def nodes(schema: Node) -> list[Node]:
    parts = [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]
    return [schema, *(node for part in parts for node in nodes(part))]


def check(read: Offer) -> None:
    """Check what the tap relies on."""
    assert list(read.endpoints) == sorted(read.endpoints, key=lambda endpoint: endpoint.stream)
    for endpoint in read.endpoints:
        assert endpoint.path.startswith("/")
        for schema in (endpoint.schema, *(child.schema for child in endpoint.children)):
            assert schema["type"] == ["object", "null"]
            assert all(node["type"][1:] == ["null"] for node in nodes(schema))
            assert all(set(node) <= {"type", "format", "properties", "items"} for node in nodes(schema))
        assert all(endpoint.schema["properties"][name] == {"type": ["string", "null"]} for name in endpoint.key)


@given(_JSON)
def test_any_json_is_read_or_refused(content: Any) -> None:  # noqa: ANN401 - any JSON
    with suppress(DocumentError):
        check(offer(content))


@given(st.binary(max_size=60) | st.text(alphabet="{}[]:,-&*<!|>?'\"# \n\tab1~%@`", max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(DocumentError):
        check(read_bytes(data))


@given(_JSON, _JSON, _JSON)
def test_any_schemas_are_read_or_refused(item: Any, first: Any, second: Any) -> None:  # noqa: ANN401 - any JSON
    paths = {"/x": get(item), "/x/{key}/y": {"get": {"responses": {"200": first}}}, "/ok": get()}
    content = document(paths, components={"schemas": {"A": first, "B": second}})

    read = offer(content)

    check(read)
    assert "ok" in {endpoint.stream for endpoint in read.endpoints}
    assert offer(content) == read


@given(_JSON, _JSON)
def test_any_operations_are_read_or_refused(item: Any, servers: Any) -> None:  # noqa: ANN401 - any JSON
    content = document({"/x": item, "/y": {"get": item}, "/ok": get()}, servers=servers)

    check(offer(content))


@given(_JSON)
def test_any_parameters_are_read_or_refused(parameters: Any) -> None:  # noqa: ANN401 - any JSON
    check(offer(document({"/ok": get(), "/x": {**get(parameters=parameters), "parameters": parameters}})))


def test_paths_that_refer_to_each_other_in_a_circle_end() -> None:
    paths = {"/a": {"$ref": "#/paths/~1b"}, "/b": {"$ref": "#/paths/~1a"}, "/ok": get()}

    assert [endpoint.stream for endpoint in offer(document(paths)).endpoints] == ["ok"]


CHAIN = {f"C{number}": {"$ref": f"#/components/schemas/C{number + 1}"} for number in range(5000)}


def test_a_long_chain_of_references_ends() -> None:
    item = {"properties": {"far": {"$ref": "#/components/schemas/C0"}}}

    (endpoint,) = offer(document({"/x": get(item)}, components={"schemas": CHAIN})).endpoints

    assert endpoint.schema["properties"] == {"far": {"type": ["string", "null"]}}


def test_what_pythons_stack_cannot_hold_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller may have used most of it."""
    monkeypatch.setattr("tap_makini.openapi.schemas._LONGEST_TRAIL", len(CHAIN))

    with pytest.raises(DocumentError) as raised:
        offer(document({"/x": get({"$ref": "#/components/schemas/C0"})}, components={"schemas": CHAIN}))

    assert str(raised.value) == "0.json: schemas are nested too deeply. Report it with the document."


@pytest.mark.parametrize("keyword", ["properties", "items", "allOf"])
@pytest.mark.parametrize("levels", [49, 50, 51, 200])
def test_deep_nesting_is_read_or_refused(keyword: str, levels: int) -> None:
    deep: Any = {"type": "string"}
    for _ in range(levels):
        deep = {keyword: {"a": deep} if keyword == "properties" else [deep] if keyword == "allOf" else deep}

    (endpoint,) = offer(document({"/x": get({"properties": {"deep": deep}})})).endpoints

    assert "deep" in endpoint.schema["properties"]


def test_aliases_that_multiply_end() -> None:
    layers = "\n".join(
        f"x{number}: &x{number} {{properties: {{{', '.join(f'p{part}: *x{number - 1}' for part in range(10))}}}}}"
        for number in range(1, 30)
    )
    text = f"""\
x0: &x0 {{type: string}}
{layers}
paths:
  /x: {{get: {{responses: {{200: {{content: {{application/json: {{schema:
    {{properties: {{data: {{items: *x29}}}}}}}}}}}}}}}}}}
"""

    check(read_bytes(text.encode()))


def test_an_alias_that_holds_itself_is_refused() -> None:
    text = """\
paths: {/x: {get: {responses: {200: {content: {application/json: {schema: {properties: {data: {items: &a
  {properties: {name: {type: string}, again: *a}, allOf: [*a]}}}}}}}}}}}
"""

    (endpoint,) = read_bytes(text.encode()).endpoints

    assert list(endpoint.schema["properties"]) == ["name", "again"]


def test_compositions_of_compositions_end() -> None:
    """Each level doubles what makes up a value of the next one."""
    both = {"allOf": [{"$ref": "#/components/schemas/A"}, {"$ref": "#/components/schemas/B"}]}
    chains: Node = {f"C{number}": {"oneOf": [{"allOf": [both, both]}] * 3} for number in range(3)}
    schemas = {name: {"properties": {"a": both, "b": {"anyOf": [*chains.values()]}}} for name in "AB"}

    check(offer(document({"/x": get(both)}, components={"schemas": schemas})))


@pytest.mark.parametrize("keyword", ["allOf", "oneOf"])
def test_deep_compositions_on_each_level_end(keyword: str) -> None:
    refs = [{"$ref": f"#/components/schemas/L{number}"} for number in range(46)]
    schemas: Node = {
        f"L{number}": {keyword: [below, {"properties": {"next": below, "own": {"type": "number"}}}]}
        for number, below in enumerate(refs[1:])
    }
    schemas["L45"] = {"properties": {"next": refs[0], "leaf": {"type": "string"}}}

    check(offer(document({"/x": get(refs[0])}, components={"schemas": schemas})))


def test_a_parameter_of_very_many_schemas_is_read() -> None:
    refs = [{"$ref": f"#/components/schemas/L{number}"} for number in range(5)]
    schemas: Node = {f"L{number}": {"allOf": [below] * 1000} for number, below in enumerate(refs[1:])}
    schemas["L4"] = {"maximum": int("9" * 1000)}
    parameters = [{"name": "per_page", "in": "query", "schema": refs[0]}]

    check(offer(document({"/x": get(parameters=parameters)}, components={"schemas": schemas})))
