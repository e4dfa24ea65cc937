"""Decode an OpenAPI document, check it, and follow its references."""

from __future__ import annotations

import logging
import re
from collections import defaultdict
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec
import yaml
from referencing import Registry, Specification
from referencing.exceptions import Unresolvable

from tap_makini.rawjson import NUMBER_PATTERN
from tap_makini.redaction import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_makini.openapi.location import Location

logger = logging.getLogger(__name__)

_MOST_LEVELS = 200
_REFERENCES_IN_A_ROW = 50
_MOST_WARNINGS = 10
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_NOT_TEXT = "# (not text)"
_EXPORT_AGAIN = "Export it again from Makini's docs, as OpenAPI 3."
_CLoader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Document:
    """An OpenAPI 3 document.

    Args:
        location: Where it comes from.
        content: Its content.
    """

    def __init__(self, location: Location, content: Mapping[str, Any]) -> None:
        self.location = location
        self.content = content
        # opaque: an `$id` in the document must not change what its references are relative to
        resource = Specification[Any].OPAQUE.create_resource(content)
        self._resolver = Registry[Any]().with_resource("", resource).resolver()
        self._targets: dict[str, dict[str, Any] | None] = {}
        self._missing: dict[str, set[str]] = defaultdict(set)  # paths by reference

    def target(self, reference: object, path: str) -> dict[str, Any] | None:
        """Return the object that a `$ref` names; None if there is none in this document.

        Args:
            reference: The value of `$ref`.
            path: The path that is read, to be named by a warning if there is none.
        """
        text = reference if isinstance(reference, str) else _NOT_TEXT
        if text not in self._targets:
            self._targets[text] = self._lookup(text)
        if self._targets[text] is None:
            self._missing[text].add(path)
        return self._targets[text]

    def warn_of_missing(self, streams: Mapping[str, str]) -> None:
        """Log each reference that led nowhere so far, with what it affects.

        Args:
            streams: Names of streams by their paths in the document.
        """
        for reference, paths in islice(self._missing.items(), _MOST_WARNINGS):
            logger.warning(
                "%s: %.200s is %s. What it describes is loaded as JSON text or left out. Affected: %.500s.%s",
                self.location.label,
                printable(reference),
                "not defined" if reference.startswith("#") else "in another file, which is not read",
                printable(", ".join(sorted(streams.get(path, path) for path in paths))),
                "" if reference.startswith("#") else " Bundle the document into one file.",
            )
        more = len(self._missing) - _MOST_WARNINGS
        if more > 0:
            logger.warning("%s: %d more references are not defined.", self.location.label, more)

    def _lookup(self, reference: str) -> dict[str, Any] | None:
        if reference == _NOT_TEXT or not reference.startswith("#"):
            return None
        try:
            found = self._resolver.lookup(reference).contents
        except (Unresolvable, TypeError, ValueError):  # the latter: a pointer into a scalar
            return None
        return found if isinstance(found, dict) else None


@dataclass(frozen=True)
class Scope:
    """What references are followed for: one path of a document.

    Attributes:
        document: The document.
        path: The path, as the document spells it.
    """

    document: Document
    path: str

    def target(self, reference: object) -> dict[str, Any] | None:
        """Return the object that a `$ref` names; None if there is none in this document."""
        return self.document.target(reference, self.path)

    def followed(self, node: object) -> dict[str, Any]:
        """Return a path item, parameter or response that may be a reference; an empty one if it is not an object."""
        for _ in range(_REFERENCES_IN_A_ROW):
            if not isinstance(node, dict):
                return {}
            if "$ref" not in node:
                return node
            node = self.target(node["$ref"])
        return {}


def open_document(location: Location, timeout: float, user_agent: str) -> Document:
    """Fetch a document and check that it is an OpenAPI 3 one.

    Args:
        location: Where it is.
        timeout: Seconds to wait for the whole document.
        user_agent: Value of the User-Agent header.

    Raises:
        DocumentError: It cannot be fetched or decoded, or is not an OpenAPI 3 document.
    """
    data = location.fetch(timeout, user_agent)
    try:
        content = decode(data)
    except RecursionError:
        raise location.error("nested too deeply", _EXPORT_AGAIN) from None
    except (yaml.YAMLError, ValueError, LookupError) as error:
        raise location.error(f"neither JSON nor YAML{_problem(error)}", _EXPORT_AGAIN) from None
    fault = _fault(content)
    if fault:
        raise location.error(fault, _EXPORT_AGAIN)
    return Document(location, content)


def decode(data: bytes) -> Any:  # noqa: ANN401 - whatever the document holds
    """Decode JSON, or the first document of a YAML file.

    Raises:
        RecursionError: It is nested too deeply.
        YAMLError: It is neither JSON nor YAML, or uses what OpenAPI does not allow in YAML.
        ValueError, LookupError: A tagged YAML value does not fit its tag.
    """
    try:
        return msgspec.json.decode(data.removeprefix(_BYTE_ORDER_MARK))
    except ValueError:
        _check_nesting(data)
        return next(yaml.load_all(data, Loader=_Loader), None)


def _check_nesting(data: bytes) -> None:
    """Refuse what the loader would not survive: libyaml builds nested nodes recursively, on the stack of C."""
    level = 0
    for event in yaml.parse(data, Loader=_CLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            level += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            level -= 1
        if level > _MOST_LEVELS:
            raise RecursionError


class _Loader(_CLoader):  # type: ignore[misc,valid-type] # chosen at run time
    """Load YAML as JSON: keys are text as written (`200`, `no`), and so are dates, `yes` and `on`.

    An alias is the very object that its anchor names, so aliases cannot multiply, but a document may contain itself.
    """

    yaml_implicit_resolvers: Any = {}  # noqa: RUF012 - as in the base class

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002 - the base class's
        """Build a mapping; its keys stay as written."""
        for key in [key for key, _ in node.value] if isinstance(node, yaml.MappingNode) else [node]:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a key is not text", problem_mark=key.start_mark)
            if key.value == "<<":
                raise yaml.MarkedYAMLError(problem="merge keys are not supported", problem_mark=key.start_mark)
        return {key.value: self.construct_object(value, deep=deep) for key, value in node.value}


_TAG = "tag:yaml.org,2002:"
_Loader.yaml_constructors = {
    tag: constructor
    for tag, constructor in yaml.SafeLoader.yaml_constructors.items()
    if tag is None or tag.removeprefix(_TAG) in {"null", "bool", "int", "float", "str", "seq", "map"}
}
for _name, _pattern, _starts in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"-?(0|[1-9][0-9]*)", list("-0123456789")),
    ("float", NUMBER_PATTERN, list("-0123456789")),
):
    _Loader.add_implicit_resolver(_TAG + _name, re.compile(rf"(?:{_pattern})\Z"), _starts)


def _fault(content: object) -> str | None:
    if not isinstance(content, dict):
        return "not an OpenAPI document (expected an object at the top level)"
    if "swagger" in content:
        return "not an OpenAPI 3 document (Swagger 2 is not supported)"
    paths = content.get("paths")
    if not isinstance(paths, dict) or not paths:
        return "not an OpenAPI document (expected an object with paths under 'paths')"
    return None


def _problem(error: Exception) -> str:
    """Return where in a YAML document what is wrong; empty if that is not known."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return ""
    mark = error.problem_mark
    return f" (line {mark.line + 1}, column {mark.column + 1}: {error.problem})"
