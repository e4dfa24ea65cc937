"""Make the value of a field, decided by its name: amounts, dates, texts, keys of other rows."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from makini_sandbox.data import vocabulary
from makini_sandbox.data.draft import Draft, iso
from makini_sandbox.data.world import lines_before
from makini_sandbox.entities import ENTITIES

Maker = Callable[[Draft], object]

_HALF = 0.5
_FRACTIONAL = 0.3
_DELETED = 0.02


def _amount(draft: Draft) -> Decimal:
    """Return an amount of money, two decimals, from 0.01 to 5,000.00."""
    return Decimal(1 + draft.below(500_000)).scaleb(-2)


def _quantity(draft: Draft) -> Decimal:
    """Return a quantity from 1 to 500, some with three decimals."""
    if draft.random() < _FRACTIONAL:
        return Decimal(1000 + draft.below(499_000)).scaleb(-3)
    return Decimal(1 + draft.below(500))


def _flag(draft: Draft) -> bool:
    return draft.random() < _HALF


def _moment(draft: Draft) -> str:
    return draft.moment()


def _deadline(draft: Draft) -> str:
    return draft.deadline()


def _deleted_at(draft: Draft) -> str | None:
    return iso(draft.updated) if draft.random() < _DELETED else None


def _name(draft: Draft) -> str:
    return f"{draft.pick(vocabulary.CITIES)} {draft.pick(vocabulary.THINGS)} {draft.number + 1}"


def _title(draft: Draft) -> str:
    return f"{draft.pick(vocabulary.TASKS)} {draft.pick(vocabulary.THINGS)}"


def _custom_field(draft: Draft) -> str:
    names = vocabulary.CUSTOM_FIELDS
    return names[draft.number] if draft.number < len(names) else f"x_custom{draft.number}"


def _choice(choices: tuple[str, ...]) -> Maker:
    return lambda draft: draft.pick(choices)


def _numbered(prefix: str) -> Maker:
    return lambda draft: f"{prefix}-{draft.number + 1:06d}"


def _cycled(table: tuple[tuple[str, ...], ...], column: int) -> Maker:
    return lambda draft: table[draft.number % len(table)][column]


def _degrees(limit: int) -> Maker:
    return lambda draft: Decimal(draft.below(2_000_000 * limit) - 1_000_000 * limit).scaleb(-6)


# --- references ---


def _singular(slug: str) -> str:
    """Return how fields name a row of an entity: `workOrder` for `work-orders`."""
    first, *others = slug.split("-")
    name = first + "".join(word.capitalize() for word in others)
    return re.sub("(?<=x)e$", "", re.sub("ie$", "y", name.removesuffix("s")))


_ENTITIES = {_singular(slug): slug for slug in ENTITIES}
_OTHER_NAMES = {
    "assembly": "materials",
    "costUom": "uom",
    "fromLocation": "locations",
    "fromStoreroom": "storerooms",
    "laborAssigned": "labors",
    "makeCompany": "companies",
    "rateBase": "uom",
    "requester": "users",
    "toLocation": "locations",
    "toStoreroom": "storerooms",
    "userApproved": "users",
    "userManager": "users",
    "userRequested": "users",
}
"""Entities of references that are not named after them; each refers to any of their rows."""
_OWN = {
    "asset": "assets",
    "entity": "assets",
    "location": "locations",
    "organization": "organizations",
    "site": "sites",
    "storeroom": "storerooms",
}
_RELATED = {
    "assetDowntime": "assets-downtime",
    "meter": "meters",
    "pm": "pm",
    "serviceRequest": "service-requests",
    "uom": "uom",
    "workOrder": "work-orders",
}
_OF_ORDER = {"currency": "currencies", "po": "purchase-orders", "vendor": "vendors"}
_ORDER_STATUSES = "statuses/purchase-orders"
_STATUS_SCOPES = {"pm": "work-orders", "purchase-orders.line-items": "purchase-orders"}


def _reference(stem: str) -> Callable[[Draft], str | None]:
    """Return what gives the key in a field of this name, without `Key`.

    Raises:
        ValueError: No entity has such a name.
    """
    for slugs, choose in ((_OWN, Draft.own), (_RELATED, Draft.related), (_OF_ORDER, Draft.of_order)):
        if stem in slugs:
            return _chosen(choose, slugs[stem])
    slug = _OTHER_NAMES.get(stem) or _ENTITIES.get(stem)
    if slug is None:
        raise ValueError(f"{stem}Key: no entity has this name; write `{stem}Key:word` with another field's name")
    return _chosen(Draft.any_of, slug)


def _chosen(choose: Callable[[Draft, str], str | None], slug: str) -> Callable[[Draft], str | None]:
    return lambda draft: choose(draft, slug)


def _references(stem: str) -> Callable[[Draft], list[str]]:
    """Return what gives the keys in a field of this name, without `Keys`: one, or none."""
    one = _parent_key if stem == "parent" else _reference(stem)

    def make(draft: Draft) -> list[str]:
        key = one(draft)
        return [] if key is None else [key]

    return make


def _parent_key(draft: Draft) -> str | None:
    """Return an earlier row of the same entity, so that no row is its own ancestor."""
    return draft.world.key(draft.slug, draft.below(draft.number)) if draft.number else None


def _status_key(draft: Draft) -> str:
    """Return the status of the row, of those for its entity; a line has those of the row that it is part of."""
    scope = draft.slug.removesuffix("/lines")
    slug = f"statuses/{_STATUS_SCOPES.get(scope, scope)}"
    # Receipts and the like have no statuses of their own, but their lines do have one.
    return draft.world.key(slug if slug in ENTITIES else _ORDER_STATUSES, draft.status)


# --- all fields ---


def _each(names: str, maker: Maker) -> dict[str, Maker]:
    return dict.fromkeys(names.split(), maker)


_BY_NAME: dict[str, Maker] = {
    **{kind: _choice(choices) for kind, choices in vocabulary.CHOICES.items()},
    **_each("price cost budget", _amount),
    **_each("quantity quantityRequired reorderPoint reading lastReading length width height weight total", _quantity),
    **_each(
        "description instructions notes note completionRemarks addressee contact",
        _choice(vocabulary.SENTENCES),
    ),
    **_each("recurring requiresMaterials shipmentRequired", _flag),
    **_each("dueAt dueDate deliveryAt scheduledAt expiresAt shipmentDate", _deadline),
    **_each("date", _moment),
    **_each("phone phones", lambda draft: f"+33 4 {draft.below(10**8):08d}"),
    **_each("email emails", lambda draft: f"contact{draft.number}@plant.example"),
    "key": lambda draft: draft.world.key(draft.slug, draft.number),
    "never": lambda _: None,
    "parentKey": _parent_key,
    "statusKey": _status_key,
    "poLineItemKey": lambda draft: draft.order_line(),
    "baseCurrencyKey": lambda draft: draft.world.key("currencies", 0),
    "createdAt": lambda draft: iso(draft.created),
    "updatedAt": lambda draft: iso(draft.updated),
    "deletedAt": _deleted_at,
    "name": _name,
    "title": _title,
    "file": lambda draft: f"manual-{draft.number + 1}.pdf",
    "url": lambda draft: f"https://files.example/{draft.number + 1}.pdf",
    "postCode": lambda draft: f"{draft.below(99_999):05d}",
    "addressLines": lambda draft: f"{draft.below(200) + 1} Rue de l'Industrie",
    "lat": _degrees(90),
    "lng": _degrees(180),
    "properties": lambda draft: {"floors": draft.below(5) + 1, "zone": {"code": "Z1"}},
    "checkList": lambda draft: [f"{draft.pick(vocabulary.TASKS)} {n}" for n in range(2)],
    "lineNo": lambda draft: str(10 * (draft.number - lines_before(draft.anchor) + 1)),
    "materialCount": lambda draft: draft.below(6),
    "taxPercentage": lambda draft: Decimal(vocabulary.TAXES[draft.number % len(vocabulary.TAXES)][2]),
    "discount": lambda draft: Decimal(draft.below(4) * 25).scaleb(-2),
    "rate": lambda draft: Decimal(1 + draft.below(2_000_000)).scaleb(-4),
    "currencyRate": lambda draft: Decimal(1 + draft.below(2_000_000)).scaleb(-6),
    "status": lambda draft: vocabulary.STATUSES[draft.status][0],
    "uomName": lambda draft: vocabulary.UNITS[draft.anchor % len(vocabulary.UNITS)][0],
    "currency": lambda draft: vocabulary.CURRENCIES[draft.currency][1],
    "isBase": lambda draft: draft.number == 0,
    "listedStatus": _cycled(vocabulary.STATUSES, 0),
    "statusCode": _cycled(vocabulary.STATUSES, 1),
    "scope": lambda draft: draft.slug.partition("/")[2],
    "unit": _cycled(vocabulary.UNITS, 0),
    "unitCode": _cycled(vocabulary.UNITS, 1),
    "currencyName": _cycled(vocabulary.CURRENCIES, 0),
    "currencyCode": _cycled(vocabulary.CURRENCIES, 1),
    "tax": _cycled(vocabulary.TAXES, 0),
    "taxType": _cycled(vocabulary.TAXES, 1),
    "customField": _custom_field,
}

_BY_ENDING: dict[str, Maker] = {
    **_each("Value Cost", _amount),
    **_each("Quantity Level Time", _quantity),
    **_each("At Date", _moment),
}


def maker_of(word: str) -> Maker:
    """Return the maker of a field.

    Args:
        word: The field's name, or the word that its shape has in place of it.

    Raises:
        ValueError: It is a reference, but no entity has its name.
    """
    if word in _BY_NAME:
        return _BY_NAME[word]
    for ending, make in _BY_ENDING.items():
        if word.endswith(ending):
            return make
    if word.endswith("Keys"):
        return _references(word.removesuffix("Keys"))
    if word.endswith("Key"):
        return _reference(word.removesuffix("Key"))
    if word.startswith("is"):
        return _flag
    return _numbered(word[:2].upper())
