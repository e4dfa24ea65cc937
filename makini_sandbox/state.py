"""Hold what the server responds from, and record what it is asked."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from makini_sandbox.tokens import Connection, Tokens

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from typing_extensions import Self

    from makini_sandbox.behaviour import Behaviour
    from makini_sandbox.clock import Clock
    from makini_sandbox.store import Store


@dataclass
class RecordedRequest:
    """One request, with the status of its response once that has begun.

    Attributes:
        number: Counted from 1 over all requests.
        at: Time of its arrival, by the sandbox's clock.
        method: HTTP method.
        path: Path.
        query: Parameters.
        headers: Headers, names in lower case, without `authorization`.
        slug: The entity, None if it concerns none.
        connection: Name of the connection, None if the token was not accepted.
        status: Status of the response, None until there is one.
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
        """Return the request as plain JSON values."""
        return {**asdict(self), "at": self.at.isoformat()}


class State:
    """A sandbox without its server.

    Attributes:
        behaviour: How it behaves; may be changed at any time.
        clock: Returns the time.
        connections: Connections by token.
        tokens: The tokens that it has issued.
        requests: All requests so far.
        failures: Errors of the sandbox or of a callback; the first is raised at the end.
    """

    def __init__(self, behaviour: Behaviour, clock: Clock) -> None:
        self.behaviour = behaviour
        self.clock = clock
        self.connections: dict[str, Connection] = {}
        self.tokens = Tokens(self.connections, lambda: self.behaviour, clock)
        self.requests: list[RecordedRequest] = []
        self.failures: list[Exception] = []
        self._callbacks: list[Callable[[Any, RecordedRequest], object]] = []

    @property
    def token(self) -> str:
        """Token of the first connection."""
        return next(iter(self.connections))

    @property
    def store(self) -> Store:
        """Data of the first connection."""
        return self.connections[self.token].store

    def behaviour_towards(self, record: RecordedRequest) -> Behaviour:
        """Return the behavior towards what a request concerns."""
        return self.behaviour.for_slug(record.slug)

    def on_request(self, callback: Callable[[Self, RecordedRequest], object]) -> None:
        """Have a callback called before each response with rows is built, in the server's thread."""
        self._callbacks.append(callback)

    def before_list(self, record: RecordedRequest) -> None:
        """Call the callbacks."""
        for callback in self._callbacks:
            callback(self, record)
