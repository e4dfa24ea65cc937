"""Define what can go wrong, for the person who has to fix it.

Every error says what happened (`cause`), what to do (`remedy`) and, where Makini sent one, the request id that its
support asks for. No error contains a token or a whole response body.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar


@dataclass(eq=False)
class MakiniError(Exception):
    """A request or a list could not be completed.

    Attributes:
        cause: What happened, as a clause.
        remedy: What the user can do about it, in sentences.
        request_id: Makini's id of the failed request, for its support.
    """

    cause: str
    remedy: str
    request_id: str | None = None

    def __str__(self) -> str:
        """Return cause, request id and remedy in one line."""
        request = f" (Makini request id {self.request_id})" if self.request_id else ""
        return f"{self.cause}{request}. {self.remedy}"


class CredentialError(MakiniError):
    """The token is not valid (401); nothing more can be read from this connection."""


class ConnectionClosedError(MakiniError):
    """The connection is closed: it no longer exists, or has no credits left (402)."""


class EntityAbsentError(MakiniError):
    """The connected system does not offer this entity (403, 404 or 501)."""


class NotFoundError(EntityAbsentError):
    """Nothing is at this address (204, 404, 410): no such entity, or a record that no longer exists."""


class RequestRefusedError(MakiniError):
    """The server rejects the query (400 or 422)."""


class IncompleteError(MakiniError):
    """The server counts more records than it returns; the bookmark stays before the missing ones."""


class NothingNewError(MakiniError):
    """Makini has not synced the connection since its last complete run."""


class WaitTooLongError(MakiniError):
    """The server asks for a longer wait than `max_wait_seconds` allows."""


@dataclass(eq=False)
class TransientError(MakiniError):
    """A problem that may pass: the request is worth a retry.

    Attributes:
        remedy: What to do if retries do not help.
        retry_after: Seconds that the server asked to wait, if it did.
        max_retries: How many times to retry the request.
    """

    remedy: str = "Makini or the network has a problem; run again later."
    retry_after: float | None = None
    max_retries: ClassVar[float] = math.inf


class UnreachableError(TransientError):
    """The server cannot be reached, or does not respond in time."""


class UntouchedError(UnreachableError):
    """The server has certainly not acted upon the request."""


class UnknownHostError(UntouchedError):
    """The server's name cannot be resolved: more often a typo in the setting than an outage."""

    max_retries = 4


class TooManyRequestsError(UntouchedError):
    """The server was too busy to look at the request, or its limit on requests is used up (429)."""


@dataclass(eq=False)
class BadBodyError(TransientError):
    """A response with status 200 whose body is not valid.

    A body that is still invalid after a few retries will stay so for a while, so these retries are limited by number,
    not by time.
    """

    remedy: str = "The response is not valid; run again later, and report it to Makini if it persists."
    max_retries: ClassVar[float] = 3


class NothingReadError(Exception):
    """The run could not start: a setting, the catalog or a credential is wrong. Each argument is a line for a fault."""


class StreamsFailedError(Exception):
    """Some streams failed; the others are complete. The message says which, why and what to do."""
