"""Which operation each stream is read by, where several documents, products or versions offer the same list."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from tap_makini.identifiers import short_enough
from tap_makini.openapi.names import ListName, list_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tap_makini.openapi.operations import Operation


@dataclass(frozen=True)
class _Candidate:
    operation: Operation
    name: ListName
    product_rank: int
    """The place of its product among those of the connection; the first where its path names none."""


def choose(operations: Iterable[Operation], products: Sequence[str]) -> dict[str, Operation]:
    """Choose.

    Args:
        operations: Operations that list something; of those with the same path, the last counts.
        products: Products of a connection, the preferred one first.

    Returns:
        Operations by stream name, sorted: of the first product, then of the highest version. Where that leaves
        several, the first one has the name, one without a product before others, and the rest is named after the whole
        path.
    """
    by_path = {operation.path: operation for operation in operations}
    by_name = defaultdict[str, list[_Candidate]](list)
    for path in sorted(by_path):
        name = list_name(path, by_path[path].template)
        if name.product is None or name.product in products:
            rank = products.index(name.product) if name.product else 0
            by_name[name.stream.lower()].append(_Candidate(by_path[path], name, rank))
    return _named(_best(rivals) for rivals in by_name.values())


def _best(rivals: Sequence[_Candidate]) -> list[_Candidate]:
    lasting = [rival for rival in rivals if not rival.operation.is_deprecated] or rivals
    rank = min(rival.product_rank for rival in lasting)
    of_product = [rival for rival in lasting if rival.product_rank == rank]
    version = max(rival.name.version for rival in of_product)
    best = (rival for rival in of_product if rival.name.version == version)
    return sorted(best, key=lambda rival: (rival.name.product is not None, rival.operation.path))


def _named(groups: Iterable[Sequence[_Candidate]]) -> dict[str, Operation]:
    named: dict[str, Operation] = {}
    taken = set[str]()
    for group in sorted(groups, key=len):  # who has a name to himself keeps it
        for place, candidate in enumerate(group):
            name = _free(candidate.name.whole if place else candidate.name.stream, taken)
            taken.add(name.lower())
            named[name] = candidate.operation
    return dict(sorted(named.items()))


def _free(name: str, taken: Iterable[str]) -> str:
    """Number a name that is taken: tables of databases are not told apart by case."""
    free, number = name, 1
    while free.lower() in taken:
        number += 1
        free = short_enough(f"{name}_{number}")
    return free


def children_by_parent(operations: Iterable[Operation]) -> Mapping[str, dict[str, Operation]]:
    """Sort out the child lists.

    Returns:
        By their parent's path, each by its name; of those with the same name, the last counts.
    """
    children: dict[str, dict[str, Operation]] = defaultdict(dict)
    for operation in operations:
        if operation.parent_and_name:
            parent, name = operation.parent_and_name
            children[parent][unquote(name)] = operation
    return children
