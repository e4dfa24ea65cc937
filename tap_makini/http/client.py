"""Send one connection's requests: within its limits, authenticated, repeated, and checked."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import partial
from http import HTTPStatus
from itertools import count
from typing import TYPE_CHECKING, TypeVar

import backoff

from tap_makini.errors import BadBodyError, CredentialError, MakiniError, TransientError
from tap_makini.http.rate_limiter import RateLimiter
from tap_makini.http.response import Response, error_for_response, parse_http_date, read_problem
from tap_makini.http.transport import JSON, Request
from tap_makini.masking import needle

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from backoff.types import Details

    from tap_makini.http.authenticators import Authenticator
    from tap_makini.http.transport import Transport

T = TypeVar("T")

logger = logging.getLogger(__name__)


@dataclass
class RequestStats:
    """What reading a stream has cost.

    Attributes:
        requests: How many requests were sent.
        repeats: How many of them were repetitions.
        waited: Seconds waited before repetitions.
    """

    requests: int = 0
    repeats: int = 0
    waited: float = 0.0

    def add(self, other: RequestStats) -> None:
        """Count what something else has cost as well."""
        self.requests += other.requests
        self.repeats += other.repeats
        self.waited += other.waited


def retry(
    call: Callable[[], T], rate_limiter: RateLimiter, budget: float, name: str, stats: RequestStats | None = None
) -> T:
    """Call something, and again after each transient error as long as that is worth it.

    Args:
        call: Makes one try.
        rate_limiter: Decides how long to wait.
        budget: Seconds for all tries together.
        name: What is asked for, for the log.
        stats: Counts the waits.

    Returns:
        What the call returned.

    Raises:
        MakiniError: The last try's error, or the vendor asks for a wait that does not fit the budget.
    """
    deadline = time.monotonic() + budget

    def waits() -> Generator[float, TransientError, None]:
        error = yield 0.0  # backoff sends the error of the last try
        for repetition in count():
            seconds = rate_limiter.wait_before_retry(error, repetition, deadline - time.monotonic())
            if seconds is None:
                return
            error = yield seconds

    def log_wait(details: Details) -> None:
        error, seconds = details.get("exception"), details["wait"]
        if stats is not None:
            stats.repeats += 1
            stats.waited += seconds
        cause = error.cause if isinstance(error, TransientError) else error
        logger.warning("Waiting %.1f s before requesting %s again: %s", seconds, name, cause)

    repeated = backoff.on_exception(waits, TransientError, jitter=None, logger=None, on_backoff=log_wait)(call)
    return repeated()


class Client:
    """Request data on behalf of one connection; thread-safe.

    Args:
        transport: Sends the requests.
        authenticator: Provides the connection's access token.
        max_wait: Seconds that a request and all its repetitions may take.
        requests_per_minute: The most requests to begin in any minute; None for as many as the vendor takes.

    Attributes:
        rate_limiter: Holds requests back as the limits under the token demand.
        echoed: A part of the connection's token by which to find it in records; None while no response has held it.
    """

    def __init__(
        self,
        transport: Transport,
        authenticator: Authenticator,
        *,
        max_wait: float,
        requests_per_minute: int | None = None,
    ) -> None:
        self._transport = transport
        self._authenticator = authenticator
        self._max_wait = max_wait
        self._accepted: str | None = None
        self.rate_limiter = RateLimiter(requests_per_minute)
        self._last_date: tuple[str | None, datetime] = (None, datetime.now(timezone.utc))
        self.echoed: bytes | None = None

    def get(  # noqa: PLR0913, PLR0917 - what a request is made of
        self,
        path: str,
        params: Mapping[str, str],
        read: Callable[[bytes], T],
        stats: RequestStats | None = None,
        max_wait: float | None = None,
        accept: str = JSON,
    ) -> T:
        """Request something and read the response.

        Args:
            path: The path below the API's address.
            params: The query parameters.
            read: Turns the body into the result; a `TransientError` from it is repeated like any other.
            stats: Counts what it costs.
            max_wait: Seconds that it may take, if less than the client's own.
            accept: The media type to ask for.

        Returns:
            What `read` made of the body.

        Raises:
            MakiniError: In the kind that says what follows from it.
        """
        budget = self._max_wait if max_wait is None else min(max_wait, self._max_wait)
        request = Request("GET", path, budget, time.monotonic() + budget, params=params, accept=accept)
        stats = RequestStats() if stats is None else stats
        return retry(partial(self._try, request, read, stats), self.rate_limiter, budget, path, stats)

    def post(self, path: str, read: Callable[[bytes], T]) -> T:
        """Have something done that may be done twice; the arguments and errors are those of `get`."""
        request, stats = Request("POST", path, self._max_wait), RequestStats()
        return retry(partial(self._try, request, read, stats), self.rate_limiter, self._max_wait, path, stats)

    @property
    def clock_skew(self) -> timedelta:
        """The server's clock minus this machine's, by the header `Date` of its last response.

        It is right to within a second and the response time, and negative if the server is behind. It is 0 if the
        server does not send its time.
        """
        text, received_at = self._last_date
        date = parse_http_date(text)
        return timedelta(0) if date is None else date - received_at

    def _try(self, request: Request, read: Callable[[bytes], T], stats: RequestStats) -> T:
        token = self._authenticator.token()
        try:
            response = self._exchange(request, token, stats)
        except CredentialError:
            if not self._authenticator.renew(token, was_accepted=token == self._accepted):
                raise
            response = self._exchange(request, self._authenticator.token(), stats)
        try:
            return read(response.content)
        except BadBodyError as error:  # an error may come with status 200
            problem = read_problem(response)
            raise BadBodyError(problem.explain(error.cause), request_id=problem.request_id) from None

    def _exchange(self, request: Request, token: str, stats: RequestStats) -> Response:
        headers: Mapping[str, str] | None = None
        error: MakiniError | None = None
        permit = self.rate_limiter.acquire(request.budget)
        try:
            stats.requests += 1
            response = self._transport.exchange(request, token)
            headers, error = response.headers, error_for_response(request.method, response)
        finally:
            self.rate_limiter.release(permit, headers, error)
        self._last_date = headers.get("Date"), datetime.now(timezone.utc)
        if response.status_code != HTTPStatus.UNAUTHORIZED:
            self._accepted = token
        if error is not None:
            raise error
        part = needle(token)
        if part is not None and part in response.content:
            self.echoed = part
        return response
