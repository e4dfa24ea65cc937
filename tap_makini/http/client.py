"""Send one connection's requests: within its limits, authenticated, with retries, and checked."""

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

    from tap_makini.http.authenticators import Authenticator
    from tap_makini.http.transport import Transport

T = TypeVar("T")

logger = logging.getLogger(__name__)


@dataclass
class RequestStats:
    """What reading a stream has cost.

    Attributes:
        requests: How many requests were sent.
        retries: How many of them were retries.
        waited: Seconds waited before retries.
    """

    requests: int = 0
    retries: int = 0
    waited: float = 0.0

    def add(self, other: RequestStats) -> None:
        """Add the counts of another stream."""
        self.requests += other.requests
        self.retries += other.retries
        self.waited += other.waited


def retry(
    call: Callable[[], T], rate_limiter: RateLimiter, budget: float, name: str, stats: RequestStats | None = None
) -> T:
    """Call a function, and retry it after transient errors, within a time budget.

    Args:
        call: The function; each call is one attempt.
        rate_limiter: Decides how long to wait.
        budget: Seconds for all attempts together.
        name: What is requested, for the log.
        stats: Counts the waits.

    Returns:
        What the function returned.

    Raises:
        MakiniError: The last attempt's error, or the server asks for a wait that does not fit the budget.
    """
    deadline = time.monotonic() + budget
    stats = stats or RequestStats()

    def waits() -> Generator[float, TransientError, None]:
        error = yield 0.0  # backoff sends the error of each attempt
        for retries in count():
            seconds = rate_limiter.wait_before_retry(error, retries, deadline - time.monotonic())
            if seconds is None:
                return
            stats.retries += 1
            stats.waited += seconds
            logger.warning("Waiting %.1f s before requesting %s again: %s", seconds, name, error.cause)
            error = yield seconds

    return backoff.on_exception(waits, TransientError, jitter=None, logger=None)(call)()


class Client:
    """Request data on behalf of one connection; thread-safe.

    Args:
        transport: Sends the requests.
        authenticator: Provides the connection's access token.
        max_wait: Seconds that a request and all its retries may take.
        requests_per_minute: The most requests to begin in any minute; None for as many as the server accepts.
        owner: Whose requests they are, for the log; None for the only connection.

    Attributes:
        rate_limiter: Holds requests back as the limits under the token demand.
        echoed: Part of the token to search records for; None until a response has contained it.
    """

    def __init__(
        self,
        transport: Transport,
        authenticator: Authenticator,
        *,
        max_wait: float,
        requests_per_minute: int | None = None,
        owner: str | None = None,
    ) -> None:
        self._of_owner = "" if owner is None else f" of {owner}"
        self._transport = transport
        self._authenticator = authenticator
        self._max_wait = max_wait
        self._accepted: str | None = None
        self.rate_limiter = RateLimiter(requests_per_minute, owner)
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
            read: Turns the body into the result; after a `TransientError` from it, the request is retried as well.
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
        return self._send(request, read, RequestStats() if stats is None else stats)

    def post(self, path: str, read: Callable[[bytes], T]) -> T:
        """Send an idempotent POST; the arguments and errors are those of `get`."""
        return self._send(Request("POST", path, self._max_wait), read, RequestStats())

    def _send(self, request: Request, read: Callable[[bytes], T], stats: RequestStats) -> T:
        attempt = partial(self._attempt, request, read, stats)
        return retry(attempt, self.rate_limiter, request.budget, f"{request.path}{self._of_owner}", stats)

    @property
    def clock_skew(self) -> timedelta:
        """The server's clock minus this machine's, by the header `Date` of its last response.

        It is right to within a second and the response time, and negative if the server is behind. It is 0 if the
        server does not send its time.
        """
        text, received_at = self._last_date
        date = parse_http_date(text)
        return timedelta(0) if date is None else date - received_at

    def _attempt(self, request: Request, read: Callable[[bytes], T], stats: RequestStats) -> T:
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
