"""Limits on requests in a window of time: one that is set, one that is learnt.

The vendor's limits are per connection and window, "usually a minute", their numbers unpublished (product FAQ). So the
number is learnt from what was let through before a refusal. Kept as a sliding window it fits servers that count in
fixed windows as well as those whose window slides.
"""

from __future__ import annotations

import math
from bisect import bisect_right, insort
from collections import deque

MINUTE = 60.0
_MEMORY = 10_000
_NEAR = 0.8  # of a limit is enough to hold it responsible for a refusal
_REACH = 2  # windows at most in which a stretch still shows a single one
_REACH_OF_A_ROW = 3.5  # the same, when refusals follow each other and each waits twice as long
_A_LITTLE = 1.1
_ROUNDING = 1.0  # second, to which servers round the wait that they ask for
_RAREST_PROBE = 8
_SHORTEST_WAIT = 0.001


class SetLimit:
    """At most so many requests begun in any minute, in bursts if need be.

    Args:
        per_minute: How many; None for any number.
    """

    def __init__(self, per_minute: int | None) -> None:
        self._begun: deque[float] | None = None if per_minute is None else deque(maxlen=per_minute)

    def wait(self, now: float) -> float:
        """Give the seconds until the next request may begin, 0 if it may now."""
        begun = self._begun
        return max(begun[0] + MINUTE - now, 0.0) if begun and len(begun) == begun.maxlen else 0.0

    def begin(self, now: float) -> None:
        """Note that a request begins."""
        if self._begun is not None:
            self._begun.append(now)


class LearntLimit:
    """The server's limit, as far as its refusals tell; none before the first.

    A request counts from the middle of its time under way, by when servers will have counted it. Now and then one
    request beyond the limit is tried, and then another one for each that is taken, all of them in single file: the
    limit may have been raised, or learnt too low while others used the same token.
    """

    def __init__(self) -> None:
        self._taken: list[float] = []
        self._limit: int | None = None
        self._confirmed = 1
        self._window = MINUTE
        self._stretch_began: float | None = None
        self._refused_at: float | None = None
        self._probe_at = 0.0
        self._probe_interval = 1

    def wait(self, now: float, in_flight: int) -> float:
        """Give the seconds until a request may begin, 0 if it may now, infinity if the next answer decides.

        Args:
            now: The time.
            in_flight: How many requests are under way.
        """
        if self._limit is None:
            return 0.0
        first = bisect_right(self._taken, now - self._window)
        counted = len(self._taken) - first + in_flight
        if counted < self._confirmed:
            return 0.0
        is_in_file = in_flight < max(1, self._limit // self._confirmed)
        if is_in_file and (counted < self._limit or now >= self._probe_at):
            return 0.0
        frees_at = self._taken[first] + self._window if first < len(self._taken) else math.inf
        probes_at = self._probe_at if is_in_file else math.inf
        return max(min(frees_at, probes_at) - now, _SHORTEST_WAIT)

    def take(self, begun: float, now: float) -> None:
        """Note a request that the server took.

        Args:
            begun: When it began.
            now: When it ended.
        """
        insort(self._taken, (begun + now) / 2)
        if len(self._taken) > 2 * _MEMORY:
            del self._taken[:_MEMORY]
        overtaken = self._refused_at is not None and begun < self._refused_at
        if self._stretch_began is None or (self._refused_at is not None and not overtaken):
            self._stretch_began, self._refused_at = begun, None
        if self._limit is not None:
            self._limit = max(self._limit, self._count(now - self._window))
            if overtaken:
                self._confirmed = self._limit

    def refuse(self, now: float, seconds: float, in_flight: int) -> None:
        """Learn from a refusal.

        Args:
            now: The time.
            seconds: How long the server asks to wait.
            in_flight: How many other requests are under way, which it may have taken already.
        """
        if self._stretch_began is None:  # nothing was taken yet: others have used up the limit
            return
        window = self._window
        taken = self._count(now - window)
        stretch = now + seconds - self._stretch_began
        if self._limit is None or seconds > window or self._is_another(taken + in_flight, stretch):
            self._window = max(seconds, min(stretch, MINUTE))
            taken = self._count(max(now - self._window, self._stretch_began - _ROUNDING))
            self._probe_interval = 1
        elif self._refused_at is None:
            self._window = self._lengthened(now + seconds, taken)
            self._probe_interval = min(2 * self._probe_interval, _RAREST_PROBE)
        else:
            taken = self._limit
        self._limit = self._confirmed = max(taken, 1)
        self._refused_at = now
        self._probe_at = now + self._window * self._probe_interval

    def _is_another(self, taken: int, stretch: float) -> bool:
        """Whether the time since the last wait, about a window long, has given less than the limit promised."""
        if stretch > self._window * (_REACH if self._refused_at is None else _REACH_OF_A_ROW):
            return False
        promised = _NEAR * (self._limit or 0)
        return taken < promised or self._count(self._stretch_began or 0.0) / stretch < promised / self._window

    def _lengthened(self, frees_at: float, taken: int) -> float:
        """Explain a refusal that came a little early by a window that is a little longer."""
        if self._limit is None or taken >= self._limit:
            return self._window
        window = frees_at - self._taken[-min(self._limit, len(self._taken))]
        return max(self._window, window) if window < _A_LITTLE * self._window else self._window

    def _count(self, after: float) -> int:
        return len(self._taken) - bisect_right(self._taken, after)
