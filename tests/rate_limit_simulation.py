"""Servers with limits, and workers that meet them through a `RateLimit`, in simulated time."""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

from tap_makini.http.rate_limiter import Permit, RateLimit
from tap_makini.http.response import RateLimitHeaders

if TYPE_CHECKING:
    from collections.abc import Callable

MINUTE = 60.0


class Verdict(NamedTuple):
    retry_after: float | None
    remaining: int


class Server(Protocol):
    def __call__(self, now: float) -> Verdict: ...


@dataclass
class FixedWindows:
    """Counts in windows of the clock, or in windows that begin with a request."""

    limit: int
    window: float = MINUTE
    phase: float | None = None
    started: float = -math.inf
    count: int = 0

    def __call__(self, now: float) -> Verdict:
        if now >= self.started + self.window:
            self.started = now if self.phase is None else now - (now - self.phase) % self.window
            self.count = 0
        if self.count >= self.limit:
            return Verdict(max(1, math.ceil(self.started + self.window - now)), 0)
        self.count += 1
        return Verdict(None, self.limit - self.count)


@dataclass
class SlidingWindow:
    limit: int
    window: float = MINUTE
    retry_after: float | None = None
    taken: list[float] = field(default_factory=list)

    def __call__(self, now: float) -> Verdict:
        self.taken = [at for at in self.taken if at > now - self.window]
        if len(self.taken) >= self.limit:
            return Verdict(self.retry_after or max(1, math.ceil(self.taken[0] + self.window - now)), 0)
        self.taken.append(now)
        return Verdict(None, self.limit - len(self.taken))


@dataclass
class Run:
    """What came of a simulation: when requests began, were taken and were refused, in seconds from its start."""

    begun: list[float] = field(default_factory=list)
    taken: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)

    def refusals(self, since: float, window: float = MINUTE) -> int:
        """The most refusals in any of the windows that follow each other from a time on."""
        windows = [int((at - since) // window) for at in self.refused if at >= since]
        return max((windows.count(number) for number in windows), default=0)


class _Arrival(NamedTuple):
    at: float
    order: int
    permit: Permit
    ends_at: float


class _Return(NamedTuple):
    at: float
    order: int
    permit: Permit
    verdict: Verdict


def simulate(  # noqa: PLR0913 - the conditions
    server: Server,
    *,
    workers: int,
    seconds: float,
    latency: Callable[[], float],
    limit: RateLimit | None = None,
    sends_remaining: bool = False,
    start: float = 0.0,
) -> Run:
    """Have workers ask as fast as they may; a request reaches the server half way through its latency."""
    limit, run = limit or RateLimit(None), Run()
    now, order, in_flight = start, 0, 0
    events: list[_Arrival | _Return] = []
    while now < start + seconds:
        hold = limit.hold(now)
        if hold is None and in_flight < workers:
            in_flight, order, delay = in_flight + 1, order + 1, latency()
            run.begun.append(now)
            heapq.heappush(events, _Arrival(now + delay / 2, order, limit.begin(now), now + delay))
            continue
        ready_at = now + hold.seconds if hold and in_flight < workers else math.inf
        if not events or ready_at < events[0].at:
            assert ready_at < math.inf, "nothing could ever happen again"
            now = ready_at
            continue
        event = heapq.heappop(events)
        now = event.at
        if isinstance(event, _Arrival):
            verdict = server(now)
            (run.taken if verdict.retry_after is None else run.refused).append(now)
            heapq.heappush(events, _Return(event.ends_at, event.order, event.permit, verdict))
            continue
        in_flight -= 1
        if event.verdict.retry_after is not None:
            limit.block(now, event.verdict.retry_after, is_limit=True)
        elif sends_remaining:
            limit.note_headers(now, RateLimitHeaders(event.verdict.remaining, None))
        limit.end(now, event.permit, was_accepted=event.verdict.retry_after is None)
    return run
