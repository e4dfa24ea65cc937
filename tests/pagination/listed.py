"""A list in memory, served as databases and frameworks do that order equal rows otherwise for each page."""

from __future__ import annotations

import heapq
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from tap_makini.endpoints import Endpoint, PageSize
from tap_makini.errors import RequestRefusedError
from tap_makini.pagination.list_reader import ListReader
from tap_makini.pagination.page_fetcher import PageFetcher

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_makini.http.client import Client

T = TypeVar("T")

START = datetime(2025, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
Honor = Literal["honored", "ignored", "refused"]


@dataclass
class TopN:
    """Serves rows as `ORDER BY … LIMIT n OFFSET m` does on PostgreSQL, where few rows of many are kept in a heap.

    Attributes:
        dates: When each row was updated, in the order in which the table is scanned; None is null.
        gteq: What becomes of a filter for the earliest instant.
        lt: What becomes of a filter for the latest one.
        by_key: What becomes of an order by the key.
        zone: With which offset a filter is cut to the midnight before it; None cuts nothing.
        largest: The most rows that a page may hold.
        cursors: Whether a cursor leads on, which encodes an offset, in place of page numbers.
        counts: Whether the rows are counted; a number counts so many fewer.
        before: Called before each response, to change rows.
        asked: The queries that came.
    """

    dates: list[datetime | None]
    gteq: Honor = "honored"
    lt: Honor = "honored"
    by_key: Honor = "honored"
    zone: timedelta | None = None
    largest: int = 50
    cursors: bool = False
    counts: bool | int = True
    before: Callable[[TopN], object] = lambda _: None
    asked: list[dict[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rows = {f"{number:05x}": date for number, date in enumerate(self.dates)}

    def get(self, path: str, params: Mapping[str, str], read: Callable[[bytes], T], *_: object) -> T:
        assert path == "/list"
        self.asked.append(dict(params))
        self.before(self)
        return read(json.dumps(self._respond(params)).encode())

    def _respond(self, params: Mapping[str, str]) -> dict[str, Any]:
        size = min(int(params.get("per_page", self.largest)), self.largest)
        number = int(params.get("page", 1))
        offset = int(params["cursor"]) if "cursor" in params else (number - 1) * size
        found = self._ordered(self._filtered(params), params, offset + size)
        data = [
            {"key": key, "updatedAt": None if date is None else date.isoformat()}
            for key, date in found[offset : offset + size]
        ]
        total = len(found) - (0 if self.counts is True else int(self.counts))
        if self.cursors:
            following = str(offset + size) if offset + size < len(found) else None
            meta = {"meta": {"total": total}} if self.counts is not False else {}
            return {"data": data, "next_cursor": following, **meta}
        last = max(-(-total // size), 1)
        return {"data": data, "meta": {"current_page": number, "last_page": last, "per_page": size, "total": total}}

    def _filtered(self, params: Mapping[str, str]) -> list[tuple[str, datetime | None]]:
        rows = list(self.rows.items())
        for name, honor, wants in (("gteq", self.gteq, True), ("lt", self.lt, False)):
            text = params.get(f"filter[updatedAt:{name}]")
            if text is None or honor == "ignored":
                continue
            if honor == "refused":
                raise RequestRefusedError("the server answered 422 (filter)", "Report it.")
            bound = datetime.fromisoformat(text.replace("Z", "+00:00"))
            if self.zone is not None:
                bound = bound.replace(hour=0, minute=0, second=0) - self.zone
            rows = [(key, date) for key, date in rows if date is not None and (date >= bound) is wants]
        return rows

    def _ordered(
        self, rows: list[tuple[str, datetime | None]], params: Mapping[str, str], bound: int
    ) -> list[tuple[str, datetime | None]]:
        order = params.get("sort[updatedAt]")
        if "sort[key]" in params:
            if self.by_key == "refused":
                raise RequestRefusedError("the server answered 422 (sort)", "Report it.")
            if self.by_key == "honored":
                return sorted(rows, reverse=params["sort[key]"] == "1")
        if order is None:
            return rows
        sign = -1 if order == "1" else 1
        dated = [row for row in rows if row[1] is not None]
        rank = {row: sign * cast("datetime", row[1]).timestamp() for row in dated}
        if 2 * bound < len(dated):  # the rest is thrown away unsorted: count stays, places change
            kept = _heap(dated, rank, bound)
            chosen = set(kept)
            dated = kept + [row for row in dated if row not in chosen]
        else:
            dated.sort(key=rank.__getitem__)
        return dated + [row for row in rows if row[1] is None]


def _heap(
    rows: list[tuple[str, datetime | None]], rank: Mapping[tuple[str, datetime | None], float], bound: int
) -> list[tuple[str, datetime | None]]:
    """Give the first rows of an order; those of equal rank as a heap of this size happens to hold them."""
    heap: list[tuple[float, int]] = []
    for at, row in enumerate(rows):
        entry = (-rank[row], hash((at * 2654435761) % 4294967291 ^ bound * 40503) % 1_000_003 * 100_000 + at)
        if len(heap) < bound:
            heapq.heappush(heap, entry)
        elif entry[0] > heap[0][0]:
            heapq.heapreplace(heap, entry)
    return [rows[entry % 100_000] for _, entry in sorted(heap, key=lambda kept: (-kept[0], kept[1]))]


def reading(
    served: TopN, size: int = 50, start_value: datetime | None = None, reached: datetime | None = None
) -> tuple[ListReader, set[str]]:
    """Read a list to its end, and give what came."""
    fetcher = PageFetcher(cast("Client", served), Endpoint("rows", "/list", {}, ("key",), "updatedAt"), PageSize(size))
    read = ListReader(fetcher, start_value, reached=reached)
    keys = {json.loads(row.raw)["key"] for batch in read.batches() for row in batch.rows}
    return read, keys
