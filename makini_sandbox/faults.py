"""Define the faults that a test or a user switches on, and decide which requests they strike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

FaultKind = Literal[
    "status",
    "reset",
    "cut",
    "cut_chunked",
    "timeout",
    "not_json",
    "truncated_json",
    "html_200",
    "data_null",
    "data_missing",
    "data_object",
    "meta_missing",
    "meta_last_page_zero",
    "meta_wrong_page",
    "meta_total_shrinks",
    "same_page_twice",
    "empty_page",
    "expire_token",
]
RetryAfterForm = Literal["seconds", "http_date", "missing", "negative", "garbage"]


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong.

    Attributes:
        kind: What goes wrong. `status`: the response is an error of that status. `reset`: the connection is reset in
            mid-body. `cut`: the body is shorter than its Content-Length. `cut_chunked`: a chunked body ends without its
            last chunk. `timeout`: no response at all. `not_json`, `truncated_json`, `html_200`: status 200 with such a
            body. `data_…` and `meta_…`: that part of the envelope is null, missing, or wrong. `same_page_twice`: the
            rows of the page before once more (on page 1: those last returned for the entity). `empty_page`: no rows
            under the true meta. `expire_token`: 401 from then on.
        slug: The entity it strikes; None for any.
        page: The page it strikes; None for any.
        nth: The number of the first matching request that it strikes, counted from 1.
        times: How often it strikes; None for any number of times. `expire_token` never ends.
        status: Status of the response, for `status`.
        retry_after: Seconds in `Retry-After`, or the header's text as it is sent.
        retry_after_form: How the seconds are written.
    """

    kind: FaultKind
    slug: str | None = None
    page: int | None = None
    nth: int = 1
    times: int | None = 1
    status: int = 503
    retry_after: int | str | None = None
    retry_after_form: RetryAfterForm = "seconds"

    @property
    def ends(self) -> bool:
        """Whether the fault is over after a number of strikes."""
        return self.times is not None and self.kind != "expire_token"

    def matches(self, slug: str, page: int) -> bool:
        """Return whether the fault concerns requests for a page of an entity."""
        return self.slug in {None, slug} and self.page in {None, page}


class FaultSchedule:
    """Counts the requests that match each fault, to find out which one strikes next."""

    def __init__(self) -> None:
        self._seen: dict[int, tuple[Fault, int]] = {}

    def next_fault(self, faults: Iterable[Fault], slug: str, page: int) -> Fault | None:
        """Return the first fault that strikes this request, which counts for every fault that it matches."""
        striking = [fault for fault in faults if fault.matches(slug, page) and self._strikes(fault)]
        return striking[0] if striking else None

    def _strikes(self, fault: Fault) -> bool:
        # By identity, not by value: two equal faults in a list are two faults.
        _, seen = self._seen.get(id(fault), (fault, 0))
        seen += 1
        self._seen[id(fault)] = (fault, seen)
        if seen < fault.nth:
            return False
        return not fault.ends or seen < fault.nth + (fault.times or 0)
