"""Lines cost no request, child lists one for each parent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from makini_sandbox import Behaviour, Fault

from .harness import (
    LINES,
    MATERIALS,
    MATERIALS_SLUG,
    ORDERS,
    ORDERS_SLUG,
    WORK,
    WORK_SLUG,
    Tables,
    held_materials,
    read,
    source,
)

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping

    from makini_sandbox import Sandbox

ROWS = 12
FORMS = [(answer, pages) for answer in ("envelope", "data", "list", "object") for pages in ("honoured", "ignored")]
FORMS += [("data", "refused"), ("list", "refused"), ("envelope", "refused")]


def give_items(sandbox: Sandbox, counts: Mapping[int, int]) -> None:
    """Give work orders, by their place, a number of materials."""
    for place, key in enumerate(sandbox.store.keys(WORK_SLUG)):
        items = [{"key": f"{key}-{number}", "workOrderKey": key} for number in range(counts.get(place, place % 3))]
        sandbox.store.set_children(WORK_SLUG, key, "materials", items)


@pytest.mark.parametrize("streams", [(ORDERS, LINES), (LINES,)], ids=" ".join)
def test_lines_cost_no_request_more_than_their_parents(streams: tuple[str, ...]) -> None:
    with source(ROWS) as sandbox:
        alone = read(sandbox, Tables(), ORDERS, page_size=10)
        run = read(sandbox, Tables(), *streams, page_size=10)
    assert run.requests == alone.requests
    assert alone.requests.keys() == {ORDERS_SLUG}
    assert {each["stream"] for each in run.messages if each["type"] == "RECORD"} == set(streams)


@pytest.mark.parametrize("streams", [(WORK, MATERIALS), (MATERIALS,)], ids=" ".join)
def test_child_lists_cost_one_request_for_each_parent(streams: tuple[str, ...]) -> None:
    with source(ROWS) as sandbox:
        alone = read(sandbox, Tables(), WORK, page_size=10)
        run = read(sandbox, Tables(), *streams, page_size=10)
    assert run.requests == {**alone.requests, MATERIALS_SLUG: ROWS}
    assert {each["stream"] for each in run.messages if each["type"] == "RECORD"} == set(streams)


def test_a_list_is_read_once_for_all_that_belongs_to_it() -> None:
    streams = (WORK, "work_orders__tasks", "work_orders__documents", MATERIALS)
    with source(ROWS) as sandbox:
        run = read(sandbox, Tables(), *streams)
    assert run.requests == {WORK_SLUG: 1, MATERIALS_SLUG: ROWS}


@pytest.mark.parametrize(("answer", "pages"), FORMS)
def test_all_items_come_whatever_the_form_of_the_responses(answer: Any, pages: Any) -> None:  # noqa: ANN401 - literals
    behaviour = Behaviour(child_answer=answer, child_pages=pages, child_page_size=4)
    tables = Tables()
    with source(ROWS, behaviour) as sandbox:
        give_items(sandbox, {1: 4, 5: 11, 8: 1, 9: 8, 10: 5})
        run = read(sandbox, tables, MATERIALS)
        wanted = held_materials(sandbox)
    assert run.failure is None
    assert tables.rows[MATERIALS].keys() == wanted
    assert len(run.records(MATERIALS)) == len(wanted)
    several_pages = 3 * (1 + 3 + 2 + 2)  # the longest of their passes
    assert ROWS <= run.requests[MATERIALS_SLUG] <= 2 * ROWS + several_pages


@pytest.mark.parametrize("first", [1, 3])
def test_a_server_that_gives_its_last_page_for_any_beyond_hides_nothing(first: int) -> None:
    """A short list then looks as if pages were ignored; a longer one shows that they are not."""

    def clamp(source: Sandbox, request: Any) -> None:  # noqa: ANN401 - a recorded request
        length = len(source.store.raw_children(WORK_SLUG, request.path.split("/")[-2], "materials"))
        source.behaviour.child_page_size = 4 if int(request.query["page"]) <= -(-length // 4) else 10**6
        source.behaviour.child_pages = "ignored" if length <= 4 else "honoured"

    tables = Tables()
    with source(4, Behaviour(child_answer="list")) as sandbox:
        read(sandbox, Tables(), WORK)
        sandbox.on_request(lambda s, request: clamp(s, request) if request.slug == MATERIALS_SLUG else None)
        give_items(sandbox, dict.fromkeys(range(4), first) | {3: 10})
        read(sandbox, tables, MATERIALS)
        assert tables.rows[MATERIALS].keys() == held_materials(sandbox)


def test_a_list_that_counts_its_pages_is_not_cut_where_one_is_refused() -> None:
    refusal = Fault("status", slug=MATERIALS_SLUG, page=2, status=422, times=None)
    with source(4, Behaviour(child_page_size=4)) as sandbox:
        give_items(sandbox, {1: 9})
        sandbox.behaviour.faults.append(refusal)
        run = read(sandbox, Tables(), WORK, MATERIALS)
    assert run.failure is not None
    assert MATERIALS in run.failure
    assert len(run.records(WORK)) == 4


def test_cost_and_state_grow_with_the_parents_alone() -> None:
    requests: list[Counter[str]] = []
    sizes: list[int] = []
    for rows in (20, 40, 60):
        tables = Tables()
        with source(rows) as sandbox:
            for key in sandbox.store.keys(WORK_SLUG):
                sandbox.store.set_children(WORK_SLUG, key, "materials", [])
            requests.append(read(sandbox, tables, LINES, MATERIALS, page_size=10, max_parallel=4).requests)
        sizes.append(len(str(tables.state)))
    assert [count[MATERIALS_SLUG] for count in requests] == [20, 40, 60]
    assert requests[2][WORK_SLUG] - requests[1][WORK_SLUG] == requests[1][WORK_SLUG] - requests[0][WORK_SLUG] == 2
    assert len(set(sizes)) == 1


def test_one_at_a_time_gives_the_same_order_each_time() -> None:
    with source(ROWS) as sandbox:
        first, second = (read(sandbox, Tables(), WORK, MATERIALS, page_size=10) for _ in range(2))
        several = read(sandbox, Tables(), WORK, MATERIALS, page_size=10, max_parallel=4)
    assert first.records(MATERIALS) == second.records(MATERIALS) == several.records(MATERIALS)
    assert [each["type"] for each in first.messages] == [each["type"] for each in second.messages]
