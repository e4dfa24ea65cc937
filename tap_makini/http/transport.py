"""Send one request over the network, and turn what goes wrong into an error that says what follows from it."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy
from ssl import SSLCertVerificationError
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

import requests
from requests.auth import AuthBase
from urllib3.exceptions import (
    ConnectTimeoutError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)

from tap_makini.errors import MakiniError, TransientError, UnreachableError, error_for_status, read_problem
from tap_makini.http.adapter import MAX_BYTES, BoundedAdapter, complete_within
from tap_makini.http.headers import retry_after

if TYPE_CHECKING:
    from collections.abc import Mapping

JSON = "application/json"

_NETWORK_REMEDY = "Check the setting api_url and the network; run again later."
_LEADS_ELSEWHERE = re.compile(r"(^|[/\\])\.\.?([/\\]|$)")
_MAX_TOKEN_BYTES = 2**20
_TRANSIENT = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
)


class UntouchedError(UnreachableError):
    """The server has certainly not acted upon the request: it was not reached, or too busy to look at it (429)."""


class UnknownHostError(UntouchedError):
    """The server's name cannot be resolved: more often a typo in the setting than an outage."""

    repetitions = 4


class UnusableNameError(MakiniError):
    """A name from outside would lead to another path than the one it is meant for."""


def path_segment(name: str) -> str:
    """Write a name from outside as one segment of a path.

    Quoting alone does not keep a name in its place. `.` and `..` are never quoted, and requests and urllib3 resolve
    them before they send anything, `%2E%2E` included; a server or a proxy that decodes `%2F` resolves them later.

    Args:
        name: A key or a name, slashes and all.

    Returns:
        The segment.

    Raises:
        UnusableNameError: The name is empty, or would lead to another path.
    """
    try:
        if name and not _LEADS_ELSEWHERE.search(name):
            return quote(name, safe="")
    except UnicodeEncodeError:  # a lone surrogate
        pass
    raise UnusableNameError(
        f"{name!r} cannot be part of a path", "Nothing has this name in a URL: report it to Makini."
    )


