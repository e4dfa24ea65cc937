"""The list of raw tables, in each shape that it may have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from makini_sandbox.envelope import falsify

if TYPE_CHECKING:
    from collections.abc import Sequence

    from makini_sandbox.behaviour import Behaviour


def tables_answer(names: Sequence[str], behaviour: Behaviour, fault: str) -> bytes:
    """The body of the answer that names all tables.

    Args:
        names: Names of the tables.
        behaviour: Says in which shape.
        fault: Kind of the fault that strikes, empty where none does.
    """
    held = _held(names, behaviour)
    holders = behaviour.raw_tables_answer.split("_")
    if "tables" in holders:
        held = {"tables": held}
    if "rows" in holders:
        held = {"rows": held}
    if "data" not in holders:
        return msgspec.json.encode(held)
    answer = {"data": held}
    falsify(answer, fault)
    return msgspec.json.encode(answer)


def _held(names: Sequence[str], behaviour: Behaviour) -> object:
    form, name_property = behaviour.raw_tables_answer, behaviour.raw_name_property
    if form.endswith("map"):
        return {name: {"description": None} for name in names}
    if form.endswith("schema_objects"):
        parts = [name.rpartition(".") for name in names]
        return [{"schema": schema or None, name_property: name} for schema, _, name in parts]
    if form.endswith("objects"):
        return [{name_property: name, "description": None} for name in names]
    return list(names)
