"""Where a row belongs: an asset stands at a location, a location lies on a site, and so on up."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from makini_sandbox.data.world import World


def place_of(world: World, slug: str, anchor: int) -> dict[str, int | None]:
    """Numbers of the asset, location, site, organization and storeroom of a row, by their slugs.

    Args:
        world: What exists.
        slug: The entity of the row.
        anchor: The number that the row's relations follow from.
    """
    if slug == "meter-readings":  # of its meter's asset
        anchor = _wrap(anchor, world.count("meters")) or 0
    asset = _wrap(anchor, world.count("assets"))
    location = _location(world, slug, anchor if asset is None else asset)
    site = _wrap(anchor if location is None else location, world.count("sites"))
    site_number = anchor if site is None else site
    return {
        "assets": asset,
        "locations": location,
        "sites": site,
        "organizations": _wrap(site_number, world.count("organizations")),
        "storerooms": site if site is not None and site < world.count("storerooms") else None,
    }


def _location(world: World, slug: str, number: int) -> int | None:
    if slug in {"sites", "storerooms"}:
        # A location with the number of a site lies on that site.
        number = _wrap(number, world.count("sites")) or 0
    return _wrap(number, world.count("locations"))


def _wrap(number: int, count: int) -> int | None:
    return number % count if count else None
