"""The lists that stand under the key of a parent, as the v3 spec has them.

They all hold rows of the type ``MaterialItem``, though the spec declares a bare object.
"""

from __future__ import annotations

from dataclasses import dataclass

from makini_sandbox.entities import ALL, EAM, ERP

CHILD_SHAPE = "MaterialItem"


@dataclass(frozen=True)
class ChildList:
    """One list for each row of an entity.

    Attributes:
        parent: Slug of the entity.
        name: Last segment of the path.
        products: The products that offer it.
        parent_field: The field of an item that holds the parent's key.
    """

    parent: str
    name: str
    products: frozenset[str]
    parent_field: str

    @property
    def slug(self) -> str:
        """By which behaviours, faults and recorded requests know it: ``work-orders/{key}/materials``."""
        return f"{self.parent}/{{key}}/{self.name}"

    def parent_key(self, path: str) -> str | None:
        """The parent's key in a path after the product, None where the path is of no such list.

        Args:
            path: Decoded, as in ``work-orders/5f2c/materials``.
        """
        start, end = f"{self.parent}/", f"/{self.name}"
        if not (path.startswith(start) and path.endswith(end)):
            return None
        return path[len(start) : -len(end)] or None


CHILD_LISTS = (
    ChildList("materials", "children", ALL, "assemblyKey"),
    ChildList("assets", "materials", EAM, "assetKey"),
    ChildList("asset-templates", "materials", EAM, "assetTemplateKey"),
    ChildList("pm", "materials", EAM, "pmKey"),
    ChildList("work-orders", "materials", EAM, "workOrderKey"),
    ChildList("production-orders", "materials", ERP, "productionOrderKey"),
)


def child_list(parent: str, name: str) -> ChildList:
    """The list with a name under an entity.

    Raises:
        KeyError: If the API has no such list.
    """
    for child in CHILD_LISTS:
        if (child.parent, child.name) == (parent, name):
            return child
    raise KeyError(f"{parent}/{{key}}/{name}")
