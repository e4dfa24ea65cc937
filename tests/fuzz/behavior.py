"""How a server behaves where the documentation is silent, and which behavior is honest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Behavior:
    """One server.

    Attributes:
        paging: By page numbers, or by cursors that hold a snapshot, a position in the order, or an offset.
        cursor_place: Whether `next_cursor` stands at the top of the response or in `meta`.
        filter: What a filter by time does. `inclusive` and `exclusive` treat all bounds so; `day` compares days in a
            zone; `text` compares the times as they are written.
        zone: Hours that the zone of `day` is ahead of UTC.
        converts_bound: Whether the day of the bound is that in the zone, not the one written.
        upper_bound: What happens to `lt` and `lted`.
        keeps_undated: Whether rows without a time pass a filter by time.
        key_filter: What a filter by key does.
        order: What an order does: `instant`; `text` (as the times are written); `reversed`; `ignored`; `refused`.
        ties: How rows of one instant are ordered: as a `scan` finds them; by `key`; `unstable` (anew for each request);
            by `limit` (another way for each LIMIT and OFFSET, as PostgreSQL does).
        key_sort: What an order by the key does.
        several_sorts: Which of several orders count.
        undated_last: Whether rows without a time come last in an ascending order.
        largest_page: The most rows a page.
        page_size: What happens if more are asked for; `ignored` gives that many whatever is asked.
        counts: Whether `meta` counts the rows as they are, as they were some changes ago, or not at all.
        child_counts: Whether child lists are in an envelope that counts; a bare list under `data` otherwise.
        lagging: The share of requests that go to a replica, which may lag by some changes.
        skew: Seconds that the server's clock is ahead of this machine's.
        suffix: How the zone is written at the end of a time.
        refusal: The status of a refusal.
        blames: Whether a refusal names the parameter.
    """

    paging: Literal["pages", "snapshot", "keyset", "offset"] = "pages"
    cursor_place: Literal["top", "meta"] = "top"
    filter: Literal["honored", "inclusive", "exclusive", "day", "text", "ignored", "refused"] = "honored"
    zone: int = 0
    converts_bound: bool = True
    upper_bound: Literal["honored", "ignored", "refused"] = "honored"
    keeps_undated: bool = False
    key_filter: Literal["honored", "ignored", "refused"] = "honored"
    order: Literal["instant", "text", "reversed", "ignored", "refused"] = "instant"
    ties: Literal["scan", "key", "unstable", "limit"] = "key"
    key_sort: Literal["honored", "ignored", "refused"] = "honored"
    several_sorts: Literal["all", "first", "last", "refused"] = "all"
    undated_last: bool = True
    largest_page: int = 100
    page_size: Literal["clamped", "refused", "ignored"] = "clamped"
    counts: Literal["right", "stale", "absent"] = "right"
    child_counts: bool = True
    lagging: float = 0.0
    skew: int = 0
    suffix: Literal["Z", "+00:00"] = "Z"
    refusal: Literal[400, 422] = 422
    blames: bool = True

    @property
    def is_honest(self) -> bool:
        """Whether it does what it is asked and counts right, so that a quiet list can be read for sure."""
        return (
            self.paging == "pages"
            and self.filter in {"honored", "inclusive"}
            and self.order == "instant"
            and self.ties in {"scan", "key"}
            and self.several_sorts in {"all", "refused"}
            and "ignored" not in {self.upper_bound, self.key_filter, self.key_sort}
            and self.counts == "right"
            and not self.lagging
        )

    @property
    def uses_replicas(self) -> bool:
        """Whether a response may be older than the latest change."""
        return self.lagging > 0
