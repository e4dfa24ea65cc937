"""What each GET of the documents is to the tap: a list, a list below a record, or nothing that it reads."""

from __future__ import annotations

import logging
import re
from collections import defaultdict
from enum import Enum
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from tap_makini.openapi.answers import is_child_list, is_list
from tap_makini.openapi.names import split

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tap_makini.openapi.operations import Operation

logger = logging.getLogger(__name__)

_ADMIN_SEGMENTS = {"system", "admin", "link", "oauth"}
_ADMIN_LABEL = re.compile(r"(?i:admin(istration)?)(?![a-z])")
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
    _, own = split(operation.template.lower())
    is_below_admin = len(own) > 1 and own[0] in _ADMIN_SEGMENTS
    return is_below_admin or _is_labelled(operation.description)


def _is_labelled(description: Mapping[str, Any]) -> bool:
    """Whether a tag says so, or it takes the credentials of an administrator alone."""
    tags, ways = (said if isinstance(said, list) else [] for said in map(description.get, ("tags", "security")))
    is_tagged = any(_ADMIN_LABEL.match(tag) for tag in tags if isinstance(tag, str))
    return is_tagged or (bool(ways) and all(_is_for_admins(way) for way in ways))


def _is_for_admins(credentials: object) -> bool:
    return isinstance(credentials, dict) and any(map(_ADMIN_LABEL.match, credentials))


def _log(found: Mapping[Role, Sequence[Operation]]) -> None:
    counts = [f"{len(found[role])} {role.value}" for role in Role if found.get(role)]
    logger.info("The OpenAPI documents describe GETs: %s.", ", ".join(counts) or "none")
    for operation in found.get(Role.OTHER, ()):
        logger.info("Not read, since there is no list of records under 'data': GET %s", unquote(operation.path))
    for role in found.keys() - {Role.LIST, Role.CHILD, Role.OTHER}:
        for operation in found[role]:
            logger.debug("Not read, being a GET %s: %s", role.value, unquote(operation.path))
