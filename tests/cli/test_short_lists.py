"""A list that holds fewer records than the server counts fails, whatever kind of list it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from http_server import Reply, serving

from .harness import run

if TYPE_CHECKING:
    from http_server import Received

    from .harness import Files

ORDERS = [{"key": f"o{number}", "updatedAt": f"2025-01-01T00:00:0{number}Z"} for number in range(3)]
CHILDREN = "work_orders__materials"


def respond(received: Received) -> Reply:
    """Serve three work orders; their materials are counted as 35, but only 10 come, whatever page is requested."""
    if received.path.endswith("/materials"):
        rows: list[Any] = [{"key": f"{received.path}/{number}"} for number in range(10)]
        return Reply({"data": rows, "total": 35})
    if received.path.endswith("/work-orders"):
        meta = {"current_page": 1, "last_page": 1, "per_page": 500, "total": 3}
        return Reply({"data": ORDERS, "meta": meta})
    return Reply({}, 404)


@pytest.mark.parametrize("workers", [1, 4])
def test_a_child_list_that_is_shorter_than_its_count_fails_and_keeps_its_bookmark(files: Files, workers: int) -> None:
    with serving(respond) as url:
        config = files.write("config.json", {"api_url": url, "api_token": "some-token", "max_parallel": workers})
        outcome = run("--config", config, "--catalog", files.selection("work_orders", CHILDREN), waits=False)

    assert outcome.code == 3
    assert f"Incomplete: {CHILDREN}: received 30 of 105 records: the pages of the list do not hold" in outcome.last_line
    assert len(outcome.of("RECORD", CHILDREN)) == 30
    bookmarks = outcome.state["bookmarks"]
    assert bookmarks["work_orders"]["replication_key_value"].startswith("2025-01-01T00:00:02")
    assert "replication_key_value" not in bookmarks.get(CHILDREN, {})
