"""Fetch a document from a file or a URL, within limits of time and size."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests
from requests.auth import HTTPBasicAuth
from requests.utils import get_auth_from_url

from tap_makini.errors import MakiniError, UnreachableError
from tap_makini.http.adapter import BoundedAdapter, complete_within
from tap_makini.redaction import printable

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_BYTES = 64 * 2**20

_EXPORT = "Give the OpenAPI file that Makini's docs export."
_CHECK_URL = "Check the URL and the network, or give a file."


class DocumentError(Exception):
    """A document cannot be used. The message is one line: which document, what is wrong, what to do."""


class Location:
    """A file or a URL, as the user sets it.

    Args:
        text: A path, in which `~` is the home folder, or an http(s) URL, which may hold a user and a password.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.is_url = text.lower().startswith(("http://", "https://"))

    @property
    def label(self) -> str:
        """Its name in messages: one line, without a URL's user, password and query."""
        return printable(_public(self.text) if self.is_url else self.text)

    def fetch(self, timeout: float, user_agent: str) -> bytes:
        """Return the document's bytes.

        Args:
            timeout: Seconds to wait for a connection, and for the whole document.
            user_agent: Value of the User-Agent header.

        Returns:
            At most 64 MiB.

        Raises:
            DocumentError: It is not there, cannot be read or is larger.
        """
        return self._download(timeout, user_agent) if self.is_url else self._read()

    def _read(self) -> bytes:
        try:
            with Path(self.text).expanduser().open("rb") as file:
                data = file.read(MOST_BYTES + 1)
        except FileNotFoundError:
            raise self.error("no such file", "Check the path.") from None
        except (OSError, RuntimeError, ValueError) as error:  # no such home folder; a path that is none
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise self.error(f"cannot be read ({reason})", "Check the path and who may read it.") from None
        if len(data) > MOST_BYTES:
            raise self.error(f"larger than {MOST_BYTES // 2**20} MiB", _EXPORT)
        return data

    def _download(self, timeout: float, user_agent: str) -> bytes:
        headers = {"User-Agent": user_agent, "Accept": "application/json, application/yaml, */*"}
        try:
            with _Session() as session, complete_within(timeout):
                response = session.get(self.text, headers=headers, auth=_auth(self.text), timeout=timeout)
                response.raise_for_status()
                return response.content
        except (requests.RequestException, ValueError) as error:
            raise self.error(_describe(error, timeout), _CHECK_URL) from None
        except UnreachableError as error:
            raise self.error(error.cause, _CHECK_URL) from None
        except MakiniError as error:
            raise self.error(error.cause, _EXPORT) from None

    def error(self, fault: str, remedy: str) -> DocumentError:
        """Return the error that says what is wrong with the document, and what to do, as a sentence."""
        return DocumentError(f"{self.label}: {printable(fault)}. {remedy}")


class _Session(requests.Session):
    """A session that takes no credentials from a `.netrc`, not even where it is sent on to another host."""

    def __init__(self) -> None:
        super().__init__()
        for scheme in ("http://", "https://"):
            self.mount(scheme, BoundedAdapter(MOST_BYTES))

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        """Drop the URL's credentials on a redirect to another host."""
        before, after = response.request.url, prepared_request.url
        if self.should_strip_auth(before, after):  # type: ignore[no-untyped-call] # missing in its type stubs
            prepared_request.headers.pop("Authorization", None)


def _auth(url: str) -> Callable[[requests.PreparedRequest], requests.PreparedRequest]:
    """Return what adds the URL's credentials, or nothing, to a request; without it, those of a `.netrc` would be."""
    user, password = get_auth_from_url(url)
    return HTTPBasicAuth(user, password) if user or password else lambda request: request


def _public(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an invalid URL"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _describe(error: Exception, timeout: float) -> str:
    if isinstance(error, requests.HTTPError):
        return f"the server answered {error.response.status_code}"
    if isinstance(error, requests.TooManyRedirects):
        return "too many redirects"
    if isinstance(error, requests.Timeout):
        return f"no response within {timeout:g} s"
    if isinstance(error, requests.exceptions.SSLError):
        return "the server's certificate is not trusted"
    return f"could not be fetched ({_cause(error)})"


def _cause(error: BaseException) -> str:
    """Return the operating system's reason if there is one, such as “Connection refused”."""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, OSError) and inner.strerror:
            return inner.strerror
        inner = inner.__cause__ or inner.__context__
    return type(error).__name__
