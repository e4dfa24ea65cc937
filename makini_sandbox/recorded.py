"""What the double was asked, and what it answered."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime


@dataclass
class RecordedRequest:
    """One request, with its answer's status once that has begun.

    Attributes:
        number: Counted from 1 over all requests.
        at: When it came, by the sandbox's clock.
        method: HTTP method.
        path: Path.
        query: Parameters.
        headers: Headers, names in lower case, without ``authorization``.
        slug: The entity it is about, None where it is about none.
        connection: Name of the connection, None where the token was not accepted.
        status: Status of the answer, None until there is one.
    """

    number: int
    at: datetime
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    slug: str | None = None
    connection: str | None = None
    status: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The request as plain JSON values."""
        return {**asdict(self), "at": self.at.isoformat()}
