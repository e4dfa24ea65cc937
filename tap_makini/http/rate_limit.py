"""Whether one more request may be made under a token now, and if not, what to wait for.

No thread and no clock is in here: the gate brings both.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from tap_makini.http.limits import LearntLimit, SetLimit

if TYPE_CHECKING:
    from tap_makini.http.rate_limit_headers import RateLimitHeaders

_MOST_DOUBLINGS = 6


class Hold(NamedTuple):
    """Why a request has to wait.

    Attributes:
        seconds: For how long at most; infinite where only the end of another request can change it.
        is_vendors: Whether the vendor's limit is the reason, not our own caution.
    """

    seconds: float
    is_vendors: bool


_UNTIL_AN_ANSWER = Hold(math.inf, is_vendors=False)


class Permit(NamedTuple):
    """A request under way: when it began, and after how many closings."""

    begun: float
    closings: int


class RateLimit:
    """What is known of the limits under a token. Times in seconds of any clock that does not go back.

    Args:
        requests_per_minute: The user's own limit.
    """

    def __init__(self, requests_per_minute: int | None) -> None:
        self._set_limit = SetLimit(requests_per_minute)
        self._learnt_limit = LearntLimit()
        self._in_flight = 0
        self._width = math.inf
        self._opens_at = -math.inf
        self._closings = 0
        self._closings_in_a_row = 0
        self._remaining: int | None = None
        self._maybe_older_answers = 0

    def closed_for(self, now: float) -> float:
        """Give the seconds until the vendor takes requests again."""
        return max(self._opens_at - now, 0.0)

    def hold(self, now: float) -> Hold | None:
        """Say what keeps a request from being made now; None if nothing does."""
        if now < self._opens_at:
            return Hold(self._opens_at - now, is_vendors=True)
        if self._in_flight >= self._width:
            return _UNTIL_AN_ANSWER
        if own := self._set_limit.wait(now):
            return Hold(own, is_vendors=False)
        if self._remaining:
            return None if self._in_flight < self._remaining else _UNTIL_AN_ANSWER
        if self._remaining == 0 and self._in_flight:
            return _UNTIL_AN_ANSWER
        seconds = self._learnt_limit.wait(now, self._in_flight)
        return Hold(seconds, is_vendors=True) if seconds else None

    def begin(self, now: float) -> Permit:
        """Note that a request is made."""
        self._in_flight += 1
        self._set_limit.begin(now)
        return Permit(now, self._closings)

    def end(self, now: float, passage: Permit, *, was_taken: bool) -> None:
        """Note that a request is over.

        Args:
            now: The time.
            passage: The request.
            was_taken: Whether the server took it; it did not if it refused it, or fell silent.
        """
        self._in_flight -= 1
        self._maybe_older_answers = max(self._maybe_older_answers - 1, 0)
        if not was_taken:
            return
        self._learnt_limit.take(passage.begun, now)
        if passage.closings == self._closings:  # what was begun before the closing says nothing of the time after it
            self._width += 1
            self._closings_in_a_row = 0

    def close(self, now: float, seconds: float, *, is_limit: bool) -> None:
        """Let no request pass for a time; afterwards one, and with each that is taken one more at once.

        Where closing follows on closing with nothing taken between, each lasts at least twice as long.

        Args:
            now: The time.
            seconds: How long, as the vendor asks.
            is_limit: Whether the reason is a limit on requests, from which its number can be learnt.
        """
        if now >= self._opens_at:
            if self._closings_in_a_row:
                seconds = max(seconds, 2.0 ** min(self._closings_in_a_row, _MOST_DOUBLINGS))
            self._closings_in_a_row += 1
        self._opens_at = max(self._opens_at, now + seconds)
        self._closings += 1
        self._width = 1
        if is_limit:
            self._remaining = None
            self._learnt_limit.refuse(now, seconds, max(self._in_flight - 1, 0))

    def heed(self, now: float, quota: RateLimitHeaders) -> None:
        """Take in what an answer tells of the limit, before its request is over.

        Answers overtake each other, so of those that were under way together the one that tells the least is right.
        """
        if quota.remaining is None:
            return
        if self._maybe_older_answers and self._remaining is not None and quota.remaining > self._remaining:
            return
        self._remaining = quota.remaining
        self._maybe_older_answers = self._in_flight
        if quota.remaining == 0 and quota.reset is not None and now + quota.reset > self._opens_at:
            self.close(now, quota.reset, is_limit=False)
