"""What is wrong after a run: rows that are lost, rows that were taken for gone, and doubts without a reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from fuzz.store import parts
from fuzz.table import instant

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from fuzz.scenario import Scenario
    from fuzz.store import Table
    from fuzz.table import Target

Tables: TypeAlias = "Mapping[str, Table]"

_SHOWN = 5
DEPENDENTS = {"lines": "work_orders__tasks", "children": "work_orders__materials"}


@dataclass
class Verdict:
    """What came of a scenario.

    Attributes:
        failures: What the tap must not do, each with its kind before the colon.
        notes: What it may do, but not too often.
        log: What happened, for who looks into it.
    """

    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    @property
    def kinds(self) -> set[str]:
        """The kinds of failures."""
        return {failure.partition(":")[0] for failure in self.failures}


def lacks(scenario: Scenario, tables: Tables, target: Target) -> dict[str, list[str]]:
    """Say for each stream what of the store is not in the table."""
    found = {stream: list(_lacks(table, target)) for stream, table in tables.items()}
    if dependent := DEPENDENTS.get(scenario.mode):
        found[dependent] = list(_lacks_parts(tables["work_orders"], target, dependent))
    return {stream: keys for stream, keys in found.items() if keys}


def _lacks(table: Table, target: Target) -> Iterable[str]:
    kind, held = table.kind, target.rows(table.kind.stream)
    for row in table.rows.values():
        there = held.get((row.key,))
        if there is None:
            yield f"{row.key[:8]} ({row.marker} of {table.clock.text(row.at)}) is missing"
        elif there.record.get(kind.marker) != row.marker:
            yield f"{row.key[:8]} ({row.marker} of {table.clock.text(row.at)}) is {there.record.get(kind.marker)}"


def _lacks_parts(table: Table, target: Target, stream: str) -> Iterable[str]:
    """Compare the lines or children that the documented query takes for current with those of each row."""
    name = "partNumber" if stream.endswith("materials") else "code"
    current: dict[str, list[object]] = {}
    for (parent, *_), held in target.rows(stream).items():
        row = table.rows.get(str(parent))
        if row is not None and instant(held.record["_makini_parent_updated_at"]) == row.at:
            current.setdefault(row.key, []).append(held.record[name])
    for row in table.rows.values():
        if sorted(map(str, current.get(row.key, []))) != sorted(parts(row)):
            yield f"{row.key[:8]} has {sorted(parts(row))}, the table {current.get(row.key)}"


def dropped(tables: Tables, target: Target, activated: Collection[str], alive: Mapping[str, set[str]]) -> Iterable[str]:
    """Say which rows ACTIVATE_VERSION has dropped although they were there all the time.

    Args:
        tables: The store.
        target: The target after the run.
        activated: The streams that were activated in it.
        alive: The keys that were there before the run.
    """
    for stream in set(activated) & set(tables):
        held = {key for key, *_ in target.rows(stream)}
        lost = (alive[stream] & set(tables[stream].rows)) - held
        if lost:
            yield f"dropped: {stream}: ACTIVATE_VERSION dropped {len(lost)} rows that are there: {_some(lost)}"


def vanished(target: Target, stream: str) -> set[str]:
    """Return the keys that the documented query takes for gone."""
    latest = target.rows("reconciliations").get((stream,))
    if latest is None:
        return set()
    at = latest.record["reconciled_at"]
    keys = target.rows("reconciled_keys").items()
    return {str(key) for (of, key), held in keys if of == stream and held.record["reconciled_at"] < at}


def buried(tables: Tables, target: Target, reconciled: Collection[str], alive: Mapping[str, set[str]]) -> Iterable[str]:
    """Say which rows a reconciliation takes for gone, or has not seen, although they were there all the time.

    Args:
        tables: The store.
        target: The target after the run.
        reconciled: The streams that were reconciled in it.
        alive: The keys that were there before the run.
    """
    for stream in reconciled:
        there = alive[stream] & set(tables[stream].rows)
        seen = {str(key) for of, key in target.rows("reconciled_keys") if of == stream}
        lost = there & vanished(target, stream) | (there - seen)
        if lost:
            yield f"buried: {stream}: a reconciliation missed {len(lost)} rows that are there: {_some(lost)}"


def unburied(tables: Tables, target: Target) -> Iterable[str]:
    """Say which rows are gone and not reported as gone, after a quiet run that should have reconciled."""
    for stream, table in tables.items():
        if (stream,) not in target.rows("reconciliations"):
            yield f"unreconciled: {stream}: there was no reconciliation"
            continue
        reported = {str(key) for of, key in target.rows("reconciled_keys") if of == stream} - vanished(target, stream)
        if left := reported - set(table.rows):
            yield f"unreconciled: {stream}: {len(left)} rows are gone, and still reported as there: {_some(left)}"


def left_over(tables: Tables, target: Target) -> Iterable[str]:
    """Say which rows are gone and still in the table, after a quiet run that should have activated a version."""
    for stream, table in tables.items():
        if left := {str(key) for key, *_ in target.rows(stream)} - set(table.rows):
            yield f"left over: {stream}: {len(left)} rows are gone, and still in the table: {_some(left)}"


def _some(keys: Iterable[str]) -> str:
    return ", ".join(key[:8] for key in sorted(keys)[:_SHOWN])


def shorten(items: list[str]) -> str:
    """Show the first few items, and how many there are."""
    return f"{len(items)} rows: " + "; ".join(items[:_SHOWN])
