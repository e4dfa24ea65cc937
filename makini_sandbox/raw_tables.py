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
    listed: object = list(names)
    if behaviour.raw_tables_answer.endswith("objects"):
        listed = [{behaviour.raw_name_property: name, "description": None} for name in names]
    if behaviour.raw_tables_answer == "data_map":
        listed = {name: {"description": None} for name in names}
    if not behaviour.raw_tables_answer.startswith("data_"):
        return msgspec.json.encode(listed)
    answer = {"data": listed}
    falsify(answer, fault)
    return msgspec.json.encode(answer)
