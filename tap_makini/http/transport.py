"""One request on the wire, and what went wrong with it."""

from __future__ import annotations

import re
import threading
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
from tap_makini.http.adapter import MOST_BYTES, BoundedAdapter, complete_within
from tap_makini.http.retry import retry_after

if TYPE_CHECKING:
    from collections.abc import Mapping

JSON = "application/json"

_NETWORK_REMEDY = "Check the setting api_url and the network; run again later."
_LEADS_ELSEWHERE = re.compile(r"(^|[/\\])\.\.?([/\\]|$)")
_MOST_BYTES_OF_TOKENS = 2**20
_PASSING_TROUBLES = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
)


class UntouchedError(UnreachableError):
    """The server has certainly not acted upon the request: it was not reached, or too busy to look at it (429)."""


class UnknownHostError(UntouchedError):
    """The server's name leads nowhere: more often a slip in the setting than a trouble that passes."""

    repetitions = 4


class UnusableNameError(MakiniError):
    """A name that comes from outside would lead to another path than the one it is meant for."""


def path_segment(name: str) -> str:
    """Write a name that comes from outside as one segment of a path.

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
        f"{name!r} cannot be part of a path", "Nothing can be asked for by this name: report it to Makini."
    )


class BearerAuth(AuthBase):
    """Authorises requests in one way only, whatever a `.netrc` might say.

    Args:
        token: The token; None for requests that carry their credentials in the body.
    """

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Authorise the request."""
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Response(NamedTuple):
    """What a server has answered, whatever its status.

    Attributes:
        status_code: The HTTP status.
        headers: Found by name in any case.
        content: The body, decoded; of a refusal that is long, the beginning.
    """

    status_code: int
    headers: Mapping[str, str]
    content: bytes


class Transport:
    """Makes requests; each thread that uses it keeps a connection of its own open.

    A body is bounded in size, and a response as a whole in time. The caller says for how long, since only the caller
    knows what is left of the time that a request and its repetitions may take; `timeout` is the least, so that a server
    may use all of it before it begins to answer. What answers a `post` is a token, not a list: 1 MiB and `timeout` are
    enough, and the latter bounds how long a token exchange can keep the process from ending.

    Args:
        api_url: The API's address, without a path.
        timeout: Seconds to wait for a connection and between two bytes of a response.
        user_agent: What to call ourselves.

    Attributes:
        timeout: The same.
    """

    def __init__(self, api_url: str, timeout: float, user_agent: str) -> None:
        self._api_url = api_url.rstrip("/")
        self.timeout = timeout
        self._headers = {"Accept": JSON, "User-Agent": user_agent}
        self._own = threading.local()

    def exchange(
        self, path: str, params: Mapping[str, str], token: str, within: float = 0.0, accept: str = JSON
    ) -> Response:
        """Ask for something.

        Args:
            path: The path below the API's address.
            params: The query.
            token: Authorizes the request.
            within: Seconds that the whole response may take, where that is more than `timeout`.
            accept: The media type to ask for.

        Returns:
            The response, whatever its status.

        Raises:
            MakiniError: No response came, in the kind that says what follows from it.
        """
        request = requests.Request("GET", path, headers={"Accept": accept}, params=dict(params), auth=BearerAuth(token))
        return self._send(request, self._session, max(within, self.timeout))

    def get(self, path: str, params: Mapping[str, str], token: str, within: float = 0.0) -> bytes:
        """Ask for something; the arguments are those of `exchange`.

        Returns:
            The body of the response.

        Raises:
            MakiniError: In the kind that says what follows from it.
        """
        return _accepted(self.exchange(path, params, token, within))

    def post(self, path: str, *, token: str | None = None, form: object = None, document: object = None) -> bytes:
        """Have something done, with a body that is a form, a JSON document or empty.

        A new connection is made for it: on one kept open, that the server may have closed meanwhile, it could not be
        told whether the request arrived.

        Returns:
            The body of the response.

        Raises:
            MakiniError: In the kind that says what follows from it.
        """
        request = requests.Request("POST", path, data=form, json=document, auth=BearerAuth(token))
        with self._new_session(_MOST_BYTES_OF_TOKENS) as session:
            return _accepted(self._send(request, session, self.timeout))

    @property
    def _session(self) -> requests.Session:
        if not hasattr(self._own, "session"):
            self._own.session = self._new_session(MOST_BYTES)
        session: requests.Session = self._own.session
        return session

    def _new_session(self, most_bytes: int) -> requests.Session:
        session = requests.Session()
        for scheme in ("http://", "https://"):
            session.mount(scheme, BoundedAdapter(most_bytes))
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # one customer's are not another one's
        session.headers.update(self._headers)
        return session

    def _send(self, request: requests.Request, session: requests.Session, within: float) -> Response:
        request.url = f"{self._api_url}{request.url}"
        try:
            prepared = session.prepare_request(request)
            settings = session.merge_environment_settings(prepared.url, {}, None, None, None)
            with complete_within(within):
                response = session.send(prepared, timeout=self.timeout, allow_redirects=False, **settings)
        except _PASSING_TROUBLES as error:
            raise _passing(error) from None
        except (requests.RequestException, ValueError) as error:
            raise MakiniError(
                f"no request could be made ({type(error).__name__})", "Check the setting api_url."
            ) from None
        return Response(response.status_code, response.headers, response.content)


def _accepted(response: Response) -> bytes:
    if HTTPStatus.OK <= response.status_code < HTTPStatus.MULTIPLE_CHOICES:
        return response.content
    raise refusal(response)


def refusal(response: Response) -> MakiniError:
    """Give the error that says what follows from an answer which does not give what was asked for."""
    wait = retry_after(response.headers)
    error = error_for_status(response.status_code, read_problem(response.content, response.headers), wait)
    if response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        return UntouchedError(error.cause, error.remedy, error.request_id, wait)
    return error


def _passing(error: requests.RequestException) -> TransientError:
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
    if isinstance(error, requests.exceptions.SSLError):
        return "the server's certificate is not trusted"
    if _is_timeout(error):
        return "no answer came in request_timeout_seconds"
    if isinstance(error, (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError)):
        return "the answer was cut off"
    return "the connection failed or was reset"
