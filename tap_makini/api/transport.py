"""One request on the wire, and what went wrong with it."""

from __future__ import annotations

import threading
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy
from ssl import SSLCertVerificationError
from typing import TYPE_CHECKING

import requests
from requests.auth import AuthBase
from urllib3.exceptions import (
    ConnectTimeoutError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    SSLError,
)

from tap_makini.api.retry import retry_after
from tap_makini.errors import MakiniError, TransientError, UnreachableError, error_for_status, read_problem

if TYPE_CHECKING:
    from collections.abc import Mapping

JSON = "application/json"

_NETWORK_REMEDY = "Check the setting api_url and the network; run again later."
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


class Bearer(AuthBase):
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


class Transport:
    """Makes requests; each thread that uses it keeps a connection of its own open.

    Args:
        api_url: The API's address, without a path.
        timeout: Seconds to wait for a connection and between two bytes of an answer.
        user_agent: What to call ourselves.
    """

    def __init__(self, api_url: str, timeout: float, user_agent: str) -> None:
        self._api_url = api_url.rstrip("/")
        self._timeout = timeout
        self._headers = {"Accept": JSON, "User-Agent": user_agent}
        self._own = threading.local()

    def exchange(self, path: str, params: Mapping[str, str], token: str, accept: str = JSON) -> requests.Response:
        """Ask for something.

        Args:
            path: The path below the API's address.
            params: The query.
            token: The connection's token.
            accept: The media type to ask for.

        Returns:
            The answer, whatever its status.

        Raises:
            MakiniError: No answer came, in the kind that says what follows from it.
        """
        headers = {"Accept": accept}
        request = requests.Request("GET", path, headers=headers, params=dict(params), auth=Bearer(token))
        return self._send(request, self._session)

    def get(self, path: str, params: Mapping[str, str], token: str) -> bytes:
        """Ask for something.

        Returns:
            The body of the answer.

        Raises:
            MakiniError: In the kind that says what follows from it.
        """
        return _accepted(self.exchange(path, params, token))

    def post(self, path: str, *, token: str | None = None, form: object = None, document: object = None) -> bytes:
        """Have something done, with a body that is a form, a JSON document or empty.

        A new connection is made for it: on one kept open, that the server may have closed meanwhile, it could not be
        told whether the request arrived.

        Returns:
            The body of the answer.

        Raises:
            MakiniError: In the kind that says what follows from it.
        """
        request = requests.Request("POST", path, data=form, json=document, auth=Bearer(token))
        with self._new_session() as session:
            return _accepted(self._send(request, session))

    @property
    def _session(self) -> requests.Session:
        if not hasattr(self._own, "session"):
            self._own.session = self._new_session()
        session: requests.Session = self._own.session
        return session

    def _new_session(self) -> requests.Session:
        session = requests.Session()
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # one customer's are not another one's
        session.headers.update(self._headers)
        return session

    def _send(self, request: requests.Request, session: requests.Session) -> requests.Response:
        request.url = f"{self._api_url}{request.url}"
        try:
            prepared = session.prepare_request(request)
            settings = session.merge_environment_settings(prepared.url, {}, None, None, None)
            return session.send(prepared, timeout=self._timeout, allow_redirects=False, **settings)
        except _PASSING_TROUBLES as error:
            raise _passing(error) from None
        except (requests.RequestException, ValueError) as error:
            raise MakiniError(
                f"no request could be made ({type(error).__name__})", "Check the setting api_url."
            ) from None


def _accepted(response: requests.Response) -> bytes:
    if HTTPStatus.OK <= response.status_code < HTTPStatus.MULTIPLE_CHOICES:
        return response.content
    raise refusal(response)


def refusal(response: requests.Response) -> MakiniError:
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
    kind = UnreachableError if isinstance(error, requests.Timeout) else TransientError
    return kind(_describe(error), _NETWORK_REMEDY)


def _reason(error: requests.RequestException) -> object:
    cause = error.args[0] if error.args else None
    return cause.reason if isinstance(cause, MaxRetryError) else cause


def _is_unsent(reason: object) -> bool:
    if isinstance(reason, SSLError):
        return bool(reason.args) and isinstance(reason.args[0], SSLCertVerificationError)
    return isinstance(reason, (NewConnectionError, ConnectTimeoutError, ProxyError))


def _describe(error: requests.RequestException) -> str:
    if isinstance(error, requests.exceptions.SSLError):
        return "the server's certificate is not trusted"
    if isinstance(error, requests.Timeout):
        return "no answer came in request_timeout_seconds"
    if isinstance(error, (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError)):
        return "the answer was cut off"
    return "the connection failed or was reset"
