"""What a vendor's error says reaches the user, whatever shape it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest

from makini_sandbox import Behaviour, Fault, Sandbox

if TYPE_CHECKING:
    from .harness import Files

SHAPES: dict[Literal["flat", "nested", "list", "laravel", "html", "text", "empty"], tuple[str, bool]] = {
    "flat": ("the server answered 418 (HTTP_418: A fault was asked for.)", True),
    "nested": ("the server answered 418 (HTTP_418: A fault was asked for.)", True),
    "list": ("the server answered 418 (HTTP_418: A fault was asked for.)", True),
    "laravel": ("the server answered 418 (A fault was asked for.)", False),
    "html": ("the server answered 418", False),
    "text": ("the server answered 418", False),
    "empty": ("the server answered 418", False),
}
SLUGS = dict(zip(SHAPES, ["accounts", "assets", "companies", "customers", "invoices", "labors", "meters"], strict=True))


def test_code_message_and_request_id_are_reported(files: Files) -> None:
    behaviour = Behaviour(
        faults=[Fault("status", status=418, times=None)],
        overrides={slug: {"error_body": shape} for shape, slug in SLUGS.items()},
    )
    with Sandbox(rows=3, behaviour=behaviour) as sandbox:
        outcome = files.read(sandbox, *SLUGS.values())
    assert outcome.code == 3
    lines = outcome.logged("ERROR")[: len(SHAPES)]
    for line, (shape, (cause, has_request_id)) in zip(lines, SHAPES.items(), strict=True):
        assert line.startswith(f"Stream {SLUGS[shape]} failed: {cause}"), shape
        assert ("(Makini request id req_" in line) is has_request_id, shape
        assert "Ask Makini's support" in line


@pytest.mark.parametrize("status", [400, 422])
def test_a_query_that_is_refused_fails_its_stream_only(files: Files, status: int) -> None:
    refusing = Fault("status", slug="assets", status=status, times=None)
    with Sandbox(rows=3, behaviour=Behaviour(faults=[refusing])) as sandbox:
        outcome = files.read(sandbox, "assets", "work_orders")
    assert outcome.code == 3
    assert outcome.last_line.startswith(f"Incomplete: assets: the server answered {status}")
    assert outcome.of("RECORD", "work_orders")
