"""`Retry-After` in each form, each on another stream of one run."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest

from makini_sandbox import Behaviour, Fault, ManualClock, Sandbox

from .harness import Outcome, held_keys, stream_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .harness import Files

FORMS: dict[str, tuple[Fault, float, float]] = {
    "accounts": (Fault("status", status=429, retry_after=7), 7, 8),
    "assets": (Fault("status", status=429, retry_after=7, retry_after_form="http_date"), 7, 8),
    "companies": (Fault("status", status=429), 0, 1),
    "customers": (Fault("status", status=429, retry_after_form="negative"), 0, 1),
    "invoices": (Fault("status", status=429, retry_after_form="garbage"), 0, 1),
    "meters": (Fault("status", status=503, retry_after=7), 7, 8),
    "users": (Fault("status", status=429, retry_after=7, times=4), 7, 9),  # one in a row lasts at least 8 s
}
TOO_LONG = "vendors"
LAST = "work-orders"
"""Read last, while the wait that the server asks for still holds."""
ANOTHER_YEAR = ManualClock(datetime(2021, 5, 6, 7, 8, 9, tzinfo=timezone.utc))


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    faults = [replace(fault, slug=slug) for slug, (fault, _, _) in FORMS.items()]
    faults.append(Fault("status", slug=TOO_LONG, status=429, retry_after=86400))
    with Sandbox(rows=5, behaviour=Behaviour(faults=faults), clock=ANOTHER_YEAR) as server:
        yield server


@pytest.fixture(scope="module")
def outcome(sandbox: Sandbox, module_files: Files) -> Outcome:
    streams = [stream_of(slug) for slug in [*FORMS, TOO_LONG, LAST]]
    return module_files.read(sandbox, *streams, waits=False, settings={"max_wait_seconds": 60})


@pytest.mark.parametrize("slug", FORMS)
def test_a_wait_is_as_long_as_the_vendor_asks(outcome: Outcome, slug: str) -> None:
    fault, shortest, longest = FORMS[slug]
    waits = re.findall(rf"Waiting ([\d.]+) s before requesting /api/\w+/{slug} again", outcome.errors)
    assert len(waits) == fault.times
    assert all(shortest <= float(wait) <= longest for wait in waits)


@pytest.mark.parametrize("slug", FORMS)
def test_nothing_is_missing_after_a_wait(sandbox: Sandbox, outcome: Outcome, slug: str) -> None:
    assert outcome.keys(stream_of(slug)) == held_keys(sandbox, slug)
    assert stream_of(slug) in outcome.state["bookmarks"]


def test_a_wait_that_is_too_long_fails_its_stream_at_once(sandbox: Sandbox, outcome: Outcome) -> None:
    assert outcome.code == 3
    assert [request.slug for request in sandbox.requests if request.slug in {TOO_LONG, LAST}] == [TOO_LONG]
    assert re.match(
        r"Incomplete: vendors.*: the server answered 429.*the server asks for a wait of 86400 s", outcome.last_line
    )
    assert "work_orders: the server answered 429" in outcome.last_line
    assert re.search(r"Run again in (86400|86399) s, or raise max_wait_seconds.", outcome.last_line)
    assert not outcome.of("SCHEMA", TOO_LONG)
