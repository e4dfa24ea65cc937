"""One connection's requests: let through as the limits allow, authorised, repeated, answered with checked JSON."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar

from tap_makini.api.gate import Gate
from tap_makini.api.patience import Patience
from tap_makini.api.retry import repeat
from tap_makini.api.traffic import Traffic
from tap_makini.api.transport import refusal
from tap_makini.errors import BadBodyError, CredentialError, MakiniError, TransientError, read_problem
from tap_makini.masking import needle

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import requests

    from tap_makini.api.tokens import TokenSource
    from tap_makini.api.transport import Transport

T = TypeVar("T")

logger = logging.getLogger(__name__)


class Client:
    """Asks the API on behalf of one connection; safe to be used by many threads.

    Args:
        transport: Makes the requests.
        tokens: Gives the connection's token.
        max_wait: Seconds that a request and all its repetitions may take.
        requests_per_minute: How many requests may begin in any minute; None for as many as the vendor takes.

    Attributes:
        clock_behind: How far the server's clock is behind this machine's, by its last answer; never positive.
        echoed: A part of the connection's token by which to find it in records; None while no answer has held it.
    """

    def __init__(
        self, transport: Transport, tokens: TokenSource, *, max_wait: float, requests_per_minute: int | None = None
    ) -> None:
        self._transport = transport
        self._tokens = tokens
        self._patience = Patience(max_wait)
        self.gate = Gate(requests_per_minute)
        self.clock_behind = timedelta(0)
        self.echoed: bytes | None = None

    def get(
        self,
        path: str,
        params: Mapping[str, str],
        read: Callable[[bytes], T],
        traffic: Traffic | None = None,
        patience: float | None = None,
    ) -> T:
        """Ask for something and read the answer.

        Args:
            path: The path below the API's address.
            params: The query.
            read: Turns the body into the result; a `TransientError` from it is repeated like any other.
            traffic: Counts what it costs.
            patience: Seconds to wait for it, where less than `max_wait`.

        Returns:
            What `read` made of the body.

        Raises:
            MakiniError: In the kind that says what follows from it.
        """
        count = Traffic() if traffic is None else traffic
        most = self._patience.seconds
        budget = most if patience is None else min(patience, most)

        def once() -> T:
            response = self._authorised(path, params, count, budget)
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

    def _authorised(self, path: str, params: Mapping[str, str], traffic: Traffic, budget: float) -> requests.Response:
        """Ask with the connection's token, and once more with another one if that is refused."""
        token = self._tokens.token()
        try:
            return self._through_gate(path, params, token, traffic, budget)
        except CredentialError:
            if not self._tokens.renew(token):
                raise
        return self._through_gate(path, params, self._tokens.token(), traffic, budget)

    def _through_gate(
        self, path: str, params: Mapping[str, str], token: str, traffic: Traffic, budget: float
    ) -> requests.Response:
        with self.gate.passing(budget):
            traffic.requests += 1
            response = self._transport.exchange(path, params, token)
            self.clock_behind = _behind(response.headers)
            self.gate.heed(response.headers)
            if response.status_code != HTTPStatus.UNAUTHORIZED:
                self._tokens.confirm(token)
            if response.status_code == HTTPStatus.OK:
                if (part := needle(token)) in response.content:
                    self.echoed = part
                return response
            error = refusal(response)
            if isinstance(error, TransientError) and error.retry_after is not None:
                is_limit = response.status_code == HTTPStatus.TOO_MANY_REQUESTS
                self.gate.close(error.retry_after, is_limit=is_limit, reason=error)
            raise error


def _behind(headers: Mapping[str, str]) -> timedelta:
    try:
        server = parsedate_to_datetime(headers["Date"])
        return min(server - datetime.now(timezone.utc), timedelta(0))
    except (KeyError, TypeError, ValueError, OverflowError):
        return timedelta(0)