class BearerAuth(AuthBase):
    """Authorize requests in one way only, whatever a `.netrc` might say.

    Args:
        token: The token; None for requests that carry their credentials in the body.
    """

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Authorize the request."""
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


@dataclass(frozen=True)
class Request:
    """What to ask for, and how long it may take.

    Attributes:
        method: `GET` or `POST`.
        path: The path below the API's address.
        budget: Seconds that it may take with all its repetitions.
        deadline: When they are over, by `time.monotonic`.
        params: The query parameters.
        accept: The media type to ask for.
        form: The body, as a form.
        document: The body, as JSON.
    """

    method: str
    path: str
    budget: float = 0.0
    deadline: float = 0.0
    params: Mapping[str, str] = field(default_factory=dict)
    accept: str = JSON
    form: Mapping[str, str] | None = None
    document: Mapping[str, str] | None = None


class Response(NamedTuple):
    """What a server has answered, whatever its status.

    Attributes:
        status_code: The HTTP status.
        headers: Names are case-insensitive.
        content: The body, decoded; only the beginning of a long refusal.
    """

    status_code: int
    headers: Mapping[str, str]
    content: bytes


class Transport:
    """Send requests; each thread keeps a connection of its own open.

    A body is bounded in size, and a response as a whole in time: a GET by what is left of its budget, though never by
    less than `timeout`, so that a server may use all of that before it begins to respond. The response to a POST is a
    token, not a list: 1 MiB and `timeout` are enough, and the latter bounds how long a token exchange can keep the
    process from ending.

    Args:
        api_url: The API's address, without a path.
        timeout: Seconds to wait for a connection and between two bytes of a response.
        user_agent: The header `User-Agent`.

    Attributes:
        timeout: The same.
    """

    def __init__(self, api_url: str, timeout: float, user_agent: str) -> None:
        self._api_url = api_url.rstrip("/")
        self.timeout = timeout
        self._headers = {"Accept": JSON, "User-Agent": user_agent}
        self._own = threading.local()

    def exchange(self, request: Request, token: str | None = None) -> Response:
        """Send a request and receive the response.

        A POST gets a new connection: on one kept open, that the server may have closed meanwhile, it could not be told
        whether the request arrived.

        Args:
            request: What to ask for.
            token: Authorizes it; None if its body does.

        Returns:
            The response, whatever its status.

        Raises:
            MakiniError: No response came, in the kind that says what follows from it.
        """
        if request.method == "POST":
            with self._new_session(_MAX_TOKEN_BYTES) as session:
                return self._send(request, token, session, self.timeout)
        if not hasattr(self._own, "session"):
            self._own.session = self._new_session(MAX_BYTES)
        seconds = max(request.deadline - time.monotonic(), self.timeout)
        return self._send(request, token, self._own.session, seconds)

    def _new_session(self, max_bytes: int) -> requests.Session:
        session = requests.Session()
        for scheme in ("http://", "https://"):
            session.mount(scheme, BoundedAdapter(max_bytes))
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # connections share no cookies
        session.headers.update(self._headers)
        return session

    def _send(self, request: Request, token: str | None, session: requests.Session, seconds: float) -> Response:
        message = requests.Request(
            request.method,
            f"{self._api_url}{request.path}",
            headers={"Accept": request.accept},
            params=dict(request.params),
            data=request.form,
            json=request.document,
            auth=BearerAuth(token),
        )
        try:
            prepared = session.prepare_request(message)
            settings = session.merge_environment_settings(prepared.url, {}, None, None, None)
            with complete_within(seconds):
                response = session.send(prepared, timeout=self.timeout, allow_redirects=False, **settings)
        except _TRANSIENT as error:
            raise _transient_error(error) from None
        except (requests.RequestException, ValueError) as error:
            raise MakiniError(
                f"no request could be made ({type(error).__name__})", "Check the setting api_url."
            ) from None
        return Response(response.status_code, response.headers, response.content)


def error_for_response(request: Request, response: Response) -> MakiniError | None:
    """Return the error that a response stands for; None if it gives what was asked for."""
    status = response.status_code
    is_post_done = request.method == "POST" and HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES
    if status == HTTPStatus.OK or is_post_done:
        return None
    wait = retry_after(response.headers)
    error = error_for_status(status, read_problem(response.content, response.headers), wait)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return UntouchedError(error.cause, error.remedy, error.request_id, wait)
    return error


def _transient_error(error: requests.RequestException) -> TransientError:
    reason = _reason(error)
    if isinstance(reason, NameResolutionError):
        return UnknownHostError("the host of api_url is not known", _NETWORK_REMEDY)
    if _is_unsent(reason):
        return UntouchedError(_describe(error), _NETWORK_REMEDY)
    kind = UnreachableError if _is_timeout(error) else TransientError
    return kind(_describe(error), _NETWORK_REMEDY)


def _reason(error: requests.RequestException) -> object:
    cause = error.args[0] if error.args else None
    return cause.reason if isinstance(cause, MaxRetryError) else cause


def _is_unsent(reason: object) -> bool:
    if isinstance(reason, SSLError):
        return bool(reason.args) and isinstance(reason.args[0], SSLCertVerificationError)
    return isinstance(reason, (NewConnectionError, ConnectTimeoutError, ProxyError))


def _is_timeout(error: requests.RequestException) -> bool:
    """Whether no byte came in time; within a body, requests calls that a failed connection."""
    return isinstance(error, requests.Timeout) or isinstance(_reason(error), ReadTimeoutError)


def _describe(error: requests.RequestException) -> str:
    if _is_timeout(error):
        return "no response within request_timeout_seconds"
    if isinstance(error, (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError)):
        return "the response was cut off"
    reason = _reason(error)
    causes = [cause for cause in (*getattr(reason, "args", ()), getattr(reason, "__cause__", None)) if cause]
    for cause in causes:
        if isinstance(cause, SSLCertVerificationError):
            return f"the server's certificate is not trusted ({cause.verify_message})"
        if isinstance(cause, OSError) and cause.strerror:
            return f"the connection failed ({cause.strerror})"
    return "the connection failed or was reset"
