"""The items under the rows of one connection, made when first asked for and open to change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from makini_sandbox.children import ChildList, child_list
from makini_sandbox.encoding import encode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence


class ChildStore:
    """Items by parent; only those that were changed are kept.

    Args:
        make: Gives the items that a parent of this key has to begin with.
    """

    def __init__(self, make: Callable[[ChildList, str], Sequence[Mapping[str, object]]]) -> None:
        self._make = make
        self._changed: dict[tuple[str, str], list[bytes]] = {}

    def bodies(self, slug: str, key: str, name: str) -> list[bytes]:
        """The items of a parent as the JSON that is served.

        Raises:
            KeyError: If the API has no such list.
        """
        child = child_list(slug, name)
        changed = self._changed.get((child.slug, key))
        return [encode(item) for item in self._make(child, key)] if changed is None else changed

    def set(self, slug: str, key: str, name: str, items: Iterable[Mapping[str, object]]) -> None:
        """Give a parent other items.

        Raises:
            KeyError: If the API has no such list.
        """
        self._changed[child_list(slug, name).slug, key] = [encode(item) for item in items]
