"""One connection's requests: authorised, repeated while a trouble may pass, answered with checked JSON."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlencode

import requests
from requests.auth import AuthBase

from tap_makini.errors import (
    MakiniError,
    TransientError,
    error_for_status,
    read_problem,
)
from tap_makini.retry import repeat, retry_after
from tap_makini.traffic import Traffic

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")

logger = logging.getLogger(__name__)

_PASSING_TROUBLES = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
)


class BearerToken(AuthBase):
    """Puts a connection's token on each request (v3 spec), in place of what a `.netrc` might say."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Authorise the request."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Client:
    """Asks the API on behalf of one connection.

    Args:
        api_url: The API's address, without a path.
        token: The connection's token.
        timeout: Seconds to wait for a connection and between two bytes of an answer.
        max_wait: Seconds that a request and all its repetitions may take.
        user_agent: What to call ourselves.

    Attributes:
        clock_behind: How far the server's clock is behind this machine's, by its last answer; never positive.
    """

    def __init__(self, *, api_url: str, token: str, timeout: float, max_wait: float, user_agent: str) -> None:
        self._api_url = api_url.rstrip("/")
        self._timeout = timeout
        self._max_wait = max_wait
        self._session = requests.Session()
        self._session.auth = BearerToken(token)
        self._session.headers.update({"Accept": "application/json", "User-Agent": user_agent})
        self.clock_behind = timedelta(0)

    def get(
        self, path: str, params: Mapping[str, str], read: Callable[[bytes], T], traffic: Traffic | None = None
    ) -> T:
        """Ask for something and read the answer.

        Args:
            path: The path below the API's address.
            params: The query.
            read: Turns the body into the result; a `TransientError` from it is repeated like any other.
            traffic: Counts what it costs.

        Returns:
            What `read` made of the body.

        Raises:
            MakiniError: In the kind that says what follows from it.
        """
        url = f"{self._api_url}{path}"
        if params:
            url = f"{url}?{urlencode(params, safe=':')}"

        count = Traffic() if traffic is None else traffic

        def once() -> T:
            count.requests += 1
            return read(self._send(url))

        def tell(seconds: float, error: MakiniError) -> None:
            count.repeats += 1
            count.waited += seconds
            logger.warning("Waiting %.1f s before asking %s again: %s", seconds, path, error.cause)

        return repeat(once, self._max_wait, tell)()

    def _send(self, url: str) -> bytes:
        try:
            response = self._session.get(url, timeout=self._timeout, allow_redirects=False)
        except _PASSING_TROUBLES as error:
            raise TransientError(
                _describe(error),
                "Check the setting api_url and the network; run again later.",
            ) from None
        except (requests.RequestException, ValueError) as error:
            raise MakiniError(
                f"no request could be made ({type(error).__name__})", "Check the setting api_url."
            ) from None
        self.clock_behind = _behind(response.headers)
        body = response.content
        if response.status_code == HTTPStatus.OK:
            return body
        raise error_for_status(
            response.status_code, read_problem(body, response.headers), retry_after(response.headers)
        )


def _describe(error: requests.RequestException) -> str:
    if isinstance(error, requests.exceptions.SSLError):
        return "the server's certificate is not trusted"
    if isinstance(error, requests.Timeout):
        return "no answer came in request_timeout_seconds"
    if isinstance(error, (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError)):
        return "the answer was cut off"
    return "the connection failed or was reset"


def _behind(headers: Mapping[str, str]) -> timedelta:
    try:
        server = parsedate_to_datetime(headers["Date"])
        return min(server - datetime.now(timezone.utc), timedelta(0))
    except (KeyError, TypeError, ValueError, OverflowError):
        return timedelta(0)
