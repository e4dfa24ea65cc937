"""What real records do though no schema says so: custom fields, amounts as text, lists as text."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from makini_sandbox.data.vocabulary import CITIES

if TYPE_CHECKING:
    from makini_sandbox.data.draft import Draft

_SHARE = 0.03
# Lines are left alone: the totals of an order must still add up.
_LINES = frozenset({"lineItems", "lines"})


def add_quirks(row: dict[str, Any], draft: Draft) -> None:
    """Give 3 % of the rows custom fields, 3 % amounts as text, 3 % lists as ``"[]"`` or null."""
    chance = draft.random()
    if chance < _SHARE:
        row.update(_custom_fields(draft))
    elif chance < 2 * _SHARE:
        _write_amounts_as_text(row)
    elif chance < 3 * _SHARE:
        _spoil_lists(row, draft)


def _custom_fields(draft: Draft) -> dict[str, object]:
    return {
        "x_plantCode": f"P{draft.below(90) + 10}",
        "riskScore": Decimal(draft.below(1000)).scaleb(-1),
        "lockoutRequired": draft.random() < 0.5,  # noqa: PLR2004 - an even chance
        "permit": {"number": draft.below(10_000), "issuedBy": {"name": draft.pick(CITIES)}},
        "costCentres": [{"code": "C1", "share": Decimal("0.5")}, None],
    }


def _write_amounts_as_text(row: dict[str, Any]) -> None:
    for name, value in row.items():
        if isinstance(value, Decimal):
            row[name] = str(value)
        elif name in _LINES:
            for line in value:
                _write_amounts_as_text(line)


def _spoil_lists(row: dict[str, Any], draft: Draft) -> None:
    spoilt = draft.pick(("[]", None))
    row.update({name: spoilt for name, value in row.items() if name not in _LINES and value == []})
