"""After a run in which rows changed, and one in which they did not, the target holds what the source holds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest
from direct_sandbox import DirectSandbox

from makini_sandbox import Behaviour, ManualClock, Sandbox
from pagination.arrangements import (
    PAGE,
    ROWS,
    SIZES,
    Filtering,
    Ordering,
    bulk_import_then_rare_changes,
    change_most,
    dates_in_disorder,
    tie_of,
    undated,
)
from pagination.disturbance import KINDS, Disturbance
from pagination.harness import NOON, SLUG, VENDORS, Replica, Selection, run, source
from tap_makini.errors import StreamsFailedError

if TYPE_CHECKING:
    from collections.abc import Callable


DISTURBANCES = [*((kind,) for kind in KINDS), KINDS]


@dataclass
class Scene:
    """A source of some behaviour, whose rows change in some ways while they are read.

    Attributes:
        behaviour: How the server behaves.
        kinds: How rows change.
        is_initial: Whether rows change during the first run, else during a later one.
        rows: How many rows there are at first.
        prepare: Arranges the rows before anything is read.
        selection: What is read.
    """

    behaviour: Behaviour
    kinds: tuple[str, ...] = ()
    is_initial: bool = True
    rows: int = ROWS
    prepare: Callable[[Sandbox], None] = dates_in_disorder
    selection: Selection = VENDORS

    def play(self, **settings: object) -> None:
        """Read while rows change, then once more while they do not, and compare."""
        settings = {"page_size": PAGE, **settings}
        clock = ManualClock(NOON)
        disturbance = Disturbance(clock, self.kinds)
        replica = Replica()
        with source(self.rows, self.behaviour, clock) as sandbox:
            self.prepare(sandbox)
            sandbox.on_request(disturbance)
            if not self.is_initial:
                run(sandbox, replica, settings, self.selection)
                assert not replica.lacks(sandbox), "the first quiet run"
                change_most(sandbox, clock)
            disturbance.start()
            run(sandbox, replica, settings, self.selection)
            disturbance.is_on = False
            clock.advance(60)
            run(sandbox, replica, settings, self.selection)
            assert not replica.lacks(sandbox)


initial_or_not = pytest.mark.parametrize("is_initial", [True, False], ids=["initial", "incremental"])


@initial_or_not
@pytest.mark.parametrize("size", ["as_asked", "clamped"])
@pytest.mark.parametrize("order", ["honoured", "ignored"])
@pytest.mark.parametrize("filtering", ["second", "day", "ignored", "refused"])
def test_no_row_is_lost_while_rows_change_in_all_ways(
    filtering: Filtering, order: Ordering, size: str, *, is_initial: bool
) -> None:
    Scene(Behaviour(filter=filtering, order=order, **SIZES[size]), KINDS, is_initial).play()


@initial_or_not
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("filtering", "order"), [("second", "honoured"), ("ignored", "honoured"), ("day", "ignored")])
def test_no_row_is_lost_while_rows_change_in_one_way(
    filtering: Filtering, order: Ordering, kind: str, *, is_initial: bool
) -> None:
    Scene(Behaviour(filter=filtering, order=order), (kind,), is_initial).play()


@initial_or_not
@pytest.mark.parametrize("kinds", [(), ("update", "remove")], ids=["quiet", "update+remove"])
@pytest.mark.parametrize("size", ["as_asked", "ignored"])
@pytest.mark.parametrize("order", ["newest_first", "shuffled"])
@pytest.mark.parametrize("filtering", ["second", "ignored"])
def test_no_row_is_lost_where_the_order_is_of_another_kind(
    filtering: Filtering, order: Ordering, size: str, kinds: tuple[str, ...], *, is_initial: bool
) -> None:
    Scene(Behaviour(filter=filtering, order=order, **SIZES[size]), kinds, is_initial).play()


@initial_or_not
@pytest.mark.parametrize("kinds", [(), ("insert_older",), KINDS], ids=["quiet", "insert_older", "all"])
@pytest.mark.parametrize("prepare", [dates_in_disorder, tie_of(10, 140)], ids=["spread", "tie"])
def test_no_row_is_lost_where_the_bound_is_left_out(
    prepare: Callable[[Sandbox], None], kinds: tuple[str, ...], *, is_initial: bool
) -> None:
    Scene(Behaviour(filter="exclusive"), kinds, is_initial, prepare=prepare).play()


@pytest.mark.parametrize("kinds", DISTURBANCES, ids="+".join)
@pytest.mark.parametrize("filtering", ["second", "ignored"])
def test_no_row_is_lost_where_the_page_size_is_ignored(filtering: Filtering, kinds: tuple[str, ...]) -> None:
    Scene(Behaviour(filter=filtering, **SIZES["ignored"]), kinds).play()


@pytest.mark.parametrize(
    ("where", "kinds"),
    [
        *(((10, 140), kinds) for kinds in ((), ("update",), ("remove",), KINDS)),
        *((where, KINDS) for where in ((0, 130), (20, ROWS), (0, ROWS))),
    ],
    ids=["quiet", "update", "remove", "mid", "first", "last", "all"],
)
@pytest.mark.parametrize(
    "behaviour",
    [
        Behaviour(),
        Behaviour(tie_order="by_page_size"),
        Behaviour(filter="day"),
        Behaviour(filter="refused", tie_order="by_page_size"),
        Behaviour(tie_order="by_page_size", **SIZES["ignored"]),
    ],
    ids=["stable", "by_page_size", "day", "unfiltered", "unsized"],
)
def test_ties_of_ten_pages_are_read_whole(behaviour: Behaviour, where: tuple[int, int], kinds: tuple[str, ...]) -> None:
    Scene(replace(behaviour), kinds, prepare=tie_of(*where)).play()


@initial_or_not
@pytest.mark.parametrize("kinds", [(), ("update",)], ids=["quiet", "update"])
@pytest.mark.parametrize("every", [1, 3], ids=["all", "some"])
@pytest.mark.parametrize(
    "behaviour",
    [
        Behaviour(null_dates="filtered", nulls_sort="first"),
        Behaviour(null_dates="filtered", nulls_sort="last"),
        Behaviour(null_dates="kept", nulls_sort="first"),
        Behaviour(null_dates="kept", nulls_sort="last"),
    ],
    ids=["filtered-first", "filtered-last", "kept-first", "kept-last"],
)
def test_rows_without_a_date_arrive(
    behaviour: Behaviour, every: int, kinds: tuple[str, ...], *, is_initial: bool
) -> None:
    Scene(replace(behaviour), kinds, is_initial, prepare=undated(every)).play()


@initial_or_not
@pytest.mark.parametrize("page_size", [1, 2, 3, PAGE])
@pytest.mark.parametrize("filtering", ["second", "ignored"])
def test_pages_in_order_by_chance_prove_no_order(filtering: Filtering, page_size: int, *, is_initial: bool) -> None:
    behaviour = Behaviour(filter=filtering, order="ignored")
    scene = Scene(behaviour, is_initial=is_initial, rows=60, prepare=bulk_import_then_rare_changes)
    scene.play(page_size=page_size)


@pytest.mark.parametrize("kinds", [("update",), ("insert",), ("remove",)], ids="+".join)
@pytest.mark.parametrize("filtering", ["second", "day", "ignored"])
def test_no_look_back_is_needed_for_what_is_dated_when_it_happens(filtering: Filtering, kinds: tuple[str, ...]) -> None:
    Scene(Behaviour(filter=filtering), kinds, is_initial=False).play(lookback_minutes=0)


@pytest.mark.parametrize("kinds", [(), ("insert",), ("update",)], ids=["quiet", "insert", "update"])
@pytest.mark.parametrize("rows", [0, 1, PAGE, PAGE + 1])
def test_no_row_of_a_short_list_is_lost(rows: int, kinds: tuple[str, ...]) -> None:
    Scene(Behaviour(), kinds, rows=rows).play()


@pytest.mark.parametrize("kinds", [(), KINDS], ids=["quiet", "all"])
def test_cursors_are_followed_to_the_end(kinds: tuple[str, ...]) -> None:
    Scene(Behaviour(cursor="follow"), kinds).play()


def test_cursors_that_lead_in_a_circle_end_the_stream_with_an_error() -> None:
    with pytest.raises(StreamsFailedError, match="the server sent the same cursor twice within"):
        Scene(Behaviour(cursor="loop")).play()


@pytest.mark.parametrize("kinds", [(), ("update",), ("remove",), KINDS], ids=["quiet", "update", "remove", "all"])
@pytest.mark.parametrize("size", ["as_asked", "ignored"])
def test_a_full_table_is_read_whole(size: str, kinds: tuple[str, ...]) -> None:
    Scene(Behaviour(**SIZES[size]), kinds, selection=VENDORS._replace(is_full_table=True)).play()


def test_a_full_table_that_was_not_surely_read_whole_drops_no_rows() -> None:
    clock = ManualClock(NOON)
    disturbance = Disturbance(clock, ("remove",))
    replica = Replica()
    settings = {"page_size": PAGE, "emit_activate_version_messages": True}
    table = VENDORS._replace(is_full_table=True)
    with source(ROWS, Behaviour(**SIZES["ignored"]), clock) as sandbox:
        sandbox.on_request(disturbance)
        run(sandbox, replica, settings, table)
        assert replica.activations == 1
        disturbance.start()
        run(sandbox, replica, settings, table)
        assert replica.activations == 1


def test_each_record_fits_the_schema_before_it() -> None:
    replica = Replica(is_strict=True)
    with DirectSandbox(sizes={SLUG: ROWS}, clock=ManualClock(NOON)) as sandbox:
        run(sandbox, replica, {"page_size": PAGE})
    assert replica.received >= ROWS
