"""Send one request over the network, and turn what goes wrong into an error that says what follows from it."""

from __future__ import annotations

import re
import threading
import time
from contextlib import closing, nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from ssl import SSLCertVerificationError
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import requests
from requests.utils import default_headers
from urllib3.exceptions import (
    ConnectTimeoutError,
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)

from tap_makini.errors import MakiniError, TransientError, UnknownHostError, UnreachableError, UntouchedError
from tap_makini.http.adapter import MAX_BYTES, BoundedAdapter, complete_within
from tap_makini.http.response import Response

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


class UnusableNameError(MakiniError):
    """A name would change the path of the request, such as `../token`."""


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
    raise UnusableNameError(f"{name!r} is not allowed in a URL path", "Report the name to Makini.")


@dataclass(frozen=True)
class Request:
    """What to ask for, and how long it may take.

    Attributes:
        method: `GET` or `POST`.
        path: The path below the API's address.
        budget: Seconds that it may take with all its retries.
        deadline: When they are over, by `time.monotonic`; a response may take the transport's timeout in any case.
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


class _OfThread(threading.local):
    """State of each thread."""

    def __init__(self) -> None:
        self.adapter = BoundedAdapter(MAX_BYTES)


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
        self._headers = {**default_headers(), "User-Agent": user_agent}
        self._own = _OfThread()

    def exchange(self, request: Request, token: str | None = None) -> Response:
        """Send a request and receive the response.

        A POST opens a new connection: on one that the server may have closed, it would be unknown whether the request
        arrived.

        Args:
            request: What to ask for.
            token: Authorizes it; None if its body does.

        Returns:
            The response, whatever its status.

        Raises:
            MakiniError: No response came, in the kind that says what follows from it.
        """
        is_post = request.method == "POST"
        connection = closing(BoundedAdapter(_MAX_TOKEN_BYTES)) if is_post else nullcontext(self._own.adapter)
        seconds = max(request.deadline - time.monotonic(), self.timeout)
        try:
            message, environment = self._prepare(request, token), self._environment
            with connection as adapter, complete_within(seconds):
                response = adapter.send(message, timeout=self.timeout, **environment)
        except _TRANSIENT as error:
            raise _transient_error(error) from None
        except (requests.RequestException, ValueError) as error:
            raise MakiniError(
                f"no request could be made ({type(error).__name__})", "Check the setting api_url."
            ) from None
        except OSError as error:  # requests finds no certificates where the environment says that they are
            raise MakiniError(f"no request could be made ({error})", "Check REQUESTS_CA_BUNDLE.") from None
        return Response(response.status_code, response.headers, response.content)

    def _prepare(self, request: Request, token: str | None) -> requests.PreparedRequest:
        """Write a request without a session, which would follow redirects, keep cookies and read a `.netrc`."""
        headers = {**self._headers, "Accept": request.accept}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        message = requests.PreparedRequest()
        message.prepare_method(request.method)
        message.prepare_url(f"{self._api_url}{request.path}", urlencode(request.params))
        message.prepare_headers(headers)
        message.prepare_body(request.form, None, request.document)
        return message

    @cached_property
    def _environment(self) -> Mapping[str, Any]:
        """The proxies and the certificates that environment variables set for the API's host."""
        return requests.Session().merge_environment_settings(self._api_url, {}, None, None, None)


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
    """Return whether no byte came in time; within a body, requests calls that a failed connection."""
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
