"""One connection's requests: let through as the limits allow, authorised, repeated, answered with checked JSON."""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from tap_makini.errors import BadBodyError, CredentialError, MakiniError, TransientError, read_problem
from tap_makini.http.patience import Patience
from tap_makini.http.rate_limiter import RateLimiter
from tap_makini.http.request_stats import RequestStats
from tap_makini.http.retry import repeat
from tap_makini.http.server_clock import clock_skew
from tap_makini.http.transport import JSON, refusal
from tap_makini.masking import needle

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_makini.http.authenticators import Authenticator
    from tap_makini.http.transport import Response, Transport

T = TypeVar("T")

logger = logging.getLogger(__name__)


class _Request(NamedTuple):
    """What is asked for.

    Attributes:
        path: The path below the API's address.
        params: The query.
        traffic: Counts what it costs.
        budget: Seconds that it may take with all its repetitions.
        end: When they are over, by `time.monotonic`.
        accept: The media type to ask for.
    """

    path: str
    params: Mapping[str, str]
    traffic: RequestStats
    budget: float
    end: float
    accept: str


class Client:
    """Asks the API on behalf of one connection; safe to be used by many threads.

    Args:
        transport: Makes the requests.
        tokens: Gives the connection's token.
        max_wait: Seconds that a request and all its repetitions may take.
        requests_per_minute: How many requests may begin in any minute; None for as many as the vendor takes.

    Attributes:
        clock_skew: The server's clock minus this machine's, by the header `Date` of its last response: negative where
            the server is behind. 0 where it does not tell its time.
        echoed: A part of the connection's token by which to find it in records; None while no answer has held it.
    """

    def __init__(
        self, transport: Transport, tokens: Authenticator, *, max_wait: float, requests_per_minute: int | None = None
    ) -> None:
        self._transport = transport
        self._tokens = tokens
        self._patience = Patience(max_wait)
        self.gate = RateLimiter(requests_per_minute)
        self.clock_skew = timedelta(0)
        self.echoed: bytes | None = None

    def get(  # noqa: PLR0913, PLR0917 - what a request is made of
        self,
        path: str,
        params: Mapping[str, str],
        read: Callable[[bytes], T],
        traffic: RequestStats | None = None,
        patience: float | None = None,
        accept: str = JSON,
    ) -> T:
        """Ask for something and read the answer.

        Args:
            path: The path below the API's address.
            params: The query.
            read: Turns the body into the result; a `TransientError` from it is repeated like any other.
            traffic: Counts what it costs.
            patience: Seconds to wait for it, where less than `max_wait`.
            accept: The media type to ask for.

        Returns:
            What `read` made of the body.

        Raises:
            MakiniError: In the kind that says what follows from it.
        """
        count = RequestStats() if traffic is None else traffic
        most = self._patience.seconds
        budget = most if patience is None else min(patience, most)
        request = _Request(path, params, count, budget, time.monotonic() + budget, accept)

        def once() -> T:
            response = self._authorised(request)
            try:
                return read(response.content)
            except BadBodyError as error:
                raise error.told_with(read_problem(response.content, response.headers)) from None

        def tell(seconds: float, error: MakiniError) -> None:
            count.repeats += 1
            count.waited += seconds
            logger.warning("Waiting %.1f s before asking %s again: %s", seconds, path, error.cause)

        try:
            answer = repeat(once, budget, tell)()
        except TransientError as error:
            if patience is None:
                self._patience.note(is_answered=isinstance(error, BadBodyError))
            raise
        self._patience.note(is_answered=True)
        return answer

    def _authorised(self, request: _Request) -> Response:
        """Ask with the connection's token, and once more with another one if that is refused."""
        token = self._tokens.token()
        try:
            return self._through_gate(request, token)
        except CredentialError:
            if not self._tokens.renew(token):
                raise
        return self._through_gate(request, self._tokens.token())

    def _through_gate(self, request: _Request, token: str) -> Response:
        with self.gate.passing(request.budget):
            request.traffic.requests += 1
            within = request.end - time.monotonic()
            response = self._transport.exchange(request.path, request.params, token, within, request.accept)
            self.clock_skew = clock_skew(response.headers)
            self.gate.heed(response.headers)
            if response.status_code != HTTPStatus.UNAUTHORIZED:
                self._tokens.confirm(token)
            if response.status_code == HTTPStatus.OK:
                part = needle(token)
                if part is not None and part in response.content:
                    self.echoed = part
                return response
            error = refusal(response)
            if isinstance(error, TransientError) and error.retry_after is not None:
                is_limit = response.status_code == HTTPStatus.TOO_MANY_REQUESTS
                self.gate.close(error.retry_after, is_limit=is_limit, reason=error)
            raise error
