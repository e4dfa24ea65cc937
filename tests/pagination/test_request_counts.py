"""How many requests each paginator makes."""

from __future__ import annotations

from collections import Counter
from math import ceil
from typing import Any

import pytest
from direct_sandbox import DirectSandbox

from makini_sandbox import Behaviour, ManualClock
from pagination.arrangements import dates_in_disorder
from pagination.harness import NOON, VENDORS, Replica, Selection, run, source
from tap_makini.entities import ENTITIES

ROWS = 4_000
PAGE = 100
PAGES = ROWS // PAGE
SETTINGS = {"page_size": PAGE}

PROOF_OF_ORDER = 1  # the newest page
PROOF_OF_DATES = 1  # the last page, where the whole list is read
KEYSET = ceil((ROWS - PAGE) / (PAGE - 1))  # each page begins with the last row of the one before
OVERLAPPING = 46  # pages beyond the first, each of which begins at least five rows before the end of the last


def requests(behaviour: dict[str, Any], rows: int, selection: Selection = VENDORS) -> int:
    """Read a quiet list once, and count."""
    with source(rows, Behaviour(**behaviour), ManualClock(NOON)) as sandbox:
        dates_in_disorder(sandbox)
        return run(sandbox, Replica(), SETTINGS, selection).requests


def test_an_idle_run_makes_one_request_a_stream() -> None:
    clock = ManualClock(NOON)
    replica = Replica()
    everything = Selection(frozenset(entity.stream for entity in ENTITIES))
    with DirectSandbox(rows=120, behaviour=Behaviour(quirks=False), clock=clock) as sandbox:
        run(sandbox, replica, {}, everything)
        clock.advance(3_600)
        sandbox.requests.clear()
        run(sandbox, replica, {}, everything)
        requested = Counter(request.slug for request in sandbox.requests if request.slug)

    assert requested == dict.fromkeys((entity.slug for entity in ENTITIES), 1)


@pytest.mark.parametrize("rows", [0, 1, PAGE - 1])
def test_a_list_of_one_page_is_one_request(rows: int) -> None:
    assert requests({}, rows) == 1
    assert requests({"order": "ignored"}, rows) == 1
    assert requests({}, rows, VENDORS._replace(is_full_table=True)) == 1


def test_a_full_page_is_not_taken_for_the_last_because_a_count_says_so() -> None:
    after_the_end = 1

    assert requests({}, PAGE) == 1 + after_the_end


def test_a_keyset_costs_within_a_tenth_of_plain_paging() -> None:
    count = requests({}, ROWS)

    assert count == 1 + KEYSET + PROOF_OF_ORDER + PROOF_OF_DATES
    assert count <= PAGES * 1.1


def test_a_keyset_from_a_bookmark_needs_no_proof_that_all_rows_have_dates() -> None:
    clock = ManualClock(NOON)
    replica = Replica()
    with source(ROWS, Behaviour(), clock) as sandbox:
        dates_in_disorder(sandbox)
        run(sandbox, replica, SETTINGS)
        for key in sandbox.store.keys("vendors"):
            clock.advance(1)
            sandbox.store.update("vendors", key)
        clock.advance(86_400)
        count = run(sandbox, replica, SETTINGS).requests

    assert count == 1 + KEYSET + PROOF_OF_ORDER


@pytest.mark.parametrize("moment", [0.25, 0.5, 0.75])
def test_going_on_after_a_kill_costs_what_is_left(moment: float) -> None:
    replica = Replica()
    with source(ROWS, Behaviour(), ManualClock(NOON)) as sandbox:
        dates_in_disorder(sandbox)
        size = run(sandbox, Replica(), SETTINGS).size
        killed = run(sandbox, replica, SETTINGS, kill_at=int(size * moment))
        resumed = run(sandbox, replica, SETTINGS)

    # what was being written and what was being fetched when the kill came is asked for again
    again = killed.requests + resumed.requests - (1 + KEYSET + PROOF_OF_ORDER + PROOF_OF_DATES)
    assert again <= 3 + PROOF_OF_ORDER
    assert resumed.requests <= ceil(PAGES * (1 - moment)) + 4


@pytest.mark.parametrize("behaviour", [{"order": "ignored"}, {"filter": "refused", "order": "ignored"}])
def test_reading_by_page_numbers_costs_the_overlap(behaviour: dict[str, Any]) -> None:
    count = requests(behaviour, ROWS)

    assert count == 1 + PROOF_OF_ORDER + PROOF_OF_DATES + OVERLAPPING


def test_a_full_table_costs_the_overlap() -> None:
    count = requests({}, ROWS, VENDORS._replace(is_full_table=True))

    assert count == 1 + OVERLAPPING


def test_pages_that_cannot_overlap_are_read_twice() -> None:
    count = requests({"page_size_ignored": True, "default_page_size": PAGE}, ROWS, VENDORS._replace(is_full_table=True))

    ignored_size = 1
    after_the_end = 2  # in each pass, since the last page is full
    assert count == 2 * PAGES + ignored_size + after_the_end
