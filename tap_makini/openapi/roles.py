"""What each GET of the documents is to the tap: a list, a list below a record, or nothing that it reads."""

from __future__ import annotations

import logging
import re
from collections import defaultdict
from enum import Enum
from typing import TYPE_CHECKING
from urllib.parse import unquote

from tap_makini.entities import ALL
from tap_makini.openapi.answers import is_child_list, is_list
from tap_makini.openapi.names import is_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tap_makini.openapi.operations import Operation

logger = logging.getLogger(__name__)

_ADMIN_SEGMENTS = {"system", "admin", "link", "oauth"}
_ADMIN_LABEL = re.compile(r"\badmin(?!istrative)", re.IGNORECASE)
_RAW_TABLES = "/raw/tables"


class Role(Enum):
    """What a GET is; the values are what the log calls them."""

    LIST = "lists"
    CHILD = "lists of a record"
    RAW = "of raw tables"
    ADMIN = "of administration"
    RECORD = "of a single record"
    NOWHERE = "with an address that cannot be asked for"
    OTHER = "that answer with no list of records under 'data'"


def sort_out(operations: Iterable[Operation]) -> Mapping[Role, Sequence[Operation]]:
    """Tell what each GET is, and log how many of them are what."""
    found: dict[Role, list[Operation]] = defaultdict(list)
    for operation in operations:
        found[_role(operation)].append(operation)
    _log(found)
    return found


def _role(operation: Operation) -> Role:
    if not operation.can_be_asked_for:
        return Role.NOWHERE
    if _RAW_TABLES in operation.path:
        return Role.RAW
    if _is_of_administration(operation):
        return Role.ADMIN
    if operation.parent_and_name and is_child_list(operation):
        return Role.CHILD
    if operation.is_of_one_record:
        return Role.RECORD
    return Role.LIST if is_list(operation) else Role.OTHER


def _is_of_administration(operation: Operation) -> bool:
    segments = operation.path.lower().strip("/").split("/")
    while segments and (segments[0] in {"api", *ALL} or is_version(segments[0])):
        del segments[0]
    is_below_admin = bool(segments) and segments[0] in _ADMIN_SEGMENTS
    return is_below_admin or any(map(_ADMIN_LABEL.search, _labels(operation)))


def _labels(operation: Operation) -> Iterator[str]:
    """Give its tags, and the names of the credentials that it wants."""
    for keyword in ("tags", "security"):
        said = operation.description.get(keyword)
        for label in said if isinstance(said, list) else []:
            if isinstance(label, str):
                yield label
            elif isinstance(label, dict):
                yield from label


def _log(found: Mapping[Role, Sequence[Operation]]) -> None:
    counts = [f"{len(found[role])} {role.value}" for role in Role if found.get(role)]
    logger.info("The OpenAPI documents describe GETs: %s.", ", ".join(counts) or "none")
    for role in (Role.NOWHERE, Role.OTHER):
        for operation in found.get(role, ()):
            logger.debug("Not read, being a GET %s: %s", role.value, unquote(operation.path))
