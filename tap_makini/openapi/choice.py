"""Choose the GETs that are lists, and the one that each stream is read by."""

from __future__ import annotations

import logging
import re
from collections import defaultdict
from dataclasses import dataclass
from enum import Enum
from itertools import dropwhile
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from tap_makini.entities import ENTITIES, PRODUCTS, Entity
from tap_makini.identifiers import document_stream_name, normalized_name, numbered_stream_name
from tap_makini.openapi.responses import child_item, list_item

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tap_makini.openapi.operations import Operation

logger = logging.getLogger(__name__)

_ADMIN_SEGMENTS = {"system", "admin", "link", "oauth"}
_ADMIN_LABEL = re.compile(r"(?i:admin(istration)?)(?![a-z])")
_RAW_TABLES = "/raw/tables"
_VERSION = re.compile(r"v(\d{1,6}(?:\.\d{1,6})*)", re.ASCII)
_ENTITIES = {entity.slug: entity for entity in ENTITIES}


class Role(Enum):
    """What the tap does with a GET; the values are for the log."""

    LIST = "lists"
    CHILD = "lists of a record"
    OTHER = "without a list of records under 'data'"
    IGNORED = "of single records, raw tables, administration or unusable paths"


@dataclass(frozen=True)
class ListPath:
    """The parts of a list's path: `/api/v4/eam/work-orders` is `work-orders` of product `eam` and version 4.

    Attributes:
        own: Its own segments, after those that name API, product and version.
        whole: All segments.
        product: Its product, None if the path names none.
        version: The API's version, an empty one if the path names none.
    """

    own: tuple[str, ...]
    whole: tuple[str, ...]
    product: str | None
    version: tuple[int, ...]

    @classmethod
    def of(cls, operation: Operation) -> ListPath:
        """Read an operation's path; what is before its template is the server's, which may name product and version."""
        segments = _segments(operation.template)
        own = tuple(dropwhile(lambda segment: segment in {"api", *PRODUCTS} or _VERSION.fullmatch(segment), segments))
        product: str | None = None
        version: tuple[int, ...] = ()
        leading = segments[: len(segments) - len(own)]
        for segment in (*_segments(operation.path.removesuffix(operation.template)), *leading):
            product = segment if segment in PRODUCTS else product
            match = _VERSION.fullmatch(segment)
            version = tuple(map(int, match[1].split("."))) if match else version
        return cls(own, _segments(operation.path), product, version)

    @property
    def entity(self) -> Entity | None:
        """The built-in entity, if this is a path of the v3 API (`/api/eam/…`)."""
        is_v3 = self.product is not None and self.version[:1] in {(), (3,)}
        return _ENTITIES.get("/".join(self.own)) if is_v3 else None

    @property
    def names(self) -> tuple[str, str]:
        """The name of its stream, and one of the whole path in case that another list has the first one."""
        whole = document_stream_name("/".join(self.whole))
        return document_stream_name("/".join(self.own)) if self.own else whole, whole


def classify(operations: Iterable[Operation]) -> Mapping[Role, Sequence[Operation]]:
    """Classify each GET, and log the number of each role."""
    found: dict[Role, list[Operation]] = {role: [] for role in Role}
    for operation in operations:
        found[_role(operation)].append(operation)
    counts = [f"{len(found[role])} {role.value}" for role in Role if found[role]]
    logger.info("The OpenAPI documents describe GETs: %s.", ", ".join(counts) or "none")
    for operation in found[Role.OTHER]:
        logger.info("GET %s: not read, because it returns no list of records under 'data'.", operation.label)
    for operation in found[Role.IGNORED]:
        logger.debug("GET %s: not read.", operation.label)
    return found


def _role(operation: Operation) -> Role:
    if _is_of_administration(operation) or _RAW_TABLES in operation.path or not operation.has_usable_path:
        return Role.IGNORED
    if operation.parent_and_name and child_item(operation):
        return Role.CHILD
    if operation.is_of_one_record:
        return Role.IGNORED
    return Role.LIST if list_item(operation) else Role.OTHER


def _is_of_administration(operation: Operation) -> bool:
    """Return whether path or tags name administration, or only an administrator's credentials are accepted."""
    own = ListPath.of(operation).own
    tags, accepted = (
        said if isinstance(said, list) else [] for said in map(operation.description.get, ("tags", "security"))
    )
    is_tagged = any(_ADMIN_LABEL.match(tag) for tag in tags if isinstance(tag, str))
    is_for_admins = bool(accepted) and all(
        isinstance(names, dict) and any(map(_ADMIN_LABEL.match, names)) for names in accepted
    )
    return is_tagged or is_for_admins or (len(own) > 1 and own[0].lower() in _ADMIN_SEGMENTS)


class _Rival(NamedTuple):
    operation: Operation
    path: ListPath

    def place(self, products: Sequence[str]) -> int:
        """Return the place of its product among those of the connection; the first one if its path names none."""
        return products.index(self.path.product) if self.path.product else 0


def choose(operations: Iterable[Operation], products: Sequence[str]) -> dict[str, Operation]:
    """Choose the operation that each stream is read by.

    Args:
        operations: Operations that return lists; of those with the same path, the last one counts.
        products: Products of a connection, the preferred one first.

    Returns:
        Operations by stream name, sorted: of the first product, then of the highest version. If that leaves several,
        the first one gets the name, one without a product before others, and the rest is named after the whole path.
    """
    by_path = {operation.path: operation for operation in operations}
    rivals = defaultdict[str, list[_Rival]](list)
    for _, operation in sorted(by_path.items()):
        path = ListPath.of(operation)
        if path.product is None or path.product in products:
            rivals[normalized_name(path.names[0])].append(_Rival(operation, path))
    chosen: dict[str, Operation] = {}
    taken = set[str]()
    for group in sorted((_best(group, products) for group in rivals.values()), key=len):
        for number, rival in enumerate(group):
            name = numbered_stream_name(rival.path.names[1 if number else 0], taken)
            taken.add(normalized_name(name))
            chosen[name] = rival.operation
    return dict(sorted(chosen.items()))


def _best(rivals: Sequence[_Rival], products: Sequence[str]) -> list[_Rival]:
    current = [rival for rival in rivals if not rival.operation.is_deprecated] or rivals
    place = min(rival.place(products) for rival in current)
    of_product = [rival for rival in current if rival.place(products) == place]
    version = max(rival.path.version for rival in of_product)
    best = (rival for rival in of_product if rival.path.version == version)
    return sorted(best, key=lambda rival: rival.path.product is not None)


def children_by_parent(operations: Iterable[Operation]) -> Mapping[str, dict[str, Operation]]:
    """Return the lists of records by their parent's path and their name; of those with the same name, the last."""
    children: dict[str, dict[str, Operation]] = defaultdict(dict)
    for operation in operations:
        if operation.parent_and_name:
            parent, name = operation.parent_and_name
            children[parent][unquote(name)] = operation
    return children


def _segments(path: str) -> tuple[str, ...]:
    return tuple(unquote(path).strip("/").split("/"))
