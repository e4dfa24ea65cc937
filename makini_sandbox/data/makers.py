"""What a field holds, decided by its name: the makers of single values."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from makini_sandbox.data import vocabulary
from makini_sandbox.data.draft import Draft, iso
from makini_sandbox.data.references import parent_key, reference, references, status_key
from makini_sandbox.data.world import lines_before

Maker = Callable[[Draft], object]

_HALF = 0.5
_FRACTIONAL = 0.3
_DELETED = 0.02


def _amount(draft: Draft) -> Decimal:
    """Money, two decimals, from 0.01 to 5,000.00."""
    return Decimal(1 + draft.below(500_000)).scaleb(-2)


def _quantity(draft: Draft) -> Decimal:
    """A quantity from 1 to 500, some with three decimals."""
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


def _each(names: str, maker: Maker) -> dict[str, Maker]:
    return dict.fromkeys(names.split(), maker)


_BY_KIND: dict[str, Maker] = {
    **{kind: _choice(choices) for kind, choices in vocabulary.CHOICES.items()},
    **_each(
        "price cost unitCost budget lineTaxValue lineTotalValue totalNetValue totalTaxValue totalGrossValue",
        _amount,
    ),
    **_each(
        "quantity requiredQuantity receivedQuantity quantityRequired uomQuantity minimumQuantity "
        "minQuantity maxQuantity reorderPoint reorderQuantity reorderLevel minLevel maxLevel "
        "reading lastReading estimatedTime actualTime registeredTime length width height weight "
        "total",
        _quantity,
    ),
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
    "parentKey": parent_key,
    "statusKey": status_key,
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


def maker_of(kind: str) -> Maker:
    """The maker of a field.

    Args:
        kind: The field's name, or the word that its shape gives in place of it.
    """
    if kind in _BY_KIND:
        return _BY_KIND[kind]
    if kind.endswith("Keys"):
        return references(kind)
    if kind.endswith("Key"):
        return reference(kind)
    if kind.startswith("is"):
        return _flag
    if kind.endswith(("At", "Date")):
        return _moment
    return _numbered(kind[:2].upper())
